"""Steps of earlier versions are read; one that was tampered with is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict

import openpyxl
import pytest
from optimisers import Training

from saitama.spreadsheets import WorkbookError, export, load, recalculate, verify
from saitama.spreadsheets.graph.format import SHEET
from saitama.spreadsheets.graph.trace_step import OPTIMIZERS


def change_step(path: Path, change: Callable[[Dict[str, Any]], Any]) -> None:
    """Change what the workbook says of the step."""
    workbook = openpyxl.load_workbook(path)
    rows = range(2, workbook[SHEET].max_row + 1)
    described = json.loads("".join(workbook[SHEET][f"A{row}"].value for row in rows))
    change(described["step"])
    for row in rows:
        workbook[SHEET][f"A{row}"].value = json.dumps(described) if row == 2 else None
    workbook.save(path)


@pytest.mark.parametrize("name", ["Adam", "Momentum", "RMSprop momentum"])
def test_a_workbook_from_before_an_option_was_there(name: str, tmp_path: Path) -> None:
    made, added = Training(name).export(tmp_path / "a.xlsx"), OPTIMIZERS[name.split()[0]].ADDED
    change_step(made.path, lambda step: [step["groups"][0]["off"].pop(option) for option in added])
    recalculate(made, engine="ironcalc", output=made.path)
    assert verify(made).ok
    options = load(made).optimizer.param_groups[0]  # type: ignore[union-attr]
    assert all(options[option] == value for option, value in added.items())
    change_step(made.path, lambda step: step["groups"][0]["off"].update(old_moments=7))
    with pytest.raises(WorkbookError, match="are true or false"):
        verify(made)


HOSTILE: Dict[str, Callable[[Dict[str, Any]], Any]] = {
    "unknown optimizer": lambda s: s.update(optimizer="Optimizer"),
    "optimizer of another kind": lambda s: s.update(optimizer=["SGD"]),
    "another optimizer": lambda s: s.update(optimizer="Momentum"),
    "no updates": lambda s: s.pop("updates"),
    "unknown option": lambda s: s["groups"][0]["off"].update(momentum_2=0),
    "an option that is off and on": lambda s: s["groups"][0]["off"].update(lr=0),
    "an option off with a value": lambda s: s["groups"][0]["off"].update(nesterov="__import__"),
    "no option": lambda s: s["groups"][0]["cells"].pop("lr"),
    "parameter out of range": lambda s: s["updates"][0].update(parameter=10**9),
    "parameter before the first": lambda s: s["updates"][0].update(parameter=-1),
    "parameter true": lambda s: s["updates"][0].update(parameter=True),
    "twice": lambda s: s["updates"].append(s["updates"][0]),
    "group out of range": lambda s: s["updates"][0].update(group=1),
    "no state": lambda s: s["updates"][0].update(state={}),
    "block far away": lambda s: s["updates"][0]["lines"]["p"].update(live=[10**9, 1]),
    "a missing sheet": lambda s: s["updates"][0]["lines"]["p"].update(sheet="nowhere"),
    "lines that are none": lambda s: s["updates"][0].update(lines=7),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Training("SGD momentum").export(tmp_path_factory.mktemp("step") / "a.xlsx").path


@pytest.mark.parametrize("what", list(HOSTILE))
def test_a_hostile_step_is_refused_in_one_line(what: str, exported: Path, tmp_path: Path) -> None:
    workbook = openpyxl.load_workbook(exported)
    described = json.loads(workbook[SHEET]["A2"].value)
    HOSTILE[what](described["step"])
    workbook[SHEET]["A2"].value = json.dumps(described)
    workbook.save(tmp_path / "a.xlsx")
    with pytest.raises(WorkbookError) as error:
        verify(tmp_path / "a.xlsx")
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_a_workbook_without_a_step_keeps_its_format(exported: Path, tmp_path: Path) -> None:
    def version(path: Path) -> Any:
        return json.loads(openpyxl.load_workbook(path)[SHEET]["A2"].value)["format"]

    export(Training().loss(), tmp_path / "a.xlsx")
    assert (version(tmp_path / "a.xlsx"), version(exported)) == (1, 2)
