"""An optimiser's step in a workbook: its formulas are the step of the framework, in every engine."""

from __future__ import annotations

import math
from pathlib import Path

import openpyxl
import pytest
from available import ENGINES
from optimisers import OPTIMISERS, Training, numbers, places, values

from saitama import Tensor
from saitama.spreadsheets import export, recalculate, verify
from saitama.spreadsheets.formulas import RULES
from saitama.spreadsheets.graph.trace_step import OPTIMIZERS


def test_every_optimiser_has_a_rule() -> None:
    assert set(RULES) == set(OPTIMIZERS) == {name.split()[0] for name in OPTIMISERS}
    for rule in RULES.values():
        assert rule.words and rule.paper


@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("name", list(OPTIMISERS))
def test_the_formulas_take_the_step_of_the_framework(name: str, steps: int, tmp_path: Path) -> None:
    training = Training(name, steps)
    made = training.export(tmp_path / "a.xlsx")
    found = recalculate(made, engine="ironcalc", output=made.path)
    assert str(found["Check!A3"]).startswith("PASS") and found.errors == {}
    result = verify(made, rtol=1e-9)
    assert result.differences == [] and result.not_checked == []
    training.step()  # the step that was exported, on the user's own parameters and state
    for path, p in training.model.named_parameters():
        lines = places(made, path)
        assert values(made, lines["p"]) == pytest.approx(numbers(p), rel=1e-9)
        state = training.optimizer.state.get(p, {})
        names = {key: symbol for symbol, key in RULES[name.split()[0]].state.items() if symbol in lines}
        assert set(state) <= set(names)
        for key, value in state.items():
            expected = numbers(value) if isinstance(value, Tensor) else [value]
            assert values(made, lines[names[key]]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_other_engines_agree(engine: str, tmp_path: Path) -> None:
    made = Training("Adam weight decay").export(tmp_path / "a.xlsx")
    found = recalculate(made, engine=engine, output=made.path)
    assert str(found["Check!A3"]).startswith("PASS") and found.errors == {}
    assert verify(made, rtol=1e-9).ok


def test_float32(tmp_path: Path) -> None:
    made = Training("RMSprop both", dtype="float32").export(tmp_path / "a.xlsx")
    assert str(recalculate(made, engine="ironcalc", output=made.path)["Check!A3"]).startswith("PASS")
    assert verify(made).ok


@pytest.mark.parametrize(
    "name",
    [
        "SGD dampening",
        "SGD nesterov",
        "Momentum",
        "Momentum all",
        "Adam weight decay",
        "AdamW both",
        "AdamW",
        "RMSprop both",
        "RMSprop before centered",
    ],
)
def test_a_wrong_formula_in_any_line_is_caught(name: str, tmp_path: Path) -> None:
    made = Training(name).export(tmp_path / "a.xlsx")
    workbook = openpyxl.load_workbook(made.path)
    planted = []
    for block in places(made, "0.weight").values():
        row, col = block.live.at((1, 0) if block.shape else ())
        cell = workbook[block.sheet].cell(row, col)
        cell.value = f"=({cell.value[1:]})*1.000001+1"
        planted.append((block.sheet, cell.coordinate))
    workbook.save(made.path)
    found = recalculate(made, engine="ironcalc", output=made.path)
    assert str(found["Check!A3"]).startswith(f"FAIL: {len(planted)} of")
    assert {(one.sheet, one.cell) for one in verify(made).differences} >= set(planted)


def test_a_wrong_value_of_the_framework_is_caught(tmp_path: Path) -> None:
    made = Training().export(tmp_path / "a.xlsx")
    block = places(made, "0.bias")["m̂"]
    assert block.framework is not None
    workbook = openpyxl.load_workbook(made.path)
    workbook[block.sheet].cell(block.framework.row, block.framework.column).value += 1e-6
    workbook.save(made.path)
    found = recalculate(made, engine="ironcalc", output=made.path)
    assert str(found["Check!A3"]).startswith("FAIL: 1 of")
    (difference,) = verify(made).differences
    assert difference.what == "update 0.bias: m̂[0], the framework's value"


@pytest.mark.parametrize("name", list(OPTIMISERS))
def test_infinite_gradients(name: str, tmp_path: Path) -> None:
    w = Tensor([1.0, -2.0, 3.0, 0.5], requires_grad=True, name="w")
    x = Tensor([math.inf, -math.inf, math.nan, 0.25], name="x")
    made = export((w * x).sum(), tmp_path / "a.xlsx", optimizer=OPTIMISERS[name]([w]))
    found = recalculate(made, engine="ironcalc", output=made.path)
    assert str(found["Check!A3"]).startswith("PASS") and found.errors == {}
    assert verify(made).ok
