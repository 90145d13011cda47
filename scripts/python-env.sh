#!/bin/sh
# Prints the folder of a Python environment with the packages of a requirements file, made first
# where it is not there yet.
#
#   scripts/python-env.sh training/requirements.txt
#
# It lies in the cache, named after the contents of the file, so that changed requirements get an
# environment of their own and checkouts share what they have in common.
set -eu
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

requirements=${1:?a requirements file}
folder=$cache/python-$(sha256 "$requirements" | cut -c 1-16)
complete=$folder/complete

# A Python that was upgraded or removed takes its environments with it.
if [ ! -f "$complete" ] || ! "$folder/bin/python" -c '' 2>/dev/null; then
    "$(dirname "$0")/setup.sh" --only-python
    python=$(find_python)
    say "Installing the packages of $requirements in $folder"
    mkdir -p "$cache"
    rm -f "$complete"
    # What an interrupted run left is taken up again. Most of what is installed is never imported, so
    # nothing is compiled ahead.
    "$python" -m venv "$folder" >&2
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-compile \
        --only-binary=:all: --require-hashes -r "$requirements" >&2
    touch "$complete"
fi
printf '%s\n' "$folder"
