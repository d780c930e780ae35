"""Hyper-parameters, inputs and states that are changed in a workbook are followed."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import openpyxl
import pytest
from optimisers import Training, input_cell, numbers, places, recalculate_in_place, values

from saitama.spreadsheets import WorkbookError, recalculate, verify


@pytest.mark.parametrize(
    "name, changes",
    [
        ("SGD momentum", {"lr": 0.5, "momentum": 0.25}),
        ("SGD dampening", {"momentum": 0}),
        ("SGD nesterov", {"nesterov": 0}),
        ("Momentum all", {"momentum": 0.5, "dampening": 0}),
        ("Adam uncorrected", {"lr": 0.5, "beta1": 0.25, "beta2": 0.5}),
        ("Adam", {"lr": 0.5, "beta1": 0.5, "beta2": 0.25, "eps": 0.01, "weight_decay": 0.125}),
        ("RMSprop both", {"centered": 0, "momentum": 0, "alpha": 0.5}),
    ],
)
def test_other_hyper_parameters_are_followed(name: str, changes: Dict[str, float], tmp_path: Path) -> None:
    training = Training(name)
    made = training.export(tmp_path / "a.xlsx")
    workbook = openpyxl.load_workbook(made.path)
    for caption, value in changes.items():
        input_cell(workbook, caption).value = value
    workbook.save(made.path)
    found = recalculate(made, engine="ironcalc", output=made.path)
    assert str(found["Check!A3"]).startswith(f"{len(changes)} input cell(s) changed")
    result = verify(made)
    assert result.differences == [] and result.not_checked == []
    betas = {key: changes[key] for key in ("beta1", "beta2") if key in changes}
    options = {key: value for key, value in changes.items() if key not in betas}
    training.optimizer.param_groups[0].update(options, **({"betas": tuple(betas.values())} if betas else {}))
    training.step()
    weight = training.model.state_dict()["0.weight"]
    assert values(made, places(made, "0.weight")["p"]) == pytest.approx(numbers(weight), rel=1e-9)


def test_other_inputs_and_another_state_are_followed(tmp_path: Path) -> None:
    made = Training("Adam").export(tmp_path / "a.xlsx")
    before = values(recalculate_in_place(made), places(made, "0.weight")["p"])
    workbook = openpyxl.load_workbook(made.path)
    headings = {str(cell.value).split("    ")[0]: cell.row for cell in workbook["Inputs"]["A"] if cell.value}
    workbook["Inputs"].cell(headings["t of 0.weight"] + 3, 2).value = 7
    workbook["Inputs"].cell(headings["x"] + 4, 2).value = 2.5
    workbook.save(made.path)
    after = values(recalculate_in_place(made), places(made, "0.weight")["p"])
    assert all(a != b for a, b in zip(before, after))
    assert verify(made).ok


def test_impossible_hyper_parameters_are_refused_by_name(tmp_path: Path) -> None:
    made = Training("Adam").export(tmp_path / "a.xlsx")
    workbook = openpyxl.load_workbook(made.path)
    input_cell(workbook, "beta1").value = 1.5
    workbook.save(made.path)
    with pytest.raises(WorkbookError, match=r"beta1 must be a number in \[0, 1\), got 1.5"):
        verify(made)
