// The kernel's work in C: exact 64-bit sums over raw big-endian sets. One pass a phase keeps nearly
// all accumulators in registers.

#include "sums.h"

static inline int32_t word(const uint8_t *p) {
    uint32_t raw;
    __builtin_memcpy(&raw, p, 4);
    return __builtin_bswap32(raw);
}

static void phase(const uint8_t *p, size_t sets, size_t delay, int64_t *out) {
    int64_t i_sum = 0, u_sum = 0, ii = 0, uu = 0, ui = 0, late = 0;
    for (; sets; sets--, p += SET_BYTES) {
        int32_t i = word(p), u = word(p + 4), old = word(p + 4 - delay);
        i_sum += i;
        u_sum += u;
        ii += (int64_t)i * i;
        uu += (int64_t)u * u;
        ui += (int64_t)u * i;
        late += (int64_t)old * i;
    }
    int64_t all[] = {i_sum, u_sum, ii, uu, ui, late};
    for (int k = 0; k < 6; k++) {
        out[k] = all[k];
    }
}

void sums(const uint8_t *set, size_t sets, size_t delay, int64_t *out) {
    for (int k = 0; k < 3; k++) {
        phase(set + 8 * k, sets, delay, out + 6 * k);
    }
    int64_t n_sum = 0, nn = 0;
    for (const uint8_t *p = set + 24; sets; sets--, p += SET_BYTES) {
        int32_t n = word(p);
        n_sum += n;
        nn += (int64_t)n * n;
    }
    out[18] = n_sum;
    out[19] = nn;
}
