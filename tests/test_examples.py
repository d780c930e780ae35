"""Every example runs and keeps its promise."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from saitama import get_num_threads, set_num_threads
from saitama.script import run_script
from saitama.spreadsheets import export

FOLDER = Path(__file__).resolve().parent.parent / "examples"
PROMISES = {  # name -> (takes a folder to write to, what main() must return)
    "xor_by_hand": (False, lambda error: error == 0),
    "xor_trained": (False, lambda error: error < 0.05),
    "moons": (False, lambda accuracy: accuracy > 0.97),
    "iris": (False, lambda accuracy: accuracy > 0.95),
    "digits": (False, lambda accuracy: accuracy > 0.95),
    "regression_with_workbook": (True, lambda slope: abs(slope - 2) < 0.2),
    "training_step_by_hand": (True, lambda lowered: lowered > 0),
    "overfitting": (True, lambda runs: cures_help(runs)),
    "vanishing_gradient": (True, lambda result: gates_help(result)),
}


AT_SCALE = {  # scripts from top to bottom: name -> (the workbooks that it writes, what its names must hold at the end)
    "batch_size": (["batch_size.xlsx"], lambda names: noise_falls(names["rows"])),
    "mixed_precision": ([], lambda names: scaling_saves_gradients(names["results"])),
    "attention_memory": (["attention_memory.xlsx"], lambda names: memory_grows(names["rows"])),
    "scale_by_hand": (["scale_by_hand.xlsx"], lambda names: abs(names["loss"].item() - 3.4125) < 1e-12),
    "data_parallel": ([], lambda names: names["losses"][-1] < 0.3 * names["losses"][0]),
    "pipeline": ([], lambda names: names["losses"][-1] < 0.5 * names["losses"][0]),
}


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
    assert {path.stem for path in FOLDER.glob("*.py")} == {*PROMISES, *AT_SCALE}


@pytest.mark.parametrize("name", AT_SCALE)
def test_example_at_scale(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    writes, promise = AT_SCALE[name]
    loss, names = run_script(str(FOLDER / f"{name}.py"))
    assert promise(names)
    assert capsys.readouterr().out.count("\n") >= 1
    assert sorted(path.name for path in tmp_path.iterdir()) == writes
    exported = export(loss, "loss.xlsx", names={key: x for key, x in names.items() if not isinstance(x, type)})
    assert exported.formulas > 30 and not exported.left_out
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 80
    assert f"\npython examples/{name}.py" in text and f"\nsaitama export examples/{name}.py -o " in text


@pytest.mark.parametrize("name", PROMISES)
def test_example(name, tmp_path, capsys):
    writes, promise = PROMISES[name]
    main = runpy.run_path(str(FOLDER / f"{name}.py"))["main"]
    result = main(tmp_path) if writes else main()
    assert promise(result)
    assert capsys.readouterr().out.count("\n") >= 1
    assert bool(list(tmp_path.glob("*.xlsx"))) == writes


@pytest.mark.parametrize("name", PROMISES)
def test_example_is_short(name):
    assert len((FOLDER / f"{name}.py").read_text(encoding="utf-8").splitlines()) < 80
