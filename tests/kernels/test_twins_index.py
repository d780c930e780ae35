"""take, gather, their derivatives, flat_index and nonzero."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_cases import DTYPES, FLOATS, Case, Twins, agree, arrays, product, shapes

dtypes = st.sampled_from(DTYPES)


@st.composite
def indices(draw: st.DrawFn, shape: Any, rows: int, negative: bool = True) -> Case:
    """An int64 case whose elements are rows of an axis; once in a while one is not."""
    slack = draw(st.sampled_from([0, 0, 0, 1]))
    low, high = (-rows - slack if negative else 0), rows - 1 + slack
    n = product(shape) if high >= low else 0
    flat = draw(st.lists(st.integers(low, max(low, high)), min_size=n, max_size=n))
    return Case(flat, shape if len(flat) == product(shape) else (0,), "int64")


@given(st.data(), dtypes)
def test_take(twins: Twins, data: Any, dtype: str) -> None:
    a = data.draw(arrays(data.draw(shapes(min_dims=1, max_dims=3)), dtype))
    dim = data.draw(st.integers(0, len(a.shape) - 1))
    index = data.draw(indices(data.draw(shapes(max_dims=2)), a.shape[dim]))
    agree(twins, lambda K, a, index: K.take(a, index, dim), a, index)


@given(st.data(), st.sampled_from(FLOATS))
def test_take_grad(twins: Twins, data: Any, dtype: str) -> None:
    shape = data.draw(shapes(min_dims=1, max_dims=3))
    dim = data.draw(st.integers(0, len(shape) - 1))
    index = data.draw(indices(data.draw(shapes(max_dims=2)), shape[dim]))
    dy = data.draw(arrays((*shape[:dim], *index.shape, *shape[dim + 1 :]), dtype, special=False))
    agree(twins, lambda K, dy, i: K.take_grad(dy, i, dim, shape[dim]), dy, index, ulps=16, scale=30)


@given(st.data(), dtypes, st.booleans())
def test_gather(twins: Twins, data: Any, dtype: str, negative: bool) -> None:
    a = data.draw(arrays(data.draw(shapes(min_dims=1, max_dims=3)), dtype))
    dim = data.draw(st.integers(0, len(a.shape) - 1))
    index_shape = tuple(data.draw(st.integers(0, 4 if d == dim else size)) for d, size in enumerate(a.shape))
    index = data.draw(indices(index_shape, a.shape[dim], negative))
    agree(twins, lambda K, a, index: K.gather(a, dim, index), a, index)


@given(st.data(), st.sampled_from(FLOATS))
def test_gather_grad(twins: Twins, data: Any, dtype: str) -> None:
    shape = data.draw(shapes(min_dims=1, max_dims=3))
    dim = data.draw(st.integers(0, len(shape) - 1))
    index_shape = tuple(data.draw(st.integers(0, 4 if d == dim else size)) for d, size in enumerate(shape))
    index = data.draw(indices(index_shape, shape[dim], False))
    dy = data.draw(arrays(index.shape, dtype, special=False))
    agree(twins, lambda K, dy, i: K.gather_grad(dy, dim, i, shape), dy, index, ulps=16, scale=30)


@given(st.data(), st.integers(-1, 3))
def test_any_shapes_and_dtypes(twins: Twins, data: Any, dim: int) -> None:
    a = data.draw(arrays(data.draw(shapes(max_dims=3)), data.draw(dtypes), special=False))
    index = data.draw(arrays(data.draw(shapes(max_dims=2)), data.draw(dtypes), special=False))
    index = index._replace(flat=[int(x) % 4 if index.dtype == "int64" else x for x in index.flat])
    size = data.draw(st.integers(-1, 3))
    agree(twins, lambda K, a, i: K.take(a, i, dim), a, index)
    agree(twins, lambda K, a, i: K.gather(a, dim, i), a, index)
    agree(twins, lambda K, a, i: K.take_grad(a, i, dim, size), a, index, ulps=16, scale=30)
    agree(twins, lambda K, a, i: K.gather_grad(a, dim, i, (2, 3)), a, index, ulps=16, scale=30)


@given(st.data())
def test_flat_index(twins: Twins, data: Any) -> None:
    shape = data.draw(shapes(min_dims=1, max_dims=3))
    common = data.draw(shapes(max_dims=2))
    rows = [data.draw(indices(common, size)) for size in shape]
    agree(twins, lambda K, *rows: K.flat_index(rows, shape), *rows)


@given(st.data(), dtypes)
def test_nonzero(twins: Twins, data: Any, dtype: str) -> None:
    agree(twins, lambda K, mask: K.nonzero(mask), data.draw(arrays(dtype=dtype, special=False)))


def ints(kernels: ModuleType, *flat: int) -> Any:
    return kernels.from_list(flat, (len(flat),), "int64")


def test_known_values(kernels: ModuleType) -> None:
    a = kernels.from_list(range(6), (3, 2), "float64")
    assert kernels.take(a, ints(kernels, 2, 0, -1), 0).tolist() == [[4, 5], [0, 1], [4, 5]]
    assert kernels.take(a, ints(kernels, 1).reshape(()), 1).tolist() == [1, 3, 5]
    dy = kernels.from_list([1, 2, 10, 20, 100, 200], (3, 2), "float64")
    assert kernels.take_grad(dy, ints(kernels, 2, 0, -1), 0, 3).tolist() == [[10, 20], [0, 0], [101, 202]]
    index = kernels.from_list([1, 0, 1], (3, 1), "int64")
    assert kernels.gather(a, 1, index).tolist() == [[1], [2], [5]]
    ones = kernels.full((3, 1), 1, "float64")
    assert kernels.gather_grad(ones, 1, index, (3, 2)).tolist() == [[0, 1], [1, 0], [0, 1]]
    twice = kernels.from_list([1, 1], (1, 2), "int64")
    assert kernels.gather_grad(kernels.full((1, 2), 3, "float64"), 1, twice, (1, 2)).tolist() == [[0, 6]]
    assert kernels.flat_index([ints(kernels, 2, -1), ints(kernels, 1, -2)], (3, 2)).tolist() == [5, 4]
    mask = kernels.from_list([True, False, False, True], (2, 2), "bool")
    found = kernels.nonzero(mask)
    assert (found.tolist(), found.dtype) == ([0, 3], "int64")


@pytest.mark.parametrize("at", [7, -4, 3, 2**40])
def test_out_of_range(kernels: ModuleType, at: int) -> None:
    a = kernels.full((3, 2), 1, "float64")
    with pytest.raises(IndexError) as error:
        kernels.take(a, ints(kernels, 0, at), 0)
    assert str(error.value) == f"take: index {at} is out of range for axis 0 with 3 rows"
    with pytest.raises(IndexError) as error:
        kernels.gather(a, 0, kernels.full((1, 2), at, "int64"))
    assert str(error.value) == f"gather: index {at} is out of range for axis 0 with 3 rows"
    with pytest.raises(IndexError, match="^take_grad: index"):
        kernels.take_grad(kernels.full((1, 2), 1, "float64"), ints(kernels, at), 0, 3)
    with pytest.raises(IndexError, match="^gather_grad: index"):
        kernels.gather_grad(kernels.full((1, 2), 1, "float64"), 0, kernels.full((1, 2), at, "int64"), (3, 2))
    with pytest.raises(IndexError, match="^flat_index: index"):
        kernels.flat_index([ints(kernels, 0), ints(kernels, at)], (3, 3))


def test_the_index_must_be_int64(kernels: ModuleType) -> None:
    a = kernels.full((3,), 1, "float64")
    for call in (lambda: kernels.take(a, a, 0), lambda: kernels.gather(a, 0, a), lambda: kernels.flat_index([a], (3,))):
        with pytest.raises(TypeError, match=r"^\w+: the index must be int64, not float64"):
            call()
    with pytest.raises(TypeError, match="^nonzero: the mask must be bool, not float64"):
        kernels.nonzero(a)
