#!/bin/sh
# `cargo install` installs one file that works alone. The program is put into an empty root and
# run from an empty folder, with no Python, no ONNX Runtime and no checkout within reach.
#
#   tests/e2e/installed.sh [PROGRAM]     one that is built already; default installs this checkout
set -eu
cd "$(dirname "$0")/../.."

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$place/bin" "$place/home" "$place/empty"
if [ $# -gt 0 ]; then
    install -m 755 "$1" "$place/bin/emoscope"
else
    # Into a separate root; the build itself is that of `make build`.
    cargo install --quiet --locked --path . --root "$place" --no-track \
        --target-dir "${CARGO_TARGET_DIR:-target}"
fi
cp tests/data/speech.opus tests/data/two-utterances.wav "$place/empty/"
cd "$place/empty"
# Nothing of this machine but the program: the path holds no Python, the home nothing at all.
alone() { env -i PATH="$place/bin" HOME="$place/home" LANG=C.UTF-8 emoscope "$@"; }
expect() { # WHAT PATTERN; reads what was printed
    grep -q -- "$2" || {
        printf '%s: no line with %s\n' "$1" "$2" >&2
        exit 1
    }
}

alone --version | expect version '^emoscope [0-9]'
alone analyze two-utterances.wav --format csv | expect analyze ,neutral,
alone analyze speech.opus --format jsonl | expect opus '"trigger":"speech_ended"'
alone demo | expect demo '"type":"session_end"'
for form in html svg png; do
    alone report speech.opus --format "$form"
    test -s "speech.$form"
done
alone doctor | expect doctor '^ok  *self-test'
alone doctor | expect 'the model inside' '^ok  *model'
for shell in bash zsh fish powershell; do
    alone completions "$shell" | expect "$shell" emoscope
done
alone man man
test -s man/emoscope-report.1
# It wrote its output and its log; nothing else.
left=$(find "$place/home" -type f ! -path '*/.local/state/emoscope/*')
[ -z "$left" ] || { printf 'it left: %s\n' "$left" >&2; exit 1; }
echo 'the program alone works in an empty folder'
