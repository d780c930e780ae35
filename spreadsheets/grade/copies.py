"""Marked copies of what was handed in: each number of the learner's coloured, and the reasons beside them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, Iterable, Optional, Set, Tuple

from saitama.training.progress import ProgressBar

from ..read.safety import PathLike
from ..read.workbook import Position
from ..write.marked_copy import Mark, write_marked_copy
from .crew import Job
from .marked import Marked, Marking


def write_copies(done: Iterable[Tuple[Job, Marked]], folder: PathLike, progress: Optional[bool] = None) -> None:
    """Write one into `folder` for every file that could be marked, under the name it had, in the folders it had; a copy
    that is newer than the file and its exercise is left as it is."""
    jobs = [job for job, marked in done if not marked.error]
    with ProgressBar("marked copies", len(jobs), shown=progress, stays=False) as bar:
        for job in jobs:
            target = Path(folder) / inside(job.file)
            if not is_newer(target, job):
                target.parent.mkdir(parents=True, exist_ok=True)
                marking = Marking(job.path, job.original)
                write_marked_copy(marking.book.package, marks_of(marking), target)
            bar.advance()


def inside(file: str) -> str:
    """A name that stays inside the folder."""
    parts = [part for part in Path(file).parts if part not in ("..", ".", os.sep) and not part.endswith((":", ":\\"))]
    return os.path.join(*parts)


def is_newer(target: Path, job: Job) -> bool:
    try:
        made = target.stat().st_mtime_ns
        return all(made > os.stat(path).st_mtime_ns for path in (job.path, job.original))
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
