"""Each rule against its equation, worked out here in plain Python, and Momentum against SGD."""

from __future__ import annotations

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
