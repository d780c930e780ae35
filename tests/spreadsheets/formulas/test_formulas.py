"""Every operation's formulas, forward and backward, against the framework: recalculated, and with errors planted."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Dict, List, Tuple

import graphs
import openpyxl
import pytest
from available import ENGINES

import saitama.autograd  # noqa: F401
from saitama import Tensor
from saitama.autograd.function import OPS, apply
from saitama.spreadsheets import Exported, export, recalculate, verify
from saitama.spreadsheets.formulas import FORMULAS
from saitama.spreadsheets.graph.items import Node
from saitama.spreadsheets.graph.keys import Share, Value
from saitama.spreadsheets.graph.trace import trace
from saitama.spreadsheets.layout import column
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook


def test_every_operation_has_a_formula() -> None:
    assert set(FORMULAS) == set(OPS)


def test_every_operation_is_among_the_cases() -> None:
    used = {node.op for node in trace(graphs.everything()).nodes}
    assert used == set(OPS)


def test_every_formula_says_what_it_does() -> None:
    for op, formula in FORMULAS.items():
        assert formula.words and formula.maths, op
        assert formula.derivative, op


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """All cases in one workbook."""
    return export(graphs.everything(), tmp_path_factory.mktemp("whole") / "whole.xlsx", names={})


def test_ironcalc_agrees_everywhere(whole: Exported) -> None:
    target = whole.path.with_name("calculated.xlsx")
    found = recalculate(whole, engine="ironcalc", output=target)
    assert str(found["Check!A3"]).startswith("PASS")
    assert found.errors == {}
    result = verify(target, rtol=1e-9)
    assert result.differences == []
    assert result.kinds["formulas"] > 10_000


@pytest.mark.parametrize("engine", ENGINES)
def test_binary_cross_entropy_of_logits_that_become_extreme(engine: str, tmp_path: Path) -> None:
    """Typed after the export: infinite ones, right and wrong, and of every size."""
    x = Tensor([[0.25, -1.5, 3.0, 2.0, -0.5, 0.75]] * 2, requires_grad=True, name="x")
    t = Tensor([[1.0, 0.0, 0.125, 0.75, 1.0, 0.0], [0.0, 1.0, 0.5, 1.0, 0.0, 1.0]], requires_grad=True, name="t")
    made = export(apply("BinaryCrossEntropyWithLogits", [x, t]).sum(), tmp_path / "a.xlsx")
    workbook = openpyxl.load_workbook(made.path)
    places = read_graph(open_workbook(made.path)).places
    (place,) = [place.live for key, place in places.items() if isinstance(key, Value) and key.item.name == "x"]
    numbers: List[Any] = ["inf", "-inf", 1e300, -1e-300, 0, -750, "-inf", "inf", -1e300, 40, -40, 1e-300]
    for (_, row, col), number in zip(place.cells(), numbers):
        workbook["Inputs"].cell(row, col).value = number
    workbook.save(made.path)
    recalculate(made.path, engine=engine, output=made.path)
    result = verify(made.path)
    assert result.differences == [] and result.kinds["formulas"] > 60


@pytest.fixture(scope="module")
def one_of_each(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A case of each operation in one workbook."""
    return export(graphs.everything(graphs.first_of_each()), tmp_path_factory.mktemp("one") / "one.xlsx", names={})


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_agrees_on_one_case_of_each(engine: str, one_of_each: Exported, tmp_path: Path) -> None:
    target = tmp_path / "calculated.xlsx"
    found = recalculate(one_of_each, engine=engine, output=target)
    assert str(found["Check!A3"]).startswith("PASS")
    assert found.errors == {}
    assert verify(target, rtol=1e-9).differences == []


# --- planted errors -------------------------------------------------------------------------------------
def blocks(path: Path) -> List[Tuple[Node, str, Any]]:
    """(operation, "forward" or "backward", its places) for one node of every operation."""
    carried = read_graph(open_workbook(path))
    found: Dict[Tuple[str, str], Tuple[Node, str, Any]] = {}
    for node in carried.graph.nodes:
        found.setdefault((node.op, "forward"), (node, "forward", carried.places[Value(node)]))
        for k in range(len(node.inputs)):
            if Share(node, k) in carried.places and carried.places[Share(node, k)].live.size:
                found.setdefault((node.op, "backward"), (node, "backward", carried.places[Share(node, k)]))
    return list(found.values())


PLANTS = ["framework", "formula", "coefficient"]


@pytest.fixture(scope="module")
def soil(one_of_each: Exported) -> Any:
    """The workbook in which errors are planted, and pulled out again: opening it takes seconds."""
    return openpyxl.load_workbook(one_of_each.path)


@pytest.mark.parametrize("plant", PLANTS)
def test_every_planted_error_is_caught(plant: str, one_of_each: Exported, soil: Any, tmp_path: Path) -> None:
    """One wrong framework value, one wrong formula, one formula off by a millionth, in each operation and direction."""
    target = tmp_path / f"planted {plant}.xlsx"
    planted: List[Tuple[str, str, str]] = []
    before: List[Tuple[Any, Any]] = []
    generator = random.Random(plant)
    for node, direction, places in blocks(one_of_each.path):
        block = places.framework if plant == "framework" else places.live
        _, row, col = generator.choice(list(block.cells()))
        cell = soil[places.sheet].cell(row, col)
        before.append((cell, cell.value))
        if plant == "framework":
            cell.value = float(cell.value) + 1e-6
        else:
            # Some values are 0, some 1e12; and none is the one that times 1.7 and plus 0.5 is itself.
            wrong = "*1.7+0.5" if plant == "formula" else "*1.000001+1E-9"
            cell.value = f"=({cell.value[1:]}){wrong}"
        planted.append((f"{node.op} {direction}", places.sheet, f"{column(col)}{row}"))
    assert len(planted) > 90  # every operation forward, every differentiable one backward
    soil.save(target)
    for cell, value in reversed(before):
        cell.value = value
    found = recalculate(target, engine="ironcalc", output=target)
    assert str(found["Check!A3"]).startswith("FAIL")
    named = {(difference.sheet, difference.cell) for difference in verify(target).differences}
    assert [what for what, sheet, cell in planted if (sheet, cell) not in named] == []
    failed = failed_blocks(found)
    assert [what for what, sheet, cell in planted if sheet not in failed] == []


def failed_blocks(found: Any) -> List[str]:
    cells = found.values["Check"]
    return [cells[f"A{cell[1:]}"] for cell, value in cells.items() if cell[0] == "G" and value == "FAIL"]
