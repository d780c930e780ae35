"""One workbook that was handed in, marked: how much of each task is right, and the first slip with its reason."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..errors import WorkbookError
from ..judge.causes import Judged
from ..judge.exercise import Exercise
from ..judge.handed_in import HandedIn
from ..judge.verify import Verifier
from ..plan.subject import tolerance
from ..read.carried import read_graph
from ..read.pages import pages_in
from ..read.safety import PathLike
from ..read.workbook import Book, Cell, open_workbook
from .copies import write_copy
from .flags import SHOWN, digest_in, flags_of, name_in, seed_in, shown

MOST_TOLD = 300  # characters of a slip
ENOUGH = 4  # different numbers, which two learners with numbers of their own do not both have by chance
NO_REASON, BLANK = "no known reason", "nothing was filled in"
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
class Said:
    """What a page of a file says of itself, and what was typed into it."""

    page: str  # the title of its sheet
    task: str  # what the page is called in the marks
    name: str = ""  # of the learner
    seed: Optional[int] = None
    digest: str = ""  # of the exercise that the page says it is
    original: str = ""  # and of the one that it was judged by
    numbers: str = ""  # a digest of what was typed, cell by cell; "" where nothing was
    many: bool = False  # whether so much was typed that somebody else's can hardly be the same by chance


@dataclass
class Marked:
    """What is known of one file; it goes through JSON unchanged."""

    file: str
    error: str = ""  # why it could not be marked
    tasks: List[Count] = field(default_factory=list)
    steps: List[Count] = field(default_factory=list)
    slip: str = ""  # the first slip of their own, in a sentence
    reason: str = ""  # and its slug
    flags: List[str] = field(default_factory=list)
    pages: List[Said] = field(default_factory=list)
    content: str = ""  # a digest of the file

    @property
    def learner(self) -> str:
        """The name that stands in it, first of all."""
        return next((page.name for page in self.pages if page.name), "")

    @property
    def numbers(self) -> str:
        """A digest of everything that was typed; "" where nothing was."""
        typed = [page.numbers for page in self.pages]
        return " ".join(typed) if any(typed) else ""

    def as_dict(self) -> Dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Marked:
        """Raises TypeError or LookupError for what as_dict() did not make."""
        counts = {key: [Count(**one) for one in plain[key]] for key in ("tasks", "steps")}
        return cls(**{**plain, **counts, "pages": [Said(**page) for page in plain["pages"]]})


class Marking:
    """A page judged by the exercise as it was handed out. `original`: the exercise's workbook, as the page sees it."""

    def __init__(self, book: Book, original: Any) -> None:
        """Raises WorkbookError where one of the two cannot be used."""
        self.book, self.original = book, original
        seen: Any = HandedIn(book, original)
        self.carried = read_graph(seen)
        if self.carried.kind != "worksheet":
            raise WorkbookError(f"{original.path} is no worksheet: it has no blanks to be marked")
        self.page = str(self.carried.exercise.get("page", "Page"))
        seen.take_typed(self.carried)
        verifier = Verifier(seen, self.carried, tolerance(self.carried.graph), True, True)
        self.exercise = Exercise(seen, self.carried, verifier.compute(verifier.leaves(None)))
        self.judgement = self.exercise.judge(verifier.refused, True)
        self.judged = {one.position: one for one in self.judgement.cells}

    def count(self, marked: Marked, names: Mapping[str, str]) -> None:
        """Add its tasks, which are the sheets with blanks, and their steps."""
        exercise = self.exercise
        tasks: Dict[str, Count] = {}
        steps: Dict[Any, Count] = {}
        for position, (sheet, _, _) in exercise.at.items():
            step, task = exercise.steps_at[position][0], names.get(sheet, sheet)
            one, refused = self.judged.get(position), position in exercise.refused
            counts = (tasks.setdefault(sheet, Count(task)), steps.setdefault(step.key, Count(step.name, task)))
            for count in counts:
                count.add(one, refused)
                if one is not None and not count.reason and (one.cause == "own" or refused):
                    reason = exercise.reason(one)
                    count.reason = reason.slug if reason is not None else NO_REASON
        marked.tasks += tasks.values()
        marked.steps += steps.values()

    def tell(self, marked: Marked, several: bool) -> None:
        """The first slip, where none is known yet."""
        slips = () if marked.slip else self.exercise.story(several).slips
        if slips:
            marked.slip = " ".join(slips[0].tell(True)[0].split())[:MOST_TOLD]
            marked.reason = slips[0].reason.slug if slips[0].reason is not None else NO_REASON

    def said(self, names: Mapping[str, str]) -> Said:
        title = self.page if self.page in self.original else ""
        blanks = [(place, self.cell(place)) for place in self.exercise.at.values()]
        typed = sorted(((place, cell.value) for place, cell in blanks if cell.kind != "blank"), key=lambda one: one[0])
        return Said(
            self.page,
            names.get(title, title),
            name_in(self.book, self.original, title),
            seed_in(self.book, title),
            digest_in(self.book, title),
            digest_in(self.original, title),
            hashlib.sha256(repr(typed).encode()).hexdigest() if typed else "",
            len({value for _, value in typed}) >= ENOUGH,
        )

    def cell(self, place: Place) -> Cell:
        """What the file that was handed in has there."""
        sheet, row, column = place
        return self.book[sheet][row, column]


def markings(book: Book, original: Book) -> Iterator[Tuple[Marking, str]]:
    """Each page, judged. One that is missing in the book is as the exercise has it, blank, and why is said beside it.
    Raises WorkbookError where not a single page is there."""
    lost = 0
    pages = pages_in(original)
    for page in pages:
        try:
            yield Marking(book, page), ""
        except WorkbookError as error:
            lost += 1
            if lost == len(pages):
                if lost == 1:
                    raise
                raise WorkbookError(f"{book.path}: it has no page of this exercise: it is another workbook") from None
            blank = Marking(original, page)
            yield blank, without_paths(str(error), book.path, original.path)


def mark(
    path: PathLike,
    original: PathLike,
    file: str = "",
    names: Optional[Mapping[str, str]] = None,
    copy: Optional[PathLike] = None,
) -> Marked:
    """One file marked. One that cannot be is a Marked with its error. `names`: what sheets are called in the marks;
    `copy`: where a marked copy goes, OSError where nothing can be written there."""
    file = file or str(path)
    try:
        book, exercise = open_workbook(path), open_workbook(original)
        pages = list(markings(book, exercise))
        marked = told(file, pages, names or {})
    except WorkbookError as error:
        return Marked(file, error=without_paths(str(error), str(path), str(original)))
    except MemoryError:
        return Marked(file, error="there is not enough memory to read it")
    except Exception as error:  # one file never ends a run
        return Marked(file, error=f"{type(error).__name__}: {error}".splitlines()[0][:MOST_TOLD])
    if copy:
        marked.flags += write_copy(book.package, (page for page, problem in pages if not problem), copy)
    return marked


def told(file: str, pages: Sequence[Tuple[Marking, str]], names: Mapping[str, str]) -> Marked:
    """What is known of a file, page by page."""
    marked, several = Marked(file), len(pages) > 1
    found: Dict[str, List[Tuple[str, str]]] = {}  # what stands out: on which page, and where there
    for page, problem in pages:
        page.count(marked, names)
        if problem:
            marked.flags.append(f"{names.get(page.page, page.page)}: {problem}")
            continue
        page.tell(marked, several or len({sheet for sheet, _, _ in page.exercise.at.values()}) > 1)
        marked.pages.append(page.said(names))
        said = marked.pages[-1]
        for what, where in flags_of(page, said.digest == said.original):
            found.setdefault(what, []).append((said.task, where))
    for what, places in found.items():
        if len(places) > SHOWN:
            marked.flags.append(f"{what} on {shown([task for task, _ in places])}")
        else:
            marked.flags += [f"{task}: {what}: {where}" if several else f"{what}: {where}" for task, where in places]
    if marked.pages and not marked.numbers:
        marked.flags.append(BLANK)
    return marked


def without_paths(message: str, path: str, original: str) -> str:
    """A message that need not repeat which file it is about, and by which exercise it was judged."""
    message = message[len(path) :].lstrip(": ") if message.startswith(path) else message
    return message.replace(f" of the exercise {original}", "")[:MOST_TOLD]
