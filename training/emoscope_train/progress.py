"""Progress bars with remaining time, on a terminal."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def bar(steps: Iterable[Any] | None, what: str, unit: str, total: int | None = None) -> Any:
    """A bar on standard error around `steps`, or updated by hand; hidden without a terminal."""
    return tqdm(steps, desc=what, unit=unit, total=total, disable=None, dynamic_ncols=True)
