"""No cell of a worksheet on one page holds an answer, but where its author wants them there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, List

import openpyxl
import pytest
from learner import GRAPHS, Graph, Learner, chain, layer

from saitama.spreadsheets import verify, worksheet
from saitama.spreadsheets.plan.reads import is_constant


def answers(graph: Graph, **how: Any) -> List[float]:
    """The true numbers of the blanks that nothing given shows."""
    right = Learner(*graph, {}, None, **how)
    graph_inputs = right.work.subject.graph.inputs
    given = {0.0, 1.0, *(float(x) for leaf in graph_inputs for x in flat(right.work.subject.run.values[leaf].tolist()))}
    seen = {abs(x) for x in given}
    numbers = [cell.true.at for cell in right.judgement.cells if hasattr(cell.true, "at")]
    seen |= {abs(x) for x in constants(right)}
    return [x for x in numbers if round(x, 2) != x and all(abs(abs(x) - y) > 1e-9 for y in seen)]


def constants(right: Learner) -> List[float]:
    """Numbers of the rules that the page shows, as 1/√d."""
    steps = [step for step in right.work.steps if is_constant(step)]
    return [value.at for step in steps for value in right.true[step.key]]  # type: ignore[union-attr]


def flat(nested: Any) -> List[float]:
    return [x for part in nested for x in flat(part)] if isinstance(nested, list) else [nested]


def everything(path: Any) -> List[Any]:
    """Every value and every constant in a formula of every cell of every sheet, cached or not, hidden or not."""
    found: List[Any] = []
    for values in (False, True):
        for sheet in openpyxl.load_workbook(path, data_only=values).worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    found.append(cell.value)
                    found += re.findall(r"(?<![A-Z$\d.])\d+\.?\d*(?:[Ee][-+]?\d+)?", str(cell.value))
    return found


def held(path: Any, numbers: List[float]) -> List[float]:
    there = set()
    for value in everything(path):
        try:
            there.add(round(abs(float(value)), 7))
        except (TypeError, ValueError):
            continue
    return [x for x in numbers if round(abs(x), 7) in there]


@pytest.mark.parametrize("marks_by", ["own", None])
@pytest.mark.parametrize("name", GRAPHS)
def test_no_cell_holds_an_answer(name: str, marks_by: Any, tmp_path: Path) -> None:
    root, names = chain(2.125, -3.375, 10.5625) if name == "chain" else GRAPHS[name]()
    path = tmp_path / "w.xlsx"
    worksheet(root, path, names=names, marks=marks_by)
    wanted = answers((root, names))
    assert len(wanted) >= 5 and held(path, wanted) == []
    workbook = openpyxl.load_workbook(path)
    assert workbook["Page"]["A3"].value.startswith("Fill in the yellow cells")
    assert (marks_by is None) == ("✓" not in str(everything(path)))


def test_with_marks_by_the_true_numbers_the_page_says_that_they_are_there(tmp_path: Path) -> None:
    root, names = layer()
    path = tmp_path / "w.xlsx"
    worksheet(root, path, names=names, marks="true")
    wanted = answers((root, names))
    assert held(path, wanted) == wanted
    assert "key is hidden, and can be unhidden" in openpyxl.load_workbook(path)["Page"]["A3"].value


def test_the_solution_holds_them_all(tmp_path: Path) -> None:
    root, names = layer()
    path = tmp_path / "w.xlsx"
    worksheet(root, path, names=names, solution=True)
    assert verify(path).ok and held(path, answers((root, names))) == answers((root, names))
