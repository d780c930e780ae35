from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from saitama.spreadsheets.address import (
    MAX_COLUMN,
    MAX_ROW,
    Area,
    cell_name,
    column_letters,
    column_number,
    parse_address,
    quote_title,
)

titles = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="[]:*?/\\"), min_size=1, max_size=31
).filter(lambda title: title == title.strip() and not title.startswith("'") and not title.endswith("'"))
rows = st.integers(1, MAX_ROW)
columns = st.integers(1, MAX_COLUMN)


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("Sheet1!B2:D4", Area("Sheet1", 2, 2, 4, 4)),
        ("'My sheet'!$B$2", Area("My sheet", 2, 2, 2, 2)),
        ("My sheet!b2", Area("My sheet", 2, 2, 2, 2)),
        ("'It''s'!A1", Area("It's", 1, 1, 1, 1)),
        ("'a!b'!A1", Area("a!b", 1, 1, 1, 1)),
        ("C3", Area(None, 3, 3, 3, 3)),
        (" D4:$B$2 ", Area(None, 2, 2, 4, 4)),
        ("A1:XFD1048576", Area(None, 1, 1, 1048576, 16384)),
    ],
)
def test_parse(text, block):
    assert parse_address(text) == block


@pytest.mark.parametrize(
    "text",
    [
        "",
        "B",
        "2",
        "A:A",
        "1:1",
        "B2:",
        ":B2",
        "B2:C",
        "Sheet1!",
        "A0",
        "XFE1",
        "A1048577",
        "B2:C3:D4",
        "A1,B2",
        "R1C1",
    ],
)
def test_not_an_address(text):
    with pytest.raises(ValueError, match=r"is not an address of cells|outside a sheet") as caught:
        parse_address(text)
    assert repr(text) in str(caught.value)


def test_no_sheet_before_the_mark():
    with pytest.raises(ValueError, match="names no sheet"):
        parse_address("!B2")


def test_not_a_text():
    with pytest.raises(TypeError, match="Sheet1!B2:D4"):
        parse_address(3)


@given(st.one_of(st.none(), titles), rows, columns, rows, columns)
def test_round_trip(sheet, top, left, bottom, right):
    block = Area(sheet, min(top, bottom), min(left, right), max(top, bottom), max(left, right))
    assert parse_address(str(block)) == block


@given(columns)
def test_columns(column):
    assert column_letters(column) == get_column_letter(column)
    assert column_number(column_letters(column)) == column
    assert column_number(column_letters(column).lower()) == column


@pytest.mark.parametrize("letters", ["", "AAAA", "A1", "\u00c4", "-"])
def test_not_a_column(letters):
    assert column_number(letters) == 0


@pytest.mark.parametrize(
    ("title", "quoted"),
    [
        ("Inputs", "Inputs"),
        ("h_1.weight", "h_1.weight"),
        ("My sheet", "'My sheet'"),
        ("It's", "'It''s'"),
        ("W1", "'W1'"),
        ("RC", "'RC'"),
        ("1st", "'1st'"),
        ("TRUE", "'TRUE'"),
    ],
)
def test_quoting(title, quoted):
    assert quote_title(title) == quoted


def test_cells_come_row_by_row():
    block = parse_address("B2:C3")
    assert [cell_name(*position) for position in block.cells()] == ["B2", "C2", "B3", "C3"]
    assert block.shape == (2, 2)
