"""The 14 levels: what there is to do in each. What a level has is loaded when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import List, Tuple, Union

from .task import CODE, PAGES, CodeTask, Task
from .text import FOLDER, Text, text_of

LEVELS = range(1, 15)


@dataclass(frozen=True)
class Level:
    number: int
    text: Text
    pages: Tuple[Task, ...]
    code: Tuple[CodeTask, ...]

    @property
    def tasks(self) -> List[Union[Task, CodeTask]]:
        return [*self.pages, *self.code]

    @property
    def title(self) -> str:
        return self.text.title

    @property
    def folder(self) -> Path:
        return FOLDER / f"level{self.number:02d}"


@lru_cache(maxsize=None)
def level(number: int) -> Level:
    """ValueError for one that there is not."""
    if number not in LEVELS:
        raise ValueError(f"there is no level {number}; the levels are 1 to {LEVELS[-1]}")
    for part in ("pages", "code"):
        import_module(f"{__package__}.level{number:02d}.{part}")
    inside = f"{__package__}.level{number:02d}"
    return Level(number, text_of(number), tuple(PAGES[f"{inside}.pages"]), tuple(CODE[f"{inside}.code"]))


def title_of(number: int) -> str:
    return text_of(number).title


__all__ = ["LEVELS", "Level", "level", "title_of"]
