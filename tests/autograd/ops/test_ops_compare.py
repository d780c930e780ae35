"""Comparisons and where."""

from __future__ import annotations

import math
from operator import eq, ge, gt, le, lt, ne

import pytest
from gradients import check, few, leaf
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, where

COMPARISONS = {"eq": eq, "ne": ne, "lt": lt, "le": le, "gt": gt, "ge": ge}


@pytest.mark.parametrize("name", COMPARISONS)
@given(a=st.floats(), b=st.floats())
def test_as_python_compares_nan_too(name, a, b):
    relation = COMPARISONS[name]
    assert relation(Tensor(a), Tensor(b)).item() is relation(a, b)
    assert getattr(Tensor(a), name)(b).item() is relation(a, b)


@pytest.mark.parametrize("name", COMPARISONS)
def test_broadcasts_to_bools(name):
    y = COMPARISONS[name](Tensor([[1], [2]]), Tensor([1, 2, 3]))
    assert y.dtype == "bool"
    assert y.tolist() == [[COMPARISONS[name](a, b) for b in (1, 2, 3)] for a in (1, 2)]


def test_tracked_comparisons_are_recorded_but_have_no_gradient():
    x = Tensor([1.0, -1.0], requires_grad=True)
    mask = x > 0
    assert type(mask.node).__name__ == "Gt" and not mask.requires_grad
    with pytest.raises(RuntimeError, match="^backward: nothing here requires a gradient"):
        mask.sum().backward()
    with pytest.raises(TypeError, match="^requires_grad: only floats have derivatives, this tensor is bool$"):
        mask.requires_grad_()


def test_large_integers_are_compared_exactly():
    x = Tensor([2**53, 2**53 + 1], dtype="int64")
    assert (x == 2**53).tolist() == [True, False]
    assert (x > 2**53).tolist() == [False, True]
    with pytest.raises(OverflowError, match="outside the range of int64"):
        x == 2**64  # noqa: B015


def test_equality_with_none_and_strings_is_false():
    x = Tensor([1.0])
    assert (x == None) is False and (x != None) is True and (x == "a") is False  # noqa: E711


def test_where_values_and_dtypes():
    mask = Tensor([True, False])
    assert where(mask, 1, 0).tolist() == [1.0, 0.0]
    assert where(mask, [[1.0], [2.0]], -1).tolist() == [[1.0, -1.0], [2.0, -1.0]]
    whole = where(mask, Tensor([1, 2], dtype="int64"), 0)
    assert whole.tolist() == [1, 0] and whole.dtype == "int64"
    assert where(mask, mask, mask).dtype == "bool"
    assert where([True, False], math.inf, math.nan).tolist()[0] == math.inf
    with pytest.raises(TypeError, match="^where: the condition must be bool, got float64; compare, as in x > 0$"):
        where(Tensor([1.0]), 1, 0)


@given(shape_a=st.sampled_from([(), (3,), (2, 1), (2, 3)]), shape_b=st.sampled_from([(1,), (1, 3), (2, 3), (2, 2, 3)]))
@few
def test_where_gradient(shape_a, shape_b):
    condition = Tensor([[True, False, True], [False, False, True]])
    check(lambda a, b: where(condition, a, b), leaf(shape_a, seed=1), leaf(shape_b, seed=2))


def test_where_keeps_a_bad_branch_out_of_the_value():
    x = Tensor([0.0, 4.0], requires_grad=True)
    y = where(x > 0, x.sqrt(), 0.0)
    assert y.tolist() == [0.0, 2.0]
    with pytest.raises(ValueError, match="do not broadcast"):
        where(x > 0, Tensor([1.0, 2.0, 3.0]), 0.0)


def test_a_mask_computed_once_serves_after_the_graph_was_freed():
    w = Tensor([1.0, -2.0], requires_grad=True)
    mask = w > 0
    for step in (1.0, 2.0):
        where(mask, w * 3, 0.0).sum().backward()
        assert w.grad.tolist() == [3.0 * step, 0.0]
