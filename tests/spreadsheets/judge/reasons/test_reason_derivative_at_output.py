"""The derivative taken at the output, or twice."""

from __future__ import annotations

from math import tanh
from typing import Any, List

import pytest
from learner import Learner, layer, slugs

NET, H = [[-0.9, 0.4875], [-0.525, -0.7]], [[-0.7163, 0.4522], [-0.4815, -0.6044]]
DH = [[-0.4832, -0.0239], [0.0092, -0.8022]]


def each(f: Any) -> List[List[float]]:
    return [[round(f(g, x, y), 4) for g, x, y in zip(*rows)] for rows in zip(DH, NET, H)]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (each(lambda g, x, y: g * (1 - tanh(y) ** 2)), "the derivative is taken at h in place of net"),
        (each(lambda g, x, y: g * (1 - x * x)), "net stands where h belongs"),
        (each(lambda g, x, y: g * (1 - y * y) ** 2), "the derivative of h counts twice"),
    ],
)
def test_derivative_at_output(wrong: Any, words: str) -> None:
    reason = Learner(*layer(), {"dL/dnet": wrong}).reason("dL/dnet")
    assert reason.slug == "derivative-at-output" and words in reason.sentence


def test_one_and_a_square_is_a_sign() -> None:
    reason = Learner(*layer(), {"dL/dnet": each(lambda g, x, y: g * (1 + y * y))}).reason("dL/dnet")
    assert reason.slug == "sign" and "derivative-at-output" not in slugs(reason)
