"""Every example runs, keeps its promise, and exports its loss."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from saitama import get_num_threads, set_num_threads, spreadsheets
from saitama.script import run_script

FOLDER = Path(__file__).resolve().parent.parent / "examples"
PROMISES = {  # name -> (the workbooks that it writes, what its names must hold at the end)
    "xor_by_hand": ([], lambda names: names["loss"].item() == 0),
    "xor_trained": ([], lambda names: (names["probability"] - names["y"]).abs().max().item() < 0.05),
    "moons": ([], lambda names: names["result"]["accuracy"] > 0.97),
    "iris": ([], lambda names: names["share"] > 0.95),
    "digits": ([], lambda names: names["result"]["accuracy"] > 0.95),
    "regression_with_workbook": (
        ["regression.xlsx", "regression_history.xlsx"],
        lambda names: abs(names["slope"] - 2) < 0.2,
    ),
    "training_step_by_hand": (
        ["training_step.xlsx", "training_step_by_hand.xlsx"],
        lambda names: names["lowered"] > 0,
    ),
    "overfitting": (["overfitting.xlsx"], lambda names: cures_help(names["runs"])),
    "vanishing_gradient": (["vanishing_gradient.xlsx"], lambda names: gates_help(names)),
    "batch_size": (["batch_size.xlsx"], lambda names: noise_falls(names["rows"])),
    "mixed_precision": ([], lambda names: scaling_saves_gradients(names["results"])),
    "attention_memory": (["attention_memory.xlsx"], lambda names: memory_grows(names["rows"])),
    "scale_by_hand": (["scale_by_hand.xlsx"], lambda names: abs(names["loss"].item() - 3.4125) < 1e-12),
    "data_parallel": ([], lambda names: names["losses"][-1] < 0.3 * names["losses"][0]),
    "pipeline": ([], lambda names: names["losses"][-1] < 0.5 * names["losses"][0]),
}
FEW = 4_000  # formulas that are soon recalculated


@pytest.fixture(autouse=True)
def one_thread():
    """Networks as small as these gain nothing from a second thread, and lose much to it on a busy machine."""
    threads = get_num_threads()
    set_num_threads(1)
    yield
    set_num_threads(threads)


def cures_help(runs):
    """The network without a cure knows its points by heart and does badly elsewhere; every cure does better."""
    last = {name: run["val_loss"][-1] for name, run in runs.items()}
    without = runs["none"]
    overfits = without["loss"][-1] < 0.1 and last["none"] > 3 * min(without["val_loss"])
    return (
        overfits and len(runs) == 7 and all(loss < 0.8 * last["none"] for name, loss in last.items() if name != "none")
    )


def gates_help(result):
    """The gradient vanishes without open gates, explodes with large weights, and what vanishes is not learnt from."""
    lasting = {kind: row[-1] / row[0] for kind, row in result["norms"].items()}
    vanish = all(lasting[kind] < 1e-8 for kind in ("RNN", "LSTM", "GRU"))
    last = all(lasting[f"{kind}, open gates"] > 1e-3 for kind in ("LSTM", "GRU"))
    losses = result["losses"]
    learnt = max(losses["LSTM, open gates"], losses["GRU, open gates"]) < 0.2 < losses["RNN"]
    clipped = losses["RNN, large weights, clipped"] < 0.5 * losses["RNN, large weights"]
    return vanish and last and lasting["RNN, large weights"] > 100 and learnt and clipped


def noise_falls(rows):
    """As 1 / sqrt(batch); and batches that make steps enough learn."""
    noises = [row[3] for row in rows[:4]]
    halves = all(1.8 < a / b < 2.2 for a, b in zip(noises, noises[1:]))
    return halves and all(row[5] > 0.8 for row in rows[:3]) and [row[2] for row in rows[:4]] == [1500, 376, 96, 24]


def scaling_saves_gradients(results):
    """In float16 alone all gradients are 0, and nothing is learnt; with a scale, and in bfloat16, it is as in
    float32."""
    fell = {name: found["last"] / found["first"] for name, found in results.items()}
    alone = results["float16"]["zeros"] == 1 and fell["float16"] == 1
    return alone and all(share < 0.2 for name, share in fell.items() if name != "float16")


def memory_grows(rows):
    """From 512 to 1024 positions: by the formula four times, fused twice as much."""
    return 3.7 < rows[-1][1] / rows[-2][1] < 4.1 and 1.8 < rows[-1][2] / rows[-2][2] < 2.1


def test_every_example_is_tested():
    assert {path.stem for path in FOLDER.glob("*.py")} == set(PROMISES)


@pytest.mark.parametrize("name", PROMISES)
def test_example(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    writes, promise = PROMISES[name]
    loss, names = run_script(str(FOLDER / f"{name}.py"))
    assert promise(names)
    assert capsys.readouterr().out.count("\n") >= 1
    assert sorted(path.name for path in tmp_path.iterdir()) == writes
    exported = spreadsheets.export(loss, "loss.xlsx", names=names)
    assert exported.formulas > 50 and not exported.left_out
    if exported.formulas < FEW and sys.version_info >= (3, 10):
        spreadsheets.recalculate(exported, output=exported)
        assert spreadsheets.verify(exported).ok


@pytest.mark.parametrize("name", PROMISES)
def test_example_is_short_and_says_how_to_run_it(name):
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 80
    assert f"\npython examples/{name}.py" in text
    assert f"\nsaitama export examples/{name}.py -o " in text or "export(loss, " in text
