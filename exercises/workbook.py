"""A level's workbook: written with a learner's own numbers, and judged."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence, Union

from saitama.spreadsheets import Exported, PageOf, Verification, WorkbookError, pages, verify
from saitama.spreadsheets.pages import one_page
from saitama.spreadsheets.plan.front import SHEET as FRONT
from saitama.spreadsheets.read.carried import carry_the_same, read_graph
from saitama.spreadsheets.read.pages import choose
from saitama.spreadsheets.read.workbook import Book, open_workbook

from .levels import Level
from .numbers import seed_of
from .task import Task
from .text import text_of

StrPath = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class PageResult:
    """One page of a learner's workbook, as it is now."""

    task: Task
    found: Optional[Verification]
    problem: str = ""  # why it could not be judged

    @property
    def solved(self) -> bool:
        return self.found is not None and self.found.ok

    @property
    def begun(self) -> bool:
        story = None if self.found is None else self.found.story
        return bool(self.problem) or story is not None and story.empty < story.blanks


def page_of(task: Task, seed: int) -> PageOf:
    """The page of a task with these numbers."""
    work = task.work(seed)
    names = {name: value for name, value in work.names.items() if name != "n"}
    words = task.words or text_of(task.level).tasks.get(task.id, "")
    return PageOf(
        task.sheet,
        work.root,
        names,
        work.optimizer,
        work.blanks,
        task.title,
        words,
        task.questions,
        task.hints,
    )


def write_level(
    level: Level, learner: str, path: StrPath, *, solution: bool = False, overwrite: Optional[bool] = None
) -> Exported:
    """All pages of a level with the learner's own numbers. FileExistsError where somebody has worked in the file."""
    seed = seed_of(learner, level.number)
    questions = [question for question, _ in level.text.questions]
    return pages(
        [page_of(task, seed) for task in level.pages],
        path,
        heading=f"Level {level.number}: {level.title}",
        about=[level.text.goal],
        questions=questions,
        learner=learner,
        seed=seed,
        solution=solution,
        overwrite=overwrite,
    )


def named_in(path: StrPath, level: int) -> str:
    """For whom a level's workbook was written, if its numbers are that learner's; "" where it does not say so."""
    try:
        line = str(open_workbook(path)[FRONT][2, 1].value)
    except (WorkbookError, OSError, MemoryError):  # a damaged file is for verify to describe
        return ""
    found = re.fullmatch(r"for (.+?) {5}numbers (\d+)", line)
    return found.group(1) if found and int(found.group(2)) == seed_of(found.group(1), level) else ""


def write_original(task: Task, learner: str, path: StrPath) -> Exported:
    """One page as it was handed out, made anew: what a learner's file is held against."""
    seed = seed_of(learner, task.level)
    return one_page(page_of(task, seed), path, learner=learner, seed=seed)


def judge(level: Level, learner: str, path: StrPath) -> List[PageResult]:
    """Every page of the learner's workbook, against the exercise made anew."""
    with tempfile.TemporaryDirectory() as folder:
        return judge_pages(level.pages, learner, path, Path(folder))


def judge_pages(tasks: Sequence[Task], learner: str, path: StrPath, originals: Path) -> List[PageResult]:
    """These pages of the workbook, which is read once. `originals`: where the exercises made anew may be kept."""
    try:
        book = open_workbook(path)
    except (WorkbookError, OSError, MemoryError) as error:
        return [PageResult(task, None, str(error)) for task in tasks]
    return [judge_page(task, learner, book, originals / f"{task.id}.xlsx") for task in tasks]


def judge_page(task: Task, learner: str, book: Book, original: Path) -> PageResult:
    if not original.exists():
        write_original(task, learner, original)
    try:
        ours = open_workbook(original)
        if is_another(book, ours, task.sheet):  # of an earlier version of saitama: judged by the graph it carries
            return PageResult(task, verify(book, page=task.sheet))
        return PageResult(task, verify(book, original=ours, page=task.sheet))
    except (WorkbookError, OSError, MemoryError) as error:
        return PageResult(task, None, str(error).replace(str(original), "the exercise"))


def is_another(book: Book, original: Book, sheet: str) -> bool:
    """Whether the page was made by a version that had another task here, or the same in other cells. A page that cannot
    be read is none."""
    try:
        mine = choose(book, sheet)
        numbers = read_graph(mine).exercise.get("numbers")
    except WorkbookError:
        return False
    return numbers == read_graph(original).exercise.get("numbers") and not carry_the_same(mine, original)


__all__ = ["PageResult", "judge", "judge_pages", "page_of", "write_level", "write_original"]
