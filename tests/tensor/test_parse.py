"""From lists and buffers to numbers, or to an error that names the place."""

from __future__ import annotations

import array
import ctypes
import math
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor


def nest(value, depth):
    for _ in range(depth):
        value = [value]
    return value


def selfish(*front):
    """A list that contains itself."""
    loop = list(front)
    loop.append(loop)
    return loop


@st.composite
def regular(draw):
    """(nested lists of floats, their shape)"""
    shape = draw(st.lists(st.integers(1, 3), max_size=4))

    def build(sizes):
        return [build(sizes[1:]) for _ in range(sizes[0])] if sizes else draw(st.floats(allow_nan=False))

    return build(shape), tuple(shape)


@given(case=regular())
def test_nested_lists_come_back(case):
    data, shape = case
    x = Tensor(data)
    assert x.tolist() == data and x.shape == shape and x.dtype == "float64"


@pytest.mark.parametrize(
    "data, shape", [([], (0,)), ([[], []], (2, 0)), ([[[]]], (1, 1, 0)), (((1, 2), [3, 4]), (2, 2)), (range(3), (3,))]
)
def test_shapes(data, shape):
    assert Tensor(data).shape == shape


def test_dtypes():
    assert Tensor([1, 2]).dtype == "float64" and Tensor([True, False]).dtype == "bool"
    assert Tensor([True, 2]).tolist() == [1.0, 2.0]
    assert Tensor([1.0, 2], dtype="int64").tolist() == [1, 2]
    assert Tensor([1, 0.0, True], dtype="bool").tolist() == [True, False, True]
    assert Tensor(True).item() is True and Tensor(3, dtype=int).item() == 3


def test_kinds_of_numbers():
    class Three(IntEnum):
        THREE = 3

    assert Tensor([Fraction(1, 4), Decimal("0.5"), Three.THREE, math.pi]).tolist() == [0.25, 0.5, 3.0, math.pi]
    assert Tensor(Decimal("0.5")).item() == 0.5 and Tensor(Fraction(1, 4)).item() == 0.25
    assert math.isnan(Tensor([Decimal("NaN")]).item())
    assert Tensor([math.inf, -math.inf]).tolist() == [math.inf, -math.inf]
    assert math.copysign(1, Tensor(-0.0).item()) == -1


@pytest.mark.parametrize(
    "data, message",
    [
        ([[1, 2], [3]], r"data\[0\] is a list of 2, data\[1\] is a list of 1; give every list of one level the same"),
        ([[1, 2], 3], r"data\[0\] is a list of 2, data\[1\] is the single value 3"),
        ([1, [2]], r"data\[0\] is the single value 1, data\[1\] is a list of 1"),
        ([[[1], [2]], [[3], [4, 5]]], r"data\[0\]\[0\] is a list of 1, data\[1\]\[1\] is a list of 2"),
        ([[], [1]], r"data\[0\] is a list of 0, data\[1\] is a list of 1"),
        (selfish(1), r"data\[0\] is the single value 1, data\[1\] is a list of 2"),
    ],
)
def test_ragged(data, message):
    with pytest.raises(ValueError, match=f"^Tensor: ragged data: {message}"):
        Tensor(data)


@pytest.mark.parametrize("data", [selfish(), selfish([]), nest(1, 33), nest(1, 40)])
def test_no_bottom(data):
    with pytest.raises(ValueError, match="^Tensor: (lists are nested more than 32 deep$|ragged)"):
        Tensor(data)
    assert Tensor(nest(1, 32)).ndim == 32


def test_a_list_of_itself_many_times_does_not_hang():
    loop = []
    loop.extend([loop] * 1000)
    with pytest.raises(ValueError, match="^Tensor: lists are nested more than 32 deep$"):
        Tensor(loop)


@pytest.mark.parametrize(
    "data, message",
    [
        ([1, None], r"data\[1\] is None \(NoneType\), not a number$"),
        ([["a"]], r"data\[0\]\[0\] is 'a' \(str\), not a number$"),
        ([1j], r"data\[0\] is 1j \(complex\), not a number$"),
        ([1, {2}], r"data\[1\] is \{2\} \(set\), not a number$"),
        ([Tensor(1.0)], r"data\[0\] is tensor\(1\.0\) \(Tensor\), not a number; use stack\(\) to join tensors"),
        ([b"a"], r"data\[0\] is b'a' \(bytes\)"),
        (["x" * 1000], r"data\[0\] is 'x{76}\.\.\. \(str\), not a number$"),
        (None, "expected a number, nested lists or a buffer, got None$"),
        ("12", "expected a number, nested lists or a buffer, got '12'$"),
        (b"12", "expected a number, nested lists or a buffer, got b'12'$"),
        (1j, "expected a number, nested lists or a buffer, got 1j$"),
        ({1: 2}, r"expected a number, nested lists or a buffer, got dict \(.*\); try \.tolist\(\) or list\(\)$"),
        ({1, 2}, r"expected a number, nested lists or a buffer, got set \("),
        ((x for x in [1]), r"expected a number, nested lists or a buffer, got generator \("),
        (object(), r"expected a number, nested lists or a buffer, got object \("),
        ((ctypes.c_char * 2)(), r"expected a number, nested lists or a buffer, got c_char_Array_2 \("),
    ],
)
def test_not_numbers(data, message):
    with pytest.raises(TypeError, match=f"^Tensor: {message}"):
        Tensor(data)


class Broken:
    def __repr__(self):
        raise RuntimeError("no words")


def test_an_object_that_cannot_be_shown():
    with pytest.raises(TypeError, match=r"^Tensor: data\[0\] is of type Broken \(Broken\), not a number$"):
        Tensor([Broken()])


@pytest.mark.parametrize(
    "data, dtype, error, message",
    [
        (
            [2**53 + 1],
            None,
            OverflowError,
            r"data\[0\] is 9007199254740993, which float64 cannot hold exactly; use dtype",
        ),
        ([0, 10**400], None, OverflowError, r"data\[1\] is 10+\.\.\., which float64 cannot hold exactly"),
        ([10**6000], None, OverflowError, r"data\[0\] is of type int, which float64 cannot hold exactly"),
        ([Fraction(10**400)], None, OverflowError, r"data\[0\] is Fraction\(10+\.\.\., too large for a float$"),
        ([1.5], "int64", TypeError, r"data\[0\] is 1\.5, which int64 cannot hold; use float64$"),
        ([math.nan], "int64", TypeError, r"data\[0\] is nan, which int64 cannot hold"),
        ([math.inf], "int64", TypeError, r"data\[0\] is inf, which int64 cannot hold"),
        ([2**63], "int64", OverflowError, r"data\[0\] is 9223372036854775808, outside the range of int64$"),
        ([[0], [1e39]], "float32", OverflowError, r"data\[1\]\[0\] is 1e\+39, outside the range of float32$"),
        ([2], "bool", TypeError, r"data\[0\] is 2; a bool is True, False, 1 or 0$"),
        (array.array("d", [0.5]), "int64", TypeError, r"data\[0\] is 0\.5, which int64 cannot hold"),
        (array.array("d", [0.5]), "bool", TypeError, r"data\[0\] is 0\.5; a bool is"),
        (array.array("q", [2**53 + 1]), "float64", OverflowError, r"data\[0\] is 9007199254740993, which float64"),
    ],
)
def test_numbers_the_dtype_cannot_hold(data, dtype, error, message):
    with pytest.raises(error, match=f"^Tensor: {message}"):
        Tensor(data, dtype=dtype)


def test_integers_at_the_edges():
    assert Tensor([-(2**63), 2**63 - 1], dtype="int64").tolist() == [-(2**63), 2**63 - 1]
    assert Tensor([2**53, 2**60]).tolist() == [2.0**53, 2.0**60]


@pytest.mark.parametrize(
    "typecode, dtype",
    [("d", "float64"), ("f", "float32")] + [(code, "int64") for code in "bBhHiIlLqQ"],
)
def test_array_array(typecode, dtype):
    x = Tensor(array.array(typecode, [1, 2, 3]))
    assert x.dtype == dtype and x.tolist() == [1, 2, 3]
    assert Tensor(array.array(typecode, [])).shape == (0,)


def test_memoryviews():
    flat = memoryview(array.array("d", range(6)))
    assert Tensor(flat[::-2]).tolist() == [5.0, 3.0, 1.0]
    assert Tensor(flat.cast("B").cast("d", (2, 3))).tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert Tensor(memoryview(b"\x00\x01").cast("?")).tolist() == [False, True]
    assert Tensor(memoryview(b"ab")).tolist() == [97, 98]
    flat.release()
    with pytest.raises(TypeError, match="^Tensor: expected a number, nested lists or a buffer, got memoryview"):
        Tensor(flat)


def test_a_buffer_is_copied():
    source = array.array("d", [1.0])
    x = Tensor(source)
    source[0] = 2.0
    assert x.tolist() == [1.0]


def test_an_unsigned_number_beyond_int64():
    with pytest.raises(OverflowError, match="18446744073709551615"):
        Tensor(array.array("Q", [2**64 - 1]))
