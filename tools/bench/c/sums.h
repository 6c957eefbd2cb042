#include <stddef.h>
#include <stdint.h>

#define SET_BYTES 28
#define SUMS 20

// `sets` sets from `set`, with `delay` bytes of older ones before it. out: for A, B and C the sums of
// i, u, i * i, u * u, u * i and u delayed * i; then n and n * n.
void sums(const uint8_t *set, size_t sets, size_t delay, int64_t *out);
