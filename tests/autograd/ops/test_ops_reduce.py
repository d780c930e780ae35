"""Sum, Mean, Max, Min, ArgMax, ArgMin over every choice of axes."""

from __future__ import annotations

import itertools
import math

import pytest
from gradients import check, few, leaf, nested, numbers, reductions
from hypothesis import given

from saitama import Tensor, zeros


def first_best(better):
    def position(xs):
        return xs.index(better(xs))

    return position


PYTHON = {
    "sum": math.fsum,
    "mean": lambda xs: math.fsum(xs) / len(xs),
    "max": max,
    "min": min,
    "argmax": first_best(max),
    "argmin": first_best(min),
}


def by_hand(f, x, dim, keepdim):
    """The reduction in plain Python: (values in row order, shape)."""
    axes = nested(x.shape, dim)
    ranges = [range(size) for size in x.shape]
    kept = [[0] if axis in axes else ranges[axis] for axis in range(x.ndim)]
    inner = [ranges[axis] if axis in axes else [0] for axis in range(x.ndim)]
    values = [
        f([x[tuple(map(sum, zip(start, offset)))].item() for offset in itertools.product(*inner)])
        for start in itertools.product(*kept)
    ]
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape) if keepdim or axis not in axes)
    return values, shape


@pytest.mark.parametrize("name", PYTHON)
@given(case=reductions())
@few
def test_values_over_any_axes(name, case):
    shape, dim, keepdim = case
    x = numbers(shape)
    y = getattr(x, name)(dim=dim, keepdim=keepdim)
    values, expected = by_hand(PYTHON[name], x, dim, keepdim)
    assert y.shape == expected
    assert y.reshape(-1).tolist() == pytest.approx(values, rel=1e-14, abs=1e-15)
    assert y.dtype == ("int64" if name.startswith("arg") else "float64")


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
@given(case=reductions())
@few
def test_gradients_over_any_axes(name, case):
    shape, dim, keepdim = case
    check(lambda x: getattr(x, name)(dim=dim, keepdim=keepdim), leaf(shape))


def test_the_first_of_equals_wins_and_gets_the_gradient():
    x = Tensor([[1.0, 5.0, 5.0], [5.0, 0.0, 0.0]], requires_grad=True)
    assert x.argmax().item() == 1 and x.argmin(dim=1).tolist() == [0, 1]
    x.max().backward()
    assert x.grad.tolist() == [[0, 1, 0], [0, 0, 0]]
    x.grad = None
    x.max(dim=(0, 1), keepdim=True).sum().backward()
    assert x.grad.tolist() == [[0, 1, 0], [0, 0, 0]]
    x.grad = None
    x.min(dim=0).sum().backward()
    assert x.grad.tolist() == [[1, 0, 0], [0, 1, 1]]


def test_nan_wins():
    x = Tensor([1.0, math.nan, 3.0, math.nan])
    assert math.isnan(x.max().item()) and math.isnan(x.min().item()) and math.isnan(x.sum().item())
    assert x.argmax().item() == 1 and x.argmin().item() == 1


def test_infinities():
    x = Tensor([1.0, math.inf, -math.inf])
    assert x.max().item() == math.inf and x.min().item() == -math.inf
    assert math.isnan(x.sum().item()) and x[:2].mean().item() == math.inf


def test_of_nothing():
    nothing = zeros(0, 3, requires_grad=True)
    assert nothing.sum().item() == 0.0 and nothing.sum(dim=0).tolist() == [0.0] * 3
    assert math.isnan(nothing.mean().item())
    assert nothing.max(dim=1).shape == (0,)
    (nothing.mean() + nothing.sum()).backward()
    assert nothing.grad.shape == (0, 3)
    for name in ("max", "min", "argmax", "argmin"):
        with pytest.raises(ValueError, match=f"^{name}: "):
            getattr(nothing, name)(dim=0)


def test_a_scalar_reduces_to_itself():
    x = Tensor(3.0, requires_grad=True)
    assert [x.sum().item(), x.mean().item(), x.max().item(), x.argmax().item()] == [3.0, 3.0, 3.0, 0]
    check(lambda x: x.sum() + x.mean() + x.max(), x)


def test_integers_and_bools():
    assert (Tensor([1.0, -1.0, 2.0]) > 0).mean().item() == pytest.approx(2 / 3)
    assert Tensor([1, 2], dtype="int64").sum().item() == 3.0


@pytest.mark.parametrize(
    "dim, error, message",
    [
        (2, IndexError, r"^sum: there is no axis 2; the tensor has axes 0 to 1$"),
        (-3, IndexError, r"^sum: there is no axis -3; the tensor has axes 0 to 1$"),
        (0.0, TypeError, r"^sum: expected an integer axis, got 0\.0$"),
        (True, TypeError, r"^sum: expected an integer axis, got True$"),
        ("0", TypeError, r"^sum: expected an integer axis, got '0'$"),
        ({0}, TypeError, r"^sum: expected an integer axis, got \{0\}$"),
        ((0, -2), ValueError, r"^sum: dim=\(0, -2\) names an axis twice$"),
        ((), ValueError, r"^sum: dim=\(\) names no axis; use dim=None for all$"),
    ],
)
def test_bad_axes(dim, error, message):
    with pytest.raises(error, match=message):
        zeros(2, 3).sum(dim=dim)


def test_pairwise_sum_keeps_the_digits():
    assert Tensor([0.1] * 10_000).sum().item() == pytest.approx(1000, rel=1e-14)
