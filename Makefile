# OpenTTU. `make help` lists what there is; every target sets up what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
STAMP := $(VENV)/.ready
DEV := $(VENV)/.ready-dev

HEAP ?= 3M
QEMU_HEAP ?= 256K
PACE ?= real
METERS ?= 8
VIA ?= cellular
SEED ?= 1
TESTS ?= tests/host
# one more than there are processors: many tests wait, for a station in real time
JOBS ?= $(shell $(PYTHON) -c 'import os; print(os.cpu_count() + 1)')

.PHONY: help venv run board plug unplug set supply deploy vectors fuzz accuracy poll hplc modem control alarm memory powercut energy retention outage soak size test qemu test-qemu bench lint format clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

$(STAMP): requirements.txt tools/umqtt.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python 3.11 or newer is needed, this is %d.%d: say PYTHON=/path" % sys.version_info[:2])'
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { echo "on Debian or Ubuntu: apt install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(RUN) tools.umqtt --into $(VENV)/share/umqtt
	@touch $@

$(DEV): $(STAMP) requirements-dev.txt requirements-stubs.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@for board in unix esp32 stm32; do \
	  $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target typings/$$board \
	    $$(sed -n "s/ *#.*//;/^micropython-stdlib/p;/^micropython-$$board/p" requirements-stubs.txt) || exit 1; done
	@touch $@

venv: $(STAMP) ## set up the environment (pinned packages) and nothing else

run: $(STAMP) ## the desk-top station and the terminal; SECONDS=30 PACE=lockstep WAVEFORM=f.npz METERS=8 DEVICES=24 NODES=12 VIA=network CHIP=atm90e36a
	@$(RUN) tools.station $(if $(SECONDS),--seconds "$(SECONDS)") --pace "$(PACE)" --meters "$(METERS)" \
	  $(if $(DEVICES),--devices "$(DEVICES)") --heap "$(HEAP)" --seed "$(SEED)" $(if $(WAVEFORM),--waveform "$(WAVEFORM)") $(if $(BROKER),--broker "$(BROKER)") \
	  $(if $(CHIP),--chip "$(CHIP)") $(if $(NODES),--nodes "$(NODES)") --via "$(VIA)"

board: $(STAMP) ## only the virtual board: prints the PTY for mpremote; HEAP=3M FLASH=file
	@$(RUN) tools.vboard --bay --heap "$(HEAP)" $(if $(FLASH),--flash "$(FLASH)")

plug: $(STAMP) ## a module into the running station or board: SLOT=3 MODULE=hplc; or blank corrupt unknown unreadable
	@$(RUN) tools.vboard.bay plug $(if $(SLOT),--slot "$(SLOT)") $(if $(MODULE),--module "$(MODULE)")

unplug: $(STAMP) ## and out again: SLOT=3
	@$(RUN) tools.vboard.bay unplug $(if $(SLOT),--slot "$(SLOT)")

set: $(STAMP) ## what a plugged module measures, or a fault of it: SLOT=5 VALUES="di3=1 ai1=12.5"
	@$(RUN) tools.vboard.bay set $(if $(SLOT),--slot "$(SLOT)") $(VALUES)

supply: $(STAMP) ## the supply's line of the running station or board: GOOD=0 fails, GOOD=1 is back
	@$(RUN) tools.vboard.bay supply good=$(GOOD)

deploy: $(STAMP) ## build to .mpy and copy what changed: make deploy PORT=/dev/ttyUSB0
	@test -n "$(PORT)" || { echo "say where the board is: make deploy PORT=/dev/ttyUSB0"; exit 2; }
	@$(RUN) tools.deploy "$(PORT)" $(if $(BOARD),--board $(BOARD))

vectors: $(STAMP) ## replay frames under MicroPython: make vectors DIR=folder
	@test -n "$(DIR)" || { echo "say which folder: make vectors DIR=../shared/reference/vectors"; exit 2; }
	@$(RUN) tools.vectors "$(DIR)"

fuzz: $(DEV) ## damaged frames into the codecs: FRAMES=20000 SEED=1 PLANT=1 (a defect, must be caught)
	@$(RUN) tools.fuzz --seed "$(SEED)" $(if $(FRAMES),--frames "$(FRAMES)") $(if $(PLANT),--plant "$(PLANT)")

accuracy: $(STAMP) ## how exactly it meters, against float64: SEED=1 CASES=64 WAVEFORM=f.npz CLASS=0.2S
	@$(RUN) tools.accuracy --seed "$(SEED)" $(if $(CASES),--cases "$(CASES)") \
	  $(if $(WAVEFORM),--waveform "$(WAVEFORM)") $(if $(CLASS),--class "$(CLASS)")

poll: $(if $(SWEEP),$(DEV),$(STAMP)) ## a station's buses on virtual time: DEVICES=200 DEAD=20 BUSES=4 MINUTES=15 SEED=1 BABBLE=1 SWEEP=docs
	@$(RUN) tools.poll --seed "$(SEED)" $(if $(DEVICES),--devices "$(DEVICES)") $(if $(DEAD),--dead "$(DEAD)") \
	  $(if $(BUSES),--buses "$(BUSES)") $(if $(MINUTES),--minutes "$(MINUTES)") $(if $(BABBLE),--babble) \
	  $(if $(SWEEP),--sweep "$(SWEEP)")

hplc: $(STAMP) ## a carrier network on virtual time: NODES=200 SEED=1
	@$(RUN) tools.hplc --seed "$(SEED)" $(if $(NODES),--nodes "$(NODES)")

modem: $(STAMP) ## TCP over a modem that fails, on virtual time: FAULTS=300 SEED=1
	@$(RUN) tools.modem --seed "$(SEED)" $(if $(FAULTS),--faults "$(FAULTS)")

control: $(STAMP) ## random control requests, power cuts and pulls: SEQUENCES=50000 SEED=1 PLANT=1 (a defect, must be caught)
	@$(RUN) tools.control --seed "$(SEED)" $(if $(SEQUENCES),--sequences "$(SEQUENCES)") $(if $(PLANT),--plant "$(PLANT)")

alarm: $(STAMP) ## from an edge or an outage to a client of the broker: COUNT=500 SEED=1
	@$(RUN) tools.alarm --seed "$(SEED)" $(if $(COUNT),--count "$(COUNT)")

memory: $(STAMP) ## heap of a station's points, devices and five modules: DEVICES=200 POINTS=20
	@$(RUN) tools.memory $(if $(DEVICES),--devices "$(DEVICES)") $(if $(POINTS),--points "$(POINTS)")

powercut: $(STAMP) ## power cuts while flash is written: CUTS=2000 SEED=1 EXHAUSTIVE=1 PLANT=1 (a defect, must be caught)
	@$(RUN) tools.powercut --seed "$(SEED)" $(if $(CUTS),--cuts "$(CUTS)") $(if $(EXHAUSTIVE),--exhaustive) $(if $(PLANT),--plant "$(PLANT)")

energy: $(STAMP) ## what power cuts cost in energy, on virtual time: CUTS=2000 SEED=1 PLANT=1 (a defect, must be caught)
	@$(RUN) tools.energy --seed "$(SEED)" $(if $(CUTS),--cuts "$(CUTS)") $(if $(PLANT),--plant "$(PLANT)")

retention: $(STAMP) ## what curves cost on flash, and whether they read back: DEVICES=200 DAYS=31 SEED=1
	@$(RUN) tools.retention --seed "$(SEED)" $(if $(DEVICES),--devices "$(DEVICES)") $(if $(DAYS),--days "$(DAYS)")

outage: $(STAMP) ## brokers and links that fail, on virtual time: HOURS=1 SEED=1 LINKS=1 (two of them) PLANT=1 (a defect, must be caught)
	@$(RUN) tools.outage --seed "$(SEED)" $(if $(HOURS),--hours "$(HOURS)") $(if $(RING),--ring "$(RING)") $(if $(LINKS),--links) $(if $(PLANT),--plant "$(PLANT)")

soak: $(STAMP) ## days of the whole terminal on virtual time: DAYS=2 SEED=1 PLANT=1 (a defect, must be caught)
	@$(RUN) tools.soak --seed "$(SEED)" $(if $(DAYS),--days "$(DAYS)") $(if $(DEVICES),--devices "$(DEVICES)") $(if $(PLANT),--plant "$(PLANT)")

size: $(STAMP) ## .mpy bytes and RAM after import, per package
	@$(RUN) tools.size

test: $(DEV) lint ## lint, host tests, device tests, end to end
	$(RUN) pytest -q -n $(JOBS) --dist loadfile -m "not alone" $(TESTS) || [ $$? = 5 ]  # 5: there are none
	$(RUN) pytest -q -m alone $(TESTS) || [ $$? = 5 ]

qemu: $(STAMP) ## build the image of the emulated Cortex-M3; QEMU_HEAP=256K
	@$(RUN) tools.qemu build --heap "$(QEMU_HEAP)"

test-qemu: $(STAMP) ## device tests on the emulated Cortex-M3; NAMES=test_kernels
	@$(RUN) tools.qemu test --heap "$(QEMU_HEAP)" $(NAMES)

bench: $(STAMP) ## instructions and heap that metering costs, against their bars
	@$(RUN) tools.bench

lint: $(DEV) ## ruff, codespell, pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/pyright -p pyrightconfig.host.json
	$(BIN)/pyright -p pyrightconfig.unix.json
	$(BIN)/pyright -p pyrightconfig.esp32s3.json
	$(BIN)/pyright -p pyrightconfig.stm32.json

format: $(DEV) ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove the environment and everything built
	rm -rf $(VENV) build typings .run .pytest_cache .ruff_cache
