"""Reasons in steps that a sheet does not show."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

from openpyxl import Workbook

from saitama.spreadsheets import HandSheet
from saitama.spreadsheets.judge.between import Before
from saitama.spreadsheets.judge.reasons import BANK
from saitama.spreadsheets.judge.reasons.case import MOST_READ


def squares(path: Path, wrong: float) -> HandSheet:
    """Σ x² of 200 numbers in one cell, wrong by so much."""
    book = Workbook()
    numbers = [(n % 17 - 8) / 8 for n in range(200)]
    for n, number in enumerate(numbers):
        book.worksheets[0].cell(1 + n, 1, number)
    book.worksheets[0]["C1"] = sum(x * x for x in numbers) + wrong
    book.save(path)
    sheet = HandSheet(path)
    x = sheet.tensor("A1:A200", "x", requires_grad=True)
    sheet.check("C1", (x * x).sum())
    return sheet


def test_a_sum_of_many_hidden_products_is_looked_into_for_a_bounded_time(tmp_path: Path, monkeypatch: Any) -> None:
    read: List[int] = []
    fits = Before.fits

    def counted(self: Before, cell: Any) -> bool:
        read.append(self.read_by_a_way())
        return fits(self, cell)

    monkeypatch.setattr(Before, "fits", counted)
    found = squares(tmp_path / "mine.xlsx", 0.3712).report()
    assert [one.cause for one in found.differences] == ["own"] and found.differences[0].reason is None, str(found)
    assert len(BANK) * 100 < sum(read) <= 2 * len(BANK) * MOST_READ


def test_a_slip_in_a_hidden_step_of_many_numbers_has_its_reason(tmp_path: Path) -> None:
    doubled = sum(2 * (n % 17 - 8) / 8 - ((n % 17 - 8) / 8) ** 2 for n in range(200))
    found = squares(tmp_path / "mine.xlsx", doubled).report()  # x + x for x · x
    assert found.differences[0].reason is not None and "wrong-operation" in (
        found.differences[0].reason.slug,
        *found.differences[0].reason.others,
    ), str(found)
