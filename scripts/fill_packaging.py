"""Fills the files of other package managers in packaging/ from Cargo.toml.

python3 scripts/fill_packaging.py                  writes them from packaging/templates
python3 scripts/fill_packaging.py --check          exit code 1 if one of them is not up to date
python3 scripts/fill_packaging.py --windows FILE   and the SHA-256 of the archive for Windows
"""

import argparse
import hashlib
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGING = ROOT / "packaging"
TEMPLATES = PACKAGING / "templates"
CI = ROOT / ".github" / "workflows" / "ci.yml"
# A reserved address (RFC 2606), until Cargo.toml has the `repository` of the published source.
UNPUBLISHED = "https://emoscope.invalid/emoscope"


def values(windows: Path | None) -> dict[str, str]:
    """The value of each @NAME@."""
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    shared = cargo["workspace"]["package"]
    package = {
        key: shared[key] if value == {"workspace": True} else value
        for key, value in cargo["package"].items()
    }
    repository = package.get("repository", UNPUBLISHED).removesuffix("/").removesuffix(".git")
    toolchain = re.search(r'^ +RUST: "(.*)"$', CI.read_text(), re.MULTILINE)
    if toolchain is None:
        sys.exit(f"{CI}: no RUST")
    return {
        "DESCRIPTION": package["description"],
        "HOMEPAGE": package.get("homepage", repository),
        "KEYWORDS": ", ".join(package["keywords"]),
        "LICENSE": package["license"],
        "REPOSITORY": repository,
        "RUST": package["rust-version"],
        "RUST_IMAGE": toolchain[1],
        "VERSION": package["version"],
        "WINDOWS_SHA256": hashlib.sha256(windows.read_bytes()).hexdigest() if windows else "0" * 64,
    }


def main() -> int:
    """Exit code 0, or 1 where --check finds a file that is not up to date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--windows", type=Path, metavar="FILE", help="the archive for Windows")
    asked = parser.parse_args()
    filled = values(asked.windows)
    stale = []
    for template in sorted(path for path in TEMPLATES.rglob("*") if path.is_file()):
        text = re.sub(r"@([A-Z0-9_]+)@", lambda match: filled[match[1]], template.read_text())
        target = PACKAGING / template.relative_to(TEMPLATES)
        if target.is_file() and target.read_text() == text:
            continue
        stale.append(str(target.relative_to(ROOT)))
        if not asked.check:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    if stale:
        print("\n".join(stale))
    if asked.check and stale:
        print("not up to date. Try: python3 scripts/fill_packaging.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
