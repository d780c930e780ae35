"""Gradients that are rounding noise: an optimizer's step from them agrees, and what is really wrong is still found."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import openpyxl
import pytest
from available import needs_gnumeric, needs_libreoffice

from saitama import Tensor, manual_seed, nn, optim, randn
from saitama.regularization import BatchNorm1d
from saitama.spreadsheets import Exported, export, recalculate, verify, worksheet
from saitama.spreadsheets.graph.keys import Gradient, Share, Start, Value
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.places import Places
from saitama.spreadsheets.read.workbook import open_workbook

OPTIMISERS = {
    "Adam": lambda p: optim.Adam(p, lr=0.1, eps=1e-16),  # so that the noise makes a step of 0.1
    "AdamW": lambda p: optim.AdamW(p, lr=0.1),
    "RMSprop": lambda p: optim.RMSprop(p),
}
OTHERS = [
    pytest.param("Adam", "libreoffice", marks=needs_libreoffice),
    pytest.param("Adam", "gnumeric", marks=needs_gnumeric),
]


class Training:
    """A bias in front of a batch normalisation, whose true gradient is 0, and an embedding with a row nobody reads."""

    def __init__(self, optimizer: str = "Adam", steps: int = 1, dtype: str = "float64") -> None:
        manual_seed(3)
        self.model = nn.Sequential(nn.Embedding(3, 2), nn.Linear(2, 2), BatchNorm1d(2)).to(dtype)
        self.x, self.target = Tensor([0, 2, 0, 2, 2], dtype="int64", name="x"), randn(5, 2).to(dtype)
        self.optimizer = OPTIMISERS[optimizer](self.model.parameters())
        for _ in range(steps):
            self.optimizer.zero_grad()
            self.loss().backward()
            self.optimizer.step()

    def loss(self) -> Tensor:
        error = self.model(self.x) - self.target
        return (error * error).mean()

    def export(self, path: Path) -> Exported:
        return export(self.loss(), path, names=self.model, optimizer=self.optimizer)


def verdict(made: Any, engine: str = "ironcalc") -> str:
    return str(recalculate(made, engine=engine, output=made)["Check!A3"])[:4]


def place(made: Exported, parameter: str, symbol: str) -> Places:
    """Where a line of a parameter's update lies, or ("start") the gradient that it starts from."""
    carried = read_graph(open_workbook(made))
    assert carried.graph.step is not None
    (update,) = [update for update in carried.graph.step.updates if update.parameter.name == parameter]
    return carried.places[Start(update) if symbol == "start" else Value(update.lines[symbol])]


@pytest.mark.parametrize("optimizer, engine", [*((name, "ironcalc") for name in OPTIMISERS), *OTHERS])
def test_a_step_from_noise_agrees_and_says_so(optimizer: str, engine: str, tmp_path: Path) -> None:
    made = Training(optimizer).export(tmp_path / "a.xlsx")
    assert verdict(made, engine) == "PASS"
    result = verify(made)
    assert result.differences == [] and result.not_checked == []
    workbook = openpyxl.load_workbook(made.path)
    remarks = [cell.value for cell in workbook["Check"]["H"] if cell.value]
    assert remarks == ["2 of 2 gradients are rounding noise: see the sheet"]
    assert any("gradients are rounding noise" in str(cell.value) for cell in workbook["update 1.bias"]["A"])


def test_large_gradients_leave_large_noise(tmp_path: Path) -> None:
    """In float32, and where the loss is large."""
    made = Training(steps=0, dtype="float32").export(tmp_path / "a.xlsx")
    assert verdict(made) == "PASS" and verify(made).ok
    training = Training()
    training.target = training.target * 1e5
    made = training.export(tmp_path / "b.xlsx")
    assert verdict(made) == "PASS" and verify(made).ok
    strict = verify(made, atol=1e-12)
    assert strict.ok and strict.undecided


def starts(made: Exported, parameter: str) -> List[str]:
    """The formulas of the gradient that an update starts from."""
    sheet = openpyxl.load_workbook(made.path)[f"update {parameter}"]
    (caption,) = [cell for cell in sheet["B"] if str(cell.value).startswith("g = d")]
    rows = sheet.iter_rows(min_row=caption.row + 2, max_row=caption.row + 4, min_col=2, max_col=3)
    return [str(cell.value) for row in rows for cell in row if str(cell.value).startswith("=")]


def test_only_noise_starts_from_the_framework(tmp_path: Path) -> None:
    """Not the ordinary gradients, and not the zeros of an embedding's row that nobody read."""
    made = Training().export(tmp_path / "a.xlsx")
    assert [formula.startswith("=IF(ABS(") for formula in starts(made, "1.bias")] == [True, True]
    assert not any("IF" in formula for formula in starts(made, "0.weight"))
    training = Training()
    training.optimizer = optim.SGD(training.model.parameters(), lr=0.1)  # noise stays noise
    assert not any("IF" in formula for formula in starts(training.export(tmp_path / "b.xlsx"), "1.bias"))


@pytest.mark.parametrize("symbol, factor", [("s", "*1.000001"), ("p", "+0.001")])
def test_a_wrong_rule_is_found(symbol: str, factor: str, tmp_path: Path) -> None:
    made = Training().export(tmp_path / "a.xlsx")
    block = place(made, "1.bias", symbol)
    plant(made, block, factor)
    assert verdict(made) == "FAIL"
    assert (block.sheet, block.live.address((1,))) in {(one.sheet, one.cell) for one in verify(made).differences}


def plant(made: Exported, block: Places, factor: str) -> None:
    workbook = openpyxl.load_workbook(made.path)
    cell = workbook[block.sheet][block.live.address((1,))]
    cell.value = f"=({cell.value[1:]}){factor}"
    workbook.save(made.path)


def test_a_wrong_gradient_is_found(tmp_path: Path) -> None:
    """In its own block, in the total on Inputs, or where the step takes it over."""
    for where in ("through", "gradient", "start"):
        made = Training().export(tmp_path / f"{where}.xlsx")
        carried = read_graph(open_workbook(made))
        (bias,) = [leaf for leaf in carried.graph.leaves if leaf.name == "1.bias"]
        (linear,) = [node for node in carried.graph.nodes if bias in node.inputs]
        blocks = {
            "through": carried.places[Share(linear, linear.inputs.index(bias))],
            "gradient": carried.places[Gradient(bias)],
            "start": place(made, "1.bias", "start"),
        }
        plant(made, blocks[where], "+0.00000001")
        assert verdict(made) == "FAIL"
        wrong = verify(made).differences
        assert "update 1.bias" in {one.sheet for one in wrong}
        if where != "start":
            assert (blocks[where].sheet, blocks[where].live.address((1,))) in {(one.sheet, one.cell) for one in wrong}


def test_other_inputs_are_followed(tmp_path: Path) -> None:
    made = Training().export(tmp_path / "a.xlsx")
    carried = read_graph(open_workbook(made))
    (target,) = [leaf for leaf in carried.graph.leaves if leaf.shape == (5, 2)]
    workbook = openpyxl.load_workbook(made.path)
    workbook["Inputs"][carried.places[Value(target)].live.address((0, 0))].value = 2.5
    workbook.save(made.path)
    verdict(made)
    assert verify(made).ok


def test_a_worksheet(tmp_path: Path) -> None:
    training = Training()
    path = tmp_path / "w.xlsx"
    worksheet(training.loss(), path, names=training.model, optimizer=training.optimizer, blanks=["update 1.weight"])
    recalculate(path, engine="ironcalc", output=path)
    assert {one.kind for one in verify(path).differences} == {"blank"}
