"""A class's workbooks of the levels, as grade() takes them: what each has to hold follows from the level and from the
name on the teacher's list, and nothing is taken from a file but what was typed into its blanks."""

from __future__ import annotations

import hashlib
import os
import re
from functools import lru_cache, partial
from pathlib import Path
from typing import Dict, Optional, Union

from saitama.spreadsheets import WorkbookError, open_workbook
from saitama.spreadsheets.grade.class_list import Learner, whose
from saitama.spreadsheets.grade.crew import Job
from saitama.spreadsheets.grade.exercises import NOBODY, Exercises, key
from saitama.spreadsheets.grade.marked import Said
from saitama.spreadsheets.plan.front import SHEET as FRONT

from . import numbers
from .levels import LEVELS, level
from .numbers import seed_of
from .school import file_name, names_in
from .workbook import write_level

LEVEL = re.compile(r"level[ _-]?(\d{1,2})(?!\d)", re.I)
BESIDE = (".py", ".json", "-solution.xlsx")  # endings of what else lies in a learner's own course folder


class Levels(Exercises):
    """The workbooks that `saitama learn --class NAMES.csv` writes."""

    own = True

    def __init__(self, names: Union[str, os.PathLike[str]]) -> None:
        """ValueError for a list that cannot be used."""
        self.learners = [Learner(name, 0, f"{file_name(name)}.xlsx") for name in names_in(Path(names))]
        self._owners: Dict[int, Dict[int, str]] = {}

    def is_passed_over(self, file: str) -> bool:
        return file.lower().endswith(BESIDE)

    def job(self, path: str, file: str) -> Job:
        learner, number = whose(file, self.learners), level_of(path, file)
        part = f"level {number}" if number else ""
        if learner is None:
            return Job(path, file, part=part, error=NOBODY)
        if number is None:
            return Job(path, file, learner=learner, error="nothing says which level it is: put it in a folder level04")
        return Job(
            path,
            file,
            make=partial(write_exercise, number, learner.name),
            names={task.sheet: task.id for task in level(number).pages},
            learner=learner,
            part=part,
            key=key(path, f"{made_of(number)} {seed_of(learner.name, number)} {learner.name}"),
        )

    def seed(self, learner: Learner, part: str) -> Optional[int]:
        return seed_of(learner.name, number_in(part))

    def owner(self, page: Said, part: str) -> str:
        number = number_in(part)
        if number not in self._owners:
            self._owners[number] = {seed_of(one.name, number): one.name for one in self.learners}
        return self._owners[number].get(-1 if page.seed is None else page.seed, "")


def write_exercise(number: int, learner: str, path: str) -> None:
    """A level's workbook as it was handed out."""
    write_level(level(number), learner, path)


def level_of(path: str, file: str) -> Optional[int]:
    """Which level a file is of: by its name, by the folder it is in, up to that which was given, else by its front."""
    parts = Path(os.path.abspath(path)).parts[-len(Path(file).parts) - 1 :]
    for part in reversed(parts):
        for found in LEVEL.findall(part):
            if int(found) in LEVELS:
                return int(found)
    try:
        heading = str(open_workbook(path)[FRONT][1, 1].value)
    except (WorkbookError, OSError, MemoryError):
        return None
    found = LEVEL.match(heading)
    return int(found[1]) if found and int(found[1]) in LEVELS else None


def number_in(part: str) -> int:
    return int(part.rpartition(" ")[2])


@lru_cache(maxsize=None)
def made_of(number: int) -> str:
    """Changes with the tasks of a level."""
    of = level(number)
    sources = [of.text.path, Path(numbers.__file__), *sorted(of.folder.glob("*.py"))]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


__all__ = ["Levels"]
