#!/bin/sh
# What does not fit into half an hour. FUZZ and the step to run alone may be given:
#
#   FUZZ=10000 scripts/check-long.sh fuzz
#   ENTRY=model SECONDS_EACH=36000 scripts/check-long.sh guided
#   CORE=src/smooth.rs scripts/check-long.sh mutants
#   MINUTES=10 scripts/check-long.sh soak
set -eu
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
cd "$(dirname "$0")/.."

# The pure core, where a wrong line could go unnoticed.
core=${CORE:-src/dsp src/pipeline src/pipeline.rs src/gate.rs src/smooth.rs src/baseline.rs}

fuzz() {
    EMOSCOPE_FUZZ=${FUZZ:-1000} cargo test --test it fuzz::
}

# Without the optional features: no ONNX Runtime, Opus, Parquet or PNG.
lean() {
    cargo test --no-default-features
}

tool() {
    cargo "$1" --version >/dev/null 2>&1 || cargo install --locked "cargo-$1@$2"
}

# Lays out the core as a crate of its own, with those of its tests that need no program: it builds
# in seconds where the whole takes minutes. That it builds shows what it does not know.
alone() {
    place=${CARGO_TARGET_DIR:-$PWD/target}/core
    rm -rf "$place/src" "$place/tests" "$place/models"
    mkdir -p "$place/src/audio" "$place/tests/it"
    cp Cargo.toml Cargo.lock "$place"
    for part in dsp pipeline model engine; do
        cp -r "src/$part" "src/$part.rs" "$place/src"
    done
    cp src/gate.rs src/smooth.rs src/baseline.rs src/events.rs "$place/src"
    cp src/audio/ring.rs "$place/src/audio"
    echo "pub mod ring;" >"$place/src/audio.rs"
    for room in audio baseline dsp engine events gate model pipeline smooth; do
        echo "pub mod $room;"
    done >"$place/src/lib.rs"
    echo "fn main() {}" >"$place/src/main.rs"
    cp -r tests/it/core tests/it/core.rs tests/it/frontend.rs tests/it/support.rs "$place/tests/it"
    printf 'mod core;\nmod frontend;\nmod support;\n' >"$place/tests/it/main.rs"
    cp -r tests/data tests/golden tests/bench "$place/tests"
    cp -r models "$place"
}

# Of its tests these run the program or race threads.
without="--skip audio:: --skip the_features_command --skip silence_hum"

# Each mutant is tried against the tests of the core.
mutants() {
    tool mutants 27.1.0
    alone
    set --
    for path in $core; do
        case $path in
        *.rs) set -- "$@" --file "$path" ;;
        *) set -- "$@" --file "$path/**/*.rs" ;;
        esac
    done
    # shellcheck disable=SC2086 # words
    (cd "$place" && cargo mutants --in-place --no-default-features --timeout 90 "$@" -- \
        --lib --test it -- $without)
}

coverage() {
    tool llvm-cov 0.9.1
    rustup component add llvm-tools || fail "Coverage needs rustup's llvm-tools."
    alone
    # At least 95 % of the core's lines.
    # shellcheck disable=SC2086 # words
    (cd "$place" && cargo llvm-cov --no-default-features --lib --test it --summary-only \
        --fail-under-lines 95 --ignore-filename-regex 'tests/|src/(audio|engine|events|main|model)[./]' -- $without)
}

# The .deb and the tarball, in a Debian that has nothing else.
package() {
    make package
    tests/e2e/package.sh
}

# `cargo install` into a root of its own, and the program alone in an empty folder.
installed() {
    tests/e2e/installed.sh
}

# The oldest and the newest ONNX Runtime, and some between.
versions() {
    cargo build
    tests/e2e/onnxruntime-versions.sh "${CARGO_TARGET_DIR:-target}/debug/emoscope"
}

# A day of audio through ring, worker and recording, as fast as they go; then two
# hours, or so many MINUTES, at a virtual microphone.
soak() {
    cargo test --release --test it -- --ignored --exact --nocapture \
        soak::a_day_of_audio_leaves_no_trace
    cargo build --release
    python3 tests/bench/soak.py "${CARGO_TARGET_DIR:-target}/release/emoscope" \
        --minutes "${MINUTES:-120}"
}

# An archive on a Ray cluster of two workers, one of which is killed, and on Slurm.
archive() {
    python=$(scripts/python-env.sh scripts/requirements-ray.txt)/bin/python
    cargo build
    "$python" tests/e2e/ray_cluster.py "${CARGO_TARGET_DIR:-target}/debug/emoscope"
    tests/e2e/slurm.sh "${CARGO_TARGET_DIR:-target}/debug/emoscope"
}

# Licences, origins and known weaknesses of the crates: deny.toml. `cargo audit` would read the
# same database of weaknesses.
deny() {
    tool deny 0.20.2
    cargo deny check bans licenses sources
    if cargo deny fetch db; then
        cargo deny check advisories
    else
        say "Known weaknesses were not looked for: their database is out of reach."
    fi
}

# Fuzzing that coverage guides, so many seconds an entry; what it finds stays in target/fuzz/found.
guided() {
    tool fuzz 0.13.2
    rustup run nightly rustc --version >/dev/null 2>&1 ||
        fail "Guided fuzzing needs nightly Rust: rustup toolchain install nightly"
    target=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
    mkdir -p "$target/found"
    for entry in ${ENTRY:-recording raw events model settings}; do
        mkdir -p "$target/corpus/$entry"
        seeds=tests/fuzz/seeds/$entry
        [ "$entry" != recording ] || seeds=tests/data
        cargo +nightly fuzz run --fuzz-dir tests/fuzz --target-dir "$target" "$entry" \
            "$target/corpus/$entry" "$seeds" -- -max_total_time="${SECONDS_EACH:-300}" \
            -max_len=30000 -timeout=30 -rss_limit_mb=2048 -artifact_prefix="$target/found/"
    done
}

if [ $# -gt 0 ]; then
    "$1"
else
    package
    installed
    versions
    lean
    fuzz
    guided
    soak
    archive
    deny
    mutants
    coverage
fi
