#!/bin/sh
# Makes a .deb and a tarball of this machine's kind in target/package: the program with the model in
# it, ONNX Runtime, man pages, completions, licences.
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
rm -rf "$tree" "$out"/*.deb
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
install -m 644 README.md CHANGELOG.md models/voices/card.md "$tree/share/doc/emoscope/"
mkdir -p "$tree/share/doc/emoscope/docs"
install -m 644 docs/dashboard.svg "$tree/share/doc/emoscope/docs/"
install -m 644 LICENSE "$tree/share/doc/emoscope/copyright"

tar -C "$out" --owner=0 --group=0 --sort=name -czf "$out/$name.tar.gz" "$name"
printf '%s\n' "$out/$name.tar.gz"

if have dpkg-deb; then
    # cargo-deb makes it, as Cargo.toml says, of the same files.
    deb=$target/release/deb
    mkdir -p "$target/release"
    rm -rf "$deb"
    cp -R "$tree" "$deb"
    gzip -9n "$deb"/share/man/man1/*.1 "$deb/share/doc/emoscope/CHANGELOG.md"
    tool=$cache/cargo-deb-3.8.0
    [ -x "$tool/bin/cargo-deb" ] ||
        cargo install --quiet --locked --root "$tool" --target-dir "$target/cargo-deb" cargo-deb@3.8.0
    "$tool/bin/cargo-deb" deb --quiet --no-build --no-strip --output "$out"
fi
