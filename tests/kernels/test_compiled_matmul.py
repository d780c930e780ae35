"""matmul at the edges of its tiles and blocks, and whether zero padding, threads or transposing show in a result."""

from __future__ import annotations

import itertools
from types import ModuleType
from typing import Any, List

import pytest

Matrix = List[List[float]]

# Tiles are 8 x 24 (or 16, 32, 48) at most, blocks of rows 8 or 32 long, strips 1024 columns wide, and a run takes 512
# steps of k; a is packed from 256 transposed rows on (128 of float64), b for 193 rows or more (97 if it is large) or if
# transposed.
EDGES = [(1, 24, 300), (4, 24, 43), (8, 24, 512), (9, 25, 513), (7, 49, 30), (1025, 31, 5), (8, 145, 17), (95, 23, 513)]
EDGES += [(197, 1050, 3), (261, 30, 520), (137, 50, 30)]


def naive(a: Matrix, b: Matrix) -> Matrix:
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]


def whole(m: int, n: int, factor: int) -> Matrix:
    """Small whole numbers, whose products and sums are exact in any order."""
    return [[float((i * n + j) * factor % 13 - 6) for j in range(n)] for i in range(m)]


def put(kernels: ModuleType, rows: Matrix, dtype: str = "float64") -> Any:
    return kernels.from_list([x for row in rows for x in row], (len(rows), len(rows[0])), dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("m", "n", "k"), EDGES)
def test_tile_edges(compiled: ModuleType, m: int, n: int, k: int, dtype: str) -> None:
    a, b = whole(m, k, 7), whole(k, n, 5)
    expected = naive(a, b)
    for trans_a, trans_b in itertools.product((False, True), repeat=2):
        stored_a = [list(column) for column in zip(*a)] if trans_a else a
        stored_b = [list(column) for column in zip(*b)] if trans_b else b
        y = compiled.matmul(put(compiled, stored_a, dtype), put(compiled, stored_b, dtype), trans_a, trans_b)
        assert y.tolist() == expected, (trans_a, trans_b)


@pytest.mark.parametrize("special", [float("nan"), float("inf")])
def test_a_special_number_reaches_its_row_and_column_only(compiled: ModuleType, special: float) -> None:
    m, n, k = 13, 31, 40  # panels of both operands are padded
    a, b = whole(m, k, 7), whole(k, n, 5)
    a[12][39] = b[3][30] = special  # in the last panel of each
    y = compiled.matmul(put(compiled, a), put(compiled, b)).tolist()
    expected = naive(a, b)
    for i, j in itertools.product(range(m), range(n)):
        both_nan = y[i][j] != y[i][j] and expected[i][j] != expected[i][j]
        assert both_nan or y[i][j] == expected[i][j], (i, j)
        assert (i == 12 or j == 30) or abs(y[i][j]) < 1e6, (i, j)


@pytest.mark.parametrize(
    "shapes", [((130, 300), (300, 400)), ((5, 70, 60), (5, 60, 50)), ((2, 700), (700, 900)), ((300, 600), (600, 280))]
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True)])
def test_threads_do_not_change_a_bit(compiled: ModuleType, shapes: Any, dtype: str, transposed: Any) -> None:
    turned = [(*shape[:-2], shape[-1], shape[-2]) if turn else shape for shape, turn in zip(shapes, transposed)]
    a, b = (compiled.normal(shape, dtype, 3, offset) for offset, shape in enumerate(turned))
    products = []
    for threads in (1, 2, 3):
        compiled.set_num_threads(threads)
        products.append(bytes(memoryview(compiled.matmul(a, b, *transposed))))
    assert products[0] == products[1] == products[2]


@pytest.mark.parametrize("shape", [(200, 2100), (3000, 140)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_row_has_the_same_bits_however_many_there_are(compiled: ModuleType, shape: Any, dtype: str) -> None:
    k, n = shape  # more than 1.5 MB: how a run is cut, and whether b is packed, depends on the number of rows
    a, b = compiled.normal((200, k), dtype, 3, 0), compiled.normal(shape, dtype, 3, 1)
    many = bytes(memoryview(compiled.matmul(a, b)))
    for rows in (4, 8, 96, 97):
        few = bytes(memoryview(compiled.matmul(compiled.slice(a, (0, 0), (1, 1), (rows, k)), b)))
        assert few == many[: len(few)], rows


def test_batches_equal_single_products(compiled: ModuleType) -> None:
    a = compiled.normal((3, 1, 20, 30), "float64", 1, 0)
    b = compiled.normal((2, 30, 26), "float64", 2, 0)
    y = compiled.matmul(a, b)
    assert y.shape == (3, 2, 20, 26)
    for i, j in itertools.product(range(3), range(2)):
        a_i = compiled.slice(a, (i, 0, 0, 0), (1, 1, 1, 1), (1, 1, 20, 30)).reshape((20, 30))
        b_j = compiled.slice(b, (j, 0, 0), (1, 1, 1), (1, 30, 26)).reshape((30, 26))
        assert compiled.matmul(a_i, b_j).tolist() == y.tolist()[i][j]
