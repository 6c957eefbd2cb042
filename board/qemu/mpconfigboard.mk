# MPS2-AN385: a Cortex-M3 with 4 MB of RAM, as QEMU models it. The board stays outside the port:
# make -C ports/qemu BOARD=OPENTTU BOARD_DIR=<this folder> USER_C_MODULES=<repository>/tools/bench
QEMU_ARCH = arm
QEMU_MACHINE = mps2-an385

CFLAGS += -mthumb -mcpu=cortex-m3 -mfloat-abi=soft
CFLAGS += -DQEMU_SOC_MPS2 -DMICROPY_HW_MCU_NAME='"Cortex-M3"'
CFLAGS += -I$(BOARD_DIR) -DMP_CONFIGFILE='"mpconfig_openttu.h"'
LDSCRIPT = $(BOARD_DIR)/mps2.ld

vpath %.c $(BOARD_DIR)
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o
SRC_BOARD_O += shared/timeutils/timeutils.o dual_timer.o

MICROPY_VFS_LFS2 = 1
MICROPY_HEAP_SIZE ?= 262144
FROZEN_MANIFEST ?= $(BOARD_DIR)/manifest.py
MPY_CROSS_FLAGS += -march=armv7m
