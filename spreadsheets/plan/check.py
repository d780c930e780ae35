"""The Check sheet: for every block how far the live formulas are from the framework, and one verdict.

It adds up what the difference cells beside the blocks say, one formula per number. PASS needs all of these: every cell
of the block has a difference, no cell is over its own tolerance, and the largest difference is below the block's.
"""

from __future__ import annotations

from typing import Dict, List, Tuple

from ..formulas.limits import as_range
from ..graph.items import Item
from ..graph.keys import Gradient, Key, Share, Value
from ..layout import Block, column
from .differences import ATOL, MISSING, RTOL, UNDECIDED, absolute
from .inputs import changed_cells
from .page import DIFFERENCE, Page, target
from .section import Draft, Section
from .sheet import Colour
from .showing import Rows
from .subject import Subject, tolerance

CHANGED, VERDICT = "$C$7", "A3"
UNDECIDED_COUNT = '0" undecided: rounding decides, or an overflow";;'
HEADERS = ["block", "what", "cells", "largest difference", "allowed at most", "cells over", "status"]


def plan_check(subject: Subject, draft: Draft) -> Rows:
    """The sheet; returns the rows of each tensor on it, first and last."""
    page = draft.page("Check")
    rtol, atol = tolerance(subject.graph)
    found = [(item, section) for item, section in all_sections(subject, draft) if section.difference is not None]
    first, last = 11, 10 + len(found)
    page.line("Check", "title")
    page.links("", [("Start", "Start"), ("Inputs", "Inputs")])
    unclear = any(section.strict for _, section in found)
    verdict_row(page, verdict(first, last, unclear))
    page.text(5, 1, "relative tolerance", "text")
    page.put(5, 3, rtol, "input", "0E+00")
    page.text(5, 4, "a number b may be off by  absolute + relative · |b|", "note")
    page.text(6, 1, "absolute tolerance", "text")
    page.put(6, 3, atol, "input", "0E+00")
    page.text(6, 4, "for a gradient times 10, 100, …, where the numbers it is a sum of are as large", "note")
    page.text(7, 1, "input cells changed since the export", "text")
    page.put(7, 3, f"={changed_cells(subject, draft)}", "cell", "0")
    page.text(8, 1, "formulas checked", "text")
    page.put(8, 3, f"=SUM(C{first}:C{max(last, first)})", "cell", "#,##0")
    for col, name in enumerate(HEADERS, 1):
        page.text(10, col, name, "head")
    rows: Dict[Item, Tuple[int, int]] = {}
    pages = {other.title: other for other in draft.pages}
    for row, (item, section) in enumerate(found, first):
        if item in draft.remarks and item not in rows:
            page.text(row, 9 if section.strict else 8, draft.remarks[item], "note")
        rows[item] = (rows.get(item, (row, row))[0], row)
        check_row(page, row, section)
        mark_differences(pages[section.sheet], section)
    if found:
        colour(page, f"G{first}:G{last}", f"G{first}")
    longest = max((len(section.label) for _, section in found), default=0)
    page.widths.update(enumerate((30, min(max(34, longest), 80), 10, 18, 18, 12, 14), 1))
    page.freeze, page.repeated_rows = "A11", "10:10"
    return rows


def verdict_row(page: Page, formula: str) -> None:
    """The one line that says it all, coloured by how it begins."""
    page.put(3, 1, formula, "verdict")
    page.merged.append("A3:G3")
    page.heights[3] = 30
    colour(page, "A3:G3", "$A$3")


def all_sections(subject: Subject, draft: Draft) -> List[Tuple[Item, Section]]:
    """Every block that has numbers: by operation in order, then the gradients of the inputs, then the updates."""
    keys: List[Tuple[Item, Key]] = []
    for node in subject.graph.nodes:
        keys += [(node, Value(node)), (node, Gradient(node))]
        keys += [(node, Share(node, k)) for k in range(len(node.inputs))]
    keys += [(leaf, Gradient(leaf)) for leaf in subject.graph.leaves]
    for update in subject.graph.step.updates if subject.graph.step else ():
        keys += [(update, Value(line)) for line in update.lines.values()]
    found = [(item, draft.sections.get(key)) for item, key in keys]
    return [(item, section) for item, section in found if section is not None and section.live.size]


def area(block: Block) -> str:
    return target(block.sheet, as_range(block.rectangle()))


def check_row(page: Page, row: int, section: Section) -> None:
    difference, framework = area(section.difference), area(section.framework)  # type: ignore[arg-type]
    place = f"{column(section.live.column)}{section.live.row}"
    page.link(row, 1, section.sheet, section.sheet, place, "cell_link")
    page.text(row, 2, section.label, "cell")
    page.put(row, 3, section.live.size, "cell", "#,##0")
    page.put(row, 4, f"=MAX({difference})", "cell", DIFFERENCE)
    atol = absolute(ATOL, section.size)
    page.put(row, 5, f"={atol}+{RTOL}*MAX(0,MAX({framework}),-MIN({framework}))", "cell", "0.0E+00")
    over = each_over(difference, framework, atol)
    if section.strict:
        over = f"COUNTIF({difference},{MISSING})"
        page.put(row, 8, f"=COUNTIF({difference},{UNDECIDED})", "note", UNDECIDED_COUNT)
    page.put(row, 6, f"=IFERROR({over},C{row})", "cell", "#,##0")
    right = f"AND(COUNT({difference})=C{row},F{row}=0,D{row}<=E{row})"
    page.put(row, 7, f'=IF({CHANGED}>0,"old inputs",IF({right},"PASS","FAIL"))', "status")


def each_over(difference: str, framework: str, atol: str) -> str:
    """How many differences exceed atol + rtol |b|. Not every program takes ABS of a range, so b and -b are asked."""
    return f"SUMPRODUCT(({difference}>{atol}+{RTOL}*{framework})*({difference}>{atol}-{RTOL}*{framework}))"


def verdict(first: int, last: int, unclear: bool) -> str:
    statuses = f"G{first}:G{max(first, last)}"
    passed = f'COUNTIF({statuses},"PASS")'
    count = max(0, last - first + 1)
    old = f'{CHANGED}&" input cell(s) changed: formulas follow, framework values are old. Run saitama verify FILE"'
    good = '"PASS: all "&TEXT($C$8,"0")&" formulas agree with the framework"'
    if unclear:
        undecided = f"SUM(H{first}:H{last})"
        good += f'&IF({undecided}>0,", but for "&{undecided}&" undecided","")'
    return f'=IF({CHANGED}>0,{old},IF({passed}={count},{good},"FAIL: "&({count}-{passed})&" of {count} blocks differ"))'


def colour(page: Page, cells: str, first: str) -> None:
    """Green for a text that begins with PASS, red for FAIL, amber for anything else."""
    for text, look in (("PASS", "right"), ("FAIL", "wrong")):
        page.colours.append(Colour(cells, f'LEFT({first},4)="{text}"', look, stop=True))
    page.colours.append(Colour(cells, f"LEN({first})>0", "open"))


def mark_differences(page: Page, section: Section) -> None:
    """A difference over its tolerance turns red where it stands."""
    difference, framework = section.difference, section.framework
    assert difference is not None and framework is not None
    zero = (0,) * len(section.shape)
    d, b = difference.address(zero), framework.address(zero)
    over = f"{d}>{absolute(target('Check', ATOL), section.size)}+{target('Check', RTOL)}*IF(ISNUMBER({b}),ABS({b}),0)"
    page.colours.append(Colour(difference.rectangle(), f"AND(ISNUMBER({d}),{over})", "wrong"))
