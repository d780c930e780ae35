"""Rounding to bfloat16 and float16: every number there is, every tie, and what lies just beside the ties."""

from __future__ import annotations

import struct
from array import array
from types import ModuleType
from typing import Any, List

import pytest
from hypothesis import given
from twin_cases import FLOATS, Case, Twins, agree, arrays

FORMATS = ("bfloat16", "float16")
INFINITY = {"bfloat16": 0x7F80, "float16": 0x7C00}  # the pattern of +inf; below it lie all numbers from 0 on, in order


def value(pattern: int, format: str) -> float:
    """What 16 bits mean."""
    if format == "float16":
        return float(struct.unpack("<e", struct.pack("<H", pattern))[0])
    return float(struct.unpack("<f", struct.pack("<I", pattern << 16))[0])


def made(K: ModuleType, numbers: List[float], dtype: str) -> Any:
    return K.from_list(numbers, (len(numbers),), dtype)


def bits(K: ModuleType, numbers: Any) -> List[bytes]:
    """As doubles, with the sign of zero."""
    return [struct.pack("<d", number) for number in numbers]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("format", FORMATS)
def test_each_of_the_65536_patterns_stays_what_it_is(kernels: ModuleType, format: str, dtype: str) -> None:
    values = [value(pattern, format) for pattern in range(2**16)]
    rounded = kernels.round_to(made(kernels, values, dtype), format).tolist()
    same = [a for a in values if a == a]
    assert bits(kernels, [y for x, y in zip(values, rounded) if x == x]) == bits(kernels, same)
    assert all(y != y for x, y in zip(values, rounded) if x != x)
    assert len(same) > 63_000


def beside(numbers: List[float], dtype: str, step: int) -> List[float]:
    """The next number of the dtype, up or down: its bits are the next whole number."""
    code, whole = ("d", "q") if dtype == "float64" else ("f", "i")
    moved = array(whole, [bit + step for bit in array(whole, array(code, numbers).tobytes())])
    return array(code, moved.tobytes()).tolist()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("format", FORMATS)
def test_every_tie_goes_to_the_even_one_and_what_is_beside_it_to_the_nearer(
    kernels: ModuleType, format: str, dtype: str
) -> None:
    top = INFINITY[format]
    values = [value(pattern, format) for pattern in range(top)]
    above = [*values[1:], 2 * values[-1] - values[-2]]  # where the number after the largest would be
    ties = [(a + b) / 2 for a, b in zip(values, above)]  # exact in both dtypes
    results = [*values[1:], float("inf")]
    even = [results[pattern] if pattern % 2 else values[pattern] for pattern in range(top)]

    def rounded(numbers: List[float]) -> Any:
        return kernels.round_to(made(kernels, numbers, dtype), format).tolist()

    assert rounded(ties) == even
    assert rounded([-tie for tie in ties]) == [-number for number in even]
    assert rounded(beside(ties, dtype, 1)) == results
    assert rounded(beside(ties, dtype, -1)) == values


@given(arrays())
def test_both_backends_agree(twins: Twins, a: Case) -> None:
    for format in FORMATS:
        agree(twins, lambda K, format=format: K.round_to(a.on(K), format))


def test_known_values(kernels: ModuleType) -> None:
    def rounded(x: float, format: str) -> float:
        return float(kernels.round_to(made(kernels, [x], "float64"), format).item())

    assert rounded(3.14159, "bfloat16") == 3.140625
    assert rounded(3.14159, "float16") == 3.140625
    assert rounded(1 + 2**-8, "bfloat16") == 1.0  # a tie, down to the even one
    assert rounded(1 + 3 * 2**-8, "bfloat16") == 1 + 2**-6  # a tie, up to the even one
    assert rounded(65519.999, "float16") == 65504.0
    assert rounded(65520.0, "float16") == float("inf")
    assert rounded(2**-25, "float16") == 0.0  # half of the smallest number
    assert rounded(1.0000001 * 2**-25, "float16") == 2**-24
    assert rounded(1e-45, "bfloat16") == 0.0
    assert rounded(3.4e38, "bfloat16") == float("inf")


def test_double_rounding_does_not_happen(kernels: ModuleType) -> None:
    """A double just above a tie must not be rounded to a float, which is the tie, first."""
    x = 1 + 2**-8 + 2**-40
    assert kernels.round_to(made(kernels, [x], "float64"), "bfloat16").item() == 1 + 2**-7


def test_bad_arguments(kernels: ModuleType) -> None:
    with pytest.raises(ValueError, match="expected bfloat16 or float16, got 'float8'"):
        kernels.round_to(made(kernels, [1.0], "float64"), "float8")
    with pytest.raises(TypeError, match="needs float64 or float32, not int64"):
        kernels.round_to(kernels.from_list([1], (1,), "int64"), "bfloat16")
