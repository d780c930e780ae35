"""Softplus and CrossEntropy as operations: derivatives by differences, and what a graph carries of them."""

from __future__ import annotations

import math

import pytest

from saitama import Tensor, gradcheck, nn  # noqa: F401  (nn registers the operations)
from saitama.autograd.function import OPS, apply


def test_softplus() -> None:
    x = Tensor([-800.0, -1.0, 0.0, 2.0, 800.0], requires_grad=True)
    y = apply("Softplus", (x,))
    assert y.tolist() == pytest.approx([0.0, math.log1p(math.exp(-1)), math.log(2), math.log1p(math.exp(2)), 800.0])
    assert gradcheck(lambda x: apply("Softplus", (x,)), x)
    y.sum().backward()
    assert x.grad.tolist() == pytest.approx([1 / (1 + math.exp(-v)) if v > -700 else 0.0 for v in x.tolist()])


@pytest.mark.parametrize("smoothing", [0.0, 0.2, 1.0])
def test_cross_entropy(smoothing: float) -> None:
    x = Tensor([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0], [9.0, 9.0, 9.0]], requires_grad=True)
    t = Tensor([2, 1, -1], dtype="int64")
    options = {"ignore_index": -1, "label_smoothing": smoothing}
    y = apply("CrossEntropy", (x, t), **options)
    for i, (row, target) in enumerate(zip(x.tolist()[:2], (2, 1))):
        log_p = [a - math.log(sum(math.exp(b) for b in row)) for a in row]
        q = [(1 - smoothing) * (j == target) + smoothing / 3 for j in range(3)]
        assert y.tolist()[i] == pytest.approx(-sum(a * b for a, b in zip(q, log_p)))
    assert y.tolist()[2] == 0.0
    assert gradcheck(lambda x: apply("CrossEntropy", (x, t), **options), x)


def test_what_a_graph_carries() -> None:
    x = Tensor([[1.0, 2.0]], requires_grad=True)
    node = apply("CrossEntropy", (x, Tensor([1], dtype="int64")), label_smoothing=0.1).node
    assert {name: getattr(node, name) for name in OPS["CrossEntropy"].params} == {
        "ignore_index": -100,
        "label_smoothing": 0.1,
    }
    assert node.needs == (True, False)


def test_binary_cross_entropy() -> None:
    p = Tensor([0.25, 0.5, 0.9], requires_grad=True)
    t = Tensor([0.0, 1.0, 0.25], requires_grad=True)
    y = apply("BinaryCrossEntropy", (p, t))
    expected = [-math.log(0.75), -math.log(0.5), -0.25 * math.log(0.9) - 0.75 * math.log(0.1)]
    assert y.tolist() == pytest.approx(expected, rel=1e-15)
    assert gradcheck(lambda p, t: apply("BinaryCrossEntropy", (p, t)), (p, t))
