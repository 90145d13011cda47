#!/bin/sh
# Fetches the ONNX Runtime library, out of the Python package that its authors publish.
#
#   scripts/onnxruntime.sh             says in a sentence where it cannot be had, and succeeds:
#                                      emoscope then runs on its built-in engine
#   scripts/onnxruntime.sh --required  fails there, and says what pip said
#
# Version and contents are pinned; pip's own settings say where packages come from. The library and
# its licences end in the cache, where emoscope looks for it.
set -eu
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

VERSION=1.32.0

required=''
[ "${1:-}" != --required ] || required=yes

unavailable() {
    [ -z "$required" ] || fail "ONNX Runtime $VERSION: $*"
    say "No ONNX Runtime $VERSION ($*); emoscope uses its built-in engine."
    exit 0
}

case $(uname -s)-$(uname -m) in
Linux-x86_64)
    platform=manylinux_2_28_x86_64
    wheel=99e1074c4b2197accd5073052a465361be17b89c093b8ffb6e6bd8f986c52df8
    library=libonnxruntime.so.$VERSION
    contents=6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f
    ;;
Linux-aarch64)
    platform=manylinux_2_28_aarch64
    wheel=e36c187006e7a7c8b8d6d57f1a209dd63f52430dca6c282b177718ad6b841054
    library=libonnxruntime.so.$VERSION
    contents=49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a
    ;;
Darwin-arm64)
    platform=macosx_14_0_arm64
    wheel=d52510bbbcc880c13b826f7d75cdf33ac5cf0bb864d960000fc29ce73f0cb83e
    library=libonnxruntime.$VERSION.dylib
    contents=fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7
    ;;
*) unavailable "none is pinned for $(uname -s) on $(uname -m)" ;;
esac

folder=$cache/onnxruntime-$VERSION
[ ! -f "$folder/$library" ] || exit 0

"$(dirname "$0")/setup.sh" --only-python || unavailable "Python is missing"
python=$(find_python)

mkdir -p "$cache"
work=$(mktemp -d "$cache/onnxruntime.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

say "Fetching ONNX Runtime $VERSION"
if ! "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv "$work/python" >"$work/log" 2>&1 || unavailable "$(tail -n 1 "$work/log")"
    python=$work/python/bin/python
fi
echo "onnxruntime==$VERSION --hash=sha256:$wheel" >"$work/requirements.txt"
"$python" -m pip download --quiet --disable-pip-version-check --no-input --retries 2 --no-deps \
    --only-binary=:all: --platform "$platform" --python-version 3.12 --implementation cp \
    --require-hashes -r "$work/requirements.txt" --dest "$work" >"$work/log" 2>&1 || {
    [ -z "$required" ] || cat "$work/log" >&2
    unavailable "pip: $(sed -n 's/^ERROR: *//p' "$work/log" | tail -n 1)"
}
"$python" - "$work" "$folder" "$library" "$contents" >"$work/log" 2>&1 <<'PYTHON' ||
import hashlib
import shutil
import sys
import zipfile
from pathlib import Path

work, folder, (library, contents) = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
out = work / "out"
out.mkdir()
(wheel,) = work.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    for inside in (f"capi/{library}", "LICENSE", "ThirdPartyNotices.txt"):
        (out / Path(inside).name).write_bytes(archive.read(f"onnxruntime/{inside}"))
if hashlib.sha256((out / library).read_bytes()).hexdigest() != contents:
    sys.exit("the library is not the one pinned")
shutil.rmtree(folder, ignore_errors=True)
out.rename(folder)  # at once, so that nobody ever sees half a library
PYTHON
    unavailable "$(tail -n 1 "$work/log")"
