"""A worksheet that was filled in: what is no number, what is taken from the key, formulas of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from learner import chain, layer
from pages import blanks, handed_in, type_in

from saitama.spreadsheets import verify

D = ("d", ())


def only(path: Path) -> Any:
    """The only slip."""
    (difference,) = [one for one in verify(path).differences if one.cause != "carried"]
    return difference


@pytest.mark.parametrize(
    ("typed", "kind", "advice"),
    [
        ("-6,0", "text", "-6.0"),
        ("−6", "text", "type -6"),
        ("1/2", "text", "type =1/2, or 0.5"),
        ("50 %", "text", ""),
        (True, "boolean", "type a number"),
        ("minus six", "text", ""),
    ],
)
def test_not_a_number(typed: Any, kind: str, advice: str, tmp_path: Path) -> None:
    difference = only(type_in(handed_in(chain(), tmp_path / "w.xlsx", {}), {D: typed}))
    assert (difference.kind, difference.cause, difference.reason.slug) == (kind, "own", "not-a-number")
    assert advice in difference.reason.sentence and difference.reason.sentence


def test_what_follows_a_text_is_judged_by_what_should_stand_there(tmp_path: Path) -> None:
    path = type_in(handed_in(chain(), tmp_path / "w.xlsx", {}), {D: "−6", ("e", ()): 5})
    found = {one.what.split(" ")[0]: one.cause for one in verify(path).differences}
    assert found["d"] == found["e"] == "own"


def test_from_the_key(tmp_path: Path) -> None:
    path = handed_in(chain(), tmp_path / "w.xlsx", {}, marks="true")
    difference = only(type_in(path, {D: "=S9"}))
    assert (difference.kind, difference.reason.slug) == ("formula", "from-the-key")
    assert difference.reason.sentence == "it reads Page!S9, the key: work the number out and type it"
    assert verify(type_in(path, {D: "=D9*F9"})).ok


def test_a_mark_is_no_key(tmp_path: Path) -> None:
    path = handed_in(chain(), tmp_path / "w.xlsx", {})
    assert only(type_in(path, {D: '=IF(I9="✓",-6,6)'})).cause == "own"  # a circle, which gives nothing


@pytest.mark.parametrize(
    ("formula", "cause", "slug"),
    [
        ("=D9*F9", None, None),
        ("=-D9*F9", "own", "sign"),
        ("=D9+F9", "own", "wrong-operation"),
        ("=PRODUCT(D9,F9)", None, None),
    ],
)
def test_a_formula_counts_by_what_it_gives(formula: str, cause: Any, slug: Any, tmp_path: Path) -> None:
    path = type_in(handed_in(chain(), tmp_path / "w.xlsx", {}), {D: formula})
    found = [one for one in verify(path).differences if one.what.startswith("d =")]
    assert [one.cause for one in found] == ([cause] if cause else [])
    assert not slug or found[0].reason is not None and found[0].reason.slug == slug


def test_a_formula_over_ones_own_cells(tmp_path: Path) -> None:
    """Every step by a formula, down to the loss: the numbers follow to the last digit."""
    path = handed_in(layer(), tmp_path / "w.xlsx", {}, None)
    there = blanks(path)
    workbook = openpyxl.load_workbook(path)
    page = workbook["Page"]
    letter = openpyxl.utils.get_column_letter
    cell = {key: {i: f"{letter(c)}{r}" for i, (_, r, c) in cells.items()} for key, cells in there.items()}
    for index, (_, row, column) in there["h"].items():
        page.cell(row, column).value = f"=TANH({cell['net'][index]})"
    for index, (_, row, column) in there["q"].items():
        page.cell(row, column).value = f"={cell['e'][index]}^2"
    ((_, row, column),) = there["L"].values()
    page.cell(row, column).value = f"=AVERAGE({cell['q'][0, 0]}:{cell['q'][1, 1]})"
    workbook.save(path)
    assert verify(path).ok
    page.cell(row, column).value = f"=SUM({cell['q'][0, 0]}:{cell['q'][1, 1]})"
    workbook.save(path)
    assert only(path).reason.slug == "sum-for-mean"


def test_reasons_are_of_a_step_and_not_of_what_was_carried(tmp_path: Path) -> None:
    differences = verify(handed_in(chain(), tmp_path / "w.xlsx", {"d": 6})).differences
    assert [bool(one.reason) for one in differences] == [True] + [False] * 7
    assert [one.cause for one in differences] == ["own"] + ["carried"] * 7
