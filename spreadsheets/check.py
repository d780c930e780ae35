"""The Check sheet: for every block how far the live formulas are from the framework, and one verdict.

It adds up what the difference cells beside the blocks say, one formula per number. PASS needs all of these: every cell
of the block has a difference, no cell is over its own tolerance, and the largest difference is below the block's.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font

from .book import Book, Section
from .differences import ATOL, MISSING, RTOL, UNDECIDED, absolute, write_differences
from .doubt import Doubts
from .formulas.limits import as_range
from .graph import Graph, Item, Run
from .inputs import changed_inputs
from .layout import Block, column
from .page import Page, target
from .style import DIFFERENCE, GREEN, GREEN_INK, RED, RED_INK, fill

TOLERANCES = {"float64": (1e-9, 1e-12), "float32": (1e-5, 1e-6)}  # (rtol, atol)
ERF_ATOL = 1e-10  # the erf of some spreadsheet programs is good to ten digits, which shows where larger numbers cancel

CHANGED, VERDICT = "$C$7", "A3"
UNDECIDED_COUNT = '0" undecided: rounding decides, or an overflow";;'
HEADERS = ["block", "what", "cells", "largest difference", "allowed at most", "cells over", "status"]
AMBER = "FFE9B8"


class CheckedBook(Book):
    """A book with all values of the framework in it, and a Check sheet that compares them with the formulas."""

    def __init__(self, graph: Graph, result: Run, max_cells: int) -> None:
        super().__init__(graph, result, max_cells)
        rtol, atol = tolerance(graph)
        updates = graph.step.updates if graph.step else ()
        starts = {u.parameter: result.gradients[u.parameter] for u in updates if u.parameter in result.gradients}
        leaves = {leaf: leaf.array for leaf in graph.inputs}
        self.doubts = Doubts(graph, result, leaves, {}, starts, lambda key: (rtol, atol * self.sizes.get(key, 1.0)))
        for leaf in starts:
            flags = self.doubts.noise(leaf, graph.step is not None and graph.step.rule.divides)
            if any(flags):
                self.noise[leaf] = flags

    def differences(self, section: Section, key: Any) -> None:
        write_differences(self, section, key)

    def write_check(self) -> Dict[Item, Tuple[int, int]]:
        return write_check(self)


def tolerance(graph: Graph) -> Tuple[float, float]:
    """(rtol, atol) for the formulas of a graph."""
    rtol, atol = TOLERANCES[graph.dtype]
    uses_erf = any(node.op == "GELU" and node.params["approximate"] == "none" for node in graph.nodes)
    return rtol, max(atol, ERF_ATOL) if uses_erf else atol


def write_check(book: Book) -> Dict[Item, Tuple[int, int]]:
    """Write the sheet; returns the rows of each tensor on it, first and last."""
    page = book.page("Check")
    rtol, atol = tolerance(book.graph)
    sections = [(item, section) for item, section in all_sections(book) if section.difference is not None]
    first, last = 11, 10 + len(sections)
    page.line("Check", "title")
    page.links("", [("Start", "Start"), ("Inputs", "Inputs")])
    unclear = [section for _, section in sections if section.strict]
    verdict_row(page, verdict(first, last, bool(unclear)))
    page.text(5, 1, "relative tolerance", "text")
    page.put(5, 3, rtol, "input", "0E+00")
    page.text(5, 4, "a number b may be off by  absolute + relative · |b|", "note")
    page.text(6, 1, "absolute tolerance", "text")
    page.put(6, 3, atol, "input", "0E+00")
    page.text(6, 4, "for a gradient times 10, 100, …, where the numbers it is a sum of are as large", "note")
    page.text(7, 1, "input cells changed since the export", "text")
    page.put(7, 3, "=" + "+".join(changed_inputs(book).values() or ["0"]), "cell", "0")
    page.text(8, 1, "formulas checked", "text")
    page.put(8, 3, f"=SUM(C{first}:C{max(last, first)})", "cell", "#,##0")
    for col, name in enumerate(HEADERS, 1):
        page.text(10, col, name, "head")
    rows: Dict[Item, Tuple[int, int]] = {}
    for row, (item, section) in enumerate(sections, first):
        if item in book.remarks and item not in rows:
            page.text(row, 9 if section.strict else 8, book.remarks[item], "note")
        rows[item] = (rows.get(item, (row, row))[0], row)
        write_row(page, row, section)
    if sections:
        colour(page, f"G{first}:G{last}", f"G{first}")
    for section in (section for _, section in sections):
        mark_differences(section)
    longest = max((len(section.label) for _, section in sections), default=0)
    for letter, width in zip("ABCDEFG", (30, min(max(34, longest), 80), 10, 18, 18, 12, 14)):
        page.sheet.column_dimensions[letter].width = width
    page.sheet.freeze_panes = "A11"
    page.sheet.print_title_rows = "10:10"
    return rows


def verdict_row(page: Page, formula: str) -> None:
    """The one line that says it all, coloured by how it begins."""
    page.put(3, 1, formula, "verdict")
    page.sheet.merge_cells("A3:G3")
    page.sheet.row_dimensions[3].height = 30
    colour(page, "A3:G3", "$A$3")


def all_sections(book: Book) -> List[Tuple[Item, Section]]:
    """Every block that has numbers: by operation in order, then the gradients of the inputs, then the updates."""
    found: List[Tuple[Item, Optional[Section]]] = []
    for node in book.graph.nodes:
        found += [(node, book.forward.get(node)), (node, book.arriving.get(node))]
        found += [(node, book.contributions.get((node, k))) for k in range(len(node.inputs))]
    found += [(leaf, book.arriving.get(leaf)) for leaf in book.graph.leaves]
    for update in book.graph.step.updates if book.graph.step else ():
        found += [(update, book.forward.get(line)) for line in update.lines.values()]
    return [(item, section) for item, section in found if section is not None and section.live.size]


def area(block: Block) -> str:
    return target(block.sheet, as_range(block.rectangle()))


def write_row(page: Page, row: int, section: Section) -> None:
    difference, framework = area(section.difference), area(section.framework)  # type: ignore[arg-type]
    place = f"{column(section.live.column)}{section.live.row}"
    page.link(row, 1, section.page.title, section.page.title, place, "cell_link")
    page.text(row, 2, section.label, "cell")
    page.put(row, 3, section.live.size, "cell", "#,##0")
    page.put(row, 4, f"=MAX({difference})", "cell", DIFFERENCE)
    atol = absolute(ATOL, section)
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
    rules = [("PASS", GREEN, GREEN_INK), ("FAIL", RED, RED_INK)]
    for text, back, ink in rules:
        rule = FormulaRule([f'LEFT({first},4)="{text}"'], fill=fill(back), font=Font(color=ink), stopIfTrue=True)
        page.sheet.conditional_formatting.add(cells, rule)
    page.sheet.conditional_formatting.add(cells, FormulaRule([f"LEN({first})>0"], fill=fill(AMBER)))


def mark_differences(section: Section) -> None:
    """A difference over its tolerance turns red where it stands."""
    difference, framework = section.difference, section.framework
    assert difference is not None and framework is not None
    zero = (0,) * len(section.shape)
    d, b = difference.address(zero), framework.address(zero)
    over = f"{d}>{absolute(target('Check', ATOL), section)}+{target('Check', RTOL)}*IF(ISNUMBER({b}),ABS({b}),0)"
    sheet = section.page.sheet
    sheet.conditional_formatting.add(
        difference.rectangle(), FormulaRule([f"AND(ISNUMBER({d}),{over})"], fill=fill(RED), font=Font(color=RED_INK))
    )
