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


FEW = [
    (1, 5),
    (2, 3),
    (3, 8),
    (4, 7),
    (7, 9),
    (31, 4),
    (33, 65),
    (65, 33),
    (128, 384),
    (300, 40),
    (512, 10),
    (1030, 70),
]


@pytest.mark.parametrize(("k", "n"), FEW)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("trans_b", [False, True])
def test_a_row_has_the_same_bits_alone_and_beside_others(
    compiled: ModuleType, k: int, n: int, dtype: str, trans_b: Any
) -> None:
    """One row, or two or three, go another way than many; and so does a small product."""
    a = compiled.normal((70, k), dtype, 3, 0)
    b, bias = compiled.normal((n, k) if trans_b else (k, n), dtype, 3, 1), compiled.normal((n,), dtype, 3, 2)
    for added in (None, bias):
        many = compiled.matmul(a, b, False, trans_b, added).tolist()
        for rows in (1, 2, 3, 4, 5, 8, 9):
            for first in (0, 70 - rows):
                some = compiled.slice(a, (first, 0), (1, 1), (rows, k))
                few = compiled.matmul(some, b, False, trans_b, added).tolist()
                assert few == many[first : first + rows], (rows, first, added is not None)
    turned = compiled.matmul(compiled.transpose(a, (1, 0)), b, True, trans_b).tolist()
    assert turned == compiled.matmul(a, b, False, trans_b).tolist()


@pytest.mark.parametrize("k", [1, 4, 33, 64, 65, 2000])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_row_times_a_single_column_too(compiled: ModuleType, k: int, dtype: str) -> None:
    a, b = compiled.normal((70, k), dtype, 3, 0), compiled.normal((k, 1), dtype, 3, 1)
    many = compiled.matmul(a, b).tolist()
    assert compiled.matmul(a, b.reshape((1, k)), False, True).tolist() == many
    for rows in (1, 2, 3, 5, 17):
        assert compiled.matmul(compiled.slice(a, (0, 0), (1, 1), (rows, k)), b).tolist() == many[:rows]
    if k <= 64:  # then a column too has the same bits beside others
        beside = compiled.concat([b, compiled.normal((k, 2), dtype, 4, 0)], 1)
        assert [row[:1] for row in compiled.matmul(a, beside).tolist()] == many


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_result_is_one_chain_in_the_order_of_k(compiled: ModuleType, dtype: str) -> None:
    """1e30 + 1 - 1e30 + 0.5 is 0.5 in this order, in which 1 is lost beside 1e30, and 1.5 or 0 in others. (A single
    column longer than 64 is folded in lanes instead.)"""
    k = 96
    left, right = [0.0] * k, [0.0] * k
    for place, (x, y) in {3: (1.0, 1e30), 40: (1.0, 1.0), 70: (1.0, -1e30), 95: (1.0, 0.5)}.items():
        left[place], right[place] = x, y
    for rows in (1, 2, 3, 8, 40):
        for columns in (2, 7, 9, 40):
            b = put(compiled, [right] * columns, dtype)
            for y in (
                compiled.matmul(put(compiled, [left] * rows, dtype), b, False, True),
                compiled.matmul(put(compiled, [left] * rows, dtype), compiled.transpose(b, (1, 0))),
            ):
                assert y.tolist() == [[0.5] * columns] * rows


@pytest.mark.parametrize("special", [float("nan"), float("inf")])
def test_a_special_number_stays_in_its_column_of_few_rows(compiled: ModuleType, special: float) -> None:
    for rows, n, k in ((1, 37, 21), (2, 9, 3), (3, 5, 70)):
        a, b = whole(rows, k, 7), whole(k, n, 5)
        b[k - 1][n - 1] = special
        for y in (
            compiled.matmul(put(compiled, a), put(compiled, b)),
            compiled.matmul(put(compiled, a), put(compiled, [list(c) for c in zip(*b)]), False, True),
        ):
            for row, expected in zip(y.tolist(), naive(a, b)):
                assert row[:-1] == expected[:-1]
                assert row[-1] == expected[-1] or (row[-1] != row[-1] and expected[-1] != expected[-1])


def test_batches_equal_single_products(compiled: ModuleType) -> None:
    a = compiled.normal((3, 1, 20, 30), "float64", 1, 0)
    b = compiled.normal((2, 30, 26), "float64", 2, 0)
    y = compiled.matmul(a, b)
    assert y.shape == (3, 2, 20, 26)
    for i, j in itertools.product(range(3), range(2)):
        a_i = compiled.slice(a, (i, 0, 0, 0), (1, 1, 1, 1), (1, 1, 20, 30)).reshape((20, 30))
        b_j = compiled.slice(b, (j, 0, 0), (1, 1, 1), (1, 30, 26)).reshape((30, 26))
        assert compiled.matmul(a_i, b_j).tolist() == y.tolist()[i][j]
