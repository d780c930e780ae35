"""Rounding to 16 bits as a page to work on."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import pytest
from openpyxl import load_workbook

from saitama import Tensor
from saitama.autograd.function import apply
from saitama.spreadsheets import verify, worksheet


def typed(path: Path, numbers: Sequence[float]) -> None:
    """Fill the blanks in, in the order of the work."""
    book = load_workbook(path)
    sheet = book["Page"]
    blanks = [c for row in sheet.iter_rows(min_row=4) for c in row if not c.protection.locked and c.value is None]
    assert len(blanks) == len(numbers)
    for cell, number in zip(blanks, numbers):
        cell.value = number
    book.save(path)


@pytest.mark.parametrize(
    ("format", "x", "e", "n", "y"),
    [
        ("bfloat16", [37.625, -301.0, 43.125], [5, 8, 5], [150.5, 150.5, 172.5], [37.5, -300.0, 43.0]),
        ("float16", [2049.0, 2051.0, -3.0], [11, 11, 1], [1024.5, 1025.5, 1536.0], [2048.0, 2052.0, -3.0]),
    ],
)
def test_the_exponent_the_count_and_the_number(
    format: str, x: Sequence[float], e: Sequence[float], n: Sequence[float], y: Sequence[float], tmp_path: Path
) -> None:
    given = Tensor(list(x), name="x")
    assert apply("Round", (given,), format=format).tolist() == y
    path = tmp_path / "w.xlsx"
    worksheet(apply("Round", (given,), format=format), path, names={"x": given}, layout="page")
    typed(path, [*e, *n, *y])
    assert verify(path).ok
    worksheet(apply("Round", (given,), format=format), path, names={"x": given}, layout="page", overwrite=True)
    away = [number + (1.0 if number > 0 else -1.0) * (count % 1 == 0.5) for number, count in zip(y, n)]
    typed(path, [*e, *n, *away])
    story = verify(path).story
    assert story is not None and len(story.slips) == 1  # a number that was not rounded to the nearest, or to the even
