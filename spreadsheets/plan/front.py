"""The first sheet of a workbook with several pages: what there is to do, a link to each page, and hints that unfold.

It is not protected, as a protected sheet does not unfold.
"""

from __future__ import annotations

import textwrap
from typing import List, Optional, Sequence, Tuple

from .page import Page
from .sheet import Paper, PlannedSheet

SHEET = "Tasks"
CHARACTERS, ANSWER_LINES = 104, 3  # of a line; of an answer
ROW_POINTS, PAGE_POINTS = 14.0, 700.0  # of a row; of A4 within its margins, less a little for the footer
LARGEST, SMALLEST = 90, 70  # percent
HELP = (
    "Each task is a page: type into its yellow cells, from top to bottom. A formula of your own counts as well as a "
    "number. Save the file, and saitama learn says what is right, and why something is not. The + on the left of a "
    "line unfolds the hint below it."
)


def plan_front(
    heading: str,
    about: Sequence[str],
    tasks: Sequence[Tuple[str, str, Sequence[str]]],
    questions: Sequence[str],
    learner: Optional[str],
    seed: Optional[int],
) -> PlannedSheet:
    """`tasks`: the title of each one's sheet, its own title, and its hints."""
    page = Page(SHEET)
    page.line(heading, "title")
    page.heights[1] = 24
    facts = [f"for {learner}"] if learner else []
    facts += [f"numbers {seed}"] if seed is not None else []
    page.line("     ".join(facts), "note")
    for paragraph in [*about, HELP]:
        for line in textwrap.wrap(paragraph, CHARACTERS):
            page.line(line)
    folded: List[int] = []
    for number, (sheet, title, hints) in enumerate(tasks, 1):
        page.row += 1
        page.text(page.row, 1, str(number), "step")
        page.link(page.row, 2, title or sheet, sheet)
        page.row += 1
        for n, hint in enumerate(hints, 1):
            page.text(page.row, 2, f"hint {n}" if len(hints) > 1 else "hint", "caption")
            page.row += 1
            for line in textwrap.wrap(hint, CHARACTERS - 8):
                page.text(page.row, 2, line)
                folded.append(page.row)
                page.row += 1
    words = page.row
    _questions(page, questions)
    page.widths.update({1: 4.0, 2: 90.0})
    page.folded, page.protected = folded, False
    page.freeze = "A3"
    for row in range(1, page.row):
        page.heights.setdefault(row, ROW_POINTS)
    used = sum(height for row, height in page.heights.items() if row not in folded)
    scale = int(max(SMALLEST, min(LARGEST, 100 * PAGE_POINTS / used)))
    page.paper = Paper(False, scale, PAGE_POINTS / scale * 100)
    page.breaks = [words] if used > page.paper.height else []
    page.footer = (learner or "", "page &P of &N", f"numbers {seed}" if seed is not None else "")
    return page.sheet()


def _questions(page: Page, questions: Sequence[str]) -> None:
    """Room to answer in words, which nobody marks."""
    if questions:
        page.row += 1
        page.heading("open questions", 2)
    for question in questions:
        page.row += 1
        for line in textwrap.wrap(question, CHARACTERS - 8):
            page.text(page.row, 2, line)
            page.row += 1
        for _ in range(ANSWER_LINES):
            page.put(page.row, 2, None, "name")
            page.heights[page.row] = 18.0
            page.row += 1


__all__ = ["SHEET", "plan_front"]
