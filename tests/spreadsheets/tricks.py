"""Tricks: what could be done to a worksheet that was handed in, so that a wrong answer passes for a right one.

The learner has typed 6 where −6 belongs, in H9, and everything after it is right, given that. Most of these would fool
a reader who looks at the sheet, or a program that believes it. Here is what any spreadsheet program can do.
"""

from __future__ import annotations

import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, Dict

import openpyxl
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula

Trick = Callable[[Path], None]
TRICKS: Dict[str, Trick] = {}
BLANK, KEY = "H9", "S9"  # of d, and where marks by the true numbers have −6
CELL = rf'<c r="{BLANK}"[^>]*>.*?</c>'


def trick(function: Trick) -> Trick:
    TRICKS[function.__name__] = function
    return function


def with_openpyxl(change: Callable[[Any], None]) -> Trick:
    """A trick that any spreadsheet program can do."""

    def tampered(path: Path) -> None:
        workbook = openpyxl.load_workbook(path)
        change(workbook)
        workbook.save(path)

    TRICKS[change.__name__] = tampered
    return tampered


def rewritten(path: Path, part: str, change: Callable[[str], str]) -> None:
    """A trick on the file itself."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    name = next(name for name in parts if re.fullmatch(part, name))
    before = parts[name].decode()
    after = change(before)
    assert after != before, "nothing was changed"
    parts[name] = after.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)


def cell_becomes(path: Path, xml: str) -> None:
    rewritten(path, "xl/worksheets/sheet1.xml", lambda text: re.sub(CELL, lambda _: xml, text, count=1))


# --- the sheet that one sees ------------------------------------------------------------------------------------------
@with_openpyxl
def other_inputs(workbook: Any) -> None:
    workbook["Page"]["D7"] = -2


@with_openpyxl
def other_inputs_everywhere(workbook: Any) -> None:
    for title in ("Page", "Exported"):
        workbook[title]["D7"] = -2


@with_openpyxl
def another_rule(workbook: Any) -> None:
    workbook["Page"]["B9"] = "d = −a · b"


@with_openpyxl
def names_exchanged(workbook: Any) -> None:
    page = workbook["Page"]
    page["G9"], page["G10"] = "e", "d"


@with_openpyxl
def the_answer_beside_the_blank(workbook: Any) -> None:
    workbook["Page"]["I9"] = -6


@with_openpyxl
def a_mark_that_says_right(workbook: Any) -> None:
    workbook["Page"]["I9"] = "✓"


@with_openpyxl
def shown_with_another_sign(workbook: Any) -> None:
    workbook["Page"][BLANK].number_format = '"-"0'


@with_openpyxl
def as_a_percentage(workbook: Any) -> None:
    workbook["Page"][BLANK].number_format = "0%"


@with_openpyxl
def as_a_date(workbook: Any) -> None:
    workbook["Page"][BLANK] = datetime(1900, 1, 6)


@with_openpyxl
def a_text_that_looks_like_a_number(workbook: Any) -> None:
    workbook["Page"][BLANK] = " -6"
    workbook["Page"][BLANK].data_type = "s"


@with_openpyxl
def a_comment(workbook: Any) -> None:
    workbook["Page"][BLANK].comment = Comment("-6", "me")


@with_openpyxl
def a_hyperlink(workbook: Any) -> None:
    workbook["Page"][BLANK].hyperlink = "#Page!S9"


@with_openpyxl
def merged_with_a_right_number(workbook: Any) -> None:
    page = workbook["Page"]
    page["G9"] = -6
    page.merge_cells("G9:H9")


@with_openpyxl
def moved_down(workbook: Any) -> None:
    workbook["Page"].insert_rows(9)


@with_openpyxl
def blanks_moved(workbook: Any) -> None:
    workbook["Page"].move_range("G9:I20", rows=0, cols=3)


@with_openpyxl
def taken_out(workbook: Any) -> None:
    workbook["Page"].delete_rows(9)


@with_openpyxl
def renamed(workbook: Any) -> None:
    workbook["Page"].title = "My page"


@with_openpyxl
def out_of_sight(workbook: Any) -> None:
    workbook.create_sheet("Mine", 0)
    workbook["Page"].sheet_state = "hidden"


@with_openpyxl
def a_copy_in_front(workbook: Any) -> None:
    copy = workbook.copy_worksheet(workbook["Page"])
    copy[BLANK] = -6
    copy.title = "Page (new)"
    workbook.move_sheet(copy, -3)


@with_openpyxl
def without_the_hidden_sheets(workbook: Any) -> None:
    del workbook["Graph"], workbook["Exported"]


@with_openpyxl
def hidden_sheets_exchanged(workbook: Any) -> None:
    workbook["Graph"].title, workbook["Exported"].title = "X", "Graph"


@with_openpyxl
def another_digest(workbook: Any) -> None:
    graph = workbook["Graph"]["A2"]
    graph.value = re.sub(r'"digest":\s*"\w+"', '"digest":"000000"', graph.value)


@with_openpyxl
def another_operation_in_the_graph(workbook: Any) -> None:
    graph = workbook["Graph"]["A2"]
    assert '"Mul"' in graph.value
    graph.value = graph.value.replace('"Mul"', '"Sub"')


@with_openpyxl
def fewer_blanks_in_the_graph(workbook: Any) -> None:
    graph = workbook["Graph"]["A2"]
    assert '"typed":[9,8]' in graph.value.replace(" ", "")
    graph.value = re.sub(r',?"typed":\s*\[9,\s*8\]', "", graph.value)


@with_openpyxl
def another_place_in_the_graph(workbook: Any) -> None:
    workbook["Page"]["Z9"] = -6
    graph = workbook["Graph"]["A2"]
    graph.value = re.sub(r"\[9,\s*8\]", "[9,26]", graph.value)


@with_openpyxl
def another_key(workbook: Any) -> None:
    workbook["Page"][KEY] = 6


# --- formulas ---------------------------------------------------------------------------------------------------------
@with_openpyxl
def from_the_key(workbook: Any) -> None:
    workbook["Page"][BLANK] = f"={KEY}"


@with_openpyxl
def from_the_key_by_way_of_another_cell(workbook: Any) -> None:
    workbook["Page"]["Z1"], workbook["Page"][BLANK] = "=$S$9*1", "=Z1"


@with_openpyxl
def from_the_key_by_its_text(workbook: Any) -> None:
    workbook["Page"][BLANK] = '=INDIRECT("S"&9)'


@with_openpyxl
def from_the_key_by_its_place(workbook: Any) -> None:
    workbook["Page"][BLANK] = "=OFFSET(R9,0,1)"


@with_openpyxl
def from_the_key_by_its_number(workbook: Any) -> None:
    workbook["Page"][BLANK] = "=INDEX(A1:Z30,9,19)"


@with_openpyxl
def from_the_key_by_a_name(workbook: Any) -> None:
    workbook.defined_names["answer"] = DefinedName("answer", attr_text=f"Page!${KEY[0]}${KEY[1:]}")
    workbook["Page"][BLANK] = "=answer"


@with_openpyxl
def from_the_hidden_graph(workbook: Any) -> None:
    workbook["Graph"]["B7"] = -6
    workbook["Page"][BLANK] = "=Graph!B7"


@with_openpyxl
def by_a_circle(workbook: Any) -> None:
    workbook["Page"][BLANK] = f"={BLANK}"


@with_openpyxl
def by_an_array(workbook: Any) -> None:
    workbook["Page"][BLANK] = ArrayFormula(BLANK, f"=SUM({KEY}:{KEY})")


@trick
def a_stored_result_that_the_formula_does_not_give(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><f>3+3</f><v>-6</v></c>')


@trick
def a_shared_formula(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><f t="shared" ref="{BLANK}:H10" si="0">{KEY}</f><v>-6</v></c>')


@trick
def a_part_of_a_shared_formula(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><f t="shared" si="7"/><v>-6</v></c>')


@trick
def an_array_with_a_stored_result(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><f t="array" ref="{BLANK}">3+3</f><v>-6</v></c>')


@trick
def a_table_of_data(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><f t="dataTable" ref="{BLANK}" r1="A1"/><v>-6</v></c>')


@trick
def from_another_workbook(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><f>[1]Sheet1!A1</f><v>-6</v></c>')


@trick
def a_function_that_nobody_knows(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><f>MYANSWER(1)</f><v>-6</v></c>')


@trick
def rows_and_columns_by_number(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><f>R[0]C[11]</f><v>-6</v></c>')


@trick
def a_formula_of_spaces(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><f> </f><v>-6</v></c>')
