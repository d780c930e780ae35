"""Steps of an optimiser as rows: live, and the same numbers as the framework's own loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Tuple

import pytest
from openpyxl import load_workbook

from saitama import Tensor, optim
from saitama.cli import main
from saitama.spreadsheets import export, open_workbook, recalculate, verify

STEPS = 5
KINDS: Dict[str, Tuple[str, Dict[str, Any]]] = {
    "plain": ("SGD", {"lr": 0.1}),
    "momentum": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.1}),
    "decay": ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    "Momentum": ("Momentum", {"lr": 0.05}),
    "inside": ("Momentum", {"lr": 0.05, "lr_inside": True}),
    "Momentum before": ("Momentum", {"lr": 0.05, "dampening": 0.9, "old_moments": True}),
    "Adam": ("Adam", {"lr": 0.1}),
    "Adam uncorrected": ("Adam", {"lr": 0.1, "bias_correction": False}),
    "Adam before": ("Adam", {"lr": 0.1, "old_moments": True, "eps": 0.5}),
    "AdamW": ("AdamW", {"lr": 0.1}),
    "RMSprop": ("RMSprop", {"lr": 0.05}),
}


def regression(kind: str) -> Tuple[Any, Any, Any, Callable[[], Tensor]]:
    x, t = Tensor([[1.0, 2.0], [0.5, -1.0], [-1.5, 0.25]], name="x"), Tensor([[1.0], [0.0], [0.5]], name="t")
    w = Tensor([[0.5], [-0.25]], requires_grad=True, name="w")
    b = Tensor([0.1], requires_grad=True, name="b")
    name, options = KINDS[kind]
    return w, b, getattr(optim, name)([w, b], **options), lambda: ((x @ w + b - t) ** 2).mean()


def table(path: Path) -> Dict[str, Any]:
    """The columns of the sheet Descent by their names, from the first step on."""
    cells = open_workbook(path)["Descent"]
    names = {str(cell.value): column for (row, column), cell in cells.items() if row == 5}
    return {name: [cells[6 + n, column].number for n in range(STEPS + 1)] for name, column in names.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_the_frameworks_own_steps(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    w, b, optimizer, loss = regression(kind)
    path = tmp_path / "a.xlsx"
    export(loss(), path, names={"w": w}, optimizer=optimizer, steps=STEPS)
    assert not recalculate(path, output=path, engine="ironcalc").errors
    found = table(path)
    root = next(name for name in found if name.startswith("mean"))
    for n in range(STEPS + 1):
        now = loss()
        optimizer.zero_grad()
        now.backward()
        assert found[root][n] == pytest.approx(now.item(), rel=1e-12)
        assert [found["w[0, 0]"][n], found["w[1, 0]"][n], found["b[0]"][n]] == pytest.approx(
            [*[row[0] for row in w.tolist()], b.item()], rel=1e-12
        )
        slope = found[f"d{root}/dw[1, 0]"][n]
        assert slope == pytest.approx(w.grad[1, 0].item(), rel=1e-12) if n < STEPS else slope is None
        optimizer.step()
    assert verify(path).ok


def test_it_is_live_and_has_a_chart(tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    w, _, optimizer, loss = regression("plain")
    written = export(loss(), tmp_path / "a.xlsx", names={"w": w}, optimizer=optimizer, steps=STEPS)
    workbook = load_workbook(written)
    assert len(workbook["Descent"]._charts) == 1 and workbook["step 1"].sheet_state == "hidden"
    sheet, _, cells = written.cells["w"].rpartition("!")
    workbook[sheet.strip("'")][cells.split(":")[0]].value = 2.0
    workbook.save(tmp_path / "b.xlsx")
    recalculate(tmp_path / "b.xlsx", output=tmp_path / "b.xlsx", engine="ironcalc")
    w.data = Tensor([[2.0], [-0.25]])
    found = table(tmp_path / "b.xlsx")
    for n in range(STEPS + 1):
        assert found["w[0, 0]"][n] == pytest.approx(w[0, 0].item(), rel=1e-12)
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()


@pytest.mark.parametrize(("steps", "error"), [(0, "steps is 0"), (501, "from 1 to 500"), (True, "steps is True")])
def test_numbers_of_steps_that_cannot_be(steps: Any, error: str, tmp_path: Path) -> None:
    _, _, optimizer, loss = regression("plain")
    with pytest.raises(ValueError, match=error):
        export(loss(), tmp_path / "a.xlsx", optimizer=optimizer, steps=steps)
    with pytest.raises(ValueError, match="steps needs an optimizer"):
        export(loss(), tmp_path / "a.xlsx", steps=3)
    with pytest.raises(ValueError, match="x has no live cells here"):
        export(loss(), tmp_path / "a.xlsx", optimizer=optimizer, steps=3, max_cells=1)


def test_from_the_command_line(tmp_path: Path, capsys: Any) -> None:
    script = tmp_path / "s.py"
    script.write_text(
        "from saitama import Tensor, optim\na = Tensor(2.0, requires_grad=True)\n"
        "opt = optim.SGD([a], lr=0.1)\nloss = a * a\n"
    )
    out = str(tmp_path / "a.xlsx")
    assert main(["export", str(script), "-o", out, "--optimizer", "opt", "--steps", "3"]) == 0
    assert "Descent" in open_workbook(out)
    capsys.readouterr()
    assert main(["export", str(script), "-o", out, "--optimizer", "loss"]) == 2
    assert "the script has no optimizer 'loss'; its optimizers are opt" in capsys.readouterr().err
    assert main(["export", str(script), "-o", out, "--steps", "3"]) == 2
    assert "--steps needs --optimizer" in capsys.readouterr().err
