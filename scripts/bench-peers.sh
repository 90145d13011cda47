#!/bin/sh
# Builds emoscope's side of the comparison and runs it against the peers.
set -eu
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
cd "$(dirname "$0")/.."

have c++ || say "Without a C++ compiler kaldi-native-fbank is measured from Python alone."
python=$(find_python) || fail "Python 3.11 or later is needed."
# The last path that cargo prints is the program.
worker=$(cargo bench --bench worker --no-run 2>&1 | tee /dev/stderr |
    sed -n 's/^ *Executable .*(\(.*\))$/\1/p' | tail -n 1)
exec "$python" tests/peers/compare.py "$worker" "$@"
