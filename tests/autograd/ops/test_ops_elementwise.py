"""Operations of one number: values, gradients, the ends of the range. (tests/operations.py lists them.)"""

from __future__ import annotations

import math

import pytest
from gradients import check, few, leaf, shapes
from hypothesis import given
from hypothesis import strategies as st
from operations import OPERATIONS

from saitama import Tensor

each = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.kernel)


@each
@given(x=st.floats(-30, 30))
@few
def test_value_is_the_formula(operation, x):
    x = x if operation.between[0] < 0 else abs(x) + 1e-3
    assert operation(Tensor(x)).item() == pytest.approx(operation.formula(x), rel=1e-13, abs=1e-15)


@each
@given(shape=shapes)
@few
def test_gradient(operation, shape):
    check(operation, leaf(shape, *operation.between))


@each
def test_nan_stays_nan_in_value_and_gradient(operation):
    x = Tensor([math.nan], requires_grad=True)
    y = operation(x)
    y.sum().backward()
    assert math.isnan(y.item())
    assert math.isnan(x.grad.item()) or operation.op == "Neg"  # whose slope is -1 everywhere


def test_the_ends_of_the_range():
    big = Tensor([-1000.0, 1000.0, -math.inf, math.inf])
    assert big.exp().tolist() == [0.0, math.inf, 0.0, math.inf]
    assert big.sigmoid().tolist() == [0.0, 1.0, 0.0, 1.0]
    assert big.tanh().tolist() == [-1.0, 1.0, -1.0, 1.0]
    assert big.relu().tolist() == [0.0, 1000.0, 0.0, math.inf]
    assert big.abs().tolist() == [1000.0, 1000.0, math.inf, math.inf]
    assert Tensor([0.0, math.inf]).log().tolist() == [-math.inf, math.inf]
    assert all(map(math.isnan, Tensor([-1.0, -math.inf]).log().tolist()))
    assert math.isnan(Tensor(-1.0).sqrt().item())


def test_derivatives_at_the_kinks_and_poles():
    x = Tensor([0.0], requires_grad=True)
    (x.relu() + x.abs()).sum().backward()
    assert x.grad.tolist() == [0.0]
    x.grad = None
    x.sqrt().sum().backward()
    assert x.grad.tolist() == [math.inf]
    x.grad = None
    x.log().sum().backward()
    assert x.grad.tolist() == [math.inf]


def test_sigmoid_far_out_has_no_slope_rather_than_nan():
    x = Tensor([-1000.0, 1000.0], requires_grad=True)
    x.sigmoid().sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


def test_integers_and_bools_become_floats():
    assert Tensor([0, 1], dtype="int64").exp().tolist() == [1.0, pytest.approx(math.e)]
    assert Tensor([True, False]).neg().dtype == "float64"


def test_unknown_approximation():
    with pytest.raises(ValueError, match=r'^gelu: approximate must be "none" or "tanh", got \'erf\'$'):
        Tensor(1.0).gelu("erf")
