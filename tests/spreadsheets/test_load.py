"""A workbook read back as tensors and graph: the present inputs, the same workbook again, an optimiser's next state."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, Dict

import pytest
from openpyxl import load_workbook

from saitama import Tensor, manual_seed, nn, optim, randn
from saitama.nn import functional as F
from saitama.spreadsheets import WorkbookError, export, load, read_tensor, verify, worksheet
from saitama.spreadsheets.read.workbook import open_workbook


def network(requires_grad: bool = True) -> Dict[str, Any]:
    x = Tensor([[1.0, 2.0]], name="x")
    W = Tensor([[0.5, -0.25], [0.125, 1.0]], requires_grad=requires_grad, name="W")
    net = x @ W
    h = (net * 2 + 2).tanh()
    loss = (h * h).sum()
    return {"x": x, "W": W, "net": net, "h": h, "loss": loss}


def parts(path: Any) -> Dict[str, bytes]:
    """All of a workbook but when it was written, and what follows from that."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.startswith("docProps")}


def edit(path: Any, changes: Dict[str, Any]) -> None:
    workbook = load_workbook(path)
    for address, value in changes.items():
        title, cell = address.rsplit("!", 1)
        workbook[title.strip("'")][cell.split(":")[0]].value = value
    workbook.save(path)


def test_tensors_and_graph_come_back(tmp_path: Path) -> None:
    names = network()
    written = export(names["loss"], tmp_path / "a.xlsx", names=names)
    names["loss"].backward()
    back = load(written)
    assert {"x", "W", "net", "h", "loss"} <= set(back)
    assert all(back[name].tolist() == names[name].tolist() for name in names)
    back.root.backward()
    assert back["W"].grad.tolist() == names["W"].grad.tolist() and back["x"].grad is None and back.optimizer is None
    with pytest.raises(KeyError, match="nothing called 'V'; there are x, W"):
        back["V"]


def test_a_number_changed_in_the_sheet_flows_into_python(tmp_path: Path) -> None:
    names = network()
    written = export(names["loss"], tmp_path / "a.xlsx", names=names)
    edit(written, {written.cells["W"]: 3.5})
    back = load(written)
    assert back["W"].tolist() == [[3.5, -0.25], [0.125, 1.0]]
    assert back["net"].tolist() == [[3.75, 1.75]]
    edit(written, {written.cells["W"]: None})
    with pytest.raises(WorkbookError, match=r"\(W\[0, 0\]\) is blank"):
        load(written)


def graphs() -> Dict[str, Any]:
    manual_seed(0)
    targets = Tensor([1, 0], dtype="int64", name="t")
    w = randn(3, 4, requires_grad=True)
    b = randn(4, requires_grad=True)
    x = randn(2, 3)
    return {
        "plain": network()["loss"],
        "cross-entropy": F.cross_entropy(F.linear(x, w.T, b), targets),
        "softmax": (x @ w).softmax().pow(2).mean(),
        "slices": ((x @ w)[:, 1:3] * b[1:3]).sum(),
        "float32": (Tensor([1.5], dtype="float32", requires_grad=True, name="a") * 3.0).sum(),
        "twice": (w * w).sum() + (w * 0.5).sum(),
    }


@pytest.mark.parametrize("name", ["plain", "cross-entropy", "softmax", "slices", "float32", "twice"])
def test_exporting_again_gives_the_same_workbook(name: str, tmp_path: Path) -> None:
    export(graphs()[name], tmp_path / "a.xlsx")
    export(load(tmp_path / "a.xlsx").root, tmp_path / "b.xlsx")
    first, again = parts(tmp_path / "a.xlsx"), parts(tmp_path / "b.xlsx")
    assert first.keys() == again.keys()
    assert [name for name in first if first[name] != again[name]] == []


OPTIONS: Dict[str, Dict[str, Any]] = {
    "SGD": {},
    "SGD with momentum": {"momentum": 0.9},
    "Momentum": {},
    "Momentum of a sheet": {"dampening": 0.5, "lr_inside": True, "old_moments": True},
    "Adam": {},
    "AdamW": {},
    "AdamW of a sheet": {"bias_correction": False, "old_moments": True, "eps": 0.5},
    "RMSprop": {},
    "RMSprop of a sheet": {"old_moments": True, "eps": 0.5},
}


@pytest.mark.parametrize("kind", list(OPTIONS))
@pytest.mark.parametrize("steps", [0, 2])
def test_an_optimizer_comes_back(kind: str, steps: int, tmp_path: Path) -> None:
    manual_seed(1)
    w, b = randn(2, 3, requires_grad=True), randn(3, requires_grad=True)
    x = randn(4, 2)
    groups = [{"params": [w], "lr": 0.05}, {"params": [b], "lr": 0.1}]
    optimizer = getattr(optim, kind.split()[0])(groups, **OPTIONS[kind])

    def loss() -> Tensor:
        return ((x @ w + b).tanh() ** 2).sum()

    def step() -> None:
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    for _ in range(steps):
        step()
    export(loss(), tmp_path / "a.xlsx", names={"w": w, "b": b, "x": x}, optimizer=optimizer)
    back = load(tmp_path / "a.xlsx")
    export(back.root, tmp_path / "b.xlsx", optimizer=back.optimizer)
    first, again = parts(tmp_path / "a.xlsx"), parts(tmp_path / "b.xlsx")
    assert [name for name in first if first[name] != again.get(name)] == []
    step()
    after = load(tmp_path / "a.xlsx", optimizer=True)
    assert after["w"].tolist() == w.tolist() and after["b"].tolist() == b.tolist()
    assert after.root.item() == loss().item()
    for mine, theirs in ((w, after["w"]), (b, after["b"])):
        kept = {} if after.optimizer is None else after.optimizer.state.get(theirs, {})
        assert {n: _plain(v) for n, v in kept.items()} == {
            n: _plain(v) for n, v in optimizer.state.get(mine, {}).items()
        }


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, Tensor) else value


def test_formats_1_to_3_are_read(tmp_path: Path) -> None:
    names = network()
    optimizer = optim.Adam([names["W"]])
    export(names["loss"], tmp_path / "1.xlsx", names=names)
    export(names["loss"], tmp_path / "2.xlsx", names=names, optimizer=optimizer)
    worksheet(names["loss"], tmp_path / "3.xlsx", names=names)
    for number in (1, 2, 3):
        path = tmp_path / f"{number}.xlsx"
        text = "".join(str(cell.value) for (row, _), cell in sorted(open_workbook(path)["Graph"].items()) if row > 1)
        assert json.loads(text)["format"] == number
        assert load(path)["h"].tolist() == names["h"].tolist()
        assert read_tensor(path, export_cells(path), ndim=2).tolist() == names["W"].tolist() if number < 3 else True
    assert verify(tmp_path / "3.xlsx").checked


def export_cells(path: Path) -> str:
    """Where W stands on the sheet Inputs."""
    cells = open_workbook(path)["Inputs"]
    row, column = next(place for place, cell in sorted(cells.items()) if cell.value == 0.5)
    from saitama.spreadsheets.address import cell_name

    return f"Inputs!{cell_name(row, column)}:{cell_name(row + 1, column + 1)}"


def test_a_page_of_the_way_forward(tmp_path: Path) -> None:
    a, b = Tensor([1.0, 2.0], name="a"), Tensor([3.0, 4.0], name="b")
    c = a + b
    worksheet(c * 2, tmp_path / "page.xlsx", names={"c": c})
    back = load(tmp_path / "page.xlsx")
    assert back["c"].tolist() == [4, 6] and back.root.tolist() == [8, 12]


def test_what_cannot_be_loaded(tmp_path: Path) -> None:
    names = network()
    written = export(names["loss"], tmp_path / "a.xlsx", names=names)
    with pytest.raises(WorkbookError, match="shows no step of an optimizer"):
        load(written, optimizer=True)
    workbook = load_workbook(written)
    workbook["Inputs"].insert_rows(8)
    workbook.save(tmp_path / "moved.xlsx")
    with pytest.raises(WorkbookError, match="cells of the sheet 'Inputs' were moved or taken out"):
        load(tmp_path / "moved.xlsx")
    manual_seed(0)
    export((nn.Linear(9, 9)(randn(2, 9)) ** 2).sum(), tmp_path / "large.xlsx", max_cells=30)
    with pytest.raises(WorkbookError, match="has no cells here: export it with a larger max_cells"):
        load(tmp_path / "large.xlsx")
