# Found by the port through USER_C_MODULES. The image is built for size, this file for speed.
BENCH_C := $(USERMOD_DIR)
SRC_USERMOD_C += $(BENCH_C)/modbench.c $(BENCH_C)/sums.c
CFLAGS_USERMOD += -I$(BENCH_C)
$(BUILD)/c/sums.o: CFLAGS += -O2
