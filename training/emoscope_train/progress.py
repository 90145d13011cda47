"""One look of progress bars: on a terminal, with an estimate of what is left."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def bar(steps: Iterable[Any] | None, what: str, unit: str, total: int | None = None) -> Any:
    """A bar on standard error around `steps`, or to be moved by hand; hidden where nobody looks."""
    return tqdm(steps, desc=what, unit=unit, total=total, disable=None, dynamic_ncols=True)
