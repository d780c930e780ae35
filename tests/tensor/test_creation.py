"""zeros, ones, full, arange, eye, stack, cat."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, arange, cat, eye, full, ones, stack, zeros
from saitama.tensor import chunk


def test_filled():
    assert zeros(2, 3).tolist() == [[0.0] * 3] * 2 and zeros((2,)).tolist() == zeros([2]).tolist() == [0.0, 0.0]
    assert ones(2, dtype="int64").tolist() == [1, 1] and zeros().shape == () and zeros(0, 3).shape == (0, 3)
    assert full((2,), 7).tolist() == [7.0, 7.0] and full(2, True).dtype == "bool"
    assert full((2,), math.nan, requires_grad=True).requires_grad
    assert full((2,), 2**62 + 1, dtype="int64").tolist() == [2**62 + 1] * 2
    assert full((2,), Tensor(3.0)).tolist() == [3.0, 3.0] and zeros(1, dtype=bool).tolist() == [False]


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: zeros(-1), ValueError, r"^zeros: shape \(-1,\) has a negative size$"),
        (lambda: zeros(2.0), TypeError, r"^zeros: expected integers, got 2\.0$"),
        (lambda: zeros(True), TypeError, r"^zeros: expected integers, got True$"),
        (lambda: zeros("2"), TypeError, r"^zeros: expected integers, got '2'$"),
        (lambda: zeros(x for x in (1, 2)), TypeError, r"^zeros: expected integers, got <generator"),
        (lambda: ones([[2]]), TypeError, r"^ones: expected integers, got \[2\]$"),
        (lambda: zeros(*[1] * 33), ValueError, r"^zeros: shape has 33 axes, at most 32 are possible$"),
        (
            lambda: zeros(2, dtype="int64", requires_grad=True),
            TypeError,
            r"^requires_grad: only floats have derivatives",
        ),
        (lambda: zeros(2, dtype="int32"), TypeError, r"^dtype: expected one of .*, got 'int32'$"),
        (lambda: full(2, "3"), TypeError, r"^Tensor: expected a number, nested lists or a buffer, got '3'$"),
        (lambda: full(2, None), TypeError, r"^Tensor: expected a number"),
        (lambda: full(2, 1.5, dtype="int64"), TypeError, r"^Tensor: data is 1\.5, which int64 cannot hold"),
        (
            lambda: full(2, [1, 2]),
            ValueError,
            r"^full: expected one number for every place, got values of shape \(2,\)$",
        ),
        (lambda: eye(-1), ValueError, r"^eye: shape \(-1,\) has a negative size$"),
        (lambda: eye(2.5), TypeError, r"^eye: expected integers, got 2\.5$"),
        (lambda: arange("a"), TypeError, r"^arange: expected numbers, got 'a'$"),
        (lambda: arange(0, 5, "1"), TypeError, r"^arange: expected numbers, got '1'$"),
        (lambda: arange(0, 5, 0), ValueError, r"^arange: step must be a number other than 0, got 0$"),
        (lambda: arange(0, 5, math.nan), ValueError, r"^arange: step must be a number other than 0, got nan$"),
        (lambda: arange(math.inf), ValueError, r"^arange: from 0 to inf by 1 is not a list of numbers that fits"),
        (lambda: arange(math.nan), ValueError, r"^arange: from 0 to nan by 1 is not a list of numbers that fits"),
        (
            lambda: arange(2**40),
            ValueError,
            r"^arange: from 0 to 1099511627776 by 1 is not a list of numbers that fits",
        ),
        (lambda: arange(2**63, 2**63 + 1), OverflowError, r"^Tensor: data\[0\] is 9223372036854775808, outside"),
        (lambda: stack([]), ValueError, r"^stack: expected at least one tensor, got an empty list$"),
        (lambda: stack(Tensor([1.0])), TypeError, r"^stack: expected a list of tensors, got Tensor$"),
        (lambda: cat(x for x in [zeros(1)]), TypeError, r"^cat: expected a list of tensors, got generator$"),
        (lambda: stack([zeros(2), zeros(3)]), ValueError, r"^stack: tensor 0 has shape \(2,\), tensor 1 has \(3,\)"),
        (lambda: cat([zeros(2), zeros(2)], 1), IndexError, r"^cat: there is no axis 1; the tensor has axes 0 to 0$"),
        (lambda: cat([zeros(2, 2), zeros(3, 3)]), ValueError, r"\(2, 2\) and \(3, 3\)"),
        (lambda: cat([Tensor(1.0)]), IndexError, r"^cat: there is no axis 0; the tensor has no axes$"),
    ],
)
def test_what_cannot_be_made(make, error, message):
    with pytest.raises(error, match=message):
        make()


@given(start=st.integers(-20, 20), end=st.integers(-20, 20), step=st.integers(-5, 5).filter(bool))
def test_arange_of_integers_is_range(start, end, step):
    x = arange(start, end, step)
    assert x.tolist() == list(range(start, end, step)) and x.dtype == "int64"


def test_arange_of_floats():
    assert arange(0.5, 3).tolist() == [0.5, 1.5, 2.5] and arange(3.0).dtype == "float64"
    assert arange(0, 1, 0.1).shape == (10,) and arange(1, 0, 0.5).shape == (0,)
    assert arange(0, 1, Fraction(1, 4)).tolist() == [0, 0.25, 0.5, 0.75]
    assert arange(3, dtype="float32").dtype == "float32"
    assert arange(2**62, 2**62 + 2).tolist() == [2**62, 2**62 + 1]


def test_eye():
    assert (
        eye(2).tolist() == [[1.0, 0.0], [0.0, 1.0]] and eye(0).shape == (0, 0) and eye(1, dtype="bool").item() is True
    )


def test_cat_dtypes():
    whole = Tensor([1], dtype="int64")
    assert cat([whole, whole]).dtype == "int64" and cat([whole, Tensor([True])]).dtype == "float64"
    assert cat([whole, Tensor([1.0], dtype="float32")]).dtype == "float32"
    assert cat([Tensor([1.0]), Tensor([1.0], dtype="float32")]).dtype == "float64"
    assert cat([[1, 2], zeros(0)]).tolist() == [1.0, 2.0] and cat([zeros(2, 0), zeros(2, 3)], -1).shape == (2, 3)


def test_chunk_is_the_inverse_of_cat():
    x = Tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    parts = chunk(x, 2, -1)
    assert [part.tolist() for part in parts] == [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]
    assert cat(parts, 1).tolist() == x.tolist()
    assert [part.tolist() for part in chunk(x, 2)] == [[[1, 2, 3, 4]], [[5, 6, 7, 8]]]
    for wrong in (3, 0, -1):
        with pytest.raises(ValueError, match=f"cannot be cut into {wrong} equal parts"):
            chunk(x, wrong, 1)
    with pytest.raises(TypeError, match="chunk: expected a whole number"):
        chunk(x, 2.0)
