"""What only the reference has: positions and strides, C's mathematics, Philox on the published vectors."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_cases import product, shapes

from saitama.tensor import reference
from saitama.tensor.reference import c_math
from saitama.tensor.reference.broadcast import spread, strides, walk
from saitama.tensor.reference.random import philox


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_words(counter: Any, key: Any, words: Any) -> None:
    assert philox(counter, key) == words


@given(shapes())
def test_a_walk_with_its_own_strides_visits_everything_in_order(shape: Any) -> None:
    assert walk(shape, strides(shape)) == list(range(product(shape)))


def test_walks() -> None:
    assert strides((2, 3, 4)) == (12, 4, 1)
    assert walk((3, 2), (1, 3)) == [0, 3, 1, 4, 2, 5]  # a transpose
    assert walk((2, 2), (-2, 1), 5) == [5, 6, 3, 4]  # a slice
    assert list(spread((3, 1), (2, 3, 2))) == [0, 0, 1, 1, 2, 2] * 2  # broadcasting
    assert walk((2**40, 0), (1, 1)) == []


@given(st.floats(), st.floats())
def test_power_is_pythons_where_python_has_an_answer(x: float, y: float) -> None:
    try:
        expected = math.pow(x, y)
    except (ValueError, OverflowError):
        return
    result = c_math.power(x, y)
    assert result == expected or (result != result and expected != expected)


@given(st.floats(), st.floats())
def test_c_math_never_raises(x: float, y: float) -> None:
    for result in (c_math.divide(x, y), c_math.power(x, y), c_math.exp(x), c_math.log(x), c_math.sqrt(x)):
        assert isinstance(result, float)


def test_arrays_print_their_numbers() -> None:
    assert repr(reference.full((1, 2), 0.5, "float32")) == "Array([[0.5, 0.5]], shape=(1, 2), dtype=float32)"


def test_a_python_class_exports_its_buffer_since_python_3_12() -> None:
    a = reference.from_list([1, 2], (2,), "float64")
    if sys.version_info >= (3, 12):
        assert memoryview(a).tolist() == [1.0, 2.0]
        assert memoryview(reference.full((0, 3), 1, "float64")).nbytes == 0
    else:
        with pytest.raises(TypeError):
            memoryview(a)


def test_info() -> None:
    assert reference.info() == {"backend": "reference", "threads": 1}
    reference.set_num_threads(4)
    assert reference.get_num_threads() == 1
