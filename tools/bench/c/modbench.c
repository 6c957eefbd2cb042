// `bench_c.sums(buf, at, sets, delay, out)` in the emulated image: what C -O2 costs on its core.

#include <string.h>

#include "py/runtime.h"
#include "sums.h"

static mp_obj_t bench_c_sums(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buf, out;
    mp_get_buffer_raise(args[0], &buf, MP_BUFFER_READ);
    mp_get_buffer_raise(args[4], &out, MP_BUFFER_WRITE);
    size_t at = mp_obj_get_int(args[1]), sets = mp_obj_get_int(args[2]);
    size_t delay = mp_obj_get_int(args[3]);
    if (delay > at || at + sets * SET_BYTES > buf.len || out.len < SUMS * sizeof(int64_t)) {
        mp_raise_ValueError(NULL);
    }
    int64_t total[SUMS];
    sums((const uint8_t *)buf.buf + at, sets, delay, total);
    memcpy(out.buf, total, sizeof(total));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(bench_c_sums_obj, 5, 5, bench_c_sums);

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_bench_c) },
    { MP_ROM_QSTR(MP_QSTR_sums), MP_ROM_PTR(&bench_c_sums_obj) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t bench_c_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_bench_c, bench_c_module);
