// Time from the CMSDK dual timer (ARM DDI 0479, 3.4): 25 MHz, counting down through 2**32.
// Under `-icount shift=6` it moves by 1.6 ticks an instruction: tools/bench reads it directly.

#include "py/mphal.h"
#include "py/runtime.h"

typedef struct {
    volatile uint32_t load, value, control;
} cmsdk_timer_t;

#define TIMER ((cmsdk_timer_t *)0x40002000)
#define WAKER ((cmsdk_timer_t *)0x40002020)
#define FREE_RUNNING (0x82) // enabled, 32 bits, no interrupt, no prescaler
#define ONE_SHOT (0x83)
#define TICKS_PER_US (25)

// At every (soft) reset. Enabling the UART's receiver does not make QEMU 7.2 look for input, so a
// host that speaks first would wait for ever: a timer that runs out does.
void openttu_init(void) {
    if (TIMER->control != FREE_RUNNING) {
        TIMER->load = 0xffffffff;
        TIMER->control = FREE_RUNNING;
    }
    WAKER->load = 100 * TICKS_PER_US;
    WAKER->control = ONE_SHOT;
}

// The upper half is kept here, so somebody must ask at least every 171 s.
static uint64_t ticks(void) {
    static uint64_t total;
    static uint32_t last;
    uint32_t now = ~TIMER->value;
    total += now - last;
    last = now;
    return total;
}

mp_uint_t mp_hal_ticks_us(void) {
    return ticks() / TICKS_PER_US;
}

mp_uint_t mp_hal_ticks_ms(void) {
    return ticks() / (1000 * TICKS_PER_US);
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return ticks();
}

// There is no clock of day: as on a board that nobody has set, time begins at the epoch.
uint64_t mp_hal_time_ns(void) {
    return ticks() * (1000 / TICKS_PER_US);
}

void mp_hal_delay_us(mp_uint_t us) {
    uint64_t end = ticks() + (uint64_t)us * TICKS_PER_US;
    while (ticks() < end) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end = ticks() + (uint64_t)ms * 1000 * TICKS_PER_US;
    while (ticks() < end) {
        mp_event_handle_nowait();
    }
}
