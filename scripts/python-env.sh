#!/bin/sh
# Prints the folder of a Python environment with the packages of a requirements file, and creates it
# if it does not exist yet.
#
#   scripts/python-env.sh training/requirements.txt
#
# The environment lies in the cache under a hash of the file: changed requirements get a new
# environment, and checkouts with equal requirements share one.
set -eu
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

requirements=${1:?a requirements file}
folder=$cache/python-$(sha256 "$requirements" | cut -c 1-16)
complete=$folder/complete

# An upgraded or removed Python breaks its environments.
if [ ! -f "$complete" ] || ! "$folder/bin/python" -c '' 2>/dev/null; then
    "$(dirname "$0")/setup.sh" --only-python
    python=$(find_python)
    say "Installing the packages of $requirements in $folder"
    mkdir -p "$cache"
    rm -f "$complete"
    # Continues after an interrupted run. Most installed modules are never imported, so none are
    # compiled in advance.
    "$python" -m venv "$folder" >&2
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-compile \
        --only-binary=:all: --require-hashes -r "$requirements" >&2
    touch "$complete"
fi
printf '%s\n' "$folder"
