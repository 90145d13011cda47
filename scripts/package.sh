#!/bin/sh
# Makes a .deb, an .rpm and a tarball of this machine's kind in target/package: the program with the
# model in it, ONNX Runtime, man pages, completions, documentation, licences.
#
#   scripts/package.sh             of target/release/emoscope
#   scripts/package.sh PROGRAM     of another build
set -eu
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
program=${1:-$target/release/emoscope}
[ -x "$program" ] || fail "$program is missing. Try: make build"
version=$("$program" --version | cut -d ' ' -f 2)
machine=$(uname -m)
name=emoscope-$version-$(uname -s | tr '[:upper:]' '[:lower:]')-$machine
out=$target/package
tree=$out/$name
rm -rf "$tree" "$out"/*.deb "$out"/*.rpm
mkdir -p "$tree/bin" "$tree/lib/emoscope" "$tree/share/doc/emoscope"

install -m 755 "$program" "$tree/bin/emoscope"
# The program looks for the library beside itself and in ../lib/emoscope; without it the built-in
# engine serves.
runtime=$(find "$cache" -path '*/onnxruntime-*/libonnxruntime*' | head -n 1)
if [ -n "$runtime" ]; then
    install -m 644 "$runtime" "$tree/lib/emoscope/"
    for licence in LICENSE ThirdPartyNotices.txt; do
        install -m 644 "$(dirname "$runtime")/$licence" "$tree/share/doc/emoscope/onnxruntime-$licence"
    done
else
    say "No ONNX Runtime to pack; the built-in engine serves. Try: scripts/onnxruntime.sh --required"
fi

"$program" man "$tree/share/man/man1"
mkdir -p "$tree/share/bash-completion/completions" "$tree/share/zsh/vendor-completions" \
    "$tree/share/fish/vendor_completions.d"
"$program" completions bash >"$tree/share/bash-completion/completions/emoscope"
"$program" completions zsh >"$tree/share/zsh/vendor-completions/_emoscope"
"$program" completions fish >"$tree/share/fish/vendor_completions.d/emoscope.fish"
install -m 644 CHANGELOG.md "$tree/share/doc/emoscope/"
install -m 644 LICENSE "$tree/share/doc/emoscope/copyright"
# The first page, and what it links to.
python=$(find_python) || fail "Python 3.11 or later is needed"
"$python" scripts/linked.py README.md "$tree/share/doc/emoscope"

tar -C "$out" --owner=0 --group=0 --sort=name -czf "$out/$name.tar.gz" "$name"
printf '%s\n' "$out/$name.tar.gz"

# Makes a package as Cargo.toml says, by a tool that is built first where it is not there yet.
tool() { # NAME VERSION
    [ -x "$cache/$1-$2/bin/$1" ] || cargo install --quiet --locked --root "$cache/$1-$2" \
        --target-dir "$target/$1" "$1@$2"
    printf '%s\n' "$cache/$1-$2/bin/$1"
}

if [ "$(uname -s)" = Linux ]; then
    # Of the same files.
    packed=$target/release/deb
    mkdir -p "$target/release"
    rm -rf "$packed"
    cp -R "$tree" "$packed"
    gzip -9n "$packed"/share/man/man1/*.1 "$packed/share/doc/emoscope/CHANGELOG.md"
    generate_rpm=$(tool cargo-generate-rpm 0.21.1)
    "$generate_rpm" generate-rpm --target-dir "$target" --output "$out" >&2
    ls "$out"/*.rpm
    if have dpkg-deb; then
        deb=$(tool cargo-deb 3.8.0)
        "$deb" deb --quiet --no-build --no-strip --output "$out"
    fi
fi
