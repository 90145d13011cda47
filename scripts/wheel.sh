#!/bin/sh
# Makes the Python package of this machine's kind: the program, and a module that runs it.
#
#   scripts/wheel.sh FOLDER [OPTION...]     options of `maturin build`, as --profile
set -eu
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
cd "$(dirname "$0")/.."

mkdir -p "${1:?a folder}"
out=$(cd "$1" && pwd)
shift
maturin=$(scripts/python-env.sh scripts/requirements-dev.txt)/bin/maturin
# The program uses the ALSA and Opus of the system, so the package is for it and its kin: not for
# every Linux that the manylinux tags promise.
[ "$(uname -s)" != Linux ] || set -- --compatibility linux "$@"
rm -f "$out"/emoscope-*.whl
(cd packaging/python && "$maturin" build --quiet --locked --out "$out" "$@" >&2)
printf '%s\n' "$out"/emoscope-*.whl
