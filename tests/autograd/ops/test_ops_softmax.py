"""Softmax and log-softmax."""

from __future__ import annotations

import math

import pytest
from gradients import check, few, full_shapes, leaf, numbers
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, zeros


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@given(shape=full_shapes, place=st.integers(-3, 2))
@few
def test_values_and_gradients_along_any_axis(name, shape, place):
    dim = place % len(shape)
    x = numbers(shape)
    e = x.exp()
    expected = e / e.sum(dim, keepdim=True)
    expected = expected if name == "softmax" else expected.log()
    y = getattr(x, name)(dim)
    assert y.reshape(-1).tolist() == pytest.approx(expected.reshape(-1).tolist(), rel=1e-13)
    check(lambda x: getattr(x, name)(dim - len(shape)), leaf(shape))


def test_known_values():
    assert Tensor([0.0, math.log(3)]).softmax().tolist() == pytest.approx([0.25, 0.75], rel=1e-15)
    assert Tensor([5.0]).log_softmax().tolist() == [0.0]


def test_large_numbers_and_masks():
    assert Tensor([1000.0, 1000.0, -math.inf]).softmax().tolist() == [0.5, 0.5, 0.0]
    assert Tensor([1e300, 0.0]).log_softmax().tolist() == [0.0, -1e300]


def test_a_masked_place_gets_no_gradient():
    x = Tensor([1.0, 2.0, -math.inf], requires_grad=True)
    x.softmax()[0].backward()
    assert x.grad.tolist()[2] == 0.0
    assert x.grad.tolist()[0] == pytest.approx(-x.grad.tolist()[1])


def test_a_row_of_only_masks_is_nan_and_so_is_one_with_nan():
    assert all(map(math.isnan, Tensor([-math.inf, -math.inf]).softmax().tolist()))
    assert all(map(math.isnan, Tensor([1.0, math.nan]).log_softmax().tolist()))


def test_empty_and_scalar():
    assert zeros(3, 0).softmax(1).shape == (3, 0) and zeros(3, 0).softmax(0).shape == (3, 0)
    assert Tensor(5.0).softmax().tolist() == 1 and Tensor(5.0).log_softmax(0).tolist() == 0
    with pytest.raises(IndexError, match="^softmax: there is no axis 1; a single number takes only 0 or -1$"):
        Tensor(1.0).softmax(1)
    with pytest.raises(IndexError, match="^log_softmax: there is no axis 2; the tensor has axes 0 to 1$"):
        zeros(2, 2).log_softmax(2)
