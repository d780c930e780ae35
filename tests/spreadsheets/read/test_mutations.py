"""Workbooks with random changes are read, or refused in one line, and never do harm.

The changes are those of mutate.py, each from a seed of its own, so that what fails once fails again. What longer runs
have found stands below by name.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any, Dict, List

import hostile
import mutate
import pytest

from saitama import Tensor, nn, optim
from saitama.autograd.function import OPS
from saitama.spreadsheets import WorkbookError, export, recalculate, verify, worksheet
from saitama.spreadsheets.address import cell_name, column_letters
from saitama.spreadsheets.judge.hint import hint
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook

ROWS = (
    '<row r="1"><c r="A1" t="s"><v>1</v></c><c r="B1" s="1"><f t="shared" ref="B1:B2" si="0">A1*2</f><v>4</v></c>'
    '<c t="inlineStr"><is><t>-6,0</t><r><t>b</t></r></is></c><c t="b"><v>1</v></c><c t="d"><v>2024-01-31</v></c></row>'
    '<row><c r="B2"><f t="shared" si="0"/></c><c><f t="array" ref="C2:D2">A1:B1</f><v>1</v></c><c><v>2</v></c></row>'
)


def one_line(error: WorkbookError, path: Path) -> None:
    message = str(error).replace(str(path), "")
    assert message.isprintable() and len(message) < 400, message


@pytest.mark.parametrize("seed", range(8))
def test_changed_parts_are_read_or_refused(seed: int, tmp_path: Path) -> None:
    random, path = Random(seed), tmp_path / "a.xlsx"
    contents = hostile.parts(hostile.sheet_xml(ROWS), ["<t>a</t>", "<r><t>24/3</t></r><rPh><t>c</t></rPh>"])
    for _ in range(60):
        name = random.choice(list(contents))
        changed = mutate.text_of(random, contents[name]).encode("utf-8", "surrogatepass")
        hostile.with_part(path, name, changed, contents)
        try:
            for sheet in open_workbook(path).values():
                for cell in sheet.values():
                    kind = cell.kind if cell.number is None else "wrong"
                    assert cell.found and hint(cell, kind, 0.5, True) is not None and cell.formula != ""
        except WorkbookError as error:
            one_line(error, path)


@pytest.fixture(scope="module")
def carrying(tmp_path_factory: pytest.TempPathFactory) -> List[Path]:
    """An export, one with the step of an optimizer, and a worksheet."""
    folder = tmp_path_factory.mktemp("carrying")
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    x = Tensor([[0.5, -1.0], [2.0, 0.25]], requires_grad=True, name="x")
    loss = (model(x).softmax(1) @ x).sum()
    paths = [folder / f"{name}.xlsx" for name in ("export", "step", "worksheet")]
    export(loss, paths[0], names=model)
    export(loss, paths[1], names=model, optimizer=optim.Adam(model.parameters(), lr=0.1))
    worksheet(loss, paths[2], names=model)
    for path in paths:
        recalculate(path, engine="ironcalc", output=path)
    return paths


@pytest.mark.parametrize("seed", range(3))
def test_changed_graphs_are_computed_or_refused(seed: int, carrying: List[Path], tmp_path: Path) -> None:
    random, path = Random(seed), carrying[seed]
    described, ops = json.loads(hostile.graph_text(path)), [*OPS, "__import__"]
    for _ in range(60):
        changed = hostile.with_graph(path, tmp_path / "a.xlsx", mutate.graph_of(random, described, ops))
        try:
            str(verify(changed))
        except WorkbookError as error:
            one_line(error, changed)


# --- what longer runs have found ------------------------------------------------------------------------------------
def test_a_framework_value_left_of_its_formula(carrying: List[Path], tmp_path: Path) -> None:
    """The difference would lie left of the sheet, and a column of a number below 1 had no end."""
    described: Dict[str, Any] = json.loads(hostile.graph_text(carrying[0]))
    places = next(node for node in described["nodes"] if node["shape"] == [])["forward"]
    places["live"], places["framework"] = places["framework"], places["live"]
    hostile.with_graph(carrying[0], tmp_path / "a.xlsx", json.dumps(described))
    with pytest.raises(WorkbookError, match="structure was changed: a value of the framework"):
        read_graph(open_workbook(tmp_path / "a.xlsx"))
    assert column_letters(-3) == "" and cell_name(2, 27) == "AA2"
