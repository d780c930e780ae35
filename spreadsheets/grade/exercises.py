"""Which exercise a file is judged by, and whose it is: never by what stands in the file."""

from __future__ import annotations

import hashlib
import os
from typing import Dict, Optional, Sequence

from saitama import __version__
from saitama.files import read_file

from ..errors import WorkbookError
from ..read.carried import read_graph
from ..read.pages import pages_in
from ..read.safety import PathLike
from ..read.workbook import Book, open_workbook
from .class_list import Learner, whose
from .crew import Job
from .flags import digest_in
from .marked import Said

MOST_BYTES = 500_000_000  # of a file that is compared with what it was
VERSION = f"{__version__} 2"  # of what a Marked says: one that another version made is made again
NOBODY = "no learner of the class list has a name that is in the file's"


class Exercises:
    """What a class was given to do. One who gives out exercises in another way makes another of these."""

    learners: Sequence[Learner] = ()  # of the teacher's list; none where there is no list
    own = False  # whether everyone has numbers of their own

    def check(self) -> None:
        """Raises WorkbookError where nothing can be judged by it."""

    def job(self, path: str, file: str) -> Job:
        """What is to be done with a file; `file` is the name by which it is shown."""
        raise NotImplementedError

    def is_passed_over(self, file: str) -> bool:
        """Whether this is no work that was handed in."""
        return False

    def seed(self, learner: Learner, part: str) -> Optional[int]:
        """What the learner's numbers were drawn with; None where it is not known."""
        return learner.seed if self.own else None

    def owner(self, page: Said, part: str) -> str:
        """The name of the learner whose exercise this page says it is; "" where nobody knows."""
        return ""


class Worksheets(Exercises):
    """One worksheet for all; or a folder with everyone's own, as `worksheet --class` writes it."""

    def __init__(self, original: PathLike, learners: Sequence[Learner]) -> None:
        self.original, self.learners = os.fspath(original), learners
        self.own = os.path.isdir(self.original)
        self._digests: Dict[str, str] = {}
        self._owners: Optional[Dict[str, str]] = None

    def check(self) -> None:
        for page in pages_in(open_workbook(self.original)) if not self.own else ():
            if read_graph(page).kind != "worksheet":
                raise WorkbookError(f"{self.original} is no worksheet: it has no blanks to be marked")

    def job(self, path: str, file: str) -> Job:
        learner, original = whose(file, self.learners), self.original
        if self.own:
            name = learner.file if learner is not None else os.path.basename(file)
            original = os.path.join(self.original, name)
            if self.learners and learner is None:
                return Job(path, file, error=NOBODY)
            if not os.path.isfile(original):
                return Job(path, file, learner=learner, error=f"{self.original} has no exercise {name!r}")
        return Job(path, file, original, learner=learner, key=key(path, self._digest(original)))

    def _digest(self, original: str) -> str:
        if original not in self._digests:
            self._digests[original] = digest(original)
        return self._digests[original]

    def owner(self, page: Said, part: str) -> str:
        if self._owners is None:
            self._owners = {}
            for learner in self.learners if self.own else ():
                try:
                    book = open_workbook(os.path.join(self.original, learner.file))
                    self._owners.update((one, learner.name) for one in digests_in(book))
                except WorkbookError:
                    continue
        return self._owners.get(page.digest, "")


def digests_in(book: Book) -> Sequence[str]:
    """What tells each page of a workbook from others."""
    return [digest_in(page, str(read_graph(page).exercise.get("page", "Page"))) for page in pages_in(book)]


def key(path: str, exercise: str) -> str:
    """Changes with the file, the exercise and the version; "" for a file that is not to be remembered."""
    try:
        return f"{digest(path)} {exercise} {VERSION}"
    except (OSError, ValueError, MemoryError):
        return ""


def digest(path: str) -> str:
    return hashlib.sha256(read_file(path, MOST_BYTES)).hexdigest()


__all__ = ["NOBODY", "Exercises", "Worksheets", "key"]
