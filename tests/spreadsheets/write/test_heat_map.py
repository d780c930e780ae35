"""Attention weights as coloured tables."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from saitama import Tensor, randn, zeros
from saitama.attention import MultiHeadAttention
from saitama.spreadsheets import heat_map


def test_every_head_has_a_table_of_exact_weights(tmp_path: Path) -> None:
    tokens = ["=1+1", "the", "end"]  # a token may look like a formula
    _, weights = MultiHeadAttention(4, 2)(randn(3, 4), is_causal=True, return_weights=True)
    path = heat_map(weights, tmp_path / "attention.xlsx", queries=tokens)
    sheet = openpyxl.load_workbook(path)["Attention"]
    for head, top in enumerate((4, 10)):
        assert sheet.cell(top, 1).value == f"head {head}"
        assert [sheet.cell(top, column).value for column in (2, 3, 4)] == tokens
        assert [sheet.cell(row, 1).value for row in range(top + 1, top + 4)] == tokens
        assert sheet.cell(top, 2).data_type == "s"
        found = [[sheet.cell(top + 1 + t, 2 + s).value for s in range(3)] for t in range(3)]
        assert found == weights[head].tolist()
    ranges = [str(each.sqref) for each in sheet.conditional_formatting]
    assert ranges == ["B5:D7", "B11:D13"]
    (rule,) = next(iter(sheet.conditional_formatting)).rules
    assert rule.type == "colorScale"


def test_one_table(tmp_path: Path) -> None:
    path = heat_map(Tensor([[0.25, 0.75]]), tmp_path / "one.xlsx", keys=["a", "b"])
    sheet = openpyxl.load_workbook(path).active
    assert [[cell.value for cell in row] for row in sheet["A4:C5"]] == [[None, "a", "b"], ["0", 0.25, 0.75]]


def test_blanks_and_control_characters_can_be_seen(tmp_path: Path) -> None:
    path = heat_map(zeros(1, 4), tmp_path / "one.xlsx", keys=[" ", "\n", "\x00", "\ud800"])
    sheet = openpyxl.load_workbook(path).active
    assert [cell.value for cell in sheet[4][1:]] == ["' '", r"'\n'", r"'\x00'", r"'\ud800'"]
    path = heat_map(zeros(2, 3, 1, 1), tmp_path / "many.xlsx")
    assert openpyxl.load_workbook(path).active["A24"].value == "batch 1, head 2"
    path = heat_map(zeros(1, 1, 2, 1, 1), tmp_path / "more.xlsx")
    assert openpyxl.load_workbook(path).active["A8"].value == "[b=0, h=0, c=1]"


def test_numbers_that_are_none(tmp_path: Path) -> None:
    path = heat_map(Tensor([[float("nan"), float("inf")]]), tmp_path / "nan.xlsx")
    sheet = openpyxl.load_workbook(path).active
    assert [sheet["B5"].value, sheet["C5"].value] == ["nan", "inf"]


def test_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "bad.xlsx"
    with pytest.raises(ValueError, match=r"heat_map: 'a.txt' is not an .xlsx name"):
        heat_map(zeros(2, 2), "a.txt")
    with pytest.raises(ValueError, match=r"expected weights of shape \(..., queries, keys\), got \(2,\)"):
        heat_map(zeros(2), path)
    with pytest.raises(ValueError, match=r"got \(0, 2\)"):
        heat_map(zeros(0, 2), path)
    with pytest.raises(ValueError, match="heat_map: 3 labels for 2 queries; give one for each"):
        heat_map(zeros(2, 2), path, queries=["a", "b", "c"])
    with pytest.raises(ValueError, match="are too many for a sheet; choose fewer heads"):
        heat_map(zeros(1001, 1000), path)
    with pytest.raises(TypeError, match="heat_map: expected a Tensor of numbers, got bool"):
        heat_map(zeros(2, 2) == 0, path)
    assert not path.exists()
