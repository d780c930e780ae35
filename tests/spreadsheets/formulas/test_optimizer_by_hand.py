"""An optimiser's step as a page to work on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import openpyxl
import pytest
from optimisers import Training, places

from saitama.spreadsheets import load, recalculate, verify, worksheet


def test_a_step_is_filled_in_by_hand(tmp_path: Path) -> None:
    training = Training("Adam")
    path = tmp_path / "w.xlsx"
    worksheet(
        training.loss(), path, names=training.model, optimizer=training.optimizer, blanks="update", layout="sheets"
    )
    blocks = [block for name in ("0.weight", "0.bias") for block in places(path, name).values()]
    assert len(blocks) == 16 and all(block.typed is not None for block in blocks)  # g t m v m̂ v̂ s p
    n = sum(block.live.size for block in blocks)
    assert recalculate(path, engine="ironcalc")["Check!A3"] == f"0 of {n} right, 0 wrong, {n} empty"
    assert {one.kind for one in verify(path).differences} == {"blank"}
    key = recalculate(path, engine="ironcalc")
    workbook = openpyxl.load_workbook(path)
    for block in blocks:
        for index, row, col in block.typed.cells():
            true = key.values[block.sheet][block.live.address(index)]
            workbook[block.sheet].cell(row, col).value = float(f"{true:.3g}")
    workbook.save(path)
    found = recalculate(path, engine="ironcalc", output=path)
    assert found["Check!A3"] == f"PASS: {n} of {n} right, 0 wrong, 0 empty"
    assert verify(path).ok
    block = places(path, "0.weight")["v̂"]
    workbook[block.sheet].cell(block.typed.row, block.typed.column).value = 0.5
    workbook.save(path)
    recalculate(path, engine="ironcalc", output=path)
    (difference,) = verify(path).differences
    assert (difference.kind, difference.what) == ("wrong", "0.weight: v̂[0, 0] = v / (1 − beta2ᵗ)")


def test_blanks_are_chosen_by_name_and_a_blank_gradient_is_not_given_away(tmp_path: Path) -> None:
    training = Training("SGD")
    path = tmp_path / "w.xlsx"
    how: Dict[str, Any] = {"names": training.model, "optimizer": training.optimizer}
    worksheet(training.loss(), path, **how, blanks=["update 0.bias", "0.weight"], layout="sheets")
    assert {block.typed is not None for block in places(path, "0.bias").values()} == {True}
    assert {block.typed is not None for block in places(path, "0.weight").values()} == {False}
    found = recalculate(path, engine="ironcalc").values["update 0.weight"]
    sheet = openpyxl.load_workbook(path)["update 0.weight"]
    (caption,) = [cell for cell in sheet["B"] if str(cell.value).startswith("g = d")]
    assert [found.get(f"{col}{caption.row + 2}") for col in "BC"] == ["", ""]
    with pytest.raises(ValueError, match="'update'"):
        worksheet(training.loss(), path, blanks=["update"], layout="sheets")


def test_a_page_by_hand_does_not_count_steps_for_nothing(tmp_path: Path) -> None:
    training = Training("Adam uncorrected")
    made = worksheet(training.loss(), tmp_path / "w.xlsx", names=training.model, optimizer=training.optimizer)
    steps = [one.what for one in verify(made).differences]
    assert any(" s[" in what for what in steps)
    assert not [what for what in steps if what.split()[-1] in ("t", "m̂[0]", "v̂[0]")]
    assert load(made, optimizer=True).optimizer.state_dict()["state"][0]["step"] == 3  # type: ignore[union-attr]
