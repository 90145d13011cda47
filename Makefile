# Every command does its own set-up; `make` alone lists them.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help run setup build package lint fmt test test-rust test-python test-training bench bench-peers \
	check-long picture fixtures clean

# rustup's folder, where the shell does not know it yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

# What a first picture needs and no more.
QUICK := --profile quick --no-default-features --features onnxruntime,opus

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

# Standard output is the binary's: events alone, where it is not a terminal.
run: setup ## open the dashboard on the default microphone
	@cargo build $(QUICK)
	@if [ -t 1 ]; then exec cargo run --quiet $(QUICK) -- live --or-demo; \
	else exec cargo run --quiet $(QUICK) -- demo; fi

setup:
	@scripts/setup.sh
	@scripts/onnxruntime.sh

build: setup ## make the optimised binary, target/release/emoscope
	@cargo build --release

package: build ## make a .deb and a tarball in target/package
	@scripts/package.sh

test: lint test-rust test-python ## check everything that needs no PyTorch

lint: ## formats and lints, Rust and Python
	@scripts/setup.sh --with-lint
	@scripts/lint.sh

test-rust: ## the tests of the binary, with both engines
	@scripts/setup.sh --with-tests
	@scripts/onnxruntime.sh --required
	@cargo test

test-python: ## the tests that are in Python and need no PyTorch
	@scripts/setup.sh --with-tests
	@scripts/pytest.sh training/requirements.txt training -m "not torch" tests
	@scripts/pytest.sh tests/requirements.txt tests/readers

test-training: ## those that need PyTorch; its packages take gigabytes
	@scripts/setup.sh --with-tests
	@scripts/pytest.sh training/requirements-torch.txt training -m torch tests

bench: setup ## what each stage costs, and the whole program
	@scripts/setup.sh --only-python
	@scripts/onnxruntime.sh --required
	@cargo bench --bench stages
	@cargo bench --bench live
	@cargo build --release
	@python3 tests/bench/whole.py target/release/emoscope $(BENCH)

bench-peers: setup ## the same audio through librosa, kaldi-native-fbank, openSMILE and a Python loop
	@scripts/onnxruntime.sh --required
	@scripts/bench-peers.sh

check-long: ## what takes hours: FUZZ=1000 times as much damage as in the tests, guided fuzzing, a day of audio, mutants, coverage
	@scripts/setup.sh --with-tests
	@scripts/onnxruntime.sh --required
	@scripts/check-long.sh

fmt: ## format the code, Rust and Python
	@scripts/setup.sh --with-lint
	@cargo fmt
	@scripts/lint.sh --fix

picture: ## draw the picture of the dashboard in the README again
	@EMOSCOPE_PICTURE=1 cargo test --quiet --test it dashboard::svg

fixtures: ## make the recordings and reference data of the tests again
	@scripts/setup.sh --with-tests
	@python=$$(scripts/python-env.sh training/requirements.txt)/bin/python && \
	$$python tests/data/make.py && $$python tests/golden/make.py

clean: ## remove what was built; what was fetched stays in the cache
	@cargo clean
