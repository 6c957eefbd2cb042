"""Zero crossings and half cycles: the block that drives the sampling kernels along.

As kernels.py: arithmetic that is the same on 32-bit and 64-bit words, nothing allocated.
"""

import micropython
from micropython import const

from firmware.metering.sum_kernels import fold

_SET = const(28)  # bytes
_STEP = const(224)  # eight of them
_BIAS = const(131072)


@micropython.viper
def block(p: ptr8, h: int, buf, at: int, sets: int, memory, sample: int, sums, again) -> int:
    """Take a block of at most `sets` sets from byte `at` of `buf` (`p` is the same buffer, `h`
    scratch), up to the end of a window; its first set is number `sample`, of which crossings
    keep the low 30 bits. Returns the sets taken and what there is to tell, as layout.TOLD_*.
    `sums` is of kernels or a board's own; `again` is called when a current has left its range
    and must raise the shift.

    The crossings of the three raw voltages are looked for first, the reference before the
    others. Every eighth sample is looked at, and a half cycle must have passed a level before it
    may end: noise makes no crossings. Then the sums are taken, and the half cycles carried on;
    the shorter side of a crossing is summed again."""
    m = ptr32(memory)
    base = int(m)
    control = ptr32(base + 704)
    if sets > control[0]:
        sets = control[0]
    control[12] = 0
    phase = control[1]
    arm = control[2]
    start = int(p) + at + 4
    left = 3
    while left:
        half = ptr32(base + 416 + 96 * phase)
        first = start + 8 * phase
        p = ptr8(first - _SET)
        polarity = 0 - half[15]
        armed = half[16]
        most = half[18]
        found = 0
        steps = sets + 7 >> 3
        jump = ((sets + 7 & 7) + 1) * _SET
        # viper spends 4 instructions less on a bit than on a comparison
        while steps:
            steps -= 1
            p = ptr8(int(p) + jump)
            h = (((p[0] ^ 0x80) - 0x80) << 8 | p[1]) ^ polarity
            if h >> 31:
                if armed:
                    p = ptr8(int(p) - jump)
                    while 1:
                        p = ptr8(int(p) + _SET)
                        h = (((p[0] ^ 0x80) - 0x80) << 8 | p[1]) ^ polarity
                        if h >> 31:
                            break
                    found = 1
                    break
                if h + arm >> 31:  # far on the other side without a crossing: a start
                    polarity = -1 - polarity
                    half[15] = half[15] ^ 1
                    armed = 1
            else:
                if h > most:
                    most = h
                if armed == 0:
                    armed = 1 if h >= arm else 0
            jump = _STEP
        half[18] = most
        k = sets
        if found:
            k = (int(p) - first) // _SET
            p = ptr8(int(p) - _SET)
        if k:
            half[17] = ((p[0] ^ 0x80) << 8 | p[1]) << 8 | p[2]
        if found:
            p = ptr8(int(p) + _SET)
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
            if k < sets:  # the rest of the block may be most of the next half cycle
                p = ptr8(first + (sets - 1) * _SET)
                h = (((p[0] ^ 0x80) - 0x80) << 8 | p[1]) ^ (0 - half[15])
                half[16] = 1 if h >= arm else 0
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
    m[18] = at
    m[19] = sets
    h = 1
    while int(sums(buf, h, memory)):
        again(buf, at, sets)
        h = 0
    fold(memory, 0, 20, 1)
    at = start - 4
    control[6] = control[6] + sets
    control[7] = control[7] + sets
    told = control[12] << 4 | control[13] << 5
    if control[6] >= 1600 and (control[7] > 400 or control[6] >= 2400):
        told |= 8
    half = ptr32(base + 416)
    st = ptr32(base + 28)
    volt = ptr32(base + 92)
    amp = ptr32(base + 108)
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
            part_u = 0
            part_i = 0
            p = ptr8(at + tail * _SET)
            while n:
                h = ptr32(p)[1] - _BIAS
                part_u = h * h + part_u
                h = ((p[0] ^ 0x80) - 0x80) << 8 | p[1]
                part_i = h * h + part_i
                p = ptr8(int(p) + _SET)
                n -= 1
            part_u = part_u >> 2 & 0x3FFFFFFF
            part_i <<= 2
            if tail:
                part_u = u - part_u
                part_i = i - part_i
            # how long before set k the crossing was: share of the step between the words
            part = 0
            if half[11] == 0:
                h = half[20] - 0x800000
                n = half[20] - half[19]
                if n:
                    part = (h << 5) // n
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
                    h = half[4] + half[7]
                    is_far = half[5] + half[8] > control[10] * n
                    if is_far or control[11] or h < control[8] * n or h > control[9] * n:
                        told |= bit
            half[10] = part
            half[1] = u - part_u
            half[2] = i - part_i
            half[3] = sets - k
        half = ptr32(int(half) + 96)
        at += 8
        st = ptr32(int(st) + 4)
        volt = ptr32(int(volt) + 4)
        amp = ptr32(int(amp) + 16)
        bit += bit
    return sets | told << 8
