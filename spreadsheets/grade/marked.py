"""One worksheet that was handed in, marked: how much of each task is right, and the first slip with its reason."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..errors import WorkbookError
from ..judge.causes import Judged
from ..judge.exercise import Exercise
from ..judge.handed_in import HandedIn
from ..judge.verify import Verifier
from ..plan.subject import tolerance
from ..read.carried import read_graph
from ..read.safety import PathLike
from ..read.workbook import Book, Cell, open_workbook
from .flags import digest_in, flags_of, name_in, seed_in

MOST_TOLD = 300  # characters of a slip
Place = Tuple[str, int, int]  # sheet, row, column


@dataclass
class Count:
    """Of a task or of a step: how many numbers there are to fill in, and what was made of them."""

    name: str
    task: str = ""  # of a step
    blanks: int = 0
    right: int = 0  # the true numbers, or right given right ones
    carried: int = 0  # right, given a slip before
    wrong: int = 0
    empty: int = 0
    reason: str = ""  # the slug of the first slip's; "no known reason" for a slip without

    @property
    def share(self) -> float:
        """Of the numbers that earn points: a carried one is as good as a right one."""
        return (self.right + self.carried) / self.blanks if self.blanks else 0.0

    def add(self, judged: Optional[Judged], refused: bool) -> None:
        self.blanks += 1
        if judged is None:
            self.empty += 1
        elif judged.cause == "own" or refused:
            self.wrong += 1
        elif judged.cause == "carried":
            self.carried += 1
        else:
            self.right += 1


@dataclass
class Marked:
    """What is known of one file; it goes through JSON unchanged."""

    file: str
    learner: str = ""
    error: str = ""  # why it could not be marked
    tasks: List[Count] = field(default_factory=list)
    steps: List[Count] = field(default_factory=list)
    slip: str = ""  # the first slip of their own, in a sentence
    reason: str = ""  # and its slug
    flags: List[str] = field(default_factory=list)
    numbers: str = ""  # a digest of what was typed, cell by cell; "" where nothing was
    content: str = ""  # a digest of the file
    digest: str = ""  # of the exercise that the file says it is
    original: str = ""  # and of the one that it was judged by
    seed: Optional[int] = None

    def as_dict(self) -> Dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Marked:
        """Raises TypeError or LookupError for what as_dict() did not make."""
        counts = {key: [Count(**one) for one in plain[key]] for key in ("tasks", "steps")}
        return cls(**{**plain, **counts})


class Marking:
    """A workbook judged by the exercise as it was handed out."""

    def __init__(self, path: PathLike, original: PathLike) -> None:
        """Raises WorkbookError where one of the two cannot be used."""
        self.book, self.original = open_workbook(path), open_workbook(original)
        seen: Any = HandedIn(self.book, self.original)
        self.carried = read_graph(seen)
        if self.carried.kind != "worksheet":
            raise WorkbookError(f"{self.original.path} is no worksheet: it has no blanks to be marked")
        seen.take_typed(self.carried)
        verifier = Verifier(seen, self.carried, tolerance(self.carried.graph), True, True)
        self.exercise = Exercise(seen, self.carried, verifier.compute(verifier.leaves(None)))
        self.judgement = self.exercise.judge(verifier.refused, True)
        self.judged = {one.position: one for one in self.judgement.cells}

    def marked(self, file: str) -> Marked:
        exercise = self.exercise
        tasks: Dict[str, Count] = {}
        steps: Dict[Any, Count] = {}
        for position, (sheet, _, _) in exercise.at.items():
            step = exercise.steps_at[position][0]
            one, refused = self.judged.get(position), position in exercise.refused
            counts = (
                tasks.setdefault(sheet, Count(sheet)),
                steps.setdefault(step.key, Count(step.name, sheet)),
            )
            for count in counts:
                count.add(one, refused)
                if one is not None and not count.reason and (one.cause == "own" or refused):
                    reason = exercise.reason(one)
                    count.reason = reason.slug if reason is not None else NO_REASON
        slips = exercise.story(len(tasks) > 1).slips
        slip = " ".join(slips[0].tell(True)[0].split())[:MOST_TOLD] if slips else ""
        first = slips[0].reason if slips else None
        return Marked(
            file,
            name_in(self.book, self.original),
            tasks=list(tasks.values()),
            steps=list(steps.values()),
            slip=slip,
            reason=(first.slug if first is not None else NO_REASON) if slips else "",
            flags=list(flags_of(self)),
            numbers=self._typed(),
            digest=digest_in(self.book),
            original=digest_in(self.original),
            seed=seed_in(self.book),
        )

    def _typed(self) -> str:
        """A digest of what stands in the blanks, by their addresses."""
        typed = [
            (place, cell.value)
            for place, cell in ((place, self.cell(place)) for place in self.exercise.at.values())
            if cell.kind != "blank"
        ]
        return hashlib.sha256(repr(sorted(typed, key=lambda one: one[0])).encode()).hexdigest() if typed else ""

    def cell(self, place: Place) -> Cell:
        """What the file that was handed in has there."""
        sheet, row, column = place
        book: Book = self.book
        return book[sheet][row, column]


NO_REASON = "no known reason"


def mark(path: PathLike, original: PathLike, file: str = "") -> Marked:
    """One file marked. One that cannot be is a Marked with its error."""
    file = file or str(path)
    try:
        return Marking(path, original).marked(file)
    except WorkbookError as error:
        return Marked(file, error=without_path(str(error), str(path)))
    except MemoryError:
        return Marked(file, error="there is not enough memory to read it")
    except Exception as error:  # one file never ends a run
        return Marked(file, error=f"{type(error).__name__}: {error}".splitlines()[0][:MOST_TOLD])


def without_path(message: str, path: str) -> str:
    """A message that need not repeat which file it is about."""
    return (message[len(path) :].lstrip(": ") if message.startswith(path) else message)[:MOST_TOLD]
