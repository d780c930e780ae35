"""profile: where the time goes."""

from __future__ import annotations

import time

import pytest

from saitama import Tensor, manual_seed, nn, optim, randn
from saitama.autograd import checkpoint
from saitama.autograd.function import OPS
from saitama.spreadsheets import recalculate
from saitama.training import profile
from saitama.training.profile import ELSE, Peaks, Row


def setting():
    manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 8), nn.Sequential(nn.Tanh(), nn.Linear(8, 2)))
    return model, optim.Adam(model.parameters()), randn(3, 4)


def run(model, optimizer, x):
    optimizer.zero_grad()
    model(x).sum().backward()
    optimizer.step()


def test_operations_and_modules_are_counted():
    parts = setting()
    with profile() as p:
        run(*parts)
        run(*parts)
        time.sleep(0.01)
    rows = {row.name: row for row in p.operations}
    assert {name: row.calls for name, row in rows.items()} == {
        "Linear": 4,
        "Tanh": 2,
        "Sum": 2,
        "Adam.step": 2,
        ELSE: 0,
    }
    assert rows["Linear"].forward > 0 and rows["Linear"].backward > 0 and rows["Adam.step"].forward > 0
    first, last = 2 * 3 * 4 * 8, 2 * 3 * 8 * 2
    assert rows["Linear"].flop == 2 * (first + 24 + last + 6 + first + 24 + 2 * last + 6)  # x asks for no gradient
    assert p.seconds >= 0.01
    assert sum(row.seconds for row in p.operations) == pytest.approx(p.seconds)
    modules = {row.name: row for row in p.modules}
    assert list(modules) == ["Sequential", "Sequential.0", "Sequential.1", "Sequential.1.0", "Sequential.1.1"]
    assert all(row.calls == 2 for row in modules.values())
    inside = modules["Sequential.1.0"].flop + modules["Sequential.1.1"].flop
    assert modules["Sequential.1"].flop == inside
    assert modules["Sequential"].flop == inside + modules["Sequential.0"].flop
    text = str(p)
    assert "Linear" in text and "Sequential.1.1" in text and "GFLOP/s" in text


def test_when_it_is_over_nothing_is_left_of_it():
    before = {name: (vars(op).get("forward"), vars(op).get("backward")) for name, op in OPS.items()}
    call, step = nn.Module.__call__, optim.Optimizer.step if hasattr(optim, "Optimizer") else None
    with profile() as p:
        assert nn.Module.__call__ is not call
        with pytest.raises(RuntimeError, match="another profile"), profile():
            pass
        run(*setting())
    assert {name: (vars(op).get("forward"), vars(op).get("backward")) for name, op in OPS.items()} == before
    assert nn.Module.__call__ is call
    assert step is None or optim.Optimizer.step is step
    seconds = p.seconds
    run(*setting())
    assert p.seconds == seconds and p.operations[0].calls <= 2


def test_an_error_inside_ends_it():
    call = nn.Module.__call__
    with pytest.raises(ZeroDivisionError), profile():
        raise ZeroDivisionError
    assert nn.Module.__call__ is call


def test_a_backward_pass_whose_forward_pass_was_before():
    model, _, x = setting()
    loss = model(x).sum()
    with profile() as p:
        loss.backward()
    rows = {row.name: row for row in p.operations}
    assert rows["Linear"].calls == 0 and rows["Linear"].backward > 0


def test_what_runs_twice_counts_twice():
    model, _, x = setting()
    with profile() as p:
        checkpoint(model, x).sum().backward()
    assert {row.name: row.calls for row in p.operations}["Tanh"] == 2


def test_the_least_time_is_that_of_products_or_that_of_memory():
    peaks = Peaks({"float64": 100.0, "float32": 200.0}, 10.0)
    assert peaks.least(Row("x", flop=1000, bytes=10)) == 10.0
    assert peaks.least(Row("x", flop=1000, bytes=10, dtype="float32")) == 5.0
    assert peaks.least(Row("x", flop=10, bytes=100)) == 10.0


def test_the_workbook_computes_the_rates(tmp_path):
    with profile() as p:
        for _ in range(3):
            run(*setting())
    p.export(tmp_path / "profile.xlsx")
    found = recalculate(tmp_path / "profile.xlsx", engine="ironcalc")
    assert found.errors == {}
    linear = next(row for row in p.operations if row.name == "Linear")
    number = 4 + [row.name for row in p.operations].index("Linear")
    assert found[f"Operations!A{number}"] == "Linear"
    assert found[f"Operations!E{number}"] == pytest.approx(linear.seconds)
    assert found[f"Operations!J{number}"] == pytest.approx(linear.flop / linear.seconds / 1e9)
    with pytest.raises(ValueError, match="not an .xlsx name"):
        p.export(tmp_path / "profile.txt")


def test_integers_do_not_decide_the_dtype():
    with profile() as p:
        Tensor([1.0, 2.0], dtype="float32").exp().argmax()
    assert {row.name: row.dtype for row in p.operations}["Exp"] == "float32"
