// What the firmware needs beyond the port's own choice. Floats stay single precision and the
// viper and Thumb emitters on, as the port has them and as the real boards do.
#include "mpconfigport.h"

#undef MICROPY_PY_SELECT
#undef MICROPY_PY_TIME
#undef MICROPY_PY_ASYNCIO
#define MICROPY_PY_SELECT (1)
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_ASYNCIO (1)

// as stm32 and esp32 have it; counted instructions of byte code depend on it
#define MICROPY_OPT_COMPUTED_GOTO (1)

void openttu_init(void);
#define MICROPY_PORT_INIT_FUNC openttu_init()
