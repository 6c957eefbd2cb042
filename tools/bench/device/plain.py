"""The kernel's work in plain Python on exact integers: what the byte code interpreter pays for it.
The same sums in the same order as c/sums.c.
"""

import struct


def sums(buf, at, sets, delay, out):
    ia = va = iia = vva = pa = qa = 0
    ib = vb = iib = vvb = pb = qb = 0
    ic = vc = iic = vvc = pc = qc = 0
    n = nn = 0
    for start in range(at, at + 28 * sets, 28):
        i, v, j, w, k, x, o = struct.unpack_from(">7i", buf, start)
        _, late, _, late_b, _, late_c = struct.unpack_from(">6i", buf, start - delay)
        ia += i
        va += v
        iia += i * i
        vva += v * v
        pa += v * i
        qa += late * i
        ib += j
        vb += w
        iib += j * j
        vvb += w * w
        pb += w * j
        qb += late_b * j
        ic += k
        vc += x
        iic += k * k
        vvc += x * x
        pc += x * k
        qc += late_c * k
        n += o
        nn += o * o
    out[0:6] = (ia, va, iia, vva, pa, qa)
    out[6:12] = (ib, vb, iib, vvb, pb, qb)
    out[12:18] = (ic, vc, iic, vvc, pc, qc)
    out[18:20] = (n, nn)
