"""A class's workbooks of the levels, as grade() takes them: what each has to hold follows from the level and from the
name on the teacher's list, and nothing is taken from a file but what was typed into its blanks."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Dict, Optional, Sequence, Tuple, Union

from saitama.spreadsheets import WorkbookError, open_workbook
from saitama.spreadsheets.grade.class_list import Learner, whose
from saitama.spreadsheets.grade.crew import Job
from saitama.spreadsheets.grade.exercises import NOBODY, Exercises, digest, key
from saitama.spreadsheets.grade.marked import Said
from saitama.spreadsheets.plan.front import SHEET as FRONT

from . import numbers
from .levels import LEVELS, level
from .numbers import seed_of
from .school import file_name, names_in
from .workbook import StrPath, named_in, write_level

LEVEL = re.compile(r"level[ _-]?(\d{1,2})(?!\d)", re.I)
MOST_LOOKED_AT = 3  # workbooks, of a folder that may be of another kind
BESIDE = (".py", ".json", "-solution.xlsx")  # endings of what else lies in a learner's own course folder


class Levels(Exercises):
    """The workbooks that `saitama learn --class NAMES.csv` writes."""

    own = True

    def __init__(self, names: Union[StrPath, Sequence[str]]) -> None:
        """`names`: a class list, or the names themselves. ValueError for a list that cannot be used."""
        found = names_in(Path(names)) if isinstance(names, (str, os.PathLike)) else names
        self.learners = [Learner(name, 0, f"{file_name(name)}.xlsx") for name in found]
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


class HandedOut(Levels):
    """The same with the folder that they were written into: what is in it counts, whichever version wrote it."""

    def __init__(self, folder: StrPath, names: Optional[StrPath] = None) -> None:
        self.originals = workbooks_in(Path(folder))
        in_them = dict.fromkeys(named_in(path, number) for (number, _), path in self.originals.items())
        super().__init__(names if names is not None else [name for name in in_them if name])

    def job(self, path: str, file: str) -> Job:
        job = super().job(path, file)
        if job.learner is None or job.make is None:
            return job
        original = self.originals.get((number_in(job.part), job.learner.file))
        if original is None:
            return job  # made anew, as it follows from the name
        return replace(job, original=str(original), make=None, key=key(path, digest(str(original))))


def is_handed_out(folder: StrPath) -> bool:
    """Whether `learn --class` has written a folder: it has levels, with workbooks that say whose they are."""
    some = islice(workbooks_in(Path(folder)).items(), MOST_LOOKED_AT)
    return any(named_in(path, number) for (number, _), path in some)


def workbooks_in(folder: Path) -> Dict[Tuple[int, str], Path]:
    """Workbooks by their level, which the name of a folder says, and by their own name."""
    found = {}
    for path in sorted([*folder.glob("*.xlsx"), *folder.glob("*/*.xlsx")]):
        match = LEVEL.search(path.resolve().parent.name)
        if match and int(match[1]) in LEVELS:
            found[int(match[1]), path.name] = path
    return found


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


__all__ = ["HandedOut", "Levels", "is_handed_out"]
