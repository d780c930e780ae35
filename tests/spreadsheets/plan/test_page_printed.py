"""A worksheet on one page as it prints: breaks between blocks, columns that are wide enough, few sheets of paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, List

import openpyxl
import pytest
from learner import GRAPHS, Graph, leaf
from pages import blanks

from saitama.spreadsheets import worksheet
from saitama.spreadsheets.plan.measure import INDENT, NUMBER_EDGE, column_pixels, pixels


def deep() -> Graph:
    """A chain that needs more than one page."""
    names: Dict[str, Any] = {"a": leaf(0.5), "b": leaf(-0.25)}
    x = names["a"]
    for n in range(12):
        x = names[f"x{n}"] = (x * names["b"] if n % 2 else x + names["b"]).tanh() if n % 3 else x * names["a"]
    return x, names


@pytest.mark.parametrize("name", [*GRAPHS, "deep"])
def test_a_page_prints(name: str, tmp_path: Path) -> None:
    root, names = (deep if name == "deep" else GRAPHS[name])()
    path = tmp_path / "w.xlsx"
    worksheet(root, path, names=names, seed=17, learner="Ada", title="Sheet 3", layout="page")
    sheet = openpyxl.load_workbook(path)["Page"]
    assert sheet["A1"].value == "Sheet 3"
    assert sheet.page_setup.paperSize == 9 or str(sheet.page_setup.paperSize) == "9"  # A4
    assert sheet.page_setup.orientation in ("portrait", "landscape")
    assert sheet.print_title_rows in ("$1:$1", "1:1")
    assert "Ada" in sheet.oddFooter.left.text and "&P" in sheet.oddFooter.center.text
    assert "numbers 17" in sheet.oddFooter.right.text and re.search(r"sheet [0-9a-f]{6}", sheet.oddFooter.right.text)
    assert sheet.freeze_panes == "A4" and sheet.protection.sheet
    ends = {stop.id for stop in sheet.row_breaks.brk}
    for cells in blanks(path).values():
        rows = [row for _, row, _ in cells.values()]
        assert not [end for end in ends if min(rows) <= end < max(rows)], "a block is cut"
    heights = [sheet.row_dimensions[row].height for row in range(1, max(last_rows(path)) + 1)]
    assert None not in heights  # else the program chooses them, and the pages end elsewhere
    paper = (210 if sheet.page_setup.orientation == "landscape" else 297) / 25.4 * 72
    room = (paper - 72 * (sheet.page_margins.top + sheet.page_margins.bottom)) / (sheet.page_setup.scale / 100)
    starts = [0, *sorted(ends), len(heights)]
    assert all(sum(heights[start:end]) <= room for start, end in zip(starts, starts[1:]))
    for _, row, column in (place for cells in blanks(path).values() for place in cells.values()):
        assert not sheet.cell(row, column).protection.locked
    assert ends if name == "deep" else True


def last_rows(path: Path) -> List[int]:
    return [row for cells in blanks(path).values() for _, row, _ in cells.values()]


def test_columns_are_wide_enough_for_numbers_and_names(tmp_path: Path) -> None:
    beta, weights, far = leaf(0.984375), leaf(-2.5), leaf(4e5)
    doubled = beta * weights
    large = far * far
    both = doubled * large
    names = {"beta": beta, "weights": weights, "far": far, "doubled": doubled, "large": large, "both": both}
    path = tmp_path / "w.xlsx"
    worksheet(both, path, names=names, solution=True)
    sheet = openpyxl.load_workbook(path)["Page"]
    for row in sheet.iter_rows(max_col=10):
        for cell in row:
            room = column_pixels(sheet.column_dimensions[cell.column_letter].width)
            if cell.value in names and cell.column > 2:
                assert pixels(str(cell.value)) + INDENT + 5 <= room, cell  # and stands apart from what is on its left
            if cell.value in (0.984375, 4e5):
                assert pixels(str(cell.value)) + NUMBER_EDGE <= room, cell
            if cell.value == 1.6e11:
                assert pixels("1.600E+11") + NUMBER_EDGE <= room, cell


def test_a_sheet_of_paper_is_saved_where_the_numbers_stay_legible(tmp_path: Path) -> None:
    x, dy = leaf([1.5, -2.0, 0.5, 3.0]), leaf([0.5, 1.0, -2.0, 2.5])
    y = x.relu()
    weighted = y * dy
    path = tmp_path / "w.xlsx"
    worksheet(weighted.sum(), path, names={"x": x, "dy": dy, "y": y, "weighted": weighted})
    sheet = openpyxl.load_workbook(path)["Page"]
    assert sheet.page_setup.orientation == "portrait" and not sheet.row_breaks.brk and sheet.page_setup.scale >= 58


@pytest.mark.parametrize(("steps", "sheets"), [(13, 1), (15, 1), (17, 2)])
def test_no_sheet_of_paper_for_the_last_few_rows(steps: int, sheets: int, tmp_path: Path) -> None:
    x = leaf(0.5)
    names: Dict[str, Any] = {"x": x}
    for n in range(steps):
        x = names[f"y{n}"] = x.tanh()
    worksheet(x, tmp_path / "w.xlsx", names=names, layout="page")
    sheet = openpyxl.load_workbook(tmp_path / "w.xlsx")["Page"]
    assert len(sheet.row_breaks.brk) + 1 == sheets
    assert (sheet.page_setup.scale < 95) == (steps == 15)  # a little smaller, where that is enough
