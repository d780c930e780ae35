"""The matrix product: vectors, matrices, batches that broadcast, and empty sizes."""

from __future__ import annotations

import math

import pytest
from gradients import check, few, leaf, numbers
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, eye, zeros

SHAPES = [
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((1, 1), (1, 1)),
    ((2, 2, 3), (3, 4)),
    ((3, 2), (2, 2, 4)),
    ((2, 1, 2, 3), (3, 3, 2)),
    ((2, 2, 3), (2, 3, 2)),
    ((3,), (2, 3, 2)),
    ((2, 2, 3), (3,)),
    ((1, 2, 3), (2, 3, 2)),
]


@pytest.mark.parametrize("a, b", SHAPES)
def test_gradients(a, b):
    check(lambda a, b: a @ b, leaf(a, seed=1), leaf(b, seed=2))


@pytest.mark.parametrize("a, b", SHAPES)
def test_a_batch_is_each_product_by_itself(a, b):
    A, B = numbers(a, seed=1), numbers(b, seed=2)
    rows = A if A.ndim > 1 else A.unsqueeze(0)
    columns = B if B.ndim > 1 else B.unsqueeze(1)
    by_sums = (rows.unsqueeze(-1) * columns.unsqueeze(-3)).sum(-2)
    assert (A @ B).reshape(-1).tolist() == pytest.approx(by_sums.reshape(-1).tolist(), rel=1e-13)


@given(m=st.integers(0, 3), k=st.integers(0, 3), n=st.integers(0, 3), batch=st.integers(0, 2))
@few
def test_empty_sizes(m, k, n, batch):
    """The sum over no k is 0, and its gradients are empty or zero."""
    a, b = leaf((batch, m, k)), leaf((k, n))
    y = a @ b
    y.sum().backward()
    assert y.shape == (batch, m, n) and a.grad.shape == a.shape and b.grad.shape == b.shape
    if k == 0:
        assert y.tolist() == zeros(batch, m, n).tolist()


def test_known_values():
    assert (Tensor([[1, 2], [3, 4]]) @ Tensor([[5, 6], [7, 8]])).tolist() == [[19, 22], [43, 50]]
    assert Tensor([1, 2]).matmul([3, 4]).item() == 11
    assert ([1.0, 2.0] @ eye(2)).tolist() == [1.0, 2.0]


def test_infinities_and_nan_survive():
    assert (Tensor([[math.inf, 1.0]]) @ Tensor([[1.0], [1.0]])).item() == math.inf
    assert math.isnan((Tensor([[math.inf, 1.0]]) @ Tensor([[0.0], [1.0]])).item())


def test_dtypes_meet():
    assert (Tensor([[1.0]], dtype="float32") @ Tensor([[2.0]])).dtype == "float64"
    assert (Tensor([[1]], dtype="int64") @ Tensor([[2.0]], dtype="float32")).dtype == "float32"


@pytest.mark.parametrize(
    "a, b, message",
    [
        ((2, 3), (4, 5), r"^matmul: \(2, 3\) @ \(4, 5\): inner sizes 3 and 4 differ$"),
        ((2, 3), (2,), r"^matmul: \(2, 3\) @ \(2,\): inner sizes 3 and 2 differ$"),
        ((2, 3), (), r"^matmul: \(2, 3\) @ \(\): a scalar has no rows or columns; use \* instead$"),
        ((2, 2, 3), (3, 3, 2), r"^matmul: \(2, 2, 3\) @ \(3, 3, 2\): \(2,\) and \(3,\) do not broadcast"),
    ],
)
def test_shapes_that_do_not_fit(a, b, message):
    with pytest.raises(ValueError, match=message):
        zeros(*a) @ zeros(*b)
