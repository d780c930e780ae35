"""What all optimisers share: groups, states, saving and loading, and what they refuse."""

from __future__ import annotations

import json
from typing import Any, List

import pytest

from saitama import Tensor, nn, optim
from saitama.optim import SGD, Adam, AdamW, Momentum, Optimizer, RMSprop

MAKERS = {
    "SGD": lambda p: SGD(p, lr=0.1),
    "SGD with momentum": lambda p: SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Momentum": lambda p: Momentum(p, lr=0.1),
    "Adam": lambda p: Adam(p, lr=0.1),
    "AdamW": lambda p: AdamW(p, lr=0.1, weight_decay=0.1),
    "RMSprop": lambda p: RMSprop(p, lr=0.1),
    "RMSprop with all": lambda p: RMSprop(p, lr=0.1, momentum=0.5, centered=True, weight_decay=0.01),
}
makers = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def parameters(dtype: str = "float64") -> List[nn.Parameter]:
    return [nn.Parameter([[1.0, -2.0], [0.5, 3.0]], dtype=dtype), nn.Parameter([4.0], dtype=dtype)]


def descend(optimizer: Optimizer, params: List[nn.Parameter], steps: int = 5) -> List[Any]:
    """A few steps on |p|^2 + sum p; the parameters afterwards."""
    for _ in range(steps):
        optimizer.zero_grad()
        sum(((p * p).sum() + p.sum() for p in params), Tensor(0.0, dtype=params[0].dtype)).backward()
        optimizer.step()
    return [p.tolist() for p in params]


@makers
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_it_descends(make: Any, dtype: str) -> None:
    params = parameters(dtype)
    before = sum(float((p * p + p).sum()) for p in params)
    descend(make(params), params)
    assert sum(float((p * p + p).sum()) for p in params) < before
    assert all(p.dtype == dtype and p.is_leaf and p.requires_grad for p in params)


@makers
def test_a_saved_run_goes_on_to_the_last_bit(make: Any) -> None:
    params = parameters()
    optimizer = make(params)
    descend(optimizer, params, 3)
    saved, numbers = optimizer.state_dict(), [p.tolist() for p in params]
    expected = descend(optimizer, params, 3)
    others = [nn.Parameter(values) for values in numbers]
    again = make(others)
    again.load_state_dict(saved)
    assert descend(again, others, 3) == expected


@makers
def test_a_saved_state_does_not_change(make: Any) -> None:
    params = parameters()
    optimizer = make(params)
    descend(optimizer, params, 2)
    saved = optimizer.state_dict()
    before = repr(saved)
    descend(optimizer, params, 2)
    assert repr(saved) == before


@makers
def test_a_parameter_without_gradient_is_left_alone(make: Any) -> None:
    moving, still = parameters()
    before = still.tolist()
    optimizer = make([moving, still])
    descend(optimizer, [moving], 2)
    assert still.tolist() == before
    assert still not in optimizer.state


@makers
def test_a_late_parameter_starts_its_own_count(make: Any) -> None:
    """As if it had an optimiser of its own from then on."""
    first, late = parameters()
    optimizer = make([first, late])
    descend(optimizer, [first], 2)
    descend(optimizer, [first, late], 3)
    one, other = parameters()
    descend(make([one]), [one], 5)
    descend(make([other]), [other], 3)
    assert (first.tolist(), late.tolist()) == (one.tolist(), other.tolist())


def test_groups_have_options_of_their_own() -> None:
    slow, fast = nn.Parameter([1.0]), nn.Parameter([1.0])
    optimizer = SGD([{"params": [slow]}, {"params": fast, "lr": 0.5}], lr=0.1)
    (slow + fast).sum().backward()
    optimizer.step()
    assert (slow.tolist(), fast.tolist()) == ([0.9], [0.5])
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]
    third = nn.Parameter([1.0])
    optimizer.add_param_group({"params": third, "lr": 0.0})
    assert [len(group["params"]) for group in optimizer.param_groups] == [1, 1, 1]
    assert optimizer.state_dict()["param_groups"][2]["params"] == [2]


def test_zero_grad_forgets() -> None:
    params = parameters()
    params[0].sum().backward()
    SGD(params).zero_grad()
    assert all(p.grad is None for p in params)


def test_the_state_of_plain_sgd_is_json() -> None:
    optimizer = SGD(parameters(), lr=0.5)
    assert json.loads(json.dumps(optimizer.state_dict()))["param_groups"][0]["lr"] == 0.5


def test_names_are_pytorchs() -> None:
    params = parameters()
    for optimizer, names in [
        (SGD(params, momentum=0.9), {"momentum_buffer"}),
        (Adam(params), {"step", "exp_avg", "exp_avg_sq"}),
        (RMSprop(params, momentum=0.9, centered=True), {"square_avg", "momentum_buffer", "grad_avg"}),
    ]:
        descend(optimizer, params, 1)
        assert set(optimizer.state[params[0]]) == names


def test_repr() -> None:
    assert "group 0: 2 parameters, lr=0.1, momentum=0.9" in repr(SGD(parameters(), lr=0.1, momentum=0.9))


# --- what is refused --------------------------------------------------------------------------------------------------
REFUSED = [
    (lambda p: SGD([]), ValueError, "SGD: the list of parameters is empty"),
    (lambda p: Adam(nn.ReLU().parameters()), ValueError, "Adam: the list of parameters is empty"),
    (lambda p: SGD([{"params": []}]), ValueError, "a group has no parameters"),
    (lambda p: SGD(p[0]), TypeError, "params is a Parameter; give a list"),
    (lambda p: SGD(3), TypeError, "params is a int; give a list"),
    (lambda p: SGD([1.0]), TypeError, "parameter 0 is a float, expected an nn.Parameter or a Tensor"),
    (lambda p: SGD([p[0], p[0] * 2]), TypeError, "parameter 1 .* must be a leaf of floats"),
    (lambda p: SGD([Tensor([1], dtype="int64")]), TypeError, "must be a leaf of floats"),
    (lambda p: SGD([p[0], p[0]]), ValueError, "parameter 1 .* was given before"),
    (lambda p: SGD([{"params": p}, {"params": p[:1]}]), ValueError, "was given before"),
    (lambda p: SGD([{"lr": 1.0}]), TypeError, 'a group is a dict with "params"'),
    (lambda p: SGD([{"params": p, "speed": 1.0}]), ValueError, "unknown option speed; there are lr, momentum"),
    (lambda p: SGD([{"params": p, "lr": -1.0}]), ValueError, "lr must be a finite number of at least 0, got -1.0"),
    (lambda p: SGD(p, lr=float("nan")), ValueError, "lr must be"),
    (lambda p: SGD(p, lr=float("inf")), ValueError, "lr must be"),
    (lambda p: SGD(p, lr="0.1"), TypeError, "lr must be"),
    (lambda p: SGD(p, momentum=-0.1), ValueError, "momentum must be"),
    (lambda p: SGD(p, dampening=float("nan")), ValueError, "dampening must be"),
    (lambda p: SGD(p, dampening="x"), TypeError, "dampening must be"),
    (lambda p: SGD(p, weight_decay=-0.1), ValueError, "weight_decay must be"),
    (lambda p: SGD(p, nesterov=True), ValueError, "nesterov needs momentum > 0"),
    (lambda p: Momentum(p, momentum=1.0), ValueError, r"momentum must be a number in \[0, 1\), got 1.0"),
    (lambda p: Adam(p, lr=-1e-3), ValueError, "Adam: lr must be"),
    (lambda p: Adam(p, eps=-1e-8), ValueError, "eps must be"),
    (lambda p: Adam(p, betas=(1.0, 0.9)), ValueError, r"beta1 must be a number in \[0, 1\), got 1.0"),
    (lambda p: AdamW(p, betas=(0.9, -0.1)), ValueError, r"AdamW: beta2 must be a number in \[0, 1\), got -0.1"),
    (lambda p: Adam(p, betas=0.9), TypeError, "betas must be two numbers"),
    (lambda p: RMSprop(p, alpha=1.5), ValueError, r"alpha must be a number in \[0, 1\]"),
]


@pytest.mark.parametrize(("make", "error", "message"), REFUSED)
def test_refusals(make: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        make(parameters())


WRONG_STATES = [
    (lambda state: {}, 'expected a dict with "state" and "param_groups"'),
    (
        lambda state: SGD(parameters()[:1], momentum=0.9).state_dict(),
        r"groups of \[1\] parameters, here they have \[2\]",
    ),
    (
        lambda state: Adam(parameters()).state_dict(),
        "options of group 0: dampening, momentum, nesterov missing; betas, bias_correction, eps",
    ),
    (lambda state: {**state, "param_groups": [{"lr": 0.1}]}, 'group 0 must be a dict with a list "params"'),
    (lambda state: {**state, "param_groups": 3}, '"param_groups" must be a list'),
    (lambda state: {**state, "state": {0: {}}}, "state of parameter 0: momentum_buffer missing"),
    (lambda state: {**state, "state": {0: [1.0]}}, "the state of parameter 0 must be a dict, got a list"),
    (lambda state: {**state, "state": {0: {"exp_avg": 1.0}}}, "momentum_buffer missing; exp_avg unexpected"),
    (lambda state: {**state, "state": {0: {"momentum_buffer": 1.0}}}, "of parameter 0 must be a Tensor, got 1.0"),
    (lambda state: {**state, "state": {5: {}}}, "it has a state for parameter 5, here there are 2"),
    (
        lambda state: {**state, "state": {1: {"momentum_buffer": Tensor([1.0, 2.0])}}},
        r"momentum_buffer of parameter 1 is float64 \(2,\), the parameter float64 \(1,\)",
    ),
    (
        lambda state: {**state, "param_groups": [{**state["param_groups"][0], "lr": -1.0}]},
        "lr must be a finite number of at least 0",
    ),
]


@pytest.mark.parametrize(("change", "message"), WRONG_STATES)
def test_the_state_of_another_model_changes_nothing(change: Any, message: str) -> None:
    params = parameters()
    optimizer = SGD(params, lr=0.1, momentum=0.9)
    descend(optimizer, params, 1)
    before = repr(optimizer.state_dict())
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(change(optimizer.state_dict()))
    assert repr(optimizer.state_dict()) == before


@pytest.mark.parametrize("kind", [optim.Momentum, Adam, optim.RMSprop])
def test_a_state_from_before_an_option_was_there(kind: Any) -> None:
    """It goes on as it was, whatever the optimiser at hand does."""
    params = parameters()
    optimizer = kind(params, lr=0.1)
    descend(optimizer, params, 1)
    saved = optimizer.state_dict()
    for name in kind.ADDED:
        del saved["param_groups"][0][name]
    other = kind(parameters(), old_moments=True)
    other.load_state_dict(saved)
    assert repr(other) == repr(optimizer)


@pytest.mark.parametrize("step", [0, -1, "3", True, 1.5])
def test_a_count_of_steps_is_a_whole_number_from_1_on(step: Any) -> None:
    params = parameters()
    optimizer = Adam(params)
    descend(optimizer, params, 1)
    state = optimizer.state_dict()
    state["state"][0]["step"] = step
    with pytest.raises(ValueError, match="step of parameter 0 must be"):
        optimizer.load_state_dict(state)


def test_the_package_lists_what_it_has() -> None:
    assert all(hasattr(optim, name) for name in optim.__all__)
