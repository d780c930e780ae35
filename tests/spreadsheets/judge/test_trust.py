"""What is handed in is judged, never believed: with the original, no edit of a file (tricks.py) turns a wrong answer
into a right one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, Tuple

import openpyxl
import pytest
from file_tricks import TRICKS
from learner import chain
from pages import blanks, handed_in
from tricks import BLANK

from saitama import Tensor
from saitama.spreadsheets import WorkbookError, export, verify, worksheet
from saitama.spreadsheets.graph.keys import Value
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook


@pytest.fixture(scope="module", params=["own", "true"])
def files(request: Any, tmp_path_factory: Any) -> Tuple[Path, Path]:
    """The exercise, and what was handed in."""
    folder, (root, names) = tmp_path_factory.mktemp("files"), chain()
    worksheet(root, folder / "original.xlsx", names=names, marks=request.param)
    handed_in((root, names), folder / "mine.xlsx", {"d": 6}, marks=request.param)
    (place,) = blanks(folder / "original.xlsx")["d"].values()
    assert place == ("Page", 9, 8)
    return folder / "original.xlsx", folder / "mine.xlsx"


@pytest.mark.parametrize("name", TRICKS)
def test_no_trick_turns_a_wrong_answer_into_a_right_one(name: str, files: Any, tmp_path: Path) -> None:
    original, path = files[0], tmp_path / "mine.xlsx"
    shutil.copy(files[1], path)
    TRICKS[name](path)
    try:
        result = verify(path, original=original)
    except WorkbookError as error:
        assert "\n" not in str(error)
        return
    assert not result.ok
    (difference,) = [one for one in result.differences if one.cell == BLANK]
    assert difference.cause == "own" or difference.kind in ("blank", "not calculated"), difference
    assert result.story is not None and result.story.blanks == 8
    assert not result.trusted


def test_there_are_enough_tricks_and_an_honest_file_is_right(tmp_path: Path) -> None:
    assert len(TRICKS) >= 25
    root, names = chain()
    worksheet(root, tmp_path / "original.xlsx", names=names)
    handed_in(chain(), tmp_path / "mine.xlsx", {})
    assert verify(tmp_path / "mine.xlsx", original=tmp_path / "original.xlsx").ok
    wrong = handed_in(chain(), tmp_path / "wrong.xlsx", {"d": 6})
    assert [one.cause for one in verify(wrong, original=tmp_path / "original.xlsx").differences][:2] == [
        "own",
        "carried",
    ]


def test_a_formula_of_ones_own_counts_by_what_it_gives(tmp_path: Path) -> None:
    root, names = chain()
    original = tmp_path / "original.xlsx"
    worksheet(root, original, names=names)
    path = handed_in(chain(), tmp_path / "mine.xlsx", {})
    for formula, is_right in (("=D9*F9", True), ("=2*-3", True), ("=-D9*F9", False), ("=D9+F9", False)):
        workbook = openpyxl.load_workbook(path)
        workbook["Page"][BLANK] = formula
        workbook.save(path)
        assert verify(path, original=original).ok == is_right, formula


def test_without_the_original_verify_says_what_it_believes(tmp_path: Path) -> None:
    path = handed_in(chain(), tmp_path / "mine.xlsx", {})
    result = verify(path)
    digest = re.search(r"sheet (\w{6})", str(openpyxl.load_workbook(path)["Page"]["A2"].value))
    assert digest is not None and result.trusted == digest.group(1)
    assert f"judged by the graph that the workbook itself carries: sheet {digest.group(1)}" in result.explain()


def test_the_original_must_be_an_exercise(tmp_path: Path) -> None:
    root, names = chain()
    path = handed_in(chain(), tmp_path / "mine.xlsx", {})
    export(root, tmp_path / "export.xlsx", names=names)
    with pytest.raises(WorkbookError, match="has no blanks: give the exercise as it was handed out"):
        verify(path, original=tmp_path / "export.xlsx")
    with pytest.raises(WorkbookError, match="the sheet 'Page' of the exercise .* is missing"):
        verify(tmp_path / "export.xlsx", original=path)


# --- a sheet an operation ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["key", "key and graph", "Check", "formula of the key", "formula of Check", "title"])
def test_no_trick_works_on_a_sheet_an_operation(how: str, tmp_path: Path) -> None:
    root, names = chain()
    original, path = tmp_path / "original.xlsx", tmp_path / "mine.xlsx"
    worksheet(root, original, names=names, layout="sheets")
    carried = read_graph(open_workbook(original))
    (places,) = [places for key, places in carried.places.items() if key.item.name == "d" and isinstance(key, Value)]
    (typed,), (key,) = (list(block.cells()) for block in (places.typed, places.live))  # type: ignore[union-attr]
    workbook = openpyxl.load_workbook(original)
    sheet = workbook[places.sheet]
    blank, answer = sheet.cell(*typed[1:]), sheet.cell(*key[1:])
    blank.value = 6
    if how.startswith("key"):
        answer.value = 6
    if how == "key and graph":
        graph = workbook["Graph"]["A2"]
        graph.value = graph.value.replace('"Mul"', '"Sub"')
    if how == "Check":
        workbook["Check"]["A3"] = "PASS: 8 of 8 right, 0 wrong, 0 empty"
    if how == "formula of the key":
        blank.value = f"={answer.coordinate}"
    if how == "formula of Check":
        workbook["Check"]["Z1"], blank.value = -6, "=Check!Z1"
    if how == "title":
        sheet.title = "9 d"
    workbook.save(path)
    try:
        result = verify(path, original=original)
    except WorkbookError:
        assert how == "title"
        return
    (difference,) = [one for one in result.differences if one.kind != "blank"]
    assert (difference.cell, difference.cause) == (blank.coordinate, "own")
    assert ("formula" in how) == (difference.reason is not None and difference.reason.slug == "from-the-key")


def test_the_file_of_another_exercise_is_told(tmp_path: Path) -> None:
    """It is judged by the original all the same."""
    x = Tensor([1.0, 2.0], name="x")
    first, second = tmp_path / "first.xlsx", tmp_path / "second.xlsx"
    worksheet(x * 2, first)
    worksheet(x + 3, second)
    assert "another exercise" in str(verify(second, original=first))
    assert "another exercise" not in str(verify(first, original=first))
