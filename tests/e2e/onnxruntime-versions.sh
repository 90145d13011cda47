#!/bin/sh
# The oldest and the newest ONNX Runtime that emoscope can use, those around the changes in between,
# and one that is too old. Each is found as the package of a user's Python. Needs pip and npm; x86_64
# Linux alone. Downloads 100 MB into the cache, once.
#
#   tests/e2e/onnxruntime-versions.sh target/debug/emoscope
set -eu
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../../scripts/common.sh"

program=$(readlink -f "${1:?the program}")
data=$(readlink -f "$(dirname "$0")/../data")
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || {
    echo 'skipped: the libraries are pinned for x86_64 Linux'
    exit 0
}
python=$(find_python) || fail "Python 3.11 or later is needed"
libraries=$cache/runtimes
mkdir -p "$libraries"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Wheels before 1.19 hold no separate library; Node's packages do.
from_npm() { # VERSION SHA512
    have npm || return 1
    (cd "$work" && npm pack --silent "onnxruntime-node@$1" >/dev/null)
    archive=$work/onnxruntime-node-$1.tgz
    found=$(sha512sum "$archive" | cut -d ' ' -f 1)
    [ "$found" = "$2" ] || fail "onnxruntime-node $1 is not the one pinned: SHA-512 $found"
    tar -C "$work" -xzf "$archive" package/bin/napi-v3/linux/x64
    mv "$work"/package/bin/napi-v3/linux/x64/libonnxruntime.so."$1" "$libraries/"
}

from_pip() { # VERSION SHA256
    echo "onnxruntime==$1 --hash=sha256:$2" >"$work/requirements.txt"
    "$python" -m pip download --quiet --disable-pip-version-check --no-input --no-deps \
        --only-binary=:all: --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
        --python-version 3.11 --implementation cp --require-hashes -r "$work/requirements.txt" \
        --dest "$work/$1"
    "$python" -m zipfile -e "$work/$1"/*.whl "$work/$1"
    mv "$work/$1/onnxruntime/capi/libonnxruntime.so.$1" "$libraries/"
}

export HOME="$work/home" XDG_CACHE_HOME="$work/home/cache"
unset ORT_DYLIB_PATH VIRTUAL_ENV XDG_STATE_HOME XDG_CONFIG_HOME
packages=$HOME/.local/lib/python3.11/site-packages
analyze() { "$program" analyze --quiet --format csv "$data/two-utterances.wav" "$@"; }
# Labels, and probabilities to four digits.
rounded() { sed -E 's/(\.[0-9]{4})[0-9]+/\1/g'; }
analyze --engine builtin | rounded >"$work/builtin.csv"

try() { # VERSION EXPECTED: used, or a part of the warning
    rm -rf "$packages"
    mkdir -p "$packages/onnxruntime/capi"
    ln -s "$libraries/libonnxruntime.so.$1" "$packages/onnxruntime/capi/"
    analyze >"$work/found.csv" 2>"$work/said" || fail "$1: $(cat "$work/said")"
    rounded <"$work/found.csv" | cut -d , -f 1-5 | cmp - "$work/labels.csv"
    "$program" doctor >"$work/doctor" || fail "$1: $(cat "$work/doctor")"
    "$program" demo --plain >/dev/null 2>&1
    if [ "$2" = used ]; then
        [ ! -s "$work/said" ] || fail "$1: $(cat "$work/said")"
        grep -q "^ok *engine *ONNX Runtime $1 .*, in use$" "$work/doctor"
    else
        grep -q "$2" "$work/said"
        grep -q "^ok *engine *rten (built in), in use$" "$work/doctor"
        grep -q "$2" "$work/doctor"
    fi
    grep -q '^ok *self-test' "$work/doctor"
    echo "ONNX Runtime $1: $2"
}
cut -d , -f 1-5 "$work/builtin.csv" >"$work/labels.csv"

while read -r version source sum expected; do
    [ -f "$libraries/libonnxruntime.so.$version" ] || "from_$source" "$version" "$sum" || {
        echo "skipped: ONNX Runtime $version; no $source"
        continue
    }
    try "$version" "$expected"
done <<'TABLE'
1.16.3 npm e93da98f08398a4ef8567235217173c6f3c09b6502a3ebcd36c0c66cc3fe036aba1993cc61a8b6a4c035ee0dd8314be03992f0b2358153034894fe1069544594 its version 1.16.3 is too old
1.17.0 npm a51c5da923f76bac2d885564557d55dff82c10cc0145403d0f6a1899c37772317e8fe20b4be4886362fb2b17566a9b06eb3eb88b9ad49fc8a3159748bdba2306 used
1.19.2 pip a36511dc07c5c964b916697e42e366fa43c48cdb3d3503578d78cef30417cb84 used
1.22.1 pip f6effa1299ac549a05c784d50292e3378dbbf010346ded67400193b09ddc2f04 used
1.23.2 pip da44b99206e77734c5819aa2142c69e64f3b46edc3bd314f6a45a932defc0b3e used
1.32.0 pip 5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d used
TABLE
