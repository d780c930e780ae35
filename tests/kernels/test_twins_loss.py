"""softplus, and cross-entropy with its derivative."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_cases import FLOATS, Case, Twins, agree, arrays, flatten

IGNORED = -100
Classification = Tuple[Case, Case, float]


@st.composite
def classifications(draw: st.DrawFn, special: bool = False) -> Classification:
    """Scores (N, C), N targets of which some are ignored, and a smoothing."""
    n, classes = draw(st.integers(0, 4)), draw(st.integers(1, 5))
    x = draw(arrays((n, classes), special=special))
    targets = draw(st.lists(st.integers(0, classes - 1) | st.just(IGNORED), min_size=n, max_size=n))
    return x, Case(targets, (n,), "int64"), draw(st.sampled_from([0.0, 0.1, 1.0]))


@given(arrays())
def test_softplus(twins: Twins, a: Case) -> None:
    agree(twins, lambda K, a: K.softplus(a), a, ulps=2)


@given(st.data())
def test_losses_with_a_target_for_each_number(twins: Twins, data: st.DataObject) -> None:
    x = data.draw(arrays())
    t = x._replace(flat=[data.draw(st.sampled_from([0.0, 1.0, 0.5, 0.125]) | st.floats(0, 1)) for _ in x.flat])
    agree(twins, lambda K, x, t: K.bce_with_logits(x, t), x, t, ulps=4)
    agree(twins, lambda K, x, t: K.bce_with_logits_slope(x, t), x, t, ulps=4, scale=1)
    agree(twins, lambda K, x, t: K.bce(x, t), t, t, ulps=4)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_logit_without_bounds_that_is_right_costs_nothing(kernels: ModuleType, dtype: str) -> None:
    cases = [(math.inf, 1, 0, 0), (-math.inf, 0, 0, 0), (math.inf, 0, math.inf, 1), (-math.inf, 1, math.inf, -1)]
    cases += [(math.inf, 0.75, math.inf, 0.25), (-math.inf, 0.75, math.inf, -0.75), (0.0, 0.25, math.log(2), 0.25)]
    x, t, loss, slope = ([case[i] for case in cases] for i in range(4))
    x, t = (kernels.from_list(values, (len(cases),), dtype) for values in (x, t))
    assert kernels.bce_with_logits(x, t).tolist() == pytest.approx(loss)
    assert kernels.bce_with_logits_slope(x, t).tolist() == slope


def test_a_logarithm_is_at_least_minus_100(kernels: ModuleType) -> None:
    p, t = ([0.0, 1.0, 1e-300, 0.0, 1.0, 0.5], [1.0, 0.0, 1.0, 0.0, 1.0, math.nan])
    losses = kernels.bce(*(kernels.from_list(values, (6,), "float64") for values in (p, t))).tolist()
    assert losses[:5] == [100, 100, 100, 0, 0] and math.isnan(losses[5])


@given(classifications(special=True))
def test_losses(twins: Twins, case: Classification) -> None:
    x, t, smoothing = case
    agree(twins, lambda K, x, t: K.cross_entropy(x, t, IGNORED, smoothing)[1], x, t, ulps=8, scale=60)
    if smoothing == 0 or all(math.isfinite(value) and abs(value) < 1e30 for value in x.flat):
        agree(twins, lambda K, x, t: K.cross_entropy(x, t, IGNORED, smoothing)[0], x, t, ulps=8, scale=300)


@given(classifications(), st.data())
def test_derivative(twins: Twins, case: Classification, data: st.DataObject) -> None:
    x, t, smoothing = case
    dy = data.draw(arrays(t.shape, x.dtype, special=False))
    log_p = x._replace(flat=flatten(twins[0].log_softmax(x.on(twins[0]), 1).tolist())) if x.flat else x
    agree(twins, lambda K, p, t, dy: K.cross_entropy_grad(p, t, dy, IGNORED, smoothing), log_p, t, dy, ulps=4, scale=30)


@pytest.mark.parametrize("dtype", FLOATS)
def test_known_values(kernels: ModuleType, dtype: str) -> None:
    x = kernels.from_list([0.0, math.log(3), 1e4, -1e4], (2, 2), dtype)  # softmax (1/4, 3/4) and (1, 0)
    t = kernels.from_list([1, 0], (2,), "int64")
    losses, log_p = kernels.cross_entropy(x, t, IGNORED, 0.0)
    assert losses.dtype == log_p.dtype == dtype
    assert losses.tolist() == pytest.approx([math.log(4 / 3), 0.0], rel=1e-6)
    dx = kernels.cross_entropy_grad(log_p, t, kernels.full((2,), 2.0, dtype), IGNORED, 0.0)
    assert flatten(dx.tolist()) == pytest.approx([0.5, -0.5, 0.0, 0.0], abs=1e-6)
    assert kernels.softplus(x).tolist()[1] == [1e4, 0.0]


def test_smoothing_shares_the_probability(kernels: ModuleType) -> None:
    x = kernels.from_list([0.0, math.log(3)], (1, 2), "float64")
    t = kernels.from_list([1], (1,), "int64")
    losses, log_p = kernels.cross_entropy(x, t, IGNORED, 0.2)
    assert losses.tolist() == pytest.approx([0.9 * math.log(4 / 3) + 0.1 * math.log(4)])
    dx = kernels.cross_entropy_grad(log_p, t, kernels.full((1,), 1.0, "float64"), IGNORED, 0.2)
    assert dx.tolist()[0] == pytest.approx([0.25 - 0.1, 0.75 - 0.9])


def test_ignored_rows_count_for_nothing(kernels: ModuleType) -> None:
    x, t = kernels.from_list([1.0, 2.0, math.nan, 4.0], (2, 2), "float64"), kernels.from_list([0, 9], (2,), "int64")
    losses, log_p = kernels.cross_entropy(x, t, 9, 0.0)
    assert losses.tolist()[1] == 0
    assert kernels.cross_entropy_grad(log_p, t, kernels.full((2,), 1.0, "float64"), 9, 0.1).tolist()[1] == [0, 0]


def test_a_masked_class_costs_nothing(kernels: ModuleType) -> None:
    x, t = kernels.from_list([0.0, 0.0, -math.inf], (1, 3), "float64"), kernels.from_list([0], (1,), "int64")
    assert kernels.cross_entropy(x, t, IGNORED, 0.0)[0].tolist() == pytest.approx([math.log(2)])


def arguments(K: ModuleType, x: Any = (2, 3), t: Any = (0, 1), x_dtype: str = "float64", t_dtype: str = "int64") -> Any:
    return K.full(x, 1, x_dtype), K.from_list(list(t), (len(t),), t_dtype)


REFUSED = [
    (lambda K: K.cross_entropy(*arguments(K, t=(7, 0)), IGNORED, 0.0), "target 7 is out of range for 3 classes"),
    (lambda K: K.cross_entropy(*arguments(K, t=(0, -1)), IGNORED, 0.0), "target -1 is out of range"),
    (
        lambda K: K.cross_entropy(*arguments(K, t=(0, 1, 2)), IGNORED, 0.0),
        r"\(N, C\) and \(N,\), got \(2, 3\) and \(3,\)",
    ),
    (lambda K: K.cross_entropy(*arguments(K, x=(2,)), IGNORED, 0.0), r"got \(2,\) and \(2,\)"),
    (lambda K: K.cross_entropy(*arguments(K, t_dtype="float64"), IGNORED, 0.0), "must be int64, not float64"),
    (lambda K: K.cross_entropy(*arguments(K, x_dtype="int64"), IGNORED, 0.0), "needs float64 or float32"),
    (
        lambda K: K.cross_entropy_grad(*arguments(K), K.full((3,), 1, "float64"), IGNORED, 0.0),
        r"\(2,\) and \(3,\) differ",
    ),
    (
        lambda K: K.cross_entropy_grad(*arguments(K), K.full((2,), 1, "float32"), IGNORED, 0.0),
        "float64 and float32 differ",
    ),
    (lambda K: K.softplus(K.full((2,), 1, "int64")), "needs float64 or float32"),
    (lambda K: K.bce(K.full((2,), 1, "int64"), K.full((2,), 1, "int64")), "bce: needs float64 or float32"),
    (lambda K: K.bce_with_logits(K.full((2,), 1, "float64"), K.full((3,), 1, "float64")), "shapes .* differ"),
    (lambda K: K.bce_with_logits_slope(K.full((2,), 1, "float64"), K.full((2,), 1, "float32")), "dtypes .* differ"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_refusals(kernels: ModuleType, call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError, IndexError), match=message):
        call(kernels)


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_messages(twins: Twins, call: Any, message: str) -> None:
    agree(twins, call)
