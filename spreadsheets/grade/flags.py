"""What a teacher should look at: things about a file that no mark shows."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Iterator, List, Optional, Set, Tuple

from ..address import cell_name
from ..graph.keys import Value
from ..judge.exercise import FROM_THE_KEY
from ..plan.carry import SHEET
from ..read.carried import text_of
from ..read.workbook import Book, Cell, Sheet

if TYPE_CHECKING:
    from .marked import Marking

SHOWN = 3  # addresses in a flag
MOST_NAME = 80
NAME_LABEL = "name"  # stands to the left of the cell for the learner's name, in row 2
FACTS_AT = (2, 1)  # of a page: its seed and the letters that tell exercises apart
_SEED = re.compile(r"numbers (\d{1,20})")
_DIGEST = re.compile(r"sheet ([0-9a-f]{6})")


def flags_of(marking: Marking, is_the_same: bool) -> Iterator[Tuple[str, str]]:
    """What, and where: inputs changed, numbers taken from the key, another structure. Not `is_the_same`: the page is
    of another exercise, whose inputs are others of course."""
    changed = list(changed_inputs(marking)) if is_the_same else []
    if changed:
        yield "inputs changed", shown(changed)
    taken = [
        cell_name(*marking.exercise.at[position][1:])
        for position, reason in marking.exercise.refused.items()
        if reason.slug == FROM_THE_KEY
    ]
    if taken:
        yield "taken from the key", shown(taken)
    moved = list(changed_cells(marking))
    if moved:
        yield "structure changed", shown(moved)


def shown(places: List[str]) -> str:
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return ", ".join(places[:SHOWN]) + more


def changed_inputs(marking: Marking) -> Iterator[str]:
    """Given numbers that are not those of the exercise; judged is by those of the exercise all the same."""
    for leaf in marking.carried.graph.inputs:
        places = marking.carried.places.get(Value(leaf))
        if places is None:
            continue
        here, there = sheets(marking, places.sheet)
        for index, row, column in places.live.cells():
            if not alike(here[row, column], there[row, column]):
                at = f"[{', '.join(map(str, index))}]" if index else ""
                yield f"{cell_name(row, column)} ({leaf.name}{at})"


def changed_cells(marking: Marking) -> Iterator[str]:
    """Texts of the exercise that are gone or stand elsewhere, on the sheets with blanks, and formulas that are gone."""
    free = set(marking.exercise.at.values())
    for title in dict.fromkeys(sheet for sheet, _, _ in marking.exercise.at.values()):
        here, there = sheets(marking, title)
        given = _inputs(marking, title)
        skipped = {name_place(there), FACTS_AT, *given}
        for (row, column), cell in there.items():
            if (title, row, column) in free or (row, column) in skipped:
                continue
            now = here[row, column]
            if cell.has_formula != now.has_formula or (
                cell.kind == "text" and not cell.has_formula and not alike(cell, now)
            ):
                yield cell_name(row, column)


def _inputs(marking: Marking, title: str) -> Set[Tuple[int, int]]:
    found: Set[Tuple[int, int]] = set()
    for leaf in marking.carried.graph.inputs:
        places = marking.carried.places.get(Value(leaf))
        if places is not None and places.sheet == title:
            found.update((row, column) for _, row, column in places.live.cells())
    return found


def sheets(marking: Marking, title: str) -> Tuple[Sheet, Sheet]:
    """A sheet as it was handed in, and as it was handed out."""
    here = marking.book[title] if title in marking.book else Sheet(title, {})
    return here, marking.original[title]


def alike(a: Cell, b: Cell) -> bool:
    return a.value == b.value or (a.value != a.value and b.value != b.value)


# --- what a page says of itself ---------------------------------------------------------------------------------------
def name_place(page: Sheet) -> Optional[Tuple[int, int]]:
    """The cell for the learner's name."""
    for (row, column), cell in page.items():
        if row == 2 and cell.value == NAME_LABEL:
            return row, column + 1
    return None


def name_in(book: Book, original: Book, page: str) -> str:
    """The name that stands on a page; "" where none does, or where there is no place for it."""
    place = name_place(original[page]) if page else None
    if place is None or page not in book:
        return ""
    value = book[page][place].value
    return " ".join(value.replace("_", " ").split())[:MOST_NAME] if isinstance(value, str) else ""


def seed_in(book: Book, page: str) -> Optional[int]:
    """The seed of the numbers, as the page says it."""
    found = _SEED.search(_facts(book, page))
    return int(found[1]) if found else None


def digest_in(book: Book, page: str) -> str:
    """Letters that tell this exercise from another: those of the page, else of the graph that the file carries."""
    found = _DIGEST.search(_facts(book, page))
    if found:
        return found[1]
    return hashlib.sha256(text_of(book[SHEET]).encode()).hexdigest()[:6] if SHEET in book else ""


def _facts(book: Book, page: str) -> str:
    """The line below the title of a page."""
    return str(book[page][FACTS_AT].value or "") if page and page in book else ""
