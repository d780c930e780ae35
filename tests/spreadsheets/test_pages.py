"""Several pages in one workbook."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from saitama import Tensor
from saitama.cli import main
from saitama.spreadsheets import PageOf, WorkbookError, open_workbook, pages, verify
from saitama.spreadsheets.pages import one_page


def two() -> List[PageOf]:
    a, b = Tensor([1.5, -2.0], name="a"), Tensor([0.5, 4.0], name="b")
    s, d = a + b, a - b
    x = Tensor([1.0, 2.0], name="x", requires_grad=True)
    L = (x * x).sum()
    first = PageOf(
        "sums", [s, d], {"s": s, "d": d}, title="Sums", task="Find both.", questions=("Why?",), hints=("Add.",)
    )
    return [first, PageOf("squares", L, {"L": L}, title="Squares", hints=("Multiply.", "Add up."))]


def test_each_page_is_judged_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "two.xlsx"
    written = pages(two(), path, heading="Two tasks", about=["A line."], questions=["What for?"], learner="Ada", seed=7)
    assert written.sheets[:3] == ("Tasks", "sums", "squares")
    with pytest.raises(WorkbookError, match="2 pages: choose one: sums, squares"):
        verify(path)
    with pytest.raises(WorkbookError, match="no page 'other'"):
        verify(path, page="other")
    assert verify(path, page="sums").kinds == {"blanks": 4}
    book = load_workbook(path)
    sheet = book["sums"]
    rows = [row for row in range(1, sheet.max_row + 1) if sheet.cell(row, 2).value in ("s = a + b", "d = a − b")]
    cells = [c for row in rows for c in sheet[row + 1] if c.value is None and not c.protection.locked and c.has_style]
    for cell, value in zip(cells, (2.0, 2.0, 1.0, 6.0)):
        cell.value = value
    book.save(path)
    result = verify(path, page="sums")
    assert result.story is not None and [slip.name for slip in result.story.slips] == ["d"]
    original = one_page(two()[0], tmp_path / "original.xlsx", learner="Ada", seed=7)
    assert verify(path, original=original, page="sums").story == result.story
    opened = open_workbook(path)
    path.rename(tmp_path / "moved.xlsx")  # an open workbook is not read again
    assert verify(opened, page="sums").story == result.story
    assert verify(opened, original=open_workbook(original), page="sums").story == result.story
    assert verify(opened, page="squares").story is not None
    (tmp_path / "moved.xlsx").rename(path)
    with pytest.raises(FileExistsError, match="4 blanks filled in"):
        pages(two(), path, heading="Two tasks")


def test_hints_unfold_and_the_list_links_to_the_pages(tmp_path: Path) -> None:
    path = tmp_path / "two.xlsx"
    pages(two(), path, heading="Two tasks")
    tasks = load_workbook(path)["Tasks"]
    assert not tasks.protection.sheet
    folded = {row: tasks.cell(row, 2).value for row, how in tasks.row_dimensions.items() if how.hidden}
    assert list(folded.values()) == ["Add.", "Multiply.", "Add up."]
    assert all(tasks.row_dimensions[row].outlineLevel == 1 for row in folded)
    links = [cell.hyperlink.location for row in tasks.iter_rows() for cell in row if cell.hyperlink]
    assert links == ["'sums'!A1", "'squares'!A1"]


@pytest.mark.parametrize("tasks, ends", [(9, 0), (24, 1)])
def test_the_list_fits_a_sheet_of_paper_or_the_questions_have_one_of_their_own(
    tasks: int, ends: int, tmp_path: Path
) -> None:
    a = Tensor([1.5, -2.0], name="a")
    many = [PageOf(f"t{n}", a + n, title=f"Task {n}", hints=("One.", "Two.")) for n in range(1, tasks + 1)]
    path = tmp_path / "many.xlsx"
    pages(many, path, heading="Many tasks", about=["A line."], questions=["Why is that so?"] * 3)
    sheet = load_workbook(path)["Tasks"]
    breaks = [stop.id for stop in sheet.row_breaks.brk]
    assert len(breaks) == ends
    assert all(sheet.cell(row + 1, 1).value == "open questions" for row in breaks)
    used = sum(
        sheet.row_dimensions[r].height for r in range(1, sheet.max_row + 1) if not sheet.row_dimensions[r].hidden
    )
    room = 297 / 25.4 * 72 - 72 * (sheet.page_margins.top + sheet.page_margins.bottom)
    assert used * sheet.page_setup.scale / 100 <= room * (ends + 1)


def test_titles_that_cannot_be(tmp_path: Path) -> None:
    first, second = two()
    for wrong in ("Graph", "exported 3", "Tasks"):
        with pytest.raises(ValueError, match="saitama has one of that name"):
            pages([PageOf(wrong, first.root)], tmp_path / "x.xlsx", heading="")
    with pytest.raises(ValueError, match="its own sheet title"):
        pages([first, first], tmp_path / "x.xlsx", heading="")
    with pytest.raises(ValueError, match="at least one page"):
        pages([], tmp_path / "x.xlsx", heading="")


def test_the_command_judges_each_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "two.xlsx"
    pages(two(), path, heading="Two tasks")
    assert main(["verify", str(path)]) == 1
    out = capsys.readouterr().out
    assert "sums:" in out and "squares:" in out
    assert main(["verify", str(path), "--page", "squares"]) == 1
    assert "sums:" not in capsys.readouterr().out


def test_the_steps_stand_in_the_order_in_which_they_were_computed(tmp_path: Path) -> None:
    a, b = Tensor([1.5, -2.0], name="a"), Tensor([0.5, 4.0], name="b")
    first = a + b
    second = a * b
    third = first - second
    written = one_page(PageOf("order", [second, third, first], locals()), tmp_path / "o.xlsx")
    rows = [written.cells[name].split("!")[1] for name in ("first", "second", "third")]
    numbers = [int("".join(ch for ch in cell.split(":")[0] if ch.isdigit())) for cell in rows]
    assert numbers == sorted(numbers)


def test_the_original_may_have_several_pages_too(tmp_path: Path) -> None:
    original, mine = tmp_path / "original.xlsx", tmp_path / "mine.xlsx"
    for path in (original, mine):
        pages(two(), path, heading="Two tasks")
    for title in ("sums", "squares"):
        found = verify(mine, original=original, page=title)
        assert found.story is not None and found.story.empty == found.story.blanks and not found.trusted
    with pytest.raises(WorkbookError, match="choose one"):
        verify(mine, original=original)


def test_a_name_ends_on_the_page(tmp_path: Path) -> None:
    """What is hidden beside a page would cut it off."""
    x = Tensor(2.0, name="x")
    y = x * 3
    for learner in ("", "Ada", "Ada Lovelace", "Augusta Ada King-Noel"):
        path = tmp_path / f"{len(learner)}.xlsx"
        pages([PageOf("one", y, {"y": y})], path, heading="One task", learner=learner, overwrite=True)
        sheet = load_workbook(path)["one"]
        (at,) = [cell.column + 1 for cell in sheet[2] if cell.value == "name"]
        columns = [sheet.column_dimensions[get_column_letter(n)] for n in range(at, sheet.max_column + 1)]
        shown = str(sheet.cell(2, at).value)
        assert sum(column.width for column in columns if not column.hidden) >= len(shown), shown
