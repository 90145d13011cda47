# shellcheck shell=sh
# Shared functions of the scripts, which source this file.

# Everything that is fetched or made outside the checkout; you may delete it at any time.
# shellcheck disable=SC2034 # used by the readers
cache=${XDG_CACHE_HOME:-$HOME/.cache}/emoscope

# Messages go to standard error; standard output is for events and paths.
say() { printf '%s\n' "$*" >&2; }
fail() {
    say "$@"
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

sha256() {
    if have sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# Prints a Python of 3.11 or later that can make environments; fails if there is none.
find_python() {
    for python in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
            2>/dev/null; then
            printf '%s\n' "$python"
            return
        fi
    done
    return 1
}
