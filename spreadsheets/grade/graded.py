"""grade(files, original): a class marked on all cores, a row a learner; what has not changed is not marked again."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

from saitama import __version__
from saitama.files import read_file

from ..errors import WorkbookError
from ..read.carried import read_graph
from ..read.safety import PathLike
from ..read.workbook import open_workbook
from .class_list import Learner, key_of, read_class, whose
from .crew import Job, marked_all
from .flags import digest_in
from .marked import Marked
from .points import Points
from .previous import Previous

MOST_BYTES = 500_000_000  # of a file that is compared with what it was
PASSED_OVER = (".csv", ".ini", ".db", ".tmp")
VERSION = f"{__version__} 1"  # of what a Marked says: one that another version made is made again


@dataclass
class Row:
    """A learner: what was marked, the points, and what the teacher has written about it."""

    learner: str
    marked: Marked
    points: List[float] = field(default_factory=list)  # earned, by task
    most: List[float] = field(default_factory=list)
    typed: Dict[str, float] = field(default_factory=dict)  # points that the teacher typed over ours, by task
    remark: str = ""  # of the teacher
    flags: List[str] = field(default_factory=list)  # beside those of the file: what comes of the list and of others
    key: str = ""  # of the file and the exercise, for the next run

    @property
    def earned(self) -> float:
        """All points, the teacher's where they typed some."""
        names = [task.name for task in self.marked.tasks]
        return sum(self.typed.get(name, points) for name, points in zip(names, self.points))


@dataclass
class Grades:
    """The rows of a class, in the order of the list or of the files."""

    rows: List[Row]
    kept: int = 0  # rows that were taken from the run before, as nothing had changed
    path: str = ""  # of the workbook that was written

    @property
    def tasks(self) -> List[str]:
        """The names of all tasks, in their order."""
        return list(dict.fromkeys(task.name for row in self.rows for task in row.marked.tasks))

    @property
    def errors(self) -> List[Row]:
        """Files that could not be marked."""
        return [row for row in self.rows if row.marked.error and row.marked.file]

    @property
    def missing(self) -> List[Row]:
        """Learners of the list who handed in nothing."""
        return [row for row in self.rows if not row.marked.file]

    def __str__(self) -> str:
        count = len(self.rows)
        marked = [row for row in self.rows if not row.marked.error]
        told = [f"{count} row{'s' * (count != 1)}: {len(marked)} marked"]
        told += [f"{self.kept} of them unchanged since the run before"] if self.kept else []
        told += [f"{len(self.errors)} could not be"] if self.errors else []
        told += [f"{len(self.missing)} handed in nothing"] if self.missing else []
        flagged = sum(bool(row.marked.flags or row.flags) for row in marked)
        told += [f"{flagged} flagged"] if flagged else []
        return ", ".join(told)


def grade(
    files: Union[PathLike, Sequence[PathLike]],
    original: PathLike,
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
        which a learner's has the name of the class list (without a list: the name of the file that was handed in).
    output: marks.xlsx, and marks.csv beside it; a name ending in .csv writes only that. What a teacher has written into
        it, remarks and points typed over ours, is kept when it is written again, and what has not changed since is not
        marked again.
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
    learners = read_class(names) if names is not None else []
    worth = Points() if points is None else Points.read(points)
    passed = {os.path.realpath(one) for one in (original, output, names, points) if one is not None}
    paths = [(path, shown) for path, shown in paths if os.path.realpath(path) not in passed]
    if marked is not None:
        inside = os.path.realpath(marked) + os.sep
        paths = [(path, shown) for path, shown in paths if not os.path.realpath(path).startswith(inside)]
    if not paths:
        raise FileNotFoundError("grade: there is no file to mark; give the folder with what was handed in")
    before = check_output(output, overwrite) if output is not None else Previous()
    exercises = Exercises(original, learners)
    jobs = [exercises.job(path, shown) for path, shown in paths]
    known = [before.marked(job.file, job.key) for job in jobs]
    new = [job for job, one in zip(jobs, known) if one is None]
    done = dict(zip([job.file for job in new], marked_all(new, workers, progress)))
    every = [one if one is not None else done[job.file] for job, one in zip(jobs, known)]
    worth.check(every)
    rows = exercises.rows(jobs, every)
    note_same(rows)
    for row in rows:
        row.points = [worth.earned(row.marked, task) for task in row.marked.tasks]
        row.most = [worth.most(row.marked, task) for task in row.marked.tasks]
        row.remark, row.typed = before.remark(row), before.typed(row)
    grades = Grades(rows, sum(one is not None for one in known))
    if marked is not None:
        from .copies import write_copies

        write_copies(zip(jobs, every), marked, progress)
    if output is not None:
        grades.path = write_grades(grades, output, before)
    return grades


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


class Exercises:
    """Which exercise a file is judged by, and whose it is."""

    def __init__(self, original: PathLike, learners: List[Learner]) -> None:
        self.original, self.learners = os.fspath(original), learners
        self.own = os.path.isdir(self.original)  # whether everyone has an exercise of their own
        self.owner: Dict[str, Learner] = {}
        self._digests: Dict[str, str] = {}
        self._owners: Optional[Dict[str, str]] = None
        if not self.own:
            check_exercise(self.original)

    def job(self, path: str, file: str) -> Job:
        learner = whose(file, self.learners)
        if learner is not None:
            self.owner[file] = learner
        if self.own:
            name = learner.file if learner is not None else os.path.basename(file)
            original = os.path.join(self.original, name)
            if self.learners and learner is None:
                return Job(path, file, "", "", "no learner of the class list has a name that is in the file's")
            if not os.path.isfile(original):
                return Job(path, file, "", "", f"{self.original} has no exercise {name!r}")
        else:
            original = self.original
        return Job(path, file, original, self._key(path, original))

    def _key(self, path: str, original: str) -> str:
        """Changes with the file, the exercise and the version; "" for a file that is not to be remembered."""
        try:
            return f"{digest(path)} {self._digest(original)} {VERSION}"
        except (OSError, ValueError, MemoryError):
            return ""

    def _digest(self, original: str) -> str:
        if original not in self._digests:
            self._digests[original] = digest(original)
        return self._digests[original]

    def _of(self, digest_of_page: str) -> str:
        """Whose exercise that is, of a class in which everyone has their own."""
        if self._owners is None:
            self._owners = {}
            for learner in self.learners if self.own else ():
                try:
                    book = open_workbook(os.path.join(self.original, learner.file))
                    self._owners[digest_in(book)] = learner.name
                except WorkbookError:
                    continue
        return f", that of {self._owners[digest_of_page]}" if digest_of_page in self._owners else ""

    def rows(self, jobs: Iterable[Job], marked: Iterable[Marked]) -> List[Row]:
        """In the order of the class list; those who handed in nothing have one too."""
        rows: List[Row] = []
        for job, one in zip(jobs, marked):
            one.content = job.key.partition(" ")[0]
            learner = self.owner.get(job.file)
            name = learner.name if learner else one.learner or Path(job.file).stem
            row = Row(name, one, key=job.key)
            if one.original and one.digest != one.original:
                row.flags.append(
                    f"another exercise: sheet {one.digest or '?'}{self._of(one.digest)}, not {one.original}"
                )
            if learner is not None:
                row.flags += unlike(one, learner, self.own)
            elif self.learners and not one.error:
                row.flags.append("nobody of the class list has this name")
            rows.append(row)
        if not self.learners:
            return rows
        place = {learner.name: n for n, learner in enumerate(self.learners)}
        there = {row.learner for row in rows}
        rows += [
            Row(learner.name, Marked("", error="handed in nothing"))
            for learner in self.learners
            if learner.name not in there
        ]
        rows.sort(key=lambda row: place.get(row.learner, len(place)))
        handed_in: Dict[str, int] = {}
        for row in rows:
            handed_in[row.learner] = handed_in.get(row.learner, 0) + 1
        for row in rows:
            if handed_in[row.learner] > 1:
                row.flags.append(f"one of {handed_in[row.learner]} files of this learner")
        return rows


def check_exercise(original: str) -> None:
    """Raises WorkbookError where what is to be judged by cannot be."""
    book = open_workbook(original)
    if read_graph(book).kind != "worksheet":
        raise WorkbookError(f"{original} is no worksheet: it has no blanks to be marked")


def unlike(marked: Marked, learner: Learner, own: bool) -> Iterator[str]:
    """What a file says of itself that the teacher's list does not."""
    if marked.error:
        return
    if marked.learner and key_of(marked.learner) != key_of(learner.name):
        yield f"another name on the page: {marked.learner}"
    if own and marked.seed is not None and marked.seed != learner.seed:
        yield f"numbers {marked.seed}, not the learner's {learner.seed}"


def digest(path: str) -> str:
    return hashlib.sha256(read_file(path, MOST_BYTES)).hexdigest()


def note_same(rows: List[Row]) -> None:
    """Flag files of several learners with the same numbers in every blank."""
    groups: Dict[str, List[Row]] = {}
    for row in rows:
        if row.marked.numbers:
            groups.setdefault(row.marked.numbers, []).append(row)
    for group in groups.values():
        for row in group:
            others = [other for other in group if other is not row and other.learner != row.learner]
            if others:
                names = [other.learner for other in others[:3]]
                more = f" and {len(others) - 3} more" if len(others) > 3 else ""
                same = all(other.marked.content and other.marked.content == row.marked.content for other in others)
                what = "the same file as" if same else "identical, number by number, to"
                wrong = ", slips too" if any(task.wrong for task in row.marked.tasks) and not same else ""
                row.flags.append(f"{what} {', '.join(names)}{more}{wrong}")


__all__ = ["Grades", "Row", "grade"]
