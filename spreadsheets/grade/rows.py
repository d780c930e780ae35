"""The rows of a class: a learner each, with all that they handed in, and what comes of the list and of the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, NamedTuple, Sequence, Set, Tuple

from .class_list import key_of
from .crew import Job
from .exercises import Exercises
from .flags import shown
from .marked import Marked, Said

NOTHING = "handed in nothing"


class HandedInFile(NamedTuple):
    """A file of a learner, and what was found."""

    job: Job
    marked: Marked


@dataclass
class Row:
    """A learner: what was marked, the points, and what the teacher has written about it."""

    learner: str
    marked: Marked  # of all their files together
    points: List[float] = field(default_factory=list)  # earned, by task
    most: List[float] = field(default_factory=list)
    unmarked: Dict[str, float] = field(default_factory=dict)  # what tasks are worth that there is no work of, by task
    typed: Dict[str, float] = field(default_factory=dict)  # points that the teacher typed over ours, by task
    remark: str = ""  # of the teacher
    flags: List[str] = field(default_factory=list)  # beside those of the file: what comes of the list and of others
    parts: List[HandedInFile] = field(default_factory=list)  # their files
    lacking: Set[str] = field(default_factory=set)  # parts of the class's work that there is nothing of, or no use
    problems: List[str] = field(default_factory=list)  # why files could not be marked
    listed: bool = False  # whether this is the row of somebody on the list

    @property
    def ours(self) -> Dict[str, float]:
        """The points of each task, as they were given here."""
        return dict(zip((task.name for task in self.marked.tasks), self.points))

    @property
    def shown(self) -> Dict[str, float]:
        """The points of each task, the teacher's where they typed some."""
        known = [*self.ours, *self.unmarked]
        return {**self.ours, **{task: self.typed[task] for task in known if task in self.typed}}

    @property
    def is_flagged(self) -> bool:
        return bool(self.marked.flags or self.flags)

    @property
    def counts(self) -> bool:
        """Whether there are any points to be counted."""
        return bool(self.shown)

    @property
    def earned(self) -> float:
        return sum(self.shown.values())

    def earned_of(self, tasks: Sequence[str]) -> float:
        return sum(self.shown.get(task, 0.0) for task in tasks)

    @property
    def of(self) -> float:
        """What all the work is worth, that which is missing too."""
        return sum(self.most) + sum(self.unmarked.values())

    @property
    def share(self) -> float:
        return self.earned / self.of if self.of else 0.0


def rows_of(done: Sequence[HandedInFile], exercises: Exercises) -> List[Row]:
    """In the order of the class list, then of the files; those who handed in nothing have a row too. A learner's files
    of several parts of the work are one row; a second file of the same part begins another row."""
    parts = sorted({one.job.part for one in done if one.job.part}, key=lambda part: (len(part), part))
    everyone: Dict[str, List[HandedInFile]] = {learner.name: [] for learner in exercises.learners}
    others: List[Row] = []
    for one in done:
        if one.job.learner is not None:
            everyone[one.job.learner.name].append(one)
        else:
            others.append(made(one.marked.learner or Path(one.job.file).stem, [one], exercises, False))
    rows: List[Row] = []
    for name, files in everyone.items():
        own = [made(name, some, exercises, len(parts) > 1) for some in rounds(files)]
        for row in own:
            for job, _ in row.parts:
                count = sum(other.job.part == job.part for other in files)
                if count > 1:
                    before = f"{job.part}: " if len(parts) > 1 else ""
                    row.flags.append(f"{before}one of {count} files of this learner")
        if own:
            there = {one.job.part for one in own[0].parts}
            own[0].flags += [f"{part}: {NOTHING}" for part in parts if part not in there]
            own[0].lacking |= set(parts) - there
        else:
            own = [Row(name, Marked("", error=NOTHING), lacking={*parts, ""})]
        own[0].listed = True
        rows += own
    return [*rows, *others]


def rounds(files: List[HandedInFile]) -> Iterator[List[HandedInFile]]:
    """One file of each part of the work; then the next ones, where there are more."""
    left = sorted(files, key=lambda one: (len(one.job.part), one.job.part))
    while left:
        now = list({one.job.part: one for one in reversed(left)}.values())[::-1]
        yield now
        left = [one for one in left if one not in now]


def made(name: str, files: List[HandedInFile], exercises: Exercises, several: bool) -> Row:
    """The row of a learner's files; `several`: whether the class's work has several parts, which are then named."""
    row = Row(name, joined(files, several), parts=files)
    for job, marked in files:
        before = f"{job.part}: " if several else ""
        if marked.error:
            row.lacking.add(job.part)
            row.problems.append(before + marked.error)
        row.flags += [before + flag for flag in unlike(job, marked, exercises)]
    if exercises.learners and files[0].job.learner is None and not row.problems:
        row.flags.append("nobody of the class list has this name")
    return row


def joined(files: Sequence[HandedInFile], several: bool) -> Marked:
    """What is known of several files of a learner, as of one."""
    all_of_them = [one.marked for one in files]
    good = [one for one in all_of_them if not one.error]
    first = next((one for one in good if one.slip), Marked(""))
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return Marked(
        all_of_them[0].file + more,
        error="" if good else "; ".join(one.error for one in all_of_them),
        tasks=[task for one in good for task in one.tasks],
        steps=[step for one in good for step in one.steps],
        slip=first.slip,
        reason=first.reason,
        flags=[f"{job.part}: {flag}" if several else flag for job, one in files for flag in one.flags],
        pages=[page for one in good for page in one.pages],
    )


# --- what a file says of itself that the teacher's list does not ------------------------------------------------------
def unlike(job: Job, marked: Marked, exercises: Exercises) -> Iterator[str]:
    """Another exercise, name or number than the learner's."""
    several = len(marked.pages) > 1
    strange: Dict[str, List[Said]] = {}
    for page in marked.pages:
        if page.original and page.digest != page.original:
            strange.setdefault(exercises.owner(page, job.part), []).append(page)
    for owner, pages in strange.items():
        whose = f", that of {owner}" if owner else ""
        if several:
            yield f"another exercise on {which(pages, marked)}{whose}"
        else:
            yield f"another exercise: sheet {pages[0].digest or '?'}{whose}, not {pages[0].original}"
    if job.learner is None:
        return
    names: Dict[str, List[Said]] = {}
    for page in marked.pages:
        if page.name and key_of(page.name) != key_of(job.learner.name):
            names.setdefault(page.name, []).append(page)
    for name, pages in names.items():
        yield f"another name on {which(pages, marked) if several else 'the page'}: {name}"
    mine = exercises.seed(job.learner, job.part)
    seeds = {page.seed: None for page in marked.pages if page.seed is not None and page.seed != mine}
    if mine is not None:
        yield from (f"numbers {seed}, not the learner's {mine}" for seed in seeds)


def which(pages: Sequence[Said], marked: Marked) -> str:
    return "all pages" if len(pages) == len(marked.pages) else shown([page.task for page in pages])


# --- what two files have in common ------------------------------------------------------------------------------------
def note_same(rows: Sequence[Row], own: bool) -> None:
    """Flag the work of several learners with the same numbers in every blank; of a class with numbers of their own
    also single pages, where not all are right, as they may be where the numbers happen to agree."""
    told: Set[int] = set()
    for group in groups((one.marked.numbers, row) for row in rows for one in row.parts).values():
        for row in group:
            others = others_of(row, group)
            if others:
                told.add(id(row))
                same = all(contents(other) & contents(row) for other in others)
                what = "the same file as" if same else "identical, number by number, to"
                wrong = ", slips too" if any(task.wrong for task in row.marked.tasks) and not same else ""
                row.flags.append(f"{what} {names_of(others)}{wrong}")
    if own:
        note_same_pages(rows, told)


def note_same_pages(rows: Sequence[Row], told: Set[int]) -> None:
    """Pages with the same numbers, which were to have others."""
    exercise = {(id(row), page.task): page.original for row in rows for page in row.marked.pages}
    slips = {(id(row), count.name) for row in rows for count in row.marked.tasks if count.wrong}
    typed = groups((f"{page.task}\n{page.numbers}", row) for row in rows for page in row.marked.pages if page.many)
    for at, group in typed.items():
        task = at.partition("\n")[0]
        for row in group if any((id(one), task) in slips for one in group) else ():
            others = [o for o in others_of(row, group) if exercise[id(o), task] != exercise[id(row), task]]
            if others and id(row) not in told:
                row.flags.append(f"{task}: identical, number by number, to {names_of(others)}")


def groups(of: Iterable[Tuple[str, Row]]) -> Dict[str, List[Row]]:
    found: Dict[str, List[Row]] = {}
    for at, row in of:
        if at:
            found.setdefault(at, []).append(row)
    return found


def others_of(row: Row, group: Sequence[Row]) -> List[Row]:
    return [other for other in group if other is not row and other.learner != row.learner]


def names_of(rows: Sequence[Row]) -> str:
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return ", ".join(row.learner for row in rows[:3]) + more


def contents(row: Row) -> Set[str]:
    return {marked.content for _, marked in row.parts if marked.content}


__all__ = ["NOTHING", "HandedInFile", "Row", "note_same", "rows_of"]
