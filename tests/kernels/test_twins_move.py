"""transpose, slice and its derivative, concat."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_cases import DTYPES, Twins, agree, arrays, shapes

dtypes = st.sampled_from(DTYPES)


@given(st.data(), dtypes)
def test_transpose(twins: Twins, data: Any, dtype: str) -> None:
    a = data.draw(arrays(dtype=dtype))
    dims = tuple(data.draw(st.permutations(range(len(a.shape)))))
    agree(twins, lambda K, a: K.transpose(a, dims), a)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(40, 7), (7, 40), (65, 65), (33, 129), (1, 50), (50, 1)])
def test_transpose_of_more_than_a_tile(compiled: ModuleType, shape: Tuple[int, int], dtype: str) -> None:
    rows, n = shape
    values = [i % 2 if dtype == "bool" else i for i in range(rows * n)]
    a = compiled.from_list(values, shape, dtype)
    assert compiled.transpose(a, (1, 0)).tolist() == [values[j::n] for j in range(n)]
    batch = compiled.concat([a.reshape((1, *shape))] * 3, 0)
    assert compiled.transpose(batch, (0, 2, 1)).tolist() == [[values[j::n] for j in range(n)]] * 3


@given(st.data(), st.lists(st.integers(-1, 3), max_size=4).map(tuple))
def test_transpose_of_any_dims(twins: Twins, data: Any, dims: Any) -> None:
    agree(twins, lambda K, a: K.transpose(a, dims), data.draw(arrays(special=False)))


@st.composite
def slices(draw: st.DrawFn, shape: Any) -> Any:
    """(starts, steps, sizes) that stay inside `shape`."""
    triples = []
    for size in shape:
        rows = list(range(size))[slice(*(draw(st.none() | st.integers(-5, 5)) for _ in range(2)), draw(steps))]
        step = rows[1] - rows[0] if len(rows) > 1 else draw(steps)
        triples.append((rows[0] if rows else 0, step, len(rows)))
    return tuple(zip(*triples)) or ((), (), ())


steps = st.integers(-3, 3).filter(bool)


@given(st.data(), dtypes)
def test_slice(twins: Twins, data: Any, dtype: str) -> None:
    a = data.draw(arrays(dtype=dtype))
    starts, steps, sizes = data.draw(slices(a.shape))
    agree(twins, lambda K, a: K.slice(a, starts, steps, sizes), a)


@given(st.data())
def test_slice_grad(twins: Twins, data: Any) -> None:
    shape = data.draw(shapes())
    starts, steps, sizes = data.draw(slices(shape))
    agree(twins, lambda K, dy: K.slice_grad(dy, shape, starts, steps), data.draw(arrays(sizes)))


@given(st.data())
def test_slice_out_of_bounds(twins: Twins, data: Any) -> None:
    a = data.draw(arrays(data.draw(shapes(max_dims=2)), special=False))
    starts, steps, sizes = (
        data.draw(st.lists(st.integers(low, 4), max_size=3, min_size=0).map(tuple)) for low in (-1, -2, -1)
    )
    agree(twins, lambda K, a: K.slice(a, starts, steps, sizes), a)


@given(st.data(), dtypes, st.integers(1, 3))
def test_concat(twins: Twins, data: Any, dtype: str, n: int) -> None:
    shape = data.draw(shapes(min_dims=1, max_dims=3))
    dim = data.draw(st.integers(0, len(shape) - 1))
    parts = []
    for _ in range(n):
        size = data.draw(st.integers(0, 3))
        parts.append(data.draw(arrays((*shape[:dim], size, *shape[dim + 1 :]), dtype)))
    agree(twins, lambda K, *parts: K.concat(parts, dim), *parts)


@given(st.data(), st.integers(-1, 3))
def test_concat_of_any_shapes_and_dtypes(twins: Twins, data: Any, dim: int) -> None:
    parts = [data.draw(arrays(dtype=data.draw(dtypes), special=False)) for _ in range(data.draw(st.integers(0, 3)))]
    agree(twins, lambda K, *parts: K.concat(list(parts), dim), *parts)


def test_known_values(kernels: ModuleType) -> None:
    a = kernels.from_list(range(6), (2, 3), "int64")
    assert kernels.transpose(a, (1, 0)).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert kernels.slice(a, (1, 0), (-1, 2), (2, 2)).tolist() == [[3, 5], [0, 2]]
    assert kernels.concat([a, a], 1).tolist() == [[0, 1, 2, 0, 1, 2], [3, 4, 5, 3, 4, 5]]
    assert kernels.concat([a, a], 0).shape == (4, 3)
    dy = kernels.from_list([1, 2], (1, 2), "float64")
    assert kernels.slice_grad(dy, (2, 3), (1, 2), (1, -2)).tolist() == [[0, 0, 0], [2, 0, 1]]
    cube = kernels.from_list(range(24), (2, 3, 4), "int64")
    turned = kernels.transpose(cube, (2, 0, 1))
    assert turned.shape == (4, 2, 3)
    assert turned.tolist()[3][1][2] == 23
    assert turned.tolist()[1][0][2] == 9


def test_refusals(kernels: ModuleType) -> None:
    a = kernels.full((2, 3), 1, "float64")
    for call, kind in [
        (lambda: kernels.transpose(a, (0, 0)), ValueError),
        (lambda: kernels.transpose(a, (0,)), ValueError),
        (lambda: kernels.slice(a, (0, 1), (1, 1), (2, 3)), IndexError),
        (lambda: kernels.slice(a, (0, 0), (1, -1), (2, 2)), IndexError),
        (lambda: kernels.slice(a, (0,), (1,), (1,)), ValueError),
        (lambda: kernels.slice_grad(a, (1, 3), (0, 0), (1, 1)), IndexError),
        (lambda: kernels.concat([], 0), ValueError),
        (lambda: kernels.concat([a, kernels.full((2, 3), 1, "float32")], 0), TypeError),
        (lambda: kernels.concat([a, kernels.full((2, 4), 1, "float64")], 0), ValueError),
        (lambda: kernels.concat([a, a], 2), IndexError),
    ]:
        with pytest.raises(kind, match=r"^\w+: "):
            call()
