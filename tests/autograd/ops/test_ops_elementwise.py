"""Exp, Log, Sqrt, Tanh, Sigmoid, ReLU, Abs, GELU: known values, gradients, the ends of the range."""

from __future__ import annotations

import math

import pytest
from gradients import check, few, leaf, shapes
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor


def gelu(x):
    return x * 0.5 * (1 + math.erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


FORMULAS = {
    "exp": (Tensor.exp, math.exp, -2.0),
    "log": (Tensor.log, math.log, 0.5),
    "sqrt": (Tensor.sqrt, math.sqrt, 0.5),
    "tanh": (Tensor.tanh, math.tanh, -2.0),
    "sigmoid": (Tensor.sigmoid, lambda x: 1 / (1 + math.exp(-x)), -2.0),
    "relu": (Tensor.relu, lambda x: max(0.0, x), -2.0),
    "abs": (Tensor.abs, abs, -2.0),
    "gelu": (Tensor.gelu, gelu, -2.0),
    "gelu_tanh": (lambda x: x.gelu(approximate="tanh"), gelu_tanh, -2.0),
}


@pytest.mark.parametrize("name", FORMULAS)
@given(x=st.floats(-30, 30))
@few
def test_value_is_the_formula(name, x):
    operation, formula, low = FORMULAS[name]
    x = x if low < 0 else abs(x) + 1e-3
    assert operation(Tensor(x)).item() == pytest.approx(formula(x), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("name", FORMULAS)
@given(shape=shapes)
@few
def test_gradient(name, shape):
    operation, _, low = FORMULAS[name]
    check(operation, leaf(shape, low, 2.5))


@pytest.mark.parametrize("name", FORMULAS)
def test_nan_stays_nan_in_value_and_gradient(name):
    x = Tensor([math.nan], requires_grad=True)
    y = FORMULAS[name][0](x)
    y.sum().backward()
    assert math.isnan(y.item()) and math.isnan(x.grad.item())


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
