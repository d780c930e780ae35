"""Marked copies of what was handed in: each number of the learner's coloured, and the reasons beside them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Set

from saitama.files import make_folder

from ..errors import WorkbookError
from ..read.package import Package
from ..read.safety import PathLike
from ..read.workbook import Position
from ..write.marked_copy import Mark, write_marked_copy

if TYPE_CHECKING:
    from .marked import Marking


def write_copy(package: Package, pages: Iterable[Marking], target: PathLike) -> List[str]:
    """Write the marked copy of a file whose pages were judged; flags, if what is in the file does not allow it.
    OSError where nothing can be written there."""
    marks: Dict[str, Dict[Position, Mark]] = {}
    for page in pages:
        marks.update(marks_of(page))
    make_folder(Path(target).parent, "--marked")
    try:
        write_marked_copy(package, marks, target)
    except WorkbookError as error:
        return [f"no marked copy: {error}"]
    return []


def kept_inside(file: str) -> str:
    """A name that stays inside the folder."""
    parts = [part for part in Path(file).parts if part not in ("..", ".", os.sep) and not part.endswith((":", ":\\"))]
    return os.path.join(*parts)


def is_newer(target: PathLike, *than: str) -> bool:
    """Whether a copy was made after the file and its exercise, those that are files."""
    try:
        made = os.stat(target).st_mtime_ns
        return all(made > os.stat(path).st_mtime_ns for path in than if path)
    except OSError:
        return False


def marks_of(marking: Marking) -> Dict[str, Dict[Position, Mark]]:
    """What is said of every blank, by sheet."""
    exercise = marking.exercise
    found: Dict[str, Dict[Position, Mark]] = {}
    told: Set[Any] = set()
    for position, (sheet, row, column) in exercise.at.items():
        one = marking.judged.get(position)
        if one is None:
            mark = Mark("empty")
        elif one.cause is None and position not in exercise.refused:
            mark = Mark("right")
        elif one.cause == "carried":
            mark = Mark("carried", "" if one.step.key in told else "right, given your numbers before it")
            told.add(one.step.key)
        else:
            reason = exercise.reason(one)
            wrong = exercise.wrong_cell(one, False)
            gives = f" ({one.step.rule} is {wrong.with_numbers})" if wrong.with_numbers else ""
            says = reason.sentence if reason is not None else f"no known reason{gives}"
            mark = Mark("wrong", "likewise" if (one.step.key, says) in told else says)
            told.add((one.step.key, says))
        found.setdefault(sheet, {})[row, column] = mark
    return found
