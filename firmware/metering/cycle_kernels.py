"""Zero crossings and half cycles, and the block that drives the kernels from one to the next.

As kernels.py: arithmetic that is the same on 32-bit and 64-bit words, nothing allocated.
"""

import micropython
from micropython import const

from firmware.metering.sum_kernels import fold

_SET = const(28)  # bytes
_BIAS = const(131072)


@micropython.viper
def look(p: ptr8, h: int, at: int, sets: int, m: ptr32) -> int:
    """Look for the crossings of three raw voltages in `sets` sets from byte `at`, the reference
    first: how many sets to take. Every fourth sample is looked at, and a half cycle must have
    passed a level before it may end: noise makes no crossings. A window is cut where the
    reference rises; C_CYCLES counts that."""
    control = ptr32(int(m) + 704)
    if sets > control[0]:
        sets = control[0]
    control[12] = 0
    phase = control[1]
    arm = control[2]
    start = int(p) + at + 4
    left = 3
    while left:
        half = ptr32(int(m) + 416 + 96 * phase)
        p = ptr8(start + 8 * phase)
        polarity = 0 - half[15]
        armed = half[16]
        most = half[18]
        found = 0
        k = 0
        while k < sets:
            step = sets - k
            if step > 4:
                step = 4
            k += step
            p = ptr8(int(p) + (step - 1) * _SET)
            h = (((p[0] ^ 0x80) - 0x80) << 8 | p[1]) ^ polarity
            if h >= 0:
                if h > most:
                    most = h
                if h >= arm:
                    armed = 1
            elif armed:
                p = ptr8(int(p) - (step - 1) * _SET)
                k -= step
                while ((((p[0] ^ 0x80) - 0x80) << 8 | p[1]) ^ polarity) >= 0:
                    p = ptr8(int(p) + _SET)
                    k += 1
                found = 1
                break
            elif h + arm < 0:  # far on the other side without a crossing: a start
                polarity = -1 - polarity
                half[15] = half[15] ^ 1
                armed = 1
            p = ptr8(int(p) + _SET)
        if k:
            p = ptr8(int(p) - _SET)
            half[17] = ((p[0] ^ 0x80) << 8 | p[1]) << 8 | p[2]
            p = ptr8(int(p) + _SET)
        half[18] = most
        if found:
            half[0] = k
            half[11] = 0
            half[15] = half[15] ^ 1
            half[16] = 0
            half[19] = half[17]
            half[20] = ((p[0] ^ 0x80) << 8 | p[1]) << 8 | p[2]
            if left == 3 and half[15] == 0:  # the reference rises
                control[3] = control[3] + 1
                control[7] = 0
                if control[5] == 0 or control[3] >= control[4]:
                    sets = k
                    control[12] = 1
        else:
            half[16] = armed
            half[0] = 0x7FFF
            if half[3] + sets > 128:  # longer than any half cycle
                half[0] = sets
                half[11] = 1
        phase += 1
        if phase == 3:
            phase = 0
        left -= 1
    return sets


@micropython.viper
def halves(p: ptr8, y: int, at: int, sets: int, m: ptr32, sample: int) -> int:
    """Carry the half cycles of three phases over a block, after `volts` and `amps`; `sample` is
    the number of its first set, low 30 bits. What to tell, as TOLD_* >> 8. The shorter side of a
    crossing is summed again."""
    p = ptr8(int(p) + at)
    control = ptr32(int(m) + 704)
    control[6] = control[6] + sets
    control[7] = control[7] + sets
    told = control[12] << 4
    if control[6] >= 1600 and (control[7] > 400 or control[6] >= 2400):
        told |= 8
    half = ptr32(int(m) + 416)
    st = ptr32(int(m) + 28)
    volt = ptr32(int(m) + 92)
    amp = ptr32(int(m) + 108)
    bit = 1
    while bit < 8:
        k = half[0]
        u = volt[0] >> 2 & 0x3FFFFFFF
        i = 30 - st[0] - st[0]  # negative for the largest shift
        i = amp[0] >> i if i >= 0 else amp[0] << 2
        if k > sets:
            half[1] = half[1] + u
            half[2] = half[2] + i
            half[3] = half[3] + sets
        else:
            tail = 0
            if k + k > sets:
                tail = k
            n = k
            if tail:
                n = sets - k
            walk = ptr8(int(p) + tail * _SET)
            part_u = 0
            part_i = 0
            while n:
                y = ptr32(walk)[1] - _BIAS
                part_u = y * y + part_u
                y = ((((walk[0] ^ 0x80) - 0x80) << 8 | walk[1]) << 8 | walk[2]) >> 6
                part_i = y * y + part_i
                walk = ptr8(int(walk) + _SET)
                n -= 1
            part_u = part_u >> 2 & 0x3FFFFFFF
            part_i = part_i >> 2 & 0x3FFFFFFF
            if tail:
                part_u = u - part_u
                part_i = i - part_i
            # how long before set k the crossing was: share of the step between the words
            y = half[20] - 0x800000
            n = half[20] - half[19]
            if half[11]:
                y = 0
            elif n < 0:
                y = 0 - y
                n = 0 - n
            part = 0
            steps = 5
            while steps:
                part += part
                y += y
                if y >= n:
                    y -= n
                    part += 1
                steps -= 1
            if half[11]:
                part = 0
            half[14] = (sample + k) & 0x3FFFFFFF
            first = 1 - half[13]
            if half[12] > half[11]:
                first = 1
            half[12] = half[11]
            half[13] = 1
            if first:  # what came before the first true crossing is no half cycle
                half[9] = 0
            else:
                half[7] = half[4]
                half[8] = half[5]
                half[4] = half[1] + part_u
                half[5] = half[2] + part_i
                n = half[6]
                half[6] = ((half[3] + k) << 5) - part + half[10]
                if n:
                    half[9] = n
                    n += half[6]
                    y = half[4] + half[7]
                    is_far = half[5] + half[8] > control[10] * n
                    if is_far or control[11] or y < control[8] * n or y > control[9] * n:
                        told |= bit
            half[10] = part
            half[1] = u - part_u
            half[2] = i - part_i
            half[3] = sets - k
        half = ptr32(int(half) + 96)
        p = ptr8(int(p) + 8)
        st = ptr32(int(st) + 4)
        volt = ptr32(int(volt) + 4)
        amp = ptr32(int(amp) + 16)
        bit += bit
    return told


@micropython.viper
def block(buf, at: int, sets: int, m, sample: int, volts, amps, again) -> int:
    """Take a block of at most `sets` sets from byte `at`, up to the end of a window: the sets
    taken, and in the bits from 8 on what `halves` has to tell. volts and amps as below; `again`
    is called when a current has left its range, and must raise the shift."""
    sets = int(look(buf, 0, at, sets, m))
    volts(buf, 0, at, sets, m)
    while int(amps(buf, 0, at, sets, m)):
        again(buf, at, sets)
    fold(m, 0, 20, 1)
    return sets | int(halves(buf, 0, at, sets, m, sample)) << 8
