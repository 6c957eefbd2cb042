"""The sampling kernel in Thumb-2, for Cortex-M3 and up: the same results, bit for bit, as
firmware/metering/kernels.py in about a quarter of the instructions. A board that has
such a core offers them as `board.kernels`.

The inline assembler takes few arguments and low registers; `data` emits what it does not know
(REV, MLA and wide forms), named beside. layout.SPARE is for this file: the error feedback until it
is known that all samples were in range.
"""

import micropython


@micropython.asm_thumb
def sums(r0, r1, r2):
    """See firmware/metering/kernels.py."""
    data(2, 0xE92D, 0x0F00)  # push {r8-r11}
    push({r0, r2})
    cmp(r1, 0)
    beq(CURRENTS)
    # the voltages
    mov(r1, r2)
    add(r2, 80)  # layout.SUMS
    ldr(r4, [r1, 72])  # layout.AT
    add(r0, r0, r4)
    ldr(r3, [r1, 76])
    movwt(r4, 0x800000)
    mov(r10, r4)
    mov(r4, 3)
    mov(r11, r4)
    label(VOLTAGE)
    mov(r4, r0)
    mov(r5, r3)
    ldr(r7, [r1, 0])
    mov(r6, 0)
    mov(r8, r6)
    mov(r9, r6)
    cmp(r5, 0)
    beq(VOLTS)
    label(VOLT)
    ldr(r6, [r4, 4])
    data(2, 0xBA36)  # rev r6, r6
    asr(r6, r6, 8)
    data(2, 0x4456)  # add r6, r10
    add(r6, r6, r7)
    data(2, 0xF006, 0x073F)  # and r7, r6, #63
    lsr(r6, r6, 6)
    str(r6, [r4, 4])
    data(2, 0x44B0)  # add r8, r6
    data(2, 0xFB06, 0x9906)  # mla r9, r6, r6, r9
    add(r4, 28)
    sub(r5, 1)
    bne(VOLT)
    label(VOLTS)
    str(r7, [r1, 0])
    mov(r6, r8)
    lsl(r7, r3, 17)
    sub(r6, r6, r7)
    str(r6, [r2, 0])
    mov(r7, r9)
    lsl(r6, r6, 18)
    sub(r7, r7, r6)
    str(r7, [r2, 12])
    add(r0, 8)
    add(r1, 4)
    add(r2, 4)
    mov(r4, r11)
    sub(r4, 1)
    mov(r11, r4)
    bne(VOLTAGE)
    label(CURRENTS)
    pop({r0, r2})
    mov(r1, r2)
    add(r2, 80)  # layout.SUMS
    ldr(r4, [r1, 72])  # layout.AT
    add(r0, r0, r4)
    ldr(r3, [r1, 76])
    movw(r4, 768)
    add(r3, r3, r4)  # sets, and three phases in the bits above
    ldr(r5, [r1, 68])  # layout.LATE
    mov(r4, 4)
    sub(r4, r4, r5)
    push({r4})  # from a set to its late voltage
    mov(r4, 0)
    mov(r12, r4)  # magnitudes seen
    label(PHASE)
    push({r1, r2, r3})
    mov(r4, r0)
    data(2, 0xB2DD)  # uxtb r5, r3
    ldr(r3, [r1, 12])
    data(2, 0x9A03)  # ldr r2, [sp, #12]
    ldr(r1, [r1, 28])
    mov(r6, 1)
    lsl(r6, r1)
    sub(r6, 1)
    data(2, 0x46B6)  # mov lr, r6
    mov(r6, 0)
    mov(r8, r6)
    mov(r9, r6)
    mov(r10, r6)
    mov(r11, r6)
    cmp(r5, 0)
    beq(DONE)
    label(LOOP)
    ldr(r6, [r4, 0])
    data(2, 0xBA36)  # rev r6, r6
    add(r6, r6, r3)
    data(2, 0xEA06, 0x030E)  # and r3, r6, lr
    asr(r6, r1)
    data(2, 0xEA86, 0x77E6)  # eor r7, r6, r6, asr #31
    data(2, 0xEA4C, 0x0C07)  # orr r12, r12, r7
    data(2, 0x44B0)  # add r8, r6
    data(2, 0xFB06, 0x9906)  # mla r9, r6, r6, r9
    ldr(r7, [r4, 4])
    data(2, 0xFB07, 0xAA06)  # mla r10, r7, r6, r10
    data(2, 0x58A7)  # ldr r7, [r4, r2]
    data(2, 0xFB07, 0xBB06)  # mla r11, r7, r6, r11
    add(r4, 28)
    sub(r5, 1)
    bne(LOOP)
    label(DONE)
    mov(r6, r3)
    pop({r1, r2, r3})
    str(r6, [r1, 52])
    mov(r4, r8)
    str(r4, [r2, 24])
    mov(r5, r9)
    str(r5, [r2, 28])
    lsl(r4, r4, 17)
    mov(r5, r10)
    sub(r5, r5, r4)
    str(r5, [r2, 32])
    mov(r5, r11)
    sub(r5, r5, r4)
    str(r5, [r2, 36])
    add(r0, 8)
    add(r1, 4)
    add(r2, 16)
    movw(r4, 256)
    sub(r3, r3, r4)
    cmp(r3, r4)
    bge(PHASE)
    # the neutral
    push({r1, r2, r3})
    mov(r4, r0)
    mov(r5, r3)
    ldr(r3, [r1, 12])
    ldr(r1, [r1, 28])
    mov(r6, 1)
    lsl(r6, r1)
    sub(r6, 1)
    data(2, 0x46B6)  # mov lr, r6
    mov(r6, 0)
    mov(r8, r6)
    mov(r9, r6)
    cmp(r5, 0)
    beq(LAST)
    label(NEUTRAL)
    ldr(r6, [r4, 0])
    data(2, 0xBA36)  # rev r6, r6
    add(r6, r6, r3)
    data(2, 0xEA06, 0x030E)  # and r3, r6, lr
    asr(r6, r1)
    data(2, 0xEA86, 0x77E6)  # eor r7, r6, r6, asr #31
    data(2, 0xEA4C, 0x0C07)  # orr r12, r12, r7
    data(2, 0x44B0)  # add r8, r6
    data(2, 0xFB06, 0x9906)  # mla r9, r6, r6, r9
    add(r4, 28)
    sub(r5, 1)
    bne(NEUTRAL)
    label(LAST)
    mov(r6, r3)
    pop({r1, r2, r3})
    str(r6, [r1, 52])
    mov(r4, r8)
    str(r4, [r2, 24])
    mov(r5, r9)
    str(r5, [r2, 28])
    mov(r0, r12)
    lsr(r0, r0, 12)
    bne(OUT)
    ldr(r4, [r1, 40])  # all in range: the error feedback moves on
    str(r4, [r1, 0])
    ldr(r4, [r1, 44])
    str(r4, [r1, 4])
    ldr(r4, [r1, 48])
    str(r4, [r1, 8])
    ldr(r4, [r1, 52])
    str(r4, [r1, 12])
    label(OUT)
    pop({r4})
    data(2, 0xE8BD, 0x0F00)  # pop {r8-r11}
