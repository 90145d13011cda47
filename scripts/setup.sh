#!/bin/sh
# Finds missing requirements of the build, and installs them or prints the command that does.
#
#   scripts/setup.sh                what `make run` and `make build` need
#   scripts/setup.sh --with-lint    also rustfmt, clippy and Python
#   scripts/setup.sh --with-tests   also Python, and the programs that some tests call
#   scripts/setup.sh --only-python  Python alone
#
# Prints nothing if nothing is missing. It installs packages on Debian and Ubuntu as root, or with a
# sudo that needs no password. Programs for tests are installed by root and CI only: without them,
# tests are skipped and say what they need.
set -eu
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

RUST=1.94 # rust-version in Cargo.toml

rust=yes python='' lint='' tests=''
for option in "$@"; do
    case $option in
    --with-lint) python=yes lint=yes ;;
    --with-tests) python=yes tests=yes ;;
    --only-python) rust='' python=yes ;;
    *) fail "setup.sh: unknown option $option" ;;
    esac
done

# Whether version $1 is $2 or later; both start with MAJOR.MINOR.
at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -t . -k 1,1n -k 2,2n | head -n 1)" = "$2" ]
}

# apt-get as root; its output is shown only if it fails.
apt() {
    set -- env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"
    [ "$(id -u)" = 0 ] || set -- sudo -n "$@"
    said=$("$@" </dev/null 2>&1) || {
        say "$said"
        return 1
    }
}
may_install() {
    have apt-get && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}
install() {
    say "Installing $*"
    # The package lists may be missing or out of date.
    apt update && apt install -y --no-install-recommends "$@"
}

check_rust() {
    if ! have cargo || ! found=$(rustc --version 2>/dev/null); then
        fail "Rust is missing. Install it with rustup (https://rustup.rs), then run this again."
    fi
    found=$(printf '%s\n' "$found" | cut -d ' ' -f 2)
    at_least "$found" "$RUST" ||
        fail "Rust $RUST or later is needed, $found is installed. Try: rustup update stable"
}

check_rust_tools() {
    missing=''
    cargo fmt --version >/dev/null 2>&1 || missing="$missing rustfmt"
    cargo clippy --version >/dev/null 2>&1 || missing="$missing clippy"
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086 # a list
    if ! have rustup || ! rustup component add $missing >&2; then
        fail "Missing:$missing. Try: rustup component add$missing"
    fi
}

# Debian's names of the missing packages.
missing_packages() {
    if [ -n "$rust" ]; then
        have cc || echo gcc libc6-dev
        have pkg-config || echo pkg-config
        if [ "$(uname -s)" = Linux ]; then
            have pkg-config && pkg-config --exists alsa || echo libasound2-dev
        fi
        have pkg-config && pkg-config --exists opus || echo libopus-dev
    fi
    if [ -n "$python" ] && ! find_python >/dev/null; then
        echo python3 python3-venv
    fi
}

# Debian's names of the missing programs that some tests call.
missing_test_packages() {
    have pulseaudio || echo pulseaudio
    have pactl || echo pulseaudio-utils
    ls /usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so >/dev/null 2>&1 || echo libasound2-plugins
    for program in ffmpeg jq npm sox espeak-ng strace tmux; do
        have "$program" || echo "$program"
    done
    # Ubuntu ships the browser as a snap that root cannot drive.
    if grep -q '^ID=debian' /etc/os-release 2>/dev/null; then
        have chromedriver || echo chromium chromium-driver
    fi
}

[ -z "$rust" ] || check_rust
[ -z "$lint" ] || check_rust_tools

packages=$(missing_packages | tr '\n' ' ')
if [ -n "$packages" ]; then
    # shellcheck disable=SC2086 # a list
    if may_install; then
        install $packages || fail "Not installed: $packages"
    elif have apt-get; then
        fail "Missing: $packages
Install with: sudo apt-get install $packages"
    elif have brew; then
        fail "Missing. Install with: brew install pkg-config opus python"
    else
        fail "Missing (Debian package names): $packages"
    fi
    [ -z "$python" ] || find_python >/dev/null ||
        fail "Python 3.11 or later is needed; name one with PYTHON=/path/to/python3."
fi

if [ -n "$tests" ] && [ "$(uname -s)" = Linux ]; then
    packages=$(missing_test_packages | tr '\n' ' ')
    if [ -n "$packages" ]; then
        # shellcheck disable=SC2086 # a list
        if may_install && { [ "$(id -u)" = 0 ] || [ -n "${CI:-}" ]; } && install $packages; then
            :
        else
            say "Some tests will be skipped. They need: sudo apt-get install $packages"
        fi
    fi
fi
