"""Every workbook that saitama writes is one that no program offers to repair."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
from available import needs_ironcalc
from graphs import everything, first_of_each
from valid import faults

from saitama import Tensor, nn, optim, randn, spreadsheets, zeros
from saitama.language import loss_of_text, tiny_gpt
from saitama.training import History, export_histories

ROOT = Path(__file__).resolve().parents[3]


def step(kind: Any, **options: Any) -> Dict[str, Any]:
    """A small network after two steps of an optimiser: the loss, and what export is given with it."""
    x, t = Tensor([[0.0, 1.0], [1.0, 0.5]], name="x"), Tensor([[1.0], [0.0]], name="t")
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    groups = [{"params": list(model.parameters())[:2]}, {"params": list(model.parameters())[2:], "lr": 0.5}]
    optimizer = kind(groups, lr=0.1, **options)
    for _ in range(2):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), t).backward()
        optimizer.step()
    return {"root": nn.functional.mse_loss(model(x), t), "names": model, "optimizer": optimizer}


def odd_numbers() -> Tensor:
    values = [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 5e-324, 1.7976931348623157e308]
    return (Tensor(values, requires_grad=True, name="=odd <&> \x07") * 2).sum()


def history(rows: int = 3) -> History:
    made = History()
    for n in range(rows):
        made.add_epoch(
            loss=1.0 / (n + 1), val_loss=float("nan"), accuracy=0.5, lr=1e-3, count=n, **{"=1 <&> \x07": 1.0}
        )
        made.add_step(loss=1.0, tokens_per_s=5.0, **({"val_loss": 2.0} if n % 2 else {}))
    return made


def benchmarks(path: Path) -> None:
    """A workbook of the benchmarks, from results that are made up."""
    report, machine, timing, workbook = (
        importlib.import_module(f"benchmarks.{name}") for name in ("report", "machine", "timing", "workbook")
    )
    names = [*machine.DTYPES, *(f"{kind} {size}" for kind in ("read", "copy") for size in machine.FOOTPRINTS)]
    peaks = machine.Peaks({(name, count): 100.0 * count for name in names for count in machine.core_counts()})
    results = [
        timing.Result("8x8 @ 8x8 float64", {"saitama": [1e-6] * 3, "numpy": [2e-6] * 3}, 1e-4, "GFLOP/s"),
        timing.Result("alone", {"saitama": [1e-3]}),
    ]
    points = {result.case: ("line", float(place)) for place, result in enumerate(results, 1)}
    made = report.Report("made", "Made up", results, report.QUANTITIES["time"], points)
    workbook.write([made], {"processor": "one"}, peaks, str(path))


def gpt(write: Callable[..., Any], path: Path, **options: Any) -> None:
    model, tokenizer = tiny_gpt("ab")
    write(loss_of_text(model, tokenizer, "ab"), path, names=model, **options)


WEIGHTS = randn(2, 3, 4, 4).softmax(-1)
WRITERS: Dict[str, Callable[[Path], Any]] = {
    "every operation": lambda path: spreadsheets.export(everything(first_of_each()), path),
    "every operation, to fill in": lambda path: spreadsheets.worksheet(everything(first_of_each()), path),
    "many inputs": lambda path: spreadsheets.export(_many(), path),
    "a GPT": lambda path: gpt(spreadsheets.export, path),
    "a GPT with little room": lambda path: gpt(spreadsheets.export, path, max_cells=20),
    "odd numbers": lambda path: spreadsheets.export(odd_numbers(), path),
    "odd numbers, to fill in": lambda path: spreadsheets.worksheet(odd_numbers(), path),
    "nothing": lambda path: spreadsheets.export(_nothing(), path),
    "nothing to fill in": lambda path: spreadsheets.worksheet(_nothing(), path),
    **{
        f"{kind.__name__} {options}": lambda path, kind=kind, options=options: spreadsheets.export(
            path=path, **step(kind, **options)
        )
        for kind, options in [
            (optim.SGD, {"momentum": 0.9, "nesterov": True}),
            (optim.Momentum, {}),
            (optim.Adam, {}),
            (optim.AdamW, {}),
            (optim.RMSprop, {"centered": True, "momentum": 0.5}),
        ]
    },
    **{
        f"blanks {blanks}": lambda path, blanks=blanks: spreadsheets.worksheet(
            path=path, blanks=blanks, **step(optim.AdamW)
        )
        for blanks in (None, "forward", "backward", "update", ("0.weight", "0.bias"))
    },
    "heat maps": lambda path: spreadsheets.heat_map(WEIGHTS, path, queries=["=1", "_x0041_", "\x00", "x" * 40_000]),
    "a heat map of no numbers": lambda path: spreadsheets.heat_map(Tensor([[float("nan"), float("inf")]]), path),
    "a history": lambda path: history().export(path),
    "one epoch": lambda path: history(1).export(path),
    "histories": lambda path: export_histories({"a": history(), "b/c": history(300), "": history(1)}, path),
    "benchmarks": benchmarks,
}


def _many() -> Tensor:
    total = Tensor(0.0)
    for _ in range(250):  # with a formula for each their sum would be too long
        total = total + Tensor(1.0, requires_grad=True)
    return total


def _nothing() -> Tensor:
    empty = zeros(0, 3)
    empty.requires_grad = True
    return empty.sum()


@pytest.mark.parametrize("what", WRITERS)
def test_it_is_valid(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))  # benchmarks are not installed
    path = tmp_path / "a.xlsx"
    WRITERS[what](path)
    assert faults(path) == []


@needs_ironcalc
@pytest.mark.parametrize("what", ["odd numbers", "odd numbers, to fill in", "AdamW {}", "blanks None", "histories"])
def test_a_recalculated_copy_is_valid(what: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    WRITERS[what](path)
    spreadsheets.recalculate(path, engine="ironcalc", output=path)
    assert faults(path) == []


PLANTED = [  # part, what stands there, what is put in its place, the fault
    ("xl/charts/chart1.xml", '<scatterStyle val="lineMarker" />', "", "<scatterChart> has no <scatterStyle>"),
    ("xl/charts/chart1.xml", "<ser>", "<surprise /><ser>", "<scatterChart> holds <surprise>"),
    ("xl/charts/chart1.xml", '<order val="0" />', "", "<ser> has no <order>"),
    (
        "xl/worksheets/sheet2.xml",
        "<sheetData>",
        "<pageMargins /><sheetData>",
        "the children of <worksheet> are out of order",
    ),
    ("xl/worksheets/sheet2.xml", 'r="B2"', 'r="A1"', "A1 comes too late"),
    ("xl/worksheets/sheet2.xml", '<c r="B2" s="', '<c r="B2" s="99', "style 99"),
    ("xl/worksheets/sheet2.xml", ' t="inlineStr"', ' t="x"', "a cell of type x"),
    ("xl/worksheets/sheet2.xml", "<v>1.0</v>", "<v>nan</v>", "'nan' is no number"),
    ("xl/workbook.xml", 'name="Epochs"', 'name="charts"', "2 sheets are called 'charts'"),
    ("xl/workbook.xml", 'name="Epochs"', f'name="{16 * chr(0x1F600)}"', "a sheet cannot be called"),
    ("[Content_Types].xml", "/xl/styles.xml", "/xl/style.xml", "xl/style.xml: a type without a part"),
    (
        "xl/_rels/workbook.xml.rels",
        "worksheets/sheet2.xml",
        "worksheets/sheet9.xml",
        "there is no xl/worksheets/sheet9.xml",
    ),
]


@pytest.mark.parametrize("part, there, planted, fault", PLANTED)
def test_a_planted_fault_is_found(part: str, there: str, planted: str, fault: str, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xlsx", tmp_path / "bad.xlsx"
    made = History()
    made.add_epoch(loss=1.0)
    made.export(good)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            text = source.read(name).decode()
            if name == part:
                assert there in text
                text = text.replace(there, planted, 1)
            target.writestr(name, text)
    assert faults(good) == []
    assert any(fault in line for line in faults(bad))
