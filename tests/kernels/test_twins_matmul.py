"""matmul: every combination of sizes, batches and flags."""

from __future__ import annotations

from math import prod
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_cases import FLOATS, Case, Twins, agree, arrays, shapes, shrunk

sizes = st.integers(0, 5) | st.sampled_from([1, 9, 17])


@given(st.data(), sizes, sizes, sizes, st.booleans(), st.booleans(), st.sampled_from(FLOATS))
def test_matmul(twins: Twins, data: Any, m: int, k: int, n: int, trans_a: bool, trans_b: bool, dtype: str) -> None:
    batch = data.draw(shapes(max_dims=2, max_size=3))
    a_shape = (*data.draw(shrunk(batch)), *((k, m) if trans_a else (m, k)))
    b_shape = (*data.draw(shrunk(batch)), *((n, k) if trans_b else (k, n)))
    a = data.draw(whole_numbers(a_shape, dtype))
    b = data.draw(whole_numbers(b_shape, dtype))
    agree(twins, lambda K, a, b: K.matmul(a, b, trans_a, trans_b), a, b)  # whole numbers: exact in any order


def counted(shape: Any, dtype: str, factor: int) -> Case:
    """Small whole numbers, whose products and sums are exact in any order."""
    return Case([i * factor % 15 - 7 for i in range(prod(shape))], shape, dtype)


near_edges = st.sampled_from([1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 64, 65])
few_steps = st.sampled_from([1, 2, 3, 5, 8])


@given(near_edges, few_steps, near_edges, st.booleans(), st.booleans(), st.booleans(), st.sampled_from(FLOATS))
def test_matmul_around_tile_edges(
    twins: Twins, m: int, k: int, n: int, trans_a: bool, trans_b: bool, with_bias: bool, dtype: str
) -> None:
    a = counted((k, m) if trans_a else (m, k), dtype, 7)
    b = counted((n, k) if trans_b else (k, n), dtype, 4)
    bias = counted((n,), dtype, 11) if with_bias else None
    agree(twins, lambda K, a, b, bias: K.matmul(a, b, trans_a, trans_b, bias), a, b, bias)


@given(st.data(), sizes, sizes, sizes, st.booleans(), st.sampled_from(FLOATS))
def test_bias(twins: Twins, data: Any, m: int, k: int, n: int, trans_b: bool, dtype: str) -> None:
    batch = data.draw(shapes(max_dims=2, max_size=3))
    a = counted((*batch, m, k), dtype, 7)
    b = counted((n, k) if trans_b else (k, n), dtype, 4)
    bias = data.draw(arrays((n,), dtype))
    agree(twins, lambda K, a, b, bias: K.matmul(a, b, False, trans_b, bias), a, b, bias)
    agree(twins, lambda K, a, b, bias: K.add(K.matmul(a, b, False, trans_b), bias), a, b, bias)


@given(st.data(), st.integers(1, 9), st.integers(1, 40), st.integers(1, 9), st.sampled_from(FLOATS))
def test_matmul_of_fractions(twins: Twins, data: Any, m: int, k: int, n: int, dtype: str) -> None:
    a, b = (data.draw(arrays(shape, dtype, special=False, limit=4)) for shape in ((m, k), (k, n)))
    agree(twins, lambda K, a, b: K.matmul(a, b), a, b, ulps=k, scale=16 * k)


@given(st.data(), st.booleans(), st.booleans())
def test_any_shapes_and_dtypes(twins: Twins, data: Any, trans_a: bool, trans_b: bool) -> None:
    dtypes = st.sampled_from([*FLOATS, "int64"])
    a, b = (data.draw(arrays(data.draw(shapes(max_dims=3, max_size=3)), data.draw(dtypes), False)) for _ in range(2))
    agree(twins, lambda K, a, b: K.matmul(a, b, trans_a, trans_b), a, b, ulps=8, scale=3000)


@pytest.mark.parametrize("size", [31, 64, 70])
@pytest.mark.parametrize("dtype", FLOATS)
def test_matmul_of_larger_blocks(twins: Twins, size: int, dtype: str) -> None:
    def product(K: ModuleType, trans_a: bool, trans_b: bool) -> Any:
        a = K.from_list([(i * 7) % 11 - 5 for i in range(size * size)], (size, size), dtype)
        b = K.from_list([(i * 5) % 13 - 6 for i in range(size * size)], (size, size), dtype)
        return K.matmul(a, b, trans_a, trans_b)

    agree(twins, product, size > 64, size != 64)


def whole_numbers(shape: Any, dtype: str) -> Any:
    return arrays(shape, dtype, False, 8).map(lambda case: case._replace(flat=[float(round(x)) for x in case.flat]))


def test_known_values(kernels: ModuleType) -> None:
    a = kernels.from_list([1, 2, 3, 4, 5, 6], (2, 3), "float64")
    b = kernels.from_list([1, 0, 0, 1, 2, 2], (3, 2), "float64")
    assert kernels.matmul(a, b).tolist() == [[7, 8], [16, 17]]
    assert kernels.matmul(a, a, trans_b=True).tolist() == [[14, 32], [32, 77]]
    assert kernels.matmul(a, a, trans_a=True).tolist() == [[17, 22, 27], [22, 29, 36], [27, 36, 45]]
    assert kernels.matmul(b, a, trans_a=True, trans_b=True).tolist() == [[7, 16], [8, 17]]
    batch = kernels.from_list(range(12), (2, 2, 3), "float64")
    first, second = kernels.matmul(batch, b).tolist()
    assert (first, second) == ([[4, 5], [13, 14]], [[22, 23], [31, 32]])
    nothing = kernels.full((2, 0), 1, "float64")
    assert kernels.matmul(nothing, nothing, trans_b=True).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ((2, 3), (4, 5), "matmul: (2, 3) @ (4, 5): inner sizes 3 and 4 differ"),
        ((3,), (3, 2), "matmul: (3,) @ (3, 2): needs matrices, at least 2 dimensions each"),
        ((3, 2), (), "matmul: (3, 2) @ (): needs matrices, at least 2 dimensions each"),
    ],
)
def test_messages(kernels: ModuleType, a: Any, b: Any, message: str) -> None:
    with pytest.raises(ValueError) as error:
        kernels.matmul(kernels.full(a, 1, "float64"), kernels.full(b, 1, "float64"))
    assert str(error.value) == message


@pytest.mark.parametrize("shape", [(), (2,), (1,), (1, 4)])
def test_a_bias_of_another_shape(kernels: ModuleType, shape: Any) -> None:
    a, b = kernels.full((2, 3), 1, "float64"), kernels.full((3, 4), 1, "float64")
    with pytest.raises(ValueError) as error:
        kernels.matmul(a, b, bias=kernels.full(shape, 1, "float64"))
    assert str(error.value) == f"matmul: (2, 3) @ (3, 4): bias has shape {shape}; needs (4,)"


def test_dtypes_must_be_one_float(kernels: ModuleType) -> None:
    a = kernels.full((2, 2), 1, "float64")
    with pytest.raises(TypeError, match="^matmul: dtypes float64 and float32 differ; convert one with .to"):
        kernels.matmul(a, kernels.full((2, 2), 1, "float32"))
    with pytest.raises(TypeError, match="^matmul: needs float64 or float32, not int64"):
        kernels.matmul(kernels.full((2, 2), 1, "int64"), kernels.full((2, 2), 1, "int64"))
    with pytest.raises(TypeError, match="^matmul: dtypes float64 and float32 differ; convert one with .to"):
        kernels.matmul(a, a, bias=kernels.full((2,), 1, "float32"))


def test_infinity_and_nan_survive(kernels: ModuleType) -> None:
    a = kernels.from_list([float("inf"), 0, 1, 1], (2, 2), "float64")
    b = kernels.from_list([1, 0, 1, 0], (2, 2), "float64")
    (p, q), (r, s) = kernels.matmul(a, b).tolist()
    assert (p, r, s) == (float("inf"), 2, 0)
    assert q != q  # inf * 0
