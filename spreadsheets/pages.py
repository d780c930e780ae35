"""pages([...], path): several exercises in one workbook, a page each, with a list of them and folded hints in front.

Each page carries its own graph, on hidden sheets "Graph 1", "Exported 1" and so on; verify(path, page=…) judges one.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple, Union

from .export import Exported, check_path, written
from .plan.front import plan_front
from .plan.page_options import PageOptions
from .plan.sheet import Plan, PlannedSheet
from .plan.workbook import plan_page
from .worksheet import MARKS, Chosen, asked, fits_a_page

MAX_CELLS, MOST_STEPS, MOST_BLANKS = 20_000, 120, 600  # of one page, which may be printed on several sheets
OUR_OWN = re.compile(r"(graph|exported)( [0-9]+)?|tasks", re.I)  # titles of sheets that carry what verify needs


@dataclass(frozen=True)
class PageOf:
    """One page: a graph as worksheet() takes it, and what is said about it."""

    sheet: str  # the title of its sheet
    root: Any
    names: Any = None
    optimizer: Any = None
    blanks: Chosen = None
    title: str = ""
    task: str = ""  # what is asked for, in words
    questions: Tuple[str, ...] = ()  # to be answered in words, which nobody marks
    hints: Tuple[str, ...] = ()


def pages(
    of: Sequence[PageOf],
    path: Union[str, os.PathLike[str]],
    *,
    heading: str,
    about: Sequence[str] = (),
    questions: Sequence[str] = (),
    learner: Optional[str] = None,
    seed: Optional[int] = None,
    marks: Optional[str] = "own",
    solution: bool = False,
    overwrite: Optional[bool] = None,
) -> Exported:
    """Write a workbook with a page for each exercise, after a list of them: `heading`, the lines `about`, hints that
    unfold, room for the answers to `questions`. Everything else is as in worksheet().

    Raises as worksheet() does, and ValueError where two pages have one title or an exercise is too large for a page.
    """
    check_path(path, overwrite, MAX_CELLS)
    if marks not in MARKS:
        raise ValueError(f"pages: marks is {marks!r}; give 'own', 'true' or None")
    titles = [page.sheet.casefold() for page in of]
    if not of or len(set(titles)) < len(titles):
        raise ValueError("pages: give at least one page, and each its own sheet title")
    shared = PageOptions(marks=marks or "none", numbers=seed, name=learner or "", solved=solution)
    plans = [planned(page, shared) for page in of]
    tasks = [(page.sheet, page.title, page.hints) for page in of]
    front = plan_front(heading, about, tasks, questions, learner, seed)
    sheets: List[PlannedSheet] = [front]
    for number, plan in enumerate(plans, 1):
        for sheet in plan.sheets:
            sheets.append(replace(sheet, title=f"{sheet.title} {number}") if sheet.hidden else sheet)
    sheets.sort(key=lambda sheet: sheet.hidden)
    sections = {(n, key): section for n, plan in enumerate(plans, 1) for key, section in plan.sections.items()}
    left_out = tuple(what for plan in plans for what in plan.left_out)
    whole = Plan(tuple(sheets), sections, sum(p.operations for p in plans), sum(p.formulas for p in plans), left_out)
    return written(whole, Path(path), overwrite)


def one_page(
    page: PageOf, path: Union[str, os.PathLike[str]], *, learner: Optional[str] = None, seed: Optional[int] = None
) -> Exported:
    """The same page in a workbook of its own: the original that verify() holds a learner's file against."""
    plan = planned(page, PageOptions(marks="own", numbers=seed, name=learner or ""))
    return written(plan, Path(path), True)


def planned(page: PageOf, shared: PageOptions) -> Plan:
    if OUR_OWN.fullmatch(page.sheet):
        raise ValueError(f"pages: a sheet cannot be called {page.sheet!r}: saitama has one of that name")
    wanted = replace(shared, title=page.title, sheet=page.sheet, task=page.task, questions=page.questions)
    subject, options = asked(page.root, page.names, page.optimizer, page.blanks, wanted, MAX_CELLS)
    if not fits_a_page(subject, options, MOST_STEPS, MOST_BLANKS):
        raise ValueError(f"pages: {page.sheet} does not fit on a page; give fewer steps or smaller tensors")
    return plan_page(subject, options)


__all__ = ["PageOf", "one_page", "pages"]
