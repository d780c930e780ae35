"""repr of every kind of tensor."""

from __future__ import annotations

import math

import pytest

from saitama import Tensor, arange, zeros
from saitama.autograd import no_grad


@pytest.mark.parametrize(
    "tensor, text",
    [
        (Tensor(1.0), "tensor(1.0)"),
        (Tensor([1, 2.5]), "tensor([1.0, 2.5])"),
        (Tensor([[1, 20], [3, 4]]), "tensor([[ 1.0, 20.0],\n        [ 3.0,  4.0]])"),
        (Tensor([[[1.0]], [[2.0]]]), "tensor([[[1.0]],\n        [[2.0]]])"),
        (Tensor([1 / 3, -0.0]), "tensor([0.333333,     -0.0])"),
        (Tensor([math.nan, math.inf, -math.inf]), "tensor([ nan,  inf, -inf])"),
        (Tensor([1e-300, 1e22]), "tensor([1e-300,  1e+22])"),
        (Tensor([True, False]), "tensor([ True, False])"),
        (Tensor([1, -2], dtype="int64"), "tensor([ 1, -2], dtype=int64)"),
        (Tensor(0.5, dtype="float32"), "tensor(0.5, dtype=float32)"),
        (Tensor([]), "tensor([], shape=(0,))"),
        (zeros(2, 0), "tensor([], shape=(2, 0))"),
        (Tensor([1.0], name="w", requires_grad=True), "tensor([1.0], name='w', requires_grad=True)"),
        (Tensor([1.0], requires_grad=True) * 2, "tensor([2.0], made by Mul)"),
        (arange(2000), "tensor([   0,    1,    2, ..., 1997, 1998, 1999], shape=(2000,), dtype=int64)"),
    ],
)
def test_repr(tensor, text):
    assert repr(tensor) == str(tensor) == f"{tensor}" == text


def test_long_axes_are_shortened_and_nothing_is_recorded():
    text = repr(zeros(100, 100, requires_grad=True))
    row = "[0.0, 0.0, 0.0, ..., 0.0, 0.0, 0.0]"
    lines = [row] * 3 + ["..."] + [row] * 3
    assert text == "tensor([" + ",\n        ".join(lines) + "], shape=(100, 100), requires_grad=True)"


def test_inside_no_grad():
    x = Tensor([1.0], requires_grad=True)
    with no_grad():
        assert repr(x * 2) == "tensor([2.0])"
