// Times sums() on this processor: `sums FILE CALLS` prints nanoseconds a set, then the last sums.
// FILE is a raw window; every call takes a burst of 64 sets, its delayed sets lie before it.

#define _POSIX_C_SOURCE 199309L
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sums.h"

#define BURST 64
#define DELAY (40 * SET_BYTES)

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv) {
    static uint8_t raw[2 * BURST * SET_BYTES];
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!file || fread(raw, sizeof(raw), 1, file) != 1) {
        fprintf(stderr, "usage: sums FILE CALLS\n");
        return 2;
    }
    long calls = atol(argv[2]);
    int64_t out[SUMS];
    double start = now_ns();
    for (long n = 0; n < calls; n++) {
        sums(raw + BURST * SET_BYTES, BURST, DELAY, out);
        __asm__ volatile("" : : "r"(out) : "memory"); // every call counts
    }
    printf("%.4f\n", (now_ns() - start) / calls / BURST);
    for (int k = 0; k < SUMS; k++) {
        printf("%" PRId64 "\n", out[k]);
    }
    return 0;
}
