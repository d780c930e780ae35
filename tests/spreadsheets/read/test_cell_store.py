"""The cells of a sheet in little memory: what comes out is what was put in."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from saitama.spreadsheets.read.cell_store import CellStore
from saitama.spreadsheets.read.workbook import Cell, SharedFormula, Sheet

HELD = st.one_of(
    st.tuples(st.floats(allow_nan=False), st.just("number")),
    st.tuples(st.text(max_size=5), st.sampled_from(["text", "error"])),
    st.tuples(st.booleans(), st.just("boolean")),
    st.tuples(st.just(1.0), st.just("date")),  # equal to True, and not the same
    st.just((None, "not calculated")),
)
SOURCES = st.none() | st.text(max_size=9).map("={}".format) | st.just(SharedFormula("=A1", "B2"))
PLACES = st.tuples(st.integers(1, 40) | st.just(1_048_576), st.integers(1, 6) | st.just(16_384))


def stored(cells):
    store = CellStore()
    for (row, column), (value, kind, source, date) in cells.items():
        store.add(row, column, value, kind, source, date)
    store.finish()
    return store


@given(st.dictionaries(PLACES, st.tuples(HELD, SOURCES, st.sampled_from(["", "1 May"])), max_size=30), PLACES)
def test_every_cell_is_as_it_was_whatever_the_order(cells, other):
    expected = {
        place: Cell(value, kind, *place, source, date) for place, ((value, kind), source, date) in cells.items()
    }
    sheet = Sheet("Sheet", stored({place: (*held, *more) for place, (held, *more) in cells.items()}))
    assert dict(sheet) == expected and len(sheet) == len(expected) and list(sheet) == sorted(expected)
    assert list(sheet.items()) == sorted(expected.items())
    assert all(type(sheet[place].value) is type(cell.value) for place, cell in expected.items())
    assert (other in sheet) == (other in expected) and (other in expected or sheet[other].kind == "blank")


def test_places_outside_a_sheet_hold_nothing():
    sheet = Sheet("Sheet", stored({(1, 1): (2.0, "number", None, ""), (1, 16_384): (3.0, "number", None, "")}))
    for place in (1, 0), (0, 1), (1, 16_385), (-1, 1), (2, 1), (0, 16_385):
        assert sheet[place].kind == "blank" and place not in sheet
    assert "A1" not in sheet


def test_an_array_formula_is_that_of_the_cells_without_one():
    store = stored({(1, 1): (2.0, "number", "=A9", ""), (1, 2): (3.0, "number", None, "")})
    for place in (1, 1), (1, 2), (7, 7):
        store.set_source(place, "=B9")
    sheet = Sheet("Sheet", store)
    assert [cell.formula for cell in sheet.values()] == ["=A9", "=B9"]


def test_a_cell_takes_less_than_a_hundred_bytes_beside_its_formula():
    tracemalloc.start()
    formula = "=SUM(A1:B2)+1"
    store = stored(
        {(row, column): (1 / row, "number", formula, "") for row in range(1, 501) for column in range(1, 21)}
    )
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(store) == 10_000 and now / len(store) < 100
