"""Copies a page and all files of the repository that it and its pages link to.

    python3 scripts/linked.py README.md FOLDER

Each file keeps its path, so that the links work in FOLDER too.
"""

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\(([^)#?\s]+)[^)]*\)")


def linked(page: Path) -> set[Path]:
    """The page and all files that can be reached from it, as paths in the repository."""
    found, waiting = {page}, [page]
    while waiting:
        page = waiting.pop()
        if page.suffix != ".md":
            continue
        for link in LINK.findall((ROOT / page).read_text()):
            path = (ROOT / page.parent / link).resolve()
            if "://" in link or not path.is_relative_to(ROOT.resolve()):
                continue
            target = path.relative_to(ROOT.resolve())
            if path.is_dir():
                continue
            if not path.is_file():
                sys.exit(f"{page} links to {link}, which is not there")
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def main() -> None:
    """Copies."""
    page, folder = Path(sys.argv[1]), Path(sys.argv[2])
    for path in sorted(linked(page)):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, target)
        target.chmod(0o644)


if __name__ == "__main__":
    main()
