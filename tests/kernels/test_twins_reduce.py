"""Reductions over any axes, what undoes broadcasting, and softmax."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_cases import DTYPES, FLOATS, Case, Twins, agree, arrays, flatten, product, reductions, shapes, shrunk

CHOOSING = ["max", "min", "argmax", "argmin"]
SOFTMAX = ["softmax", "log_softmax"]

Reduction = Tuple[Case, Tuple[int, ...], bool]


@pytest.mark.parametrize("op", ["sum", "mean"])
@given(case=reductions())
def test_sums(twins: Twins, op: str, case: Reduction) -> None:
    agree(twins, lambda K, *args: getattr(K, op)(*args), *case, ulps=4, scale=30 * len(case[0].flat))


@pytest.mark.parametrize("op", ["sum", "mean"])
@given(case=reductions(special=True))
def test_sums_of_special_numbers(twins: Twins, op: str, case: Reduction) -> None:
    a, dims, keepdim = case
    a = a._replace(flat=[x if abs(x) <= 30 or not math.isfinite(x) else math.inf for x in a.flat])
    agree(twins, lambda K, *args: getattr(K, op)(*args), a, dims, keepdim, ulps=4, scale=30 * len(a.flat))


@pytest.mark.parametrize("op", CHOOSING)
@given(case=reductions(special=True))
def test_choosing(twins: Twins, op: str, case: Reduction) -> None:
    agree(twins, lambda K, *args: getattr(K, op)(*args), *case)


@pytest.mark.parametrize("op", ["sum", "mean", *CHOOSING])
@given(data=st.data(), dims=st.lists(st.integers(-2, 4), max_size=3).map(tuple))
def test_any_axes_and_dtypes(twins: Twins, op: str, data: st.DataObject, dims: Any) -> None:
    a = data.draw(arrays(data.draw(shapes(max_dims=3)), data.draw(st.sampled_from(DTYPES)), special=False))
    agree(twins, lambda K, a: getattr(K, op)(a, dims, False), a, ulps=4, scale=30 * len(a.flat))


@given(reductions())
def test_scatter_first_puts_the_maximum_back(twins: Twins, case: Reduction) -> None:
    a, dims, keepdim = case
    if any(a.shape[d] == 0 for d in dims):
        return
    agree(twins, lambda K, a: K.scatter_first(K.argmax(a, dims, keepdim), K.max(a, dims, keepdim), a.shape, dims), a)


@given(reductions())
def test_scatter_first_keeps_the_sum(kernels: ModuleType, case: Reduction) -> None:
    a, dims, keepdim = case[0].on(kernels), case[1], case[2]
    if any(a.shape[d] == 0 for d in dims):
        return
    position, largest = kernels.argmax(a, dims, keepdim), kernels.max(a, dims, keepdim)
    back = kernels.scatter_first(position, largest, a.shape, dims)
    assert back.shape == a.shape
    assert kernels.sum(back, dims, keepdim).tolist() == largest.tolist()
    for x, y in zip(flatten(back.tolist()), flatten(a.tolist())):
        assert x in (0, y)


@given(st.data())
def test_sum_to_and_expand(twins: Twins, data: st.DataObject) -> None:
    large = data.draw(shapes(max_dims=3))
    small = data.draw(shrunk(large) | shapes(max_dims=3))
    a, dy = data.draw(arrays(small)), data.draw(arrays(large, special=False))
    agree(twins, lambda K, a: K.expand(a, large), a)
    agree(twins, lambda K, dy: K.sum_to(dy, small), dy, ulps=4, scale=30 * len(dy.flat))


@given(st.data())
def test_sum_to_undoes_expand(kernels: ModuleType, data: st.DataObject) -> None:
    large = data.draw(shapes(min_size=1))
    small = data.draw(shrunk(large))
    a = data.draw(arrays(small, "float64", special=False)).on(kernels)
    back = kernels.sum_to(kernels.expand(a, large), small)
    times = product(large) // product(small)
    assert back.shape == small
    assert flatten(back.tolist()) == pytest.approx([times * x for x in flatten(a.tolist())])


@pytest.mark.parametrize("op", SOFTMAX)
@given(data=st.data(), special=st.booleans())
def test_softmax(twins: Twins, op: str, data: st.DataObject, special: bool) -> None:
    a = data.draw(arrays(special=special))
    dim = data.draw(st.integers(-1, 4))
    # float32 rounds x - max, which is up to 60, by up to 16 roundings of its exponential.
    agree(twins, lambda K, a: getattr(K, op)(a, dim), a, ulps=24, scale=60 if op == "log_softmax" else 0)


@pytest.mark.parametrize("op", SOFTMAX)
@given(data=st.data())
def test_softmax_derivatives(twins: Twins, op: str, data: st.DataObject) -> None:
    x = data.draw(arrays(special=False))
    dy = data.draw(arrays(x.shape, x.dtype, special=False))
    dim = data.draw(st.integers(0, 3))
    # The derivative gets the same y on both, the reference's, rounded to the dtype.
    reference = twins[0]
    y = x if dim >= len(x.shape) else x._replace(flat=flatten(getattr(reference, op)(x.on(reference), dim).tolist()))
    if not x.flat:
        y = x
    agree(twins, lambda K, y, dy: getattr(K, op + "_grad")(y, dy, dim), y, dy, ulps=8, scale=30 * 4**2)


def known(kernels: ModuleType) -> Any:
    return kernels.from_list([3, 1, 2, 3, 5, -1], (2, 3), "float64")


@pytest.mark.parametrize(
    ("op", "dims", "expected"),
    [
        ("sum", (0, 1), 13.0),
        ("sum", (0,), [6.0, 6.0, 1.0]),
        ("sum", (), [[3.0, 1.0, 2.0], [3.0, 5.0, -1.0]]),
        ("mean", (1,), [2.0, 7 / 3]),
        ("max", (1,), [3.0, 5.0]),
        ("min", (0, 1), -1.0),
        ("argmax", (0,), [0, 1, 0]),
        ("argmax", (0, 1), 4),
        ("argmin", (1,), [1, 2]),
        ("argmin", (), [[0, 0, 0], [0, 0, 0]]),
    ],
)
def test_known_values(kernels: ModuleType, op: str, dims: Any, expected: Any) -> None:
    result = getattr(kernels, op)(known(kernels), dims, False)
    assert result.tolist() == expected
    assert result.dtype == ("int64" if op.startswith("arg") else "float64")
    kept = getattr(kernels, op)(known(kernels), dims, True)
    assert kept.shape == tuple(1 if d in dims else size for d, size in enumerate((2, 3)))
    assert flatten(kept.tolist()) == flatten(expected)


BEYOND = 2**53  # a float64 has no place for BEYOND + 1


@pytest.mark.parametrize("more", [-(2**63) + 1, -BEYOND, 0, BEYOND, 2**62, 2**63 - 4])
def test_integers_beyond_floats_are_exact(kernels: ModuleType, more: int) -> None:
    rows = [[more + 1, more, more + 2], [more, more + 2, more + 1]]
    a = kernels.from_list([x for row in rows for x in row], (2, 3), "int64")
    for dims in ((1,), (0,), (0, 1), ()):
        blocks: Any = {(1,): rows, (0,): list(zip(*rows)), (0, 1): [rows[0] + rows[1]]}.get(dims)
        blocks = blocks or [[x] for row in rows for x in row]
        for op, choose in (("max", max), ("min", min)):
            result, place = getattr(kernels, op)(a, dims, False), getattr(kernels, f"arg{op}")(a, dims, False)
            assert result.dtype == place.dtype == "int64"
            assert flatten(result.tolist()) == [choose(block) for block in blocks]
            assert flatten(place.tolist()) == [list(block).index(choose(block)) for block in blocks]
        sums = [sum(block) for block in blocks]
        if all(-(2**63) <= total < 2**63 for total in sums):
            result = kernels.sum(a, dims, False)
            assert (result.dtype, flatten(result.tolist())) == ("int64", sums)
        else:
            with pytest.raises(
                OverflowError, match=r"^sum: result \d is outside the range of int64; convert to float64"
            ):
                kernels.sum(a, dims, False)
        means = kernels.mean(a, dims, False)
        assert means.dtype == "float64"
        assert flatten(means.tolist()) == pytest.approx([sum(b) / len(b) for b in blocks], rel=1e-15)
    b = kernels.from_list([more + 2, more, more + 1], (3,), "int64")
    assert kernels.maximum(a, b).tolist() == [[max(x, y) for x, y in zip(row, b.tolist())] for row in rows]
    assert kernels.minimum(b, a).tolist() == [[min(x, y) for x, y in zip(row, b.tolist())] for row in rows]


def test_sums_of_integers_that_overflow_only_on_the_way(kernels: ModuleType) -> None:
    a = kernels.from_list([2**63 - 1, 1, -1, -(2**63), 2**63 - 1, 1], (6,), "int64")
    assert kernels.sum(a, (0,), False).item() == 2**63 - 1
    assert kernels.mean(kernels.from_list([2**62 + 1, -(2**62)], (2,), "int64"), (0,), False).item() == 0.5
    assert kernels.sum(kernels.full((0, 2), 3, "int64"), (0,), False).tolist() == [0, 0]


def test_bools_are_counted_and_compared(kernels: ModuleType) -> None:
    a = kernels.from_list([False, True, True, False, False, False], (2, 3), "bool")
    assert (kernels.sum(a, (1,), False).tolist(), kernels.sum(a, (1,), False).dtype) == ([2, 0], "int64")
    assert (kernels.max(a, (1,), False).tolist(), kernels.max(a, (1,), False).dtype) == ([True, False], "bool")
    assert kernels.min(a, (0,), False).tolist() == [False, False, False]
    assert kernels.argmax(a, (1,), False).tolist() == [1, 0] and kernels.argmin(a, (0, 1), False).item() == 0
    assert kernels.maximum(a, kernels.full((), True, "bool")).tolist() == [[True] * 3] * 2


def test_positions_count_row_by_row_in_the_reduced_part(kernels: ModuleType) -> None:
    flat = [0.0] * 24
    flat[1 * 12 + 2 * 4 + 3] = 1.0  # element [1, 2, 3]
    a = kernels.from_list(flat, (2, 3, 4), "float64")
    assert kernels.argmax(a, (0, 1), False).tolist() == [0, 0, 0, 1 * 3 + 2]
    assert kernels.argmax(a, (0, 2), False).tolist() == [0, 0, 1 * 4 + 3]


def test_nothing_and_nan(kernels: ModuleType) -> None:
    empty = kernels.full((0, 3), 0, "float64")
    assert kernels.sum(empty, (0,), False).tolist() == [0, 0, 0]
    assert all(math.isnan(x) for x in kernels.mean(empty, (0,), False).tolist())
    for op in CHOOSING:
        with pytest.raises(ValueError) as error:
            getattr(kernels, op)(empty, (0,), False)
        assert str(error.value) == f"{op}: cannot reduce zero elements over dims (0,) of shape (0, 3)"
        assert getattr(kernels, op)(empty, (1,), False).shape == (0,)
    a = kernels.from_list([1, math.nan, 9, math.nan], (4,), "float64")
    assert math.isnan(kernels.max(a, (0,), False).item())
    assert math.isnan(kernels.min(a, (0,), False).item())
    assert kernels.argmax(a, (0,), False).item() == kernels.argmin(a, (0,), False).item() == 1


def test_long_sums_are_pairwise(kernels: ModuleType) -> None:
    n = 100_000
    a = kernels.full((n,), 0.1, "float64")
    assert kernels.sum(a, (0,), False).item() == pytest.approx(n * 0.1, rel=1e-14)  # one by one: 2e-12
    assert kernels.mean(a, (0,), False).item() == pytest.approx(0.1, rel=1e-14)


def test_softmax_values(kernels: ModuleType) -> None:
    a = kernels.from_list([0, math.log(3), 1000, -math.inf, -math.inf, -math.inf], (3, 2), "float64")
    y = kernels.softmax(a, 1).tolist()
    assert y[0] == pytest.approx([0.25, 0.75], rel=1e-15)
    assert y[1] == [1.0, 0.0]
    assert all(math.isnan(x) for x in y[2])
    log_y = kernels.log_softmax(a, 1).tolist()
    assert log_y[0] == pytest.approx([math.log(0.25), math.log(0.75)], rel=1e-15)
    assert log_y[1] == [0.0, -math.inf]
    assert all(math.isnan(x) for x in log_y[2])


def test_softmax_derivative_values(kernels: ModuleType) -> None:
    y = kernels.from_list([0.25, 0.75], (2,), "float64")
    dy = kernels.from_list([1, 3], (2,), "float64")  # sum dy y = 2.5
    assert kernels.softmax_grad(y, dy, 0).tolist() == pytest.approx([0.25 * -1.5, 0.75 * 0.5])
    log_y = kernels.log(y)
    assert kernels.log_softmax_grad(log_y, dy, 0).tolist() == pytest.approx([1 - 0.25 * 4, 3 - 0.75 * 4])


LONG = [(31,), (32,), (33,), (65,), (1024,), (1057,), (2100,), (70, 3), (40, 31), (9, 33), (33, 513), (3, 41, 5)]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", LONG)
def test_around_lanes_blocks_and_strips(twins: Twins, shape: Any, dtype: str) -> None:
    a = Case([math.sin(7 * i) for i in range(product(shape))], shape, dtype)
    for dims in [(axis,) for axis in range(len(shape))] + [tuple(range(len(shape)))]:
        for op, ulps in (("sum", 20), ("mean", 20), ("max", 0), ("min", 0)):
            agree(twins, lambda K, a, op=op, dims=dims: getattr(K, op)(a, dims, False), a, ulps=ulps, scale=10)


@pytest.mark.parametrize("n", [2, 8, 31, 33, 70, 1100])
def test_a_nan_anywhere_wins(kernels: ModuleType, n: int) -> None:
    for at in range(n) if n < 100 else (0, 31, 32, 1023, 1024, n - 1):
        row = [float(i % 7) for i in range(n)]
        row[at] = math.nan
        for op in ("max", "min"):
            reduce = getattr(kernels, op)
            assert math.isnan(reduce(kernels.from_list(row, (n,), "float64"), (0,), False).item())
            wide = kernels.from_list([x for x in row for _ in range(35)], (n, 35), "float32")
            assert all(math.isnan(x) for x in reduce(wide, (0,), False).tolist())


@pytest.mark.parametrize("op", SOFTMAX)
@pytest.mark.parametrize("shape", [(33, 3), (3, 70), (2, 520)])
def test_softmax_of_long_lines_and_many(twins: Twins, op: str, shape: Any) -> None:
    for dtype in FLOATS:
        x, dy = (Case([3 * math.sin(k * i) for i in range(product(shape))], shape, dtype) for k in (5, 7))
        for dim in (0, 1):
            agree(twins, lambda K, x, dim=dim: getattr(K, op)(x, dim), x, ulps=16, scale=10 if "log" in op else 0)
            agree(twins, lambda K, x, dy, dim=dim: getattr(K, op + "_grad")(x, dy, dim), x, dy, ulps=16, scale=3000)


@pytest.mark.parametrize("op", ["sum", "max", *SOFTMAX])
@pytest.mark.parametrize("n", [5, 31, 33, 65, 300, 1030])
def test_a_row_has_the_same_bits_wherever_it_stands(kernels: ModuleType, op: str, n: int) -> None:
    dims: Any = 1 if op in SOFTMAX else (1,)
    more = () if op in SOFTMAX else (True,)
    for dtype in FLOATS:
        row = [math.sin(7 * i) * i for i in range(n)]
        rows = kernels.from_list([float(i % 5) for i in range(n)] * 17 + row * 2, (19, n), dtype)
        alone = getattr(kernels, op)(kernels.from_list(row, (1, n), dtype), dims, *more).tolist()[0]
        assert getattr(kernels, op)(rows, dims, *more).tolist()[17:] == [alone, alone]


def test_nan_and_infinity_stay_in_their_rows(kernels: ModuleType) -> None:
    n, rows = 40, 35
    flat = [float(i % 11) for i in range(n * rows)]
    for row in range(0, rows, 3):
        flat[row * n + row] = math.nan if row % 2 else -math.inf
    a = kernels.from_list(flat, (rows, n), "float32")
    for op in ("sum", "max", "min"):
        for row, x in enumerate(getattr(kernels, op)(a, (1,), False).tolist()):
            assert math.isfinite(x) == (row % 3 != 0 or (op == "max" and row % 2 == 0)), (op, row)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [32, 70, 1100])
def test_numbers_whose_sum_is_nan_or_infinite(kernels: ModuleType, n: int, dtype: str) -> None:
    """The kernel adds numbers up to see whether one of them is NaN."""
    huge = 3e38 if dtype == "float32" else 1e308
    for most, least in ((math.inf, -math.inf), (huge, -huge), (huge, -math.inf), (-huge, -math.inf)):
        row = [most if i % 5 == 0 else least if i % 2 else (most if most < 0 else 1.0) for i in range(n)]
        for shape, dim in (((18, n), 1), ((n, 40), 0)):
            flat = row * 18 if dim else [x for x in row for _ in range(40)]
            a = kernels.from_list(flat, shape, dtype)
            expected = kernels.from_list([most, least], (2,), dtype).tolist()
            assert set(kernels.max(a, (dim,), False).tolist()) == {expected[0]}
            assert set(kernels.min(a, (dim,), False).tolist()) == {expected[1]}


REFUSED = [
    lambda K: K.scatter_first(K.full((3,), 2, "int64"), K.full((3,), 1, "float64"), (2, 3), (0,)),
    lambda K: K.scatter_first(K.full((3,), -1, "int64"), K.full((3,), 1, "float64"), (2, 3), (0,)),
    lambda K: K.scatter_first(K.full((2,), 0, "int64"), K.full((2,), 1, "float64"), (2, 3), (0,)),
    lambda K: K.scatter_first(K.full((3,), 0, "int64"), K.full((2,), 1, "float64"), (2, 3), (0,)),
    lambda K: K.scatter_first(K.full((3,), 0, "float64"), K.full((3,), 1, "float64"), (2, 3), (0,)),
    lambda K: K.scatter_first(K.full((1,), 0, "int64"), K.full((1,), 1, "float64"), (0,), (0,)),
    lambda K: K.softmax_grad(K.full((3,), 0, "float64"), K.full((2,), 1, "float64"), 0),
    lambda K: K.log_softmax_grad(K.full((3,), 0, "float64"), K.full((3,), 1, "float32"), 0),
    lambda K: K.softmax(K.full((3,), 0, "int64"), 0),
    lambda K: K.softmax(K.full((), 0, "float64"), 0),
    lambda K: K.sum(K.full((3,), 0, "float64"), (0, 0), False),
    lambda K: K.sum(K.full((3,), 0, "float64"), 0, False),
    lambda K: K.max(K.full((3,), 0, "float64"), (1,), False),
    lambda K: K.mean(K.full((3,), 0, "bool"), (0,), False),
    lambda K: K.expand(K.full((3,), 0, "float64"), (3, 2)),
    lambda K: K.expand(K.full((1, 3), 0, "float64"), (3,)),
    lambda K: K.sum_to(K.full((3, 2), 0, "float64"), (3,)),
    lambda K: K.sum_to(K.full((2,), 0, "float64"), (1, 2)),
]


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(kernels: ModuleType, call: Any) -> None:
    with pytest.raises((ValueError, TypeError, IndexError), match=r"^\w+: "):
        call(kernels)


@pytest.mark.parametrize("call", REFUSED)
def test_messages(twins: Twins, call: Any) -> None:
    agree(twins, call)


@pytest.mark.parametrize("axis", [10**20, -(10**20)])
def test_an_axis_beyond_all_integers_is_none(kernels: ModuleType, axis: int) -> None:
    a = kernels.full((2, 3), 1.0, "float64")
    for call in (lambda: kernels.softmax(a, axis), lambda: kernels.sum(a, (axis,), False)):
        with pytest.raises(IndexError, match="there is no axis -?10{20} in shape"):
            call()
