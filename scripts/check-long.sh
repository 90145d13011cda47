#!/bin/sh
# What does not fit into half an hour. FUZZ and the step to run alone may be given:
#
#   FUZZ=10000 scripts/check-long.sh fuzz
#   ENTRY=model SECONDS_EACH=36000 scripts/check-long.sh guided
#   CORE="--file crates/emoscope-core/src/decision.rs" scripts/check-long.sh mutants
#   MINUTES=10 scripts/check-long.sh soak
set -eu
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
cd "$(dirname "$0")/.."

# The mutants that are tried: of all files of the core unless CORE names some.
core=${CORE:-}
# The tests of the core, of the features and of the decisions.
about="dsp:: pipeline:: vad:: decision:: baseline:: model_spec:: core:: frontend::"

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

# Each mutant of the core is tried against its own tests and those of the program about it.
mutants() {
    tool mutants 27.1.0
    # shellcheck disable=SC2086 # words
    cargo mutants --package emoscope-core --test-workspace=true --no-default-features \
        --timeout 90 $core -- --lib --test it -- $about
}

coverage() {
    tool llvm-cov 0.9.1
    rustup component add llvm-tools || fail "Coverage needs rustup's llvm-tools."
    # At least 95 % of the core's lines.
    # shellcheck disable=SC2086 # words
    cargo llvm-cov --workspace --no-default-features --lib --test it --summary-only \
        --fail-under-lines 95 --ignore-filename-regex "^$PWD/(src|tests)/" -- $about
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
