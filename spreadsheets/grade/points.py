"""What tasks are worth: a point a number, or as the teacher's list says.

    task,points
    Page,10

A line may name a step instead of a task, `h,4`; then a task is worth what its steps in the list are.
"""

from __future__ import annotations

import os
from math import isfinite
from typing import Dict, Iterable, List, Optional, Union

from .class_list import read_table
from .marked import Count, Marked

StrPath = Union[str, "os.PathLike[str]"]


class Points:
    """`worth`: by the name of a task or a step; None for a point a number."""

    def __init__(self, worth: Optional[Dict[str, float]] = None, where: str = "points") -> None:
        self.worth, self.where = worth, where

    @classmethod
    def read(cls, path: StrPath) -> Points:
        """Raises ValueError, in one line, for a list that cannot be used."""
        worth: Dict[str, float] = {}
        for row in read_table(path, ("task", "points")):
            try:
                value = float(row["points"].replace(",", "."))
            except ValueError:
                value = -1.0
            if not (isfinite(value) and value >= 0) or row["task"] in worth:
                raise ValueError(
                    f"{os.fspath(path)}: {row['task']} is worth {row['points'][:40]!r}; give each task once, "
                    "with a number from 0 on"
                )
            worth[row["task"]] = value
        return cls(worth, os.fspath(path))

    def check(self, marked: Iterable[Marked]) -> None:
        """Raises ValueError where nothing that was marked has a name of the list."""
        known: Dict[str, None] = {}
        for one in marked:
            known.update(dict.fromkeys(count.name for count in (*one.tasks, *one.steps)))
        unknown = [name for name in self.worth or () if name not in known]
        if unknown and known:
            raise ValueError(f"{self.where}: nothing is called {unknown[0]!r}; there are {', '.join(list(known)[:20])}")

    def most(self, marked: Marked, task: Count) -> float:
        """What a task is worth."""
        if self.worth is None:
            return float(task.blanks)
        if task.name in self.worth:
            return self.worth[task.name]
        return sum(self.worth[step.name] for step in self._named(marked, task))

    def earned(self, marked: Marked, task: Count) -> float:
        """What was earned of it: by the share of its numbers that are right, or right given those before."""
        if self.worth is None:
            return float(task.right + task.carried)
        if task.name in self.worth:
            return self.worth[task.name] * task.share
        return sum(self.worth[step.name] * step.share for step in self._named(marked, task))

    def _named(self, marked: Marked, task: Count) -> List[Count]:
        return [step for step in marked.steps if step.task == task.name and step.name in (self.worth or {})]
