"""One step of each optimiser for lists of arrays; the norm and the scaling of gradients."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any, Callable, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_cases import FLOATS, Case, Twins, agree, arrays, shapes

Lists = Tuple[List[Case], ...]


@st.composite
def lists(draw: st.DrawFn, n: int) -> Lists:
    """n lists of arrays that belong to the same parameters."""
    kinds = draw(st.lists(st.tuples(shapes(max_dims=2), st.sampled_from(FLOATS)), max_size=3))
    return tuple([draw(arrays(shape, dtype, special=False)) for shape, dtype in kinds] for _ in range(n))


def tensor(K: ModuleType, array: Any) -> Any:
    """What the kernels take for a tensor."""

    class Holder(K.Exporter):  # type: ignore[name-defined,misc]
        __slots__ = ()

    holder = Holder()
    holder.array = array
    return holder


def made(K: ModuleType, cases: Any) -> Any:
    return None if cases is None else [tensor(K, case.on(K)) for case in cases]


def agree_on_lists(twins: Twins, call: Callable[..., Any], *cases: Any, ulps: float = 0) -> None:
    """call(K, *lists) changes tensors of the lists: all are equal on both backends afterwards.

    Four roundings more for float32, in which the compiled kernels compute and the reference does not.
    """
    results = []
    for K in twins:
        results.append([made(K, case) for case in cases])
        call(K, *results[-1])
    for part, other in zip(*results):
        for ours, theirs in zip(part or (), other or ()):
            allowed = ulps + 4 * (ours.array.dtype == "float32")
            agree(twins, lambda K, x=ours, y=theirs: (x if K is twins[0] else y).array, ulps=allowed, scale=30)


@given(lists(3), st.booleans(), st.sampled_from([0.0, 0.9]), st.sampled_from([0.0, 0.1]), st.sampled_from([0.0, 0.01]))
def test_sgd(twins: Twins, case: Lists, nesterov: bool, momentum: float, dampening: float, decay: float) -> None:
    params, grads, momenta = case
    for buffers in (None, momenta):
        agree_on_lists(
            twins,
            lambda K, p, g, v: K.sgd_step(p, g, v, 0.1, momentum, dampening, nesterov, decay),
            params,
            grads,
            buffers,
        )


@given(lists(4), st.integers(1, 1000), st.booleans(), st.sampled_from([0.0, 0.01]), st.booleans(), st.booleans())
def test_adam(twins: Twins, case: Lists, step: int, decoupled: bool, decay: float, corrected: bool, old: bool) -> None:
    agree_on_lists(
        twins,
        lambda K, p, g, m, v: K.adam_step(p, g, m, v, step, 0.1, 0.9, 0.999, 1e-8, decay, decoupled, corrected, old),
        *case[:3],
        [c._replace(flat=[abs(x) for x in c.flat]) for c in case[3]],
        ulps=1,  # pow may differ in the last bit
    )


@given(lists(5), st.booleans(), st.booleans(), st.sampled_from([0.0, 0.01]), st.booleans())
def test_rmsprop(twins: Twins, case: Lists, heavy: bool, centered: bool, decay: float, old: bool) -> None:
    params, grads, square, momenta, averages = case
    square = [c._replace(flat=[x * x for x in a.flat]) for c, a in zip(square, averages)]  # no smaller than averages²
    agree_on_lists(
        twins,
        lambda K, p, g, s, b, a: K.rmsprop_step(p, g, s, b, a, 0.01, 0.99, 1e-8, decay, 0.9 if heavy else 0.0, old),
        params,
        grads,
        square,
        momenta if heavy else None,
        averages if centered else None,
    )


def tensors(K: ModuleType, *values: float) -> Any:
    return [tensor(K, K.from_list(values, (len(values),), "float64"))]


def numbers_of(tensors: Any) -> Any:
    return [tensor.array.tolist() for tensor in tensors]


def test_without_decay_an_infinite_parameter_spoils_no_state(kernels: ModuleType) -> None:
    K = kernels
    g = tensors(K, 0.5, 0.5)
    for decoupled in (False, True):
        p, m, v = (tensors(K, first, last) for first, last in ((math.inf, 1.0), (0, 0), (0, 0)))
        K.adam_step(p, g, m, v, 1, 0.1, 0.9, 0.999, 1e-8, 0.0, decoupled)
        assert numbers_of(p)[0][0] == math.inf
        assert numbers_of(m)[0][0] == numbers_of(m)[0][1] and numbers_of(v)[0][0] > 0
    p, v = tensors(K, math.inf, 1.0), tensors(K, 0, 0)
    K.sgd_step(p, g, v, 0.1, 0.9, 0.0, False, 0.0)
    assert numbers_of(p)[0][0] == math.inf and numbers_of(v) == [[0.5, 0.5]]
    v = tensors(K, 0, 0)
    K.rmsprop_step(p, g, v, None, None, 0.1, 0.99, 1e-8, 0.0, 0.0)
    assert numbers_of(v)[0][0] > 0


@given(lists(1), st.sampled_from([0.0, 0.1, -3.0, 1e-42, 1e42, math.inf]))
def test_norm_and_scale(twins: Twins, case: Lists, factor: float) -> None:
    agree_on_lists(twins, lambda K, a: K.scale(a, factor), *case)
    ours, theirs = (K.norm([c.on(K) for c in case[0]]) for K in twins)
    assert theirs == pytest.approx(ours, rel=1e-14)


@pytest.mark.parametrize(
    ("size", "dtype"),
    [(1e19, "float32"), (3e37, "float32"), (1e-30, "float32"), (1e-45, "float32")]
    + [(s, "float64") for s in (1e200, 1e300, 1e-160, 1e-200, 1e-300, 5e-324, 3e-320)],
)
def test_a_norm_of_huge_or_tiny_numbers(kernels: ModuleType, size: float, dtype: str) -> None:
    """Their squares are infinite or 0."""
    for n in (1, 3, 40, 20_000):
        a = kernels.full((n,), size, dtype)
        (exact,) = set(a.tolist())
        assert kernels.norm([a]) == pytest.approx(exact * math.sqrt(n), rel=1e-3 if size < 1e-300 else 1e-12, abs=0)
        beside = kernels.full((3,), 1.0, dtype)
        assert kernels.norm([beside, a]) == pytest.approx(math.hypot(math.sqrt(3), exact * math.sqrt(n)), rel=1e-12)


def test_a_norm_hides_neither_infinity_nor_nan(kernels: ModuleType) -> None:
    for values, expected in (([1e200, math.inf], math.inf), ([-math.inf], math.inf), ([1.7e308] * 4, math.inf)):
        assert kernels.norm([kernels.from_list(values, (len(values),), "float64")]) == expected
    for values in ([1e200, math.nan], [math.nan, math.inf], [1e-200, math.nan]):
        assert math.isnan(kernels.norm([kernels.from_list(values, (len(values),), "float64")]))
    assert kernels.norm([]) == kernels.norm([kernels.full((3,), 0.0, "float64")]) == 0.0


def test_a_factor_that_no_float_can_hold(kernels: ModuleType) -> None:
    for number, factor in [(3e38, 1e-42), (1e-30, 1e42)]:
        (x,) = [tensor(kernels, kernels.full((40,), number, "float32"))]
        kernels.scale([x], factor)
        assert x.array.tolist() == pytest.approx([number * factor] * 40, rel=1e-6)


def test_longer_than_a_piece(twins: Twins) -> None:
    n = 20_000  # several pieces for several threads, the last one not full
    p, g, m = ([Case([math.sin(k + i) for i in range(n)], (n,), dtype) for dtype in FLOATS] for k in (0, 1, 2))
    v = [Case([math.cos(i) ** 2 for i in range(n)], (n,), dtype) for dtype in FLOATS]
    agree_on_lists(twins, lambda K, *a: K.adam_step(*a, 3, 0.1, 0.9, 0.99, 1e-8, 0.1, False), p, g, m, v, ulps=1)
    agree_on_lists(twins, lambda K, *a: K.sgd_step(*a, 0.1, 0.9, 0.0, True, 0.1), p, g, m)
    ours, theirs = (K.norm([c.on(K) for c in p]) for K in twins)
    assert theirs == pytest.approx(ours, rel=1e-12)


def test_the_first_steps_of_sgd(kernels: ModuleType) -> None:
    p, g, v = (tensors(kernels, x, x) for x in (1.0, 2.0, 0.0))
    kernels.sgd_step(p, g, v, 0.5, 0.9, 0.0, False, 0.0)
    assert (numbers_of(p), numbers_of(g), numbers_of(v)) == ([[0.0, 0.0]], [[2.0, 2.0]], [[2.0, 2.0]])
    kernels.sgd_step(p, g, v, 0.5, 0.9, 0.5, True, 0.0)
    assert numbers_of(v) == [pytest.approx([0.9 * 2 + 0.5 * 2] * 2)]
    assert numbers_of(p) == [pytest.approx([-0.5 * (2 + 0.9 * 2.8)] * 2)]


def test_adams_first_step_is_lr_long(kernels: ModuleType) -> None:
    p, g, m, v = (tensors(kernels, *values) for values in ([1.0, 1.0], [1e-3, -1e3], [0.0, 0.0], [0.0, 0.0]))
    kernels.adam_step(p, g, m, v, 1, 0.1, 0.9, 0.999, 0.0, 0.0, False)
    assert numbers_of(p) == [pytest.approx([0.9, 1.1])]
    assert numbers_of(m) == [pytest.approx([1e-4, -1e2])]
    assert numbers_of(v) == [pytest.approx([1e-9, 1e3])]


def one(K: ModuleType, *shape: int, dtype: str = "float64") -> Any:
    return [tensor(K, K.full(shape, 1, dtype))]


REFUSED = [
    (
        lambda K: K.sgd_step(one(K, 2), one(K, 3), None, 0.1, 0.0, 0.0, False, 0.0),
        r"sgd_step: shapes \(2,\) and \(3,\) differ",
    ),
    (lambda K: K.sgd_step(one(K, 2), [], None, 0.1, 0.0, 0.0, False, 0.0), "sgd_step: 1 parameters, but 0 arrays"),
    (
        lambda K: K.sgd_step(one(K, 2), one(K, 2, dtype="float32"), None, 0.1, 0.0, 0.0, False, 0.0),
        "float64 and float32 differ",
    ),
    (
        lambda K: K.sgd_step(one(K, 2, dtype="int64"), one(K, 2, dtype="int64"), None, 0.1, 0.0, 0.0, False, 0.0),
        "needs float64",
    ),
    (
        lambda K: K.adam_step(*[one(K, 2)] * 4, 0, 0.1, 0.9, 0.9, 0.0, 0.0, False),
        "adam_step: step 0: the first step is 1",
    ),
    (lambda K: K.sgd_step(one(K, 2), [3], None, 0.1, 0.0, 0.0, False, 0.0), "sgd_step: needs a tensor, not int"),
    (lambda K: K.scale([tensor(K, K.full((), 1, "int64")).array], 2.0), "scale: needs a tensor, not Array"),
    (lambda K: K.norm([K.full((2,), 1, "int64")]), "norm: needs float64 or float32"),
    (lambda K: K.norm(one(K, 2)), "norm: needs an array, not Holder"),
    (lambda K: K.scale(one(K, 2, dtype="bool"), 2.0), "scale: needs float64 or float32"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_refusals(kernels: ModuleType, call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call(kernels)


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_messages(twins: Twins, call: Any, message: str) -> None:
    agree(twins, call)
