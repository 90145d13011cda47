# Every command does its own set-up; `make` alone lists them.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help run setup build package wheel lint fmt test test-rust test-python test-training bench bench-peers \
	check-long picture fixtures clean

# rustup's folder, where the shell does not know it yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

# The smallest build that can show the dashboard.
QUICK := --profile quick --no-default-features --features onnxruntime,opus

# Tests of one file share fixtures that take seconds, so they run in one process.
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

# Without a terminal, standard output carries only the events.
run: setup ## open the dashboard on the default microphone
	@cargo build $(QUICK)
	@if [ -t 1 ]; then exec cargo run --quiet $(QUICK) -- live --or-demo; \
	else exec cargo run --quiet $(QUICK) -- demo; fi

setup:
	@scripts/setup.sh
	@scripts/onnxruntime.sh

build: setup ## build the optimised program, target/release/emoscope
	@cargo build --release

package: build ## make a .deb, an .rpm and a tarball in target/package
	@scripts/package.sh

wheel: setup ## make the Python package in target/wheels
	@scripts/wheel.sh $${CARGO_TARGET_DIR:-target}/wheels --release

test: lint test-rust test-python ## lint and all tests that need no PyTorch

lint: ## words, formats and lints, Rust and Python
	@scripts/setup.sh --with-lint
	@scripts/lint.sh

test-rust: ## Rust tests, with both engines
	@scripts/setup.sh --with-tests
	@scripts/onnxruntime.sh --required
	@cargo test

test-python: ## Python tests that need no PyTorch
	@scripts/setup.sh --with-tests
	@scripts/pytest.sh training/requirements.txt training $(SIDE_BY_SIDE) -m "not torch" tests
	@EMOSCOPE_WHEEL=$$(scripts/wheel.sh $${CARGO_TARGET_DIR:-target}/quick/wheels $(QUICK)) && \
	export EMOSCOPE_WHEEL && scripts/pytest.sh tests/requirements.txt tests/readers

test-training: ## Python tests with PyTorch, whose packages take gigabytes
	@scripts/setup.sh --with-tests
	@scripts/pytest.sh training/requirements-torch.txt training $(SIDE_BY_SIDE) -m torch tests

bench: setup ## measure the cost of each stage and of the whole program
	@scripts/setup.sh --only-python
	@scripts/onnxruntime.sh --required
	@cargo bench --bench stages
	@cargo bench --bench live
	@cargo build --release
	@python3 tests/bench/whole.py target/release/emoscope $(BENCH)

bench-peers: setup ## compare with librosa, kaldi-native-fbank, openSMILE and a Python loop
	@scripts/onnxruntime.sh --required
	@scripts/bench-peers.sh

check-long: ## checks that take hours: packages, fuzzing (FUZZ=1000 times the tests'), a day of audio, mutants, coverage
	@scripts/setup.sh --with-tests
	@scripts/onnxruntime.sh --required
	@scripts/check-long.sh

fmt: ## format the code, Rust and Python
	@scripts/setup.sh --with-lint
	@cargo fmt
	@scripts/lint.sh --fix

picture: ## update the picture of the dashboard in the README
	@EMOSCOPE_PICTURE=1 cargo test --quiet --test it dashboard::svg

fixtures: ## regenerate the recordings and reference data of the tests
	@scripts/setup.sh --with-tests
	@python=$$(scripts/python-env.sh training/requirements.txt)/bin/python && \
	$$python tests/data/make.py && $$python tests/golden/make.py

clean: ## remove the build; downloads stay in the cache
	@cargo clean
