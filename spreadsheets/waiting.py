"""The line a person watches while a large workbook is written, read or checked; nothing where it is done at once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Iterator, Optional

LONG = 100_000  # cells; some two seconds

Advance = Callable[[float], None]  # to be told how much more is done


@contextmanager
def waiting(label: str, total: int, shown: Optional[bool] = None, cells: Optional[int] = None) -> Iterator[Advance]:
    """shown: True or False; None shows it on a terminal, where there are so many `cells` (as a rule: `total`) that it
    takes seconds."""
    if shown is False or (shown is None and (total if cells is None else cells) < LONG):
        yield nothing
        return
    from saitama.training.progress import ProgressBar

    with ProgressBar(label, total, shown=shown, stays=False) as bar:
        yield bar.advance


def nothing(more: float) -> None:
    pass


__all__ = ["Advance", "nothing", "waiting"]
