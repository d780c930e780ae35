"""Operands and their dtypes, Python numbers on either side, and the arrangement methods."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest

import saitama
from saitama import Tensor, zeros


def test_names_of_the_curriculum():
    a = Tensor([2.0, 4.0])
    assert a.multiply(2).tolist() == a.mul(2).tolist() == [4.0, 8.0]
    assert a.subtract(1).tolist() == [1.0, 3.0] and a.divide(2).tolist() == [1.0, 2.0]
    assert a.view(2, 1).shape == (2, 1) and abs(-a).tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    "a, b, expected",
    [
        ("float64", "float32", "float64"),
        ("float32", "float32", "float32"),
        ("float32", "int64", "float32"),
        ("float32", "bool", "float32"),
        ("int64", "int64", "float64"),
        ("int64", "bool", "float64"),
        ("bool", "bool", "float64"),
    ],
)
def test_promotion(a, b, expected):
    x, y = Tensor([1], dtype=a), Tensor([1], dtype=b)
    assert (x + y).dtype == (y * x).dtype == expected
    assert (x + y).tolist() == [2.0]


@pytest.mark.parametrize("number", [2, 2.0, Fraction(2), pytest.param(True, id="True")])
def test_numbers_take_the_dtype_of_the_tensor(number):
    x = Tensor([1.0], dtype="float32")
    for y in (x + number, number + x, x * number, number - x, number / x, x**number):
        assert y.dtype == "float32"
    assert (Tensor([1], dtype="int64") + number).dtype == "float64"


def test_numbers_that_a_float_cannot_hold_are_refused():
    x = Tensor([1.0])
    for number in (2**53 + 1, 10**400, -(10**400)):
        with pytest.raises(OverflowError, match="^Tensor: data is .* cannot hold exactly"):
            x * number
    with pytest.raises(OverflowError, match=r"^Tensor: data is of type int, which float64"):
        x * 10**6000  # its digits are more than Python prints
    assert (x * 2**60).tolist() == [2.0**60] and (x * 1e308 * 10).tolist() == [math.inf]


@pytest.mark.parametrize("other", [None, "a", b"a", 1j, {}, {1}, object(), [None], [[1], [1, 2]]])
def test_operands_that_are_no_numbers(other):
    x = Tensor([1.0])
    for operate in (x.add, x.matmul, x.__radd__, x.lt, x.maximum):
        with pytest.raises((TypeError, ValueError), match="^Tensor: "):
            operate(other)


def test_lists_and_decimals_are_operands():
    assert (Tensor([1.0, 2.0]) + [1, 2]).tolist() == [2.0, 4.0]
    assert ([1, 2] * Tensor([1.0, 2.0])).tolist() == [1.0, 4.0]
    assert (Tensor([1.0]) * Decimal("0.5")).tolist() == [0.5]


@pytest.mark.parametrize(
    "method, args, shape",
    [
        ("reshape", (3, 2), (3, 2)),
        ("reshape", ((-1,),), (6,)),
        ("reshape", ([2, -1, 1],), (2, 3, 1)),
        ("flatten", (), (6,)),
        ("flatten", (0, 0), (2, 3)),
        ("unsqueeze", (-1,), (2, 3, 1)),
        ("unsqueeze", (0,), (1, 2, 3)),
        ("squeeze", (), (2, 3)),
        ("squeeze", (0,), (2, 3)),
        ("transpose", (), (3, 2)),
        ("permute", (1, 0), (3, 2)),
        ("expand", (4, -1, 3), (4, 2, 3)),
    ],
)
def test_shapes(method, args, shape):
    x = Tensor([[1, 2, 3], [4, 5, 6]])
    y = getattr(x, method)(*args)
    assert y.shape == shape
    if method not in ("expand", "transpose", "permute"):
        assert y.reshape(6).tolist() == [1, 2, 3, 4, 5, 6]


def test_the_smallest_shapes():
    scalar = Tensor(1.0)
    assert scalar.flatten().shape == (1,) and scalar.reshape(1, 1).shape == (1, 1) and scalar.squeeze().shape == ()
    assert Tensor([[[1.0]]]).squeeze().shape == () and Tensor([[[1.0]]]).squeeze(1).shape == (1, 1)
    assert zeros(0, 3).reshape(3, 0).shape == (3, 0) and zeros(0, 3).reshape(-1, 3).shape == (0, 3)


@pytest.mark.parametrize("dim", [0, -1, (0,), [-1]])
def test_a_single_number_reduces_along_the_axis_of_a_row_of_one(dim):
    """PyTorch's rule for tensors without axes; each derivative is that of the row [x]."""
    for method, y, slope in (("sum", 3, 1), ("mean", 3, 1), ("max", 3, 1), ("min", 3, 1)):
        for keepdim in (False, True):
            x = Tensor(3.0, requires_grad=True)
            got = getattr(x, method)(dim, keepdim=keepdim)
            got.backward()
            assert (got.tolist(), got.shape, x.grad.tolist()) == (y, (), slope)
    assert Tensor(3.0).argmax(dim).tolist() == Tensor(3.0).argmin(dim).tolist() == 0


@pytest.mark.parametrize("dim", [0, -1])
def test_a_single_number_takes_the_axes_of_a_row_of_one(dim):
    x = Tensor(3.0, requires_grad=True)
    for y, expected in (
        (x.softmax(dim), 1.0),
        (x.log_softmax(dim), 0.0),
        (x.squeeze(dim), 3.0),
        (x.flatten(dim), [3.0]),
        (x.transpose(dim, dim), 3.0),
        (x.gather(dim, Tensor(0, dtype="int64")), 3.0),
        (x.gather(dim, Tensor([0, 0], dtype="int64")), [3.0, 3.0]),
        (x.unsqueeze(dim), [3.0]),
    ):
        assert y.tolist() == expected and y.requires_grad
    x.gather(dim, Tensor([0, 0], dtype="int64")).sum().backward()
    assert x.grad.tolist() == 2
    for call in (x.sum, x.argmax, x.softmax, x.squeeze, lambda d: x.flatten(d), lambda d: x.gather(d, 0)):
        for wrong in (1, -2):
            with pytest.raises(IndexError, match=rf"there is no axis {wrong}; a single number takes only 0 or -1$"):
                call(wrong)
    with pytest.raises(ValueError, match=r"^sum: dim=\(0, -1\) names an axis twice$"):
        x.sum((0, -1))


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda x: x.reshape(4, 2), ValueError, r"^reshape: shape \(2, 3\) has 6 elements, which do not fit \(4, 2\)$"),
        (lambda x: x.reshape(-1, -1), ValueError, r"^reshape: .* which do not fit \(-1, -1\)$"),
        (lambda x: x.reshape(-2, -3), ValueError, r"^reshape: shape \(-2, -3\) has a negative size$"),
        (lambda x: x.reshape(0, -1), ValueError, r"^reshape: "),
        (lambda x: x.reshape(2.0, 3), TypeError, r"^reshape: expected integers, got 2\.0$"),
        (lambda x: x.reshape("6"), TypeError, r"^reshape: expected integers, got '6'$"),
        (lambda x: x.permute(0, 0), ValueError, r"^permute: \(0, 0\) does not name each of the 2 axes once$"),
        (lambda x: x.permute(0), ValueError, r"^permute: \(0,\) does not name each of the 2 axes once$"),
        (lambda x: x.transpose(0, 2), IndexError, r"^transpose: there is no axis 2; the tensor has axes 0 to 1$"),
        (lambda x: x[0].transpose(), ValueError, r"^transpose: shape \(3,\) has no two axes to exchange"),
        (lambda x: x[0].T, ValueError, r"^T: shape \(3,\) is not a matrix"),
        (lambda x: x.flatten(1, 0), ValueError, r"^flatten: start_dim 1 comes after end_dim 0$"),
        (lambda x: x.unsqueeze(3), IndexError, r"^unsqueeze: there is no axis 3"),
        (lambda x: x.squeeze(2), IndexError, r"^squeeze: there is no axis 2"),
        (lambda x: x.expand(2, 4), ValueError, r"^expand: \(2, 3\) does not broadcast to \(2, 4\)$"),
        (lambda x: x.expand(3), ValueError, r"^expand: "),
        (
            lambda x: x.to("float16"),
            TypeError,
            r"^dtype: expected one of float64, float32, int64, bool, got 'float16'$",
        ),
        (lambda x: (x / 0).to("int64"), ValueError, r"^cast: inf"),
    ],
)
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call(Tensor([[1, 2, 3], [4, 5, 6]]))


def test_dtype_methods():
    x = Tensor([1.9, -1.9, 0.0])
    assert (x.float().dtype, x.double().dtype, x.long().dtype) == ("float32", "float64", "int64")
    assert x.long().tolist() == [1, -1, 0] and x.to(bool).tolist() == [True, True, False]
    assert x.to(int).dtype == "int64"


def test_the_default_dtype():
    saitama.set_default_dtype("float32")
    try:
        assert Tensor([1.0]).dtype == zeros(2).dtype == (Tensor([True]) + 1).dtype == "float32"
        assert saitama.cat([Tensor([1], dtype="int64"), Tensor([True])]).dtype == "float32"
        assert (Tensor([1], dtype="int64") / 3).dtype == "float32"
    finally:
        saitama.set_default_dtype("float64")
    assert Tensor([1.0]).dtype == "float64"


def test_numpy_stands_back():
    """An array on the left leaves the operation to the Tensor."""
    assert Tensor.__array_ufunc__ is None


def test_integers_are_chosen_and_summed_without_becoming_floats():
    """PyTorch's dtypes: what chooses keeps the dtype, and sums of integers and bools are int64."""
    beyond = 2**53
    x = Tensor([[beyond, beyond + 1], [beyond + 1, beyond]], dtype="int64")
    assert x.max().item() == x.maximum(beyond).max().item() == beyond + 1 and x.max(0).dtype == "int64"
    assert x.min(1).tolist() == [beyond, beyond] and x.argmax(1).tolist() == [1, 0] and x.argmin().item() == 0
    assert x.sum(0).tolist() == [2 * beyond + 1] * 2 and x.sum().dtype == "int64"
    assert x.minimum(x.max()).tolist() == x.tolist() and x.maximum(True).dtype == "int64"
    assert x.maximum(0.5).dtype == "float64" and x.mean().dtype == "float64"
    flags = Tensor([True, False, True])
    assert (flags.sum().item(), flags.sum().dtype, flags.max().item(), flags.mean().item()) == (2, "int64", True, 2 / 3)
    assert (x == Tensor([[True, False], [True, False]])).tolist() == [[False, False], [False, False]]
    with pytest.raises(OverflowError, match="^sum: result 0 is outside the range of int64"):
        (Tensor([2**62, 2**62], dtype="int64")).sum()
    saitama.set_default_dtype("float32")
    try:
        y = Tensor([2**24, 2**24 + 1], dtype="int64")
        assert (y.argmax().item(), y.max().item(), y.mean().dtype) == (1, 2**24 + 1, "float32")
    finally:
        saitama.set_default_dtype("float64")
