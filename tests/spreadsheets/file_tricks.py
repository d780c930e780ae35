"""Tricks that no spreadsheet program does: on the file itself, and another file in its place."""

from __future__ import annotations

import re
from pathlib import Path

from learner import chain, leaf
from pages import handed_in
from tricks import BLANK, TRICKS, cell_becomes, rewritten, trick

from saitama.spreadsheets import export, worksheet


# --- the file ---------------------------------------------------------------------------------------------------------
@trick
def twice_the_right_one_first(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><v>-6</v></c><c r="{BLANK}"><v>6</v></c>')


@trick
def twice_the_right_one_last(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><v>6</v></c><c r="{BLANK}"><v>-6</v></c>')


@trick
def in_small_letters(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><v>6</v></c><c r="{BLANK.lower()}"><v>-6</v></c>')


@trick
def two_values(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><v>6</v><v>-6</v></c>')


@trick
def a_value_and_a_text(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}" t="inlineStr"><v>-6</v><is><t>-6</t></is></c>')


@trick
def a_text_in_the_place_of_a_number(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}" t="str"><v>-6</v></c>')


@trick
def a_truth_value(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}" t="b"><v>-6</v></c>')


@trick
def an_error(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}" t="e"><v>-6</v></c>')


@trick
def in_digits_of_another_script(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><v>-\N{ARABIC-INDIC DIGIT SIX}</v></c>')


@trick
def an_anonymous_cell(path: Path) -> None:
    cell_becomes(path, f'<c r="{BLANK}"><v>6</v></c><c><v>-6</v></c>')


@trick
def the_row_twice(path: Path) -> None:
    row = f'<row r="9"><c r="{BLANK}"><v>-6</v></c></row></sheetData>'
    rewritten(path, "xl/worksheets/sheet1.xml", lambda text: text.replace("</sheetData>", row))


@trick
def two_lists_of_cells(path: Path) -> None:
    more = f'</sheetData><sheetData><row r="9"><c r="{BLANK}"><v>-6</v></c></row></sheetData>'
    rewritten(path, "xl/worksheets/sheet1.xml", lambda text: text.replace("</sheetData>", more))


@trick
def two_sheets_of_one_name(path: Path) -> None:
    def twice(text: str) -> str:
        return re.sub(r'(<sheet\b[^>]*?name=")Exported(")', r"\1Page\2", text)

    rewritten(path, "xl/workbook.xml", twice)


@trick
def sheets_exchanged(path: Path) -> None:
    def exchanged(text: str) -> str:
        return (
            text.replace('name="Page"', 'name="?"')
            .replace('name="Exported"', 'name="Page"')
            .replace('"?"', '"Exported"')
        )

    rewritten(path, "xl/workbook.xml", exchanged)


# --- another file altogether ------------------------------------------------------------------------------------------
@trick
def an_easier_exercise(path: Path) -> None:
    a, b, c = leaf(-2.0), leaf(-3.0), leaf(10.0)
    d = a * b
    e = d + c
    L = e**2
    handed_in((L, {"a": a, "b": b, "c": c, "d": d, "e": e, "L": L}), path, {}, overwrite=True)


@trick
def an_export(path: Path) -> None:
    root, names = chain()
    export(root, path, names=names, overwrite=True)


@trick
def the_other_layout(path: Path) -> None:
    root, names = chain()
    worksheet(root, path, names=names, layout="sheets", overwrite=True)


__all__ = ["TRICKS"]
