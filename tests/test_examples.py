"""Every example runs and keeps its promise."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from saitama import get_num_threads, set_num_threads

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


def test_every_example_is_tested():
    assert {path.stem for path in FOLDER.glob("*.py")} == set(PROMISES)


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
