"""Each rule against its equation, worked out here in plain Python, and Momentum against SGD."""

from __future__ import annotations

from functools import partial
from math import sqrt
from typing import Any, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import nn
from saitama.optim import SGD, Adam, AdamW, Momentum, RMSprop

GRADIENTS = [0.5, -1.0, 2.0, 0.25]


def run(make: Any, gradients: List[float] = GRADIENTS, start: float = 1.0) -> float:
    """The only parameter after one step for each gradient."""
    p = nn.Parameter([start])
    optimizer = make([p])
    for g in gradients:
        optimizer.zero_grad()
        (p * g).sum().backward()
        optimizer.step()
    return float(p)


def test_sgd() -> None:
    assert run(lambda p: SGD(p, lr=0.1)) == pytest.approx(1 - 0.1 * sum(GRADIENTS), rel=1e-15)


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_with_momentum(nesterov: bool) -> None:
    p, v = 1.0, 0.0
    for t, gradient in enumerate(GRADIENTS):
        g = gradient + 0.01 * p
        v = 0.9 * v + g if t else g
        p -= 0.1 * (g + 0.9 * v if nesterov else v)
    assert run(lambda q: SGD(q, 0.1, momentum=0.9, weight_decay=0.01, nesterov=nesterov)) == pytest.approx(p, rel=1e-15)


def test_dampening_spares_the_first_gradient() -> None:
    p, v = 1.0, 0.0
    for t, g in enumerate(GRADIENTS):
        v = 0.9 * v + (1 - 0.5) * g if t else g
        p -= 0.1 * v
    assert run(lambda q: SGD(q, 0.1, momentum=0.9, dampening=0.5)) == pytest.approx(p, rel=1e-15)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8), st.floats(0, 0.99), st.floats(0, 1))
def test_momentum_is_sgd_with_momentum(gradients: List[float], momentum: float, lr: float) -> None:
    plain = run(lambda p: Momentum(p, lr=lr, momentum=momentum), gradients)
    assert plain == pytest.approx(run(lambda p: SGD(p, lr=lr, momentum=momentum), gradients), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("dampening", [0.0, 0.75])
def test_momentum_as_sheets_have_it(dampening: float, inside: bool, old: bool) -> None:
    p, v = 1.0, 0.0
    for g in GRADIENTS:
        before = v
        v = 0.75 * v + (-0.1 if inside else 1) * (1 - dampening) * g
        p += (1 if inside else -0.1) * (before if old else v)
    made = run(lambda q: Momentum(q, 0.1, 0.75, dampening=dampening, lr_inside=inside, old_moments=old))
    assert made == pytest.approx(p, rel=1e-14)


def test_two_steps_of_momentum_by_hand() -> None:
    """g is 0.5, then -1; lr 0.5, momentum 0.5."""
    after: Any = {}
    for name, options in {
        "outside": {},  # v: 0.5, then 0.25 - 1 = -0.75;  p: 1 - 0.25 = 0.75, then 0.75 + 0.375
        "inside": {"lr_inside": True},  # v: -0.25, then -0.125 + 0.5 = 0.375;  the same p
        "mean": {"dampening": 0.5},  # v: 0.25, then 0.125 - 0.5 = -0.375;  p: 0.875, then 1.0625
        "before": {"old_moments": True},  # v as outside;  p: 1, then 1 - 0.5 0.5 = 0.75
    }.items():
        p = nn.Parameter([1.0])
        optimizer = Momentum([p], lr=0.5, momentum=0.5, **options)  # type: ignore[arg-type]
        for g in (0.5, -1.0):
            optimizer.zero_grad()
            (p * g).sum().backward()
            optimizer.step()
        after[name] = p.item(), optimizer.state[p]["velocity"].item()
    assert after == {
        "outside": (1.125, -0.75),
        "inside": (1.125, 0.375),
        "mean": (1.0625, -0.375),
        "before": (0.75, -0.75),
    }


def test_two_steps_of_adam_by_hand() -> None:
    """g is 2, then 1; lr 0.5, betas 0.5 and 0.75, eps 1: v is 1, then 1."""
    for options, expected in [
        ({"bias_correction": False}, [0.75, 0.5]),  # m: 1, then 1;  p: 1 - 0.5 1 / (1 + 1), and once more
        ({"bias_correction": False, "old_moments": True}, [1.0, 0.75]),  # nothing before the first step
        ({"old_moments": True}, [1.0, 1.0 - 0.5 * (1 / 0.75) / (sqrt(1 / 0.4375) + 1)]),
    ]:
        for kind in (Adam, AdamW):
            make = partial(kind, lr=0.5, betas=(0.5, 0.75), eps=1.0, weight_decay=0.0, **options)  # type: ignore[arg-type]
            made = [run(make, [2.0, 1.0][:n]) for n in (1, 2)]
            assert made == pytest.approx(expected, rel=1e-15)


def test_rmsprop_with_the_mean_before_the_step() -> None:
    """g is 2, then 1; alpha 0.75, eps 1: s is 0 at the first step and 1 at the second."""
    made = [run(lambda p: RMSprop(p, 0.5, 0.75, 1.0, old_moments=True), [2.0, 1.0][:n]) for n in (1, 2)]
    assert made == [0.0, 0.0 - 0.5 * 1 / (1 + 1)]


def test_conventions_are_yes_or_no() -> None:
    p = [nn.Parameter([1.0])]
    for make in (
        lambda: Adam(p, bias_correction=0),  # type: ignore[arg-type]
        lambda: AdamW(p, old_moments=None),  # type: ignore[arg-type]
        lambda: RMSprop(p, old_moments=1),  # type: ignore[arg-type]
        lambda: Momentum(p, lr_inside="yes"),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match="must be True or False"):
            make()
    with pytest.raises(ValueError, match="Momentum: dampening"):
        Momentum(p, dampening=-0.5)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("decoupled", [False, True])
def test_adam_and_adamw(decoupled: bool, decay: float) -> None:
    p, m, v = 1.0, 0.0, 0.0
    for t, gradient in enumerate(GRADIENTS, 1):
        if decoupled:
            p -= 0.1 * decay * p
        g = gradient if decoupled else gradient + decay * p
        m, v = 0.8 * m + 0.2 * g, 0.9 * v + 0.1 * g * g
        p -= 0.1 * (m / (1 - 0.8**t)) / (sqrt(v / (1 - 0.9**t)) + 1e-3)
    kind = AdamW if decoupled else Adam
    assert run(lambda q: kind(q, 0.1, (0.8, 0.9), 1e-3, decay)) == pytest.approx(p, rel=1e-14)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("centered", [False, True])
def test_rmsprop(centered: bool, momentum: float) -> None:
    p, s, a, b = 1.0, 0.0, 0.0, 0.0
    for gradient in GRADIENTS:
        g = gradient + 0.01 * p
        s, a = 0.9 * s + 0.1 * g * g, 0.9 * a + 0.1 * g
        b = momentum * b + g / (sqrt(s - a * a if centered else s) + 1e-3)
        p -= 0.1 * b
    made = run(lambda q: RMSprop(q, 0.1, 0.9, 1e-3, 0.01, momentum, centered))
    assert made == pytest.approx(p, rel=1e-13)


def test_the_first_step_of_adam_is_lr_whatever_the_gradient() -> None:
    for g in (1e-6, 1.0, 1e6):
        assert run(lambda p: Adam(p, lr=0.1, eps=0.0), [g]) == pytest.approx(0.9, rel=1e-12)
