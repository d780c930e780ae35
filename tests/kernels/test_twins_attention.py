"""Attention and its derivative, whose compiled form meets the keys block by block."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any, List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_cases import Case, Twins, agree, arrays, flatten, shapes, shrunk

Operands = Tuple[Case, Case, Case, Optional[Case], int]


@st.composite
def operands(draw: st.DrawFn) -> Operands:
    """q, k, v, a mask or None, and the number of heads; shapes that fit most of the time."""
    batch = draw(shapes(max_dims=2, max_size=2))
    T, S, d, d_v = (draw(st.integers(0, 5)) for _ in range(4))
    heads = draw(st.integers(0, 2))
    d, d_v = d * max(heads, 1), d_v * max(heads, 1) + (draw(st.integers(0, 9)) == 0)
    q = draw(arrays((*draw(shrunk(batch)), T, d), special=False, limit=3))
    wrong = draw(st.integers(0, 9)) == 0
    k = draw(arrays((*draw(shrunk(batch)), S + wrong, d), q.dtype, special=False, limit=3))
    v = draw(arrays((*draw(shrunk(batch)), S, d_v), q.dtype, special=False, limit=3))
    if draw(st.booleans()):
        return q, k, v, None, heads
    full = (*batch, heads, T, S) if heads else (*batch, T, S)
    mask = draw(arrays(draw(shrunk(full)), draw(st.sampled_from(["bool", q.dtype])), special=False, limit=3))
    if mask.dtype != "bool":
        mask = mask._replace(flat=[-math.inf if x < -1 else x for x in mask.flat])
    return q, k, v, mask, heads


def run(K: ModuleType, case: Operands, is_causal: bool, scale: float) -> List[Any]:
    """y, rows, dq, dk and dv."""
    q, k, v, mask = (None if each is None else each.on(K) for each in case[:4])
    y, rows = K.attention(q, k, v, mask, case[4], is_causal, scale)
    numbers = [math.cos(i) for i in range(y.size)]
    dy = K.from_list(numbers, y.shape, y.dtype)
    return [y, rows, *K.attention_grad(dy, q, k, v, mask, case[4], is_causal, scale, y, rows)]


@given(operands(), st.booleans(), st.sampled_from([0.5, -1.0, 0.0]))
def test_attention(twins: Twins, case: Operands, is_causal: bool, scale: float) -> None:
    for part in range(5):
        agree(twins, lambda K, part=part: run(K, case, is_causal, scale)[part], ulps=200, scale=30)


def long_case(T: int, S: int, d: int, d_v: int, heads: int, dtype: str) -> Operands:
    """More queries and keys than a block has, of two matrices, with a mask that leaves some rows nothing."""
    q, k, v = (
        Case([math.sin(n * (i + 1)) for i in range(math.prod(shape))], shape, dtype)
        for n, shape in enumerate([(2, T, d), (S, d), (2, S, d_v)], 1)
    )
    return q, k, v, Case([i % 7 != 0 and i // S != 3 for i in range(T * S)], (T, S), "bool"), heads


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("sizes", [(70, 130, 5, 20, 0), (67, 66, 32, 64, 2), (9, 33, 40, 3, 1)])
def test_several_blocks(twins: Twins, sizes: Any, dtype: str) -> None:
    case = long_case(*sizes, dtype)
    for is_causal in (False, True):
        found = [run(K, case, is_causal, 0.4) for K in twins]
        for ours, theirs in zip(*found):
            assert ours.shape == theirs.shape
            expected = pytest.approx(flatten(ours.tolist()), rel=1e-10, abs=1e-12 if dtype == "float64" else 1e-4)
            assert flatten(theirs.tolist()) == expected


def test_threads_do_not_change_a_bit(compiled: ModuleType) -> None:
    case, found = long_case(70, 130, 40, 20, 2, "float32"), []
    q, k, v, mask, heads = case
    many = (
        q._replace(flat=q.flat * 4, shape=(8, 70, 40)),
        k,
        v._replace(flat=v.flat * 4, shape=(8, 130, 20)),
        mask,
        heads,
    )
    for threads in (1, 2, 3):
        compiled.set_num_threads(threads)
        found.append([bytes(memoryview(array)) for array in run(compiled, many, True, 0.4)])
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("T", "width", "heads"), [(5, 3, 1), (70, 32, 2), (150, 20, 4)])
def test_a_query_has_the_same_bits_alone_and_beside_others(
    compiled: ModuleType, T: int, width: int, heads: int, dtype: str
) -> None:
    """Also the last one of a text that grows: what a cache of keys and values is for."""
    q, k, v = (compiled.normal((T, width), dtype, seed, 0) for seed in (1, 2, 3))

    def first(a: Any, n: int, start: int = 0) -> Any:
        return compiled.slice(a, (start, 0), (1, 1), (n, width))

    whole, causal = (compiled.attention(q, k, v, None, heads, flag, 0.3)[0].tolist() for flag in (False, True))
    for n in (1, 2, 3, 5, 7, 8, 9, 64, 65):
        if n > T:
            continue
        for start in {0, T - n}:
            some = compiled.attention(first(q, n, start), k, v, None, heads, False, 0.3)[0].tolist()
            assert some == whole[start : start + n], (n, start)
        some = compiled.attention(first(q, n), first(k, n), first(v, n), None, heads, True, 0.3)[0].tolist()
        assert some == causal[:n], n
        last = compiled.attention(first(q, 1, n - 1), first(k, n), first(v, n), None, heads, False, 0.3)[0].tolist()
        assert last == causal[n - 1 : n], n


def test_a_score_beyond_all_numbers(kernels: ModuleType) -> None:
    """-inf as the only score, and not by a mask, is 0 / 0; a masked row is 0; NaN stays in its own row."""
    q = kernels.from_list([1e300, math.nan, 1.0], (3, 1), "float64")
    k = kernels.from_list([-1e300], (1, 1), "float64")
    mask = kernels.from_list([True, True, False], (3, 1), "bool")
    y, rows = kernels.attention(q, k, k, mask, 0, False, 1.0)
    assert [math.isnan(row[0]) for row in y.tolist()] == [True, True, False]
    assert y.tolist()[2] == [0.0] and rows.tolist()[2] == [-math.inf, 0.0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("T", "size"), [(2, 1e5), (7, 1e3), (9, 1e5)])
def test_the_weights_of_huge_scores_are_those_of_the_forward_pass(
    kernels: ModuleType, T: int, size: float, dtype: str
) -> None:
    """With v all ones, y is 1 and the derivatives by v of a sum are weights, whose sum is the number of queries."""
    q, k = (kernels.mul(kernels.normal((n, 64), dtype, n, 0), kernels.full((), size, dtype)) for n in (T, 70))
    v, dy = kernels.full((70, 1), 1.0, dtype), kernels.full((T, 1), 1.0, dtype)
    y, rows = kernels.attention(q, k, v, None, 0, False, 1.0)
    dv = flatten(kernels.attention_grad(dy, q, k, v, None, 0, False, 1.0, y, rows)[2].tolist())
    assert sum(dv) == pytest.approx(T, rel=1e-5) and min(dv) >= 0


def test_a_query_whose_scores_are_all_masked_with_a_large_number(kernels: ModuleType) -> None:
    """It attends to all keys alike, forward and backward."""
    q, k = (kernels.normal((4, 8), "float64", seed, 0) for seed in (1, 2))
    mask = kernels.from_list([0.0] * 12 + [-1e17] * 4, (4, 4), "float64")
    v = kernels.from_list([1.0, 2.0, 3.0, 6.0], (4, 1), "float64")
    y, rows = kernels.attention(q, k, v, mask, 0, False, 1.0)
    assert y.tolist()[3] == pytest.approx([3.0])
    dy = kernels.from_list([0.0, 0.0, 0.0, 1.0], (4, 1), "float64")
    dv = kernels.attention_grad(dy, q, k, v, mask, 0, False, 1.0, y, rows)[2]
    assert flatten(dv.tolist()) == pytest.approx([0.25] * 4)


def ones(K: ModuleType, *shape: int, dtype: str = "float64") -> Any:
    return K.full(shape, 1, dtype)


def refused(K: ModuleType, *shapes: Tuple[int, ...], heads: int = 0, **dtypes: str) -> Any:
    names = ("q", "k", "v", "mask")
    given = [ones(K, *shape, dtype=dtypes.get(name, "float64")) for name, shape in zip(names, shapes)]
    return K.attention(*given, *([None] * (4 - len(given))), heads, False, 1.0)


REFUSED = [
    (lambda K: refused(K, (3,), (3, 3), (3, 3)), r"q \(3,\), k \(3, 3\) and v \(3, 3\) do not fit: expected"),
    (lambda K: refused(K, (2, 3), (2, 4), (2, 3)), "do not fit"),
    (lambda K: refused(K, (2, 3), (2, 3), (3, 3)), "do not fit"),
    (lambda K: refused(K, (2, 2, 3), (3, 2, 3), (2, 3)), r"\(2,\) and \(3,\) do not broadcast"),
    (
        lambda K: refused(K, (2, 3), (2, 3), (2, 3), (3, 2)),
        r"a mask of shape \(3, 2\) does not broadcast to .* \(2, 2\)",
    ),
    (lambda K: refused(K, (2, 3), (2, 3), (2, 3), (1, 2, 2)), r"a mask of shape \(1, 2, 2\)"),
    (lambda K: refused(K, (2, 3), (2, 3), (2, 3), (2, 2), mask="float32"), "float64 and float32 differ"),
    (lambda K: refused(K, (2, 3), (2, 3), (2, 3), k="float32"), "float64 and float32 differ"),
    (lambda K: refused(K, (2, 3), (2, 3), (2, 3), q="int64"), "needs float64 or float32, not int64"),
    (lambda K: refused(K, (2, 3), (2, 3), (2, 4), heads=2), "widths of 3 and 4 cannot be split among 2 heads"),
    (lambda K: refused(K, (2, 3), (2, 3), (2, 3), heads=-1), "cannot be split among -1 heads"),
    (
        lambda K: K.attention_grad(*[ones(K, 2, 3)] * 4, None, 0, False, 1.0, ones(K, 2, 3), ones(K, 3)),
        r"dy \(2, 3\), y \(2, 3\) and rows \(3,\): expected",
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_refusals(kernels: ModuleType, call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call(kernels)


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_messages(twins: Twins, call: Any, message: str) -> None:
    agree(twins, call)
