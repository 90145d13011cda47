#!/bin/sh
# The Python tests of a folder, in the environment of a requirements file; they run the binary of
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
# The binary as the Rust tests have it: with other features, crates would be compiled twice.
cargo test --no-run
target=$(cargo metadata --format-version 1 --no-deps |
    "$environment/bin/python" -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
export EMOSCOPE_BIN="$target/debug/emoscope"
cd "$folder"
exec "$environment/bin/python" -m pytest "$@"
