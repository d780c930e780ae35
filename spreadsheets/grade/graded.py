"""grade(files, original): a class marked on all cores, a row a learner; what has not changed is not marked again."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence, Set, Tuple, Union

from ..read.safety import PathLike
from .class_list import read_class
from .copies import is_newer, kept_inside
from .crew import Job, marked_all
from .exercises import Exercises, Worksheets
from .marked import Marked
from .points import Points
from .previous import Previous
from .rows import HandedInFile, Row, note_same, rows_of
from .unfinished import Unfinished

PASSED_OVER = (".csv", ".ini", ".db", ".tmp", ".unfinished")


@dataclass
class Grades:
    """The rows of a class, in the order of the list or of the files."""

    rows: List[Row]
    kept: int = 0  # files whose marks were taken from the run before, as nothing had changed
    path: str = ""  # of the workbook that was written

    @property
    def tasks(self) -> List[str]:
        """The names of all tasks, part by part of the work."""
        return list(self.part_of)

    @property
    def part_of(self) -> Dict[str, str]:
        """{task: the part of the work that it is of}, in their order."""
        parts = [one for row in self.rows for one in row.parts]
        parts.sort(key=lambda one: (len(one.job.part), one.job.part))
        return {task.name: one.job.part for one in parts for task in one.marked.tasks}

    @property
    def parts(self) -> List[str]:
        """The parts of the work, "level 6" and so on, where there are several."""
        found = list(dict.fromkeys(self.part_of.values()))
        return found if len(found) > 1 else []

    @property
    def columns(self) -> List[str]:
        """What there are points for: each task, and after the tasks of a part, where there are several, their sum."""
        if not self.parts:
            return self.tasks
        return [name for part in self.parts for name in (*self.tasks_of(part), part)]

    def tasks_of(self, part: str) -> List[str]:
        return [task for task, its in self.part_of.items() if its == part]

    @property
    def errors(self) -> List[Row]:
        """Those with a file that could not be marked."""
        return [row for row in self.rows if row.problems]

    @property
    def missing(self) -> List[Row]:
        """Learners of the list who handed in nothing."""
        return [row for row in self.rows if not row.marked.file]

    def __str__(self) -> str:
        count = len(self.rows)
        marked = [row for row in self.rows if row.marked.tasks]
        told = [f"{count} row{'s' * (count != 1)}: {len(marked)} marked"]
        told += [f"{self.kept} file{'s' * (self.kept != 1)} unchanged since the run before"] if self.kept else []
        told += [f"{len(self.errors)} could not be"] if self.errors else []
        told += [f"{len(self.missing)} handed in nothing"] if self.missing else []
        flagged = sum(row.is_flagged for row in marked)
        told += [f"{flagged} flagged"] if flagged else []
        return ", ".join(told)


def grade(
    files: Union[PathLike, Sequence[PathLike]],
    original: Union[PathLike, Exercises],
    output: Optional[PathLike] = None,
    *,
    names: Optional[PathLike] = None,
    points: Optional[PathLike] = None,
    marked: Optional[PathLike] = None,
    workers: Optional[int] = None,
    progress: Optional[bool] = None,
    overwrite: Optional[bool] = None,
) -> Grades:
    """Mark worksheets that were handed in; write a table for the teacher.

    files: a folder, with all that is in it, or several files and folders.
    original: the exercise as it was handed out; or the folder with everyone's own, as worksheet --class writes it, in
        which a learner's has the name of the class list (without a list: the name of the file that was handed in); or
        Exercises, which have a list of their own.
    output: marks.xlsx, and marks.csv beside it; a name ending in .csv writes only that. What a teacher has written into
        it, remarks and points typed over ours, is kept when it is written again, and what has not changed since is not
        marked again. What a run that was interrupted had marked is kept beside it for the next one.
    names: the class as a .csv of names and seeds: whose a file is, is told by its name, never by what stands in it.
        Whoever handed in nothing has a row too.
    points: a .csv of what tasks or steps are worth; without it a number is a point. A number that is right given the
        learner's own numbers before it counts as right.
    marked: a folder for marked copies: what was handed in, with its numbers coloured and the reasons beside them.
    workers: processes; by default one a core where processes can be forked, else one.
    progress: whether a bar shows how far it is; by default on a terminal.

    A file that cannot be marked is a row with its error. Raises WorkbookError for an original that is no worksheet,
    ValueError for lists that cannot be used, FileNotFoundError where there is nothing to mark, FileExistsError for an
    output that is somebody's own.
    """
    from .write import check_output, write_grades

    paths = found(files)
    if isinstance(original, Exercises):
        if names is not None:
            raise ValueError("grade: the exercises have a list of their own; leave names= out")
        exercises, kept_out = original, [output, points]
    else:
        exercises = Worksheets(original, read_class(names) if names is not None else [])
        kept_out = [original, output, names, points]
    worth = Points() if points is None else Points.read(points)
    paths = handed_in(paths, kept_out, marked, exercises)
    exercises.check()
    before = check_output(output, overwrite) if output is not None else Previous()
    jobs = [with_copy(exercises.job(path, shown), marked) for path, shown in paths]
    unfinished = Unfinished(output)
    begun = unfinished.read()
    known = [begun.get((job.file, job.key)) or before.marked(job.file, job.key) for job in jobs]
    known = [one if one is None or is_copied(job, one) else None for job, one in zip(jobs, known)]
    new = [job for job, one in zip(jobs, known) if one is None]
    try:
        done = dict(zip([job.file for job in new], marked_all(new, workers, progress, unfinished.add)))
    except KeyboardInterrupt:
        if not unfinished.count:
            raise
        kept = f"stopped; {unfinished.count} files are marked: the same command goes on from there"
        raise KeyboardInterrupt(kept) from None
    every = [one if one is not None else done[job.file] for job, one in zip(jobs, known)]
    worth.check(every)
    for job, one in zip(jobs, every):
        one.content = job.key.partition(" ")[0]
    rows = rows_of([HandedInFile(job, one) for job, one in zip(jobs, every)], exercises)
    note_same(rows, exercises.own)
    grades = Grades(rows, sum(one is not None for one in known))
    give_points(grades, worth, before)
    if output is not None:
        grades.path = write_grades(grades, output, before)
    unfinished.delete()
    return grades


def handed_in(
    paths: List[Tuple[str, str]],
    kept_out: Sequence[Optional[PathLike]],
    marked: Optional[PathLike],
    exercises: Exercises,
) -> List[Tuple[str, str]]:
    """Without the teacher's own files, which may lie in the same folder."""
    passed: Set[str] = {os.path.realpath(one) for one in kept_out if one is not None}
    copies = os.path.realpath(marked) + os.sep if marked is not None else "\0"
    real = [(os.path.realpath(path), path, shown) for path, shown in paths]
    left = [(path, shown) for at, path, shown in real if at not in passed and not at.startswith(copies)]
    left = [(path, shown) for path, shown in left if not exercises.is_passed_over(shown)]
    if not left:
        raise FileNotFoundError("grade: there is no file to mark; give the folder with what was handed in")
    return left


def with_copy(job: Job, folder: Optional[PathLike]) -> Job:
    """The same, with a marked copy in the folder, under the name that the file had, in the folders that it had."""
    return job if folder is None else replace(job, copy=os.path.join(folder, kept_inside(job.file)))


def is_copied(job: Job, marked: Marked) -> bool:
    """Whether there is a copy as fresh as the file and its exercise, where one is wanted."""
    return not job.copy or bool(marked.error) or is_newer(job.copy, job.path, job.original)


def give_points(grades: Grades, worth: Points, before: Previous) -> None:
    """To every task; what there is no work of is worth as much as it is of the others."""
    most: Dict[str, float] = {}
    for row in grades.rows:
        row.points = [worth.earned(row.marked, task) for task in row.marked.tasks]
        row.most = [worth.most(row.marked, task) for task in row.marked.tasks]
        for task, points in zip(row.marked.tasks, row.most):
            most[task.name] = max(points, most.get(task.name, 0.0))
    for row in grades.rows:
        row.remark = before.remark(row)
        row.typed = {task: x for task, x in before.typed(row).items() if task in grades.part_of}
        if row.marked.tasks or row.typed:
            lacking = [task for task, part in grades.part_of.items() if part in row.lacking and task not in row.ours]
            row.unmarked = {task: most[task] for task in lacking}


def found(files: Union[PathLike, Sequence[PathLike]]) -> List[Tuple[str, str]]:
    """Each file with the name by which it is shown, those of folders below these. What programs leave lying about and
    lists are passed over; any other file is somebody's, though perhaps none that can be marked."""
    given = [files] if isinstance(files, (str, os.PathLike)) else list(files)
    paths: Dict[str, str] = {}
    for one in given:
        path = os.fspath(one)
        if not os.path.isdir(path):
            if not os.path.exists(path):
                raise FileNotFoundError(f"{path}: there is no such file or folder")
            paths.setdefault(path, path if len(given) > 1 else os.path.basename(path))
            continue
        for folder, folders, inside in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
            for name in sorted(inside):
                full = os.path.join(folder, name)
                if not name.startswith((".", "~$")) and not name.lower().endswith(PASSED_OVER):
                    paths.setdefault(full, os.path.relpath(full, path) if len(given) == 1 else full)
    return list(paths.items())


__all__ = ["Grades", "Row", "grade"]
