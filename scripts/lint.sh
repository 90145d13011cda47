#!/bin/sh
# Words, formats and lints of both languages; --fix mends the Python it can.
set -eu
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
cd "$(dirname "$0")/.."

tools=$(scripts/python-env.sh scripts/requirements-dev.txt)/bin
# The same rules everywhere; inside training/ they are found by themselves.
ruff() {
    "$tools/ruff" "$@" training
    "$tools/ruff" "$@" --config training/pyproject.toml packaging scripts tests
}

if [ "${1:-}" = --fix ]; then
    python3 scripts/event_types.py
    python3 scripts/fill_packaging.py
    ruff format
    ruff check --fix
    exit 0
fi

python3 scripts/words.py
python3 scripts/results.py --check
python3 scripts/event_types.py --check
python3 scripts/fill_packaging.py --check
cargo fmt --check
cargo clippy --all-targets -- -D warnings
# Each optional feature can be left out.
cargo clippy --no-default-features -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet
python3 scripts/licences.py
ruff format --check
ruff check
(cd packaging/python && "$tools/mypy" --no-warn-unused-ignores emoscope)
# Types as they are without PyTorch: what is ignored for its sake looks unused there.
python=$(scripts/python-env.sh training/requirements.txt)/bin/python
cd training
"$tools/mypy" --python-executable "$python" --no-warn-unused-ignores emoscope_train tests
