"""Cross sums of the harmonics of a voltage and its current: see turn.py.

Arithmetic that is the same on 32-bit and 64-bit words, nothing allocated.
"""

import micropython


@micropython.viper
def cross(u: ptr32, i: ptr32, orders: int, c1: int, s1: int, k: int, out: ptr32):
    """Of lines in pairs of words, 14 bits and a sign plus 2**14: out[0] = 8 * sum over
    h = 2 .. `orders` of P_h (cos hd - cos d) / sin d + Q_h (sin hd / sin d - 1); out[1] and out[2]
    the sums of squares of u and i over 256. c1, s1: cos d and sin d in 1/2**28; k: 1 / sin d in
    1/2**13."""
    c = c1
    s = s1
    a1 = c1 >> 14
    a0 = c1 & 0x3FFF
    b1 = s1 >> 14
    b0 = s1 & 0x3FFF
    error = 0
    uu = 0
    ii = 0
    n = orders
    while n:
        ur = u[0] - 16384
        ui = u[1] - 16384
        ir = i[0] - 16384
        ii_ = i[1] - 16384
        uu = (ur * ur + ui * ui >> 8) + uu
        ii = (ir * ir + ii_ * ii_ >> 8) + ii
        if n != orders:
            # one order on: (c + js) times (c1 + js1)
            high = c >> 14
            low = c & 0x3FFF
            x = (high * a0 + low * a1 >> 14) + high * a1
            y = (high * b0 + low * b1 >> 14) + high * b1
            high = s >> 14
            low = s & 0x3FFF
            c = x - ((high * b0 + low * b1 >> 14) + high * b1)
            s = (high * a0 + low * a1 >> 14) + high * a1 + y
            p = ur * ir + ui * ii_ + 1024 >> 11
            q = ui * ir - ur * ii_ + 1024 >> 11
            if p > 32767:  # half of S: no mains
                p = 32767
            if p < -32767:
                p = -32767
            if q > 32767:
                q = 32767
            if q < -32767:
                q = -32767
            error = p * ((c - c1 >> 14) * k >> 13) + error
            error = q * (((s >> 14) * k >> 13) - 16384) + error
        u = ptr32(int(u) + 8)
        i = ptr32(int(i) + 8)
        n -= 1
    out[0] = error
    out[1] = uu
    out[2] = ii
