"""Early stopping: when, and with which weights."""

from __future__ import annotations

import pytest

from saitama import nn
from saitama.regularization import EarlyStopping
from saitama.tensor import Tensor


def steps(values, **options):
    stopping = EarlyStopping(restore_best=False, **options)
    return [stopping.step(value) for value in values], stopping


def test_it_waits_for_patience_steps_without_gain():
    said, stopping = steps([3.0, 2.0, 2.5, 2.4, 2.3], patience=3)
    assert said == [False, False, False, False, True]
    assert (stopping.best, stopping.best_step, stopping.waited) == (2.0, 2, 3)


def test_a_gain_starts_the_count_again():
    assert steps([3.0, 3.1, 2.9, 3.0, 3.0], patience=2)[0] == [False, False, False, False, True]


def test_min_delta_and_mode():
    assert steps([1.0, 0.95], patience=1, min_delta=0.1)[0] == [False, True]
    assert steps([1.0, 0.85], patience=1, min_delta=0.1)[0] == [False, False]
    assert steps([0.5, 0.6, 0.6], patience=1, mode="max")[0] == [False, False, True]


def test_nan_is_never_better():
    said, stopping = steps([float("nan"), 1.0, float("nan")], patience=1)
    assert said == [True, False, True]
    assert stopping.best == 1.0


def test_the_best_weights_come_back():
    model, stopping = nn.Linear(1, 1), EarlyStopping(patience=2)
    for value, weight in ((2.0, 1.0), (1.0, 2.0), (3.0, 3.0)):
        model.weight.data = [[weight]]
        stopping.step(Tensor(value), model)
    assert stopping.restore(model)
    assert model.weight.tolist() == [[2.0]]


def test_in_place_updates_do_not_reach_the_best_weights():
    model, stopping = nn.Linear(1, 1), EarlyStopping()
    model.weight.data = [[1.0]]
    stopping.step(1.0, model)
    weight = model.weight.detach()
    weight += 5.0
    model.weight.data = weight
    stopping.restore(model)
    assert model.weight.tolist() == [[1.0]]


def test_its_state_goes_on():
    _, stopping = steps([3.0, 3.5], patience=2)
    other = EarlyStopping(patience=2, restore_best=False)
    other.load_state_dict(stopping.state_dict())
    assert other.step(3.2) is True
    with pytest.raises(ValueError, match="expected a state with best"):
        other.load_state_dict({"best": 1.0})


def test_nothing_to_restore():
    model = nn.Linear(1, 1)
    assert EarlyStopping().restore(model) is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patience": 0}, "patience"),
        ({"patience": 1.5}, "patience"),
        ({"min_delta": -1}, "min_delta"),
        ({"mode": "least"}, "mode"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        EarlyStopping(**options)


def test_the_model_is_asked_for():
    with pytest.raises(TypeError, match="give step"):
        EarlyStopping().step(1.0)
