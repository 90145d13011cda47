"""Checks that deny.toml allows the licence of every crate in the program.

    python3 scripts/licences.py

The same check as `cargo deny check licenses`, but without network.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def allowed(expression: str, allow: set[str]) -> bool:
    """Whether an SPDX expression is allowed; an exception belongs to its licence."""
    words = re.findall(r"[()]|[^\s()/]+|/", expression.replace("/", " OR "))

    def either() -> bool:
        met = both()
        while words and words[0] == "OR":
            words.pop(0)
            met |= both()
        return met

    def both() -> bool:
        met = one()
        while words and words[0] == "AND":
            words.pop(0)
            met &= one()
        return met

    def one() -> bool:
        word = words.pop(0)
        if word == "(":
            met = either()
            words.pop(0)
            return met
        if words and words[0] == "WITH":
            word = f"{word} WITH {words[1]}"
            del words[:2]
        return word in allow

    return either() and not words


def main() -> int:
    """Prints every crate whose licence is not allowed."""
    allow = set(tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"])
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"]
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    packages = json.loads(text)["packages"]
    wrong = [
        f"{crate['name']} {crate['version']}: {crate['license'] or 'no licence'}"
        for crate in packages
        if not (crate["license"] and allowed(crate["license"], allow))
    ]
    for line in wrong:
        print(f"not allowed by deny.toml: {line}", file=sys.stderr)
    if not wrong:
        print(f"{len(packages)} crates, their licences allowed")
    return len(wrong) > 0


if __name__ == "__main__":
    sys.exit(main())
