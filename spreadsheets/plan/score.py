"""The Check sheet of a worksheet: how many blanks are right, wrong and still empty."""

from __future__ import annotations

from typing import Dict, Tuple

from ..graph.items import Item
from ..layout import column
from .check import all_sections, area, colour, verdict_row
from .section import Draft
from .showing import Rows
from .subject import Subject


def plan_score(subject: Subject, draft: Draft) -> Rows:
    page = draft.page("Check")
    sections = [(item, section) for item, section in all_sections(subject, draft) if section.typed is not None]
    first, last = 7, 6 + max(1, len(sections))
    page.line("Check", "title")
    page.links("", [("Start", "Start"), ("Inputs", "Inputs")])
    blanks, right, wrong, empty = (f"SUM({col}{first}:{col}{last})" for col in "CDEF")
    total = f'{right}&" of "&{blanks}&" right, "&{wrong}&" wrong, "&{empty}&" empty"'
    done = f"{right}={blanks}"
    verdict_row(page, f'=IF({done},"PASS: ",IF({wrong}>0,"FAIL: ",""))&{total}')
    page.text(4, 1, "Open to be checked by the exact rule: saitama verify FILE", "note")
    for col, name in enumerate(["block", "what", "blanks", "right", "wrong", "empty", "status"], 1):
        page.text(6, col, name, "head")
    rows: Dict[Item, Tuple[int, int]] = {}
    for row, (item, section) in enumerate(sections, first):
        rows[item] = (rows.get(item, (row, row))[0], row)
        typed = section.typed
        assert typed is not None and section.marks is not None
        marks = area(section.marks)
        page.link(row, 1, section.sheet, section.sheet, f"{column(typed.column)}{typed.row}", "cell_link")
        page.text(row, 2, section.label, "cell")
        page.put(row, 3, typed.size, "cell", "#,##0")
        page.put(row, 4, f"=COUNTIF({marks},1)", "cell", "#,##0")
        page.put(row, 5, f"=COUNTIF({marks},0)", "cell", "#,##0")
        page.put(row, 6, f"=C{row}-D{row}-E{row}", "cell", "#,##0")
        page.put(row, 7, f'=IF(D{row}=C{row},"PASS",IF(E{row}>0,"FAIL","open"))', "status")
    colour(page, f"G{first}:G{last}", f"G{first}")
    page.widths.update(enumerate((26, 34, 10, 10, 10, 10, 14), 1))
    page.freeze = "A7"
    return rows
