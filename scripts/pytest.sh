#!/bin/sh
# Runs the Python tests of a folder in the environment of a requirements file. They use the binary of
# this checkout.
#
#   scripts/pytest.sh training/requirements.txt training -m 'not torch'
set -eu
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
cd "$(dirname "$0")/.."

environment=$(scripts/python-env.sh "$1")
folder=$2
shift 2
# Build as for the Rust tests: other features would compile the crates a second time.
cargo test --no-run
target=$(cargo metadata --format-version 1 --no-deps |
    "$environment/bin/python" -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
export EMOSCOPE_BIN="$target/debug/emoscope"
# Without bytecode, each process compiles the packages that it imports, which takes seconds.
export PYTHONPYCACHEPREFIX="$environment/bytecode" PYTHONDONTWRITEBYTECODE=
# The processes share the cores, where more threads would only wait for each other.
export OMP_NUM_THREADS=1
cd "$folder"
exec "$environment/bin/python" -m pytest "$@"
