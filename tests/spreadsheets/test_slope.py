"""A number moved a little to both sides: the forward pass twice more, the central difference beside the gradient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from saitama import Tensor, manual_seed, nn, randn
from saitama.cli import main
from saitama.nn import functional as F
from saitama.spreadsheets import export, open_workbook, recalculate, verify


def network() -> Any:
    x = Tensor([[1.0, 2.0]], name="x")
    W = Tensor([[0.5, -0.25], [0.125, 1.0]], requires_grad=True, name="W")
    h = (x @ W).tanh()
    loss = (h * h).sum()
    return loss, {"x": x, "W": W, "h": h, "loss": loss}


def slope(path: Path) -> Any:
    """The numbers of the sheet Slope by their labels."""
    cells = open_workbook(path)["Slope"]
    return {str(cells[row, 1].value): cells[row, 2].number for row in range(7, 14)}


def test_the_difference_is_the_gradient(tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    loss, names = network()
    path = tmp_path / "a.xlsx"
    export(loss, path, names=names, nudge="W[0, 1]", h=1e-4)
    book = open_workbook(path)
    assert list(book)[-5:-2] == ["Slope", "W(0, 1) + h", "W(0, 1) - h"]
    recalculate(path, output=path, engine="ironcalc")
    found = slope(path)
    loss.backward()
    assert found["dloss/dW[0, 1]"] == pytest.approx(names["W"].grad[0, 1].item(), rel=1e-12)
    assert found["(loss₊ - loss₋) / 2h"] == pytest.approx(names["W"].grad[0, 1].item(), rel=1e-6)
    assert 0 < found["difference"] < 1e-6 and found["h"] == 1e-4 and found["W[0, 1]"] == -0.25
    assert verify(path).ok


def test_it_is_live(tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    loss, names = network()
    written = export(loss, tmp_path / "a.xlsx", names=names, nudge="W[1, 0]")
    workbook = load_workbook(written)
    workbook["Slope"]["B7"].value = 0.5
    workbook["Inputs"][written.cells["x"].split("!")[1].split(":")[0]].value = -3
    workbook.save(tmp_path / "b.xlsx")
    recalculate(tmp_path / "b.xlsx", output=tmp_path / "b.xlsx", engine="ironcalc")
    found = slope(tmp_path / "b.xlsx")

    def at(w: float) -> float:
        x, W = Tensor([[-3.0, 2.0]]), Tensor([[0.5, -0.25], [w, 1.0]])
        return float(((x @ W).tanh() ** 2).sum().item())

    assert found["loss at W[1, 0] + h"] == pytest.approx(at(0.625), rel=1e-12)
    assert found["loss at W[1, 0] - h"] == pytest.approx(at(-0.375), rel=1e-12)


@pytest.mark.parametrize("kind", ["cross-entropy", "layer norm", "gru"])
def test_steps_in_between_are_written_too(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    manual_seed(0)
    w = randn(3, 3, requires_grad=True)
    w.name = "w"
    x = randn(2, 3)
    if kind == "cross-entropy":
        loss = F.cross_entropy(x @ w, Tensor([1, 2], dtype="int64"))
    elif kind == "layer norm":
        loss = (nn.LayerNorm(3)(x @ w) * randn(2, 3)).sum()
    else:
        loss = (nn.GRU(3, 2)((x @ w).reshape(2, 1, 3))[0] ** 2).sum()
    export(loss, tmp_path / "a.xlsx", nudge="w[-1, 0]")
    result = recalculate(tmp_path / "a.xlsx", output=tmp_path / "a.xlsx", engine="ironcalc")
    assert not result.errors
    found = slope(tmp_path / "a.xlsx")
    gradient = next(value for name, value in found.items() if name.startswith("d") and name.endswith("/dw[2, 0]"))
    assert found["difference"] < 1e-4 * max(1.0, abs(gradient))


@pytest.mark.parametrize(
    ("nudge", "h", "error"),
    [
        ("V[0]", 1e-3, "nudge='V\\[0\\]' is no input with a gradient; there are W"),
        ("x[0, 0]", 1e-3, "is no input with a gradient"),
        ("W", 1e-3, "W has the shape \\(2, 2\\); name a number, W\\[0, 0\\]"),
        ("W[2, 0]", 1e-3, "name a number"),
        ("W[0, 1", 1e-3, "is no input"),
        ("W[0, 1]", 0, "h is 0; give a small number"),
        ("W[0, 1]", float("nan"), "h is nan"),
    ],
)
def test_what_cannot_be_nudged(nudge: str, h: float, error: str, tmp_path: Path) -> None:
    loss, names = network()
    with pytest.raises(ValueError, match=error):
        export(loss, tmp_path / "a.xlsx", names=names, nudge=nudge, h=h)
    assert not (tmp_path / "a.xlsx").exists()


def test_summarised_tensors_are_in_the_way(tmp_path: Path) -> None:
    loss, names = network()
    with pytest.raises(ValueError, match="W has no live cells here"):
        export(loss, tmp_path / "a.xlsx", names=names, nudge="W[0, 0]", max_cells=3)


def test_from_the_command_line(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "s.py").write_text("from saitama import Tensor\na = Tensor(2.0, requires_grad=True)\nloss = a * a\n")
    assert (
        main(["export", str(tmp_path / "s.py"), "-o", str(tmp_path / "a.xlsx"), "--nudge", "a", "--step", "0.01"]) == 0
    )
    assert open_workbook(tmp_path / "a.xlsx")["Slope"][7, 2].number == 0.01
    capsys.readouterr()
