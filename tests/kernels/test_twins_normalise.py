"""Layer and batch normalisation with their derivatives."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any, List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_cases import Case, Twins, agree, arrays, flatten, shapes

EPS = 1e-2  # large: the derivatives of a row without variance divide by it
Parameters = Tuple[Case, Optional[Case], Optional[Case]]


@st.composite
def parameters(draw: st.DrawFn, ndim: Tuple[int, int] = (0, 3)) -> Parameters:
    """x with weight and bias, or without."""
    shape = draw(shapes(min_dims=ndim[0], max_dims=ndim[1])) + (draw(st.integers(0, 20)),)
    x = draw(arrays(shape, special=False))
    weight, bias = (draw(st.none() | arrays(shape[-1:], x.dtype, special=False)) for _ in range(2))
    return x, weight, bias


matrices = parameters((1, 1))


def on(K: ModuleType, case: Optional[Case]) -> Any:
    return None if case is None else case.on(K)


@given(parameters())
def test_layer_norm(twins: Twins, case: Parameters) -> None:
    x, w, b = case
    for k in range(3):
        agree(twins, lambda K, k=k: K.layer_norm(x.on(K), on(K, w), on(K, b), EPS)[k], ulps=50, scale=300)


@given(matrices)
def test_batch_norm(twins: Twins, case: Parameters) -> None:
    x, w, b = case
    for k in range(3):
        agree(twins, lambda K, k=k: K.batch_norm(x.on(K), on(K, w), on(K, b), EPS)[k], ulps=50, scale=300)


@given(parameters(), st.data())
def test_layer_norm_derivatives(twins: Twins, case: Parameters, data: st.DataObject) -> None:
    x, w, _ = case
    dy = data.draw(arrays(x.shape, x.dtype, special=False))
    statistics = same_on_both(twins[0].layer_norm(x.on(twins[0]), None, None, EPS)[1:], x.dtype)
    for k in range(3):
        agree(
            twins,
            lambda K, mean, rstd, k=k: K.layer_norm_grad(dy.on(K), x.on(K), on(K, w), mean, rstd)[k],
            *statistics,
            ulps=50,
            scale=3e5,
        )


@given(matrices, st.data())
def test_batch_norm_derivatives(twins: Twins, case: Parameters, data: st.DataObject) -> None:
    x, w, _ = case
    dy = data.draw(arrays(x.shape, x.dtype, special=False))
    statistics = same_on_both(twins[0].batch_norm(x.on(twins[0]), None, None, EPS)[1:], x.dtype)
    for k in range(3):
        agree(
            twins,
            lambda K, mean, var, k=k: K.batch_norm_grad(dy.on(K), x.on(K), on(K, w), mean, var, EPS)[k],
            *statistics,
            ulps=50,
            scale=3e5,
        )


def same_on_both(results: Any, dtype: str) -> List[Case]:
    return [Case(flatten(a.tolist()) if a.size else [], a.shape, dtype) for a in results]


def test_known_values(kernels: ModuleType) -> None:
    x = kernels.from_list([1.0, 3.0, 2.0, 6.0], (2, 2), "float64")
    w, b = (kernels.from_list(values, (2,), "float64") for values in ([2.0, 3.0], [10.0, 20.0]))
    y, mean, rstd = kernels.layer_norm(x, w, b, 0.0)
    assert (y.tolist(), mean.tolist(), rstd.tolist()) == ([[8.0, 23.0], [8.0, 23.0]], [2.0, 4.0], [1.0, 0.5])
    y, mean, var = kernels.batch_norm(x, None, None, 0.0)
    assert (y.tolist(), mean.tolist(), var.tolist()) == ([[-1.0, -1.0], [1.0, 1.0]], [1.5, 4.5], [0.25, 2.25])


@pytest.mark.parametrize("shape", [(40, 3), (300, 3), (3, 70), (70, 520), (2, 5, 33)])
def test_many_rows_and_columns(twins: Twins, shape: Any) -> None:
    """Longer than the compiled lanes and strips."""
    n = math.prod(shape)
    x, dy = (Case([math.sin(k * (i + 1)) for i in range(n)], shape, "float64") for k in (1, 2))
    w = Case([1 + 0.1 * i for i in range(shape[-1])], shape[-1:], "float64")
    for k in range(3):
        agree(twins, lambda K, x, w, k=k: K.layer_norm(x, w, w, EPS)[k], x, w, ulps=20, scale=10)
        agree(twins, lambda K, x, dy, w, k=k: layer_gradients(K, x, dy, w)[k], x, dy, w, ulps=200, scale=10)
        if len(shape) == 2:
            agree(twins, lambda K, x, w, k=k: K.batch_norm(x, w, w, EPS)[k], x, w, ulps=20, scale=10)
            agree(twins, lambda K, x, dy, w, k=k: batch_gradients(K, x, dy, w)[k], x, dy, w, ulps=200, scale=10)


@pytest.mark.parametrize("shape", [(2, 7), (18, 33), (2, 3000)])
def test_layer_norm_far_from_zero(kernels: ModuleType, shape: Any) -> None:
    """Rounding a mean of 10000 to float32 costs up to 5e-4, beside deviations of about 1: it must not be seen."""
    rows, n = shape
    x = kernels.from_list([1e4 + math.sin(i) for i in range(rows * n)], shape, "float32")
    dy = kernels.from_list([math.cos(3 * i) for i in range(rows * n)], shape, "float32")
    y, mean, rstd = kernels.layer_norm(x, None, None, EPS)
    dx, dw, db = kernels.layer_norm_grad(dy, x, None, mean, rstd)
    weights, biases = [0.0] * n, [0.0] * n
    for row, dy_i, y_i, dx_i, r_i in zip(*(a.tolist() for a in (x, dy, y, dx, rstd))):
        mu = math.fsum(row) / n
        r = 1 / math.sqrt(math.fsum((v - mu) ** 2 for v in row) / n + EPS)
        x_hat = [(v - mu) * r for v in row]
        g, gx = math.fsum(dy_i) / n, math.fsum(a * b for a, b in zip(dy_i, x_hat)) / n
        weights = [a + b * c for a, b, c in zip(weights, dy_i, x_hat)]
        biases = [a + b for a, b in zip(biases, dy_i)]
        assert r_i == pytest.approx(r, rel=1e-6)
        assert y_i == pytest.approx(x_hat, rel=1e-6, abs=2e-6)
        assert dx_i == pytest.approx([r * (a - g - b * gx) for a, b in zip(dy_i, x_hat)], abs=2e-6 * r)
    assert dw.tolist() == pytest.approx(weights, abs=2e-6 * rows)
    assert db.tolist() == pytest.approx(biases, abs=2e-6 * rows)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5, 1), (4, 2), (2, 15), (2, 16), (3, 33), (2, 1030)])
def test_layer_norm_of_equal_gradients(kernels: ModuleType, shape: Any, dtype: str) -> None:
    """Where dy w is the same in a whole row the derivative is 0, and not what rounding leaves of two large numbers,
    though 1 / sqrt(var + eps) is 316 for a row of one number."""
    rows, n = shape
    x = kernels.from_list([0.1 + 1e-4 * math.sin(i) for i in range(rows * n)], shape, dtype)
    dy, w = kernels.full(shape, 0.7, dtype), kernels.full((n,), 1.3, dtype)
    _, mean, rstd = kernels.layer_norm(x, w, None, EPS)
    dx, _, _ = kernels.layer_norm_grad(dy, x, w, mean, rstd)
    assert flatten(dx.tolist()) == pytest.approx([0.0] * (rows * n), abs=0 if n == 1 else 1e-9)


@pytest.mark.parametrize("rows", [1, 2])
def test_batch_norm_of_equal_gradients(kernels: ModuleType, rows: int) -> None:
    x = kernels.from_list([0.1 * i for i in range(5)] * rows, (rows, 5), "float32")
    dy, w = kernels.full((rows, 5), 0.7, "float32"), kernels.full((5,), 1.3, "float32")
    _, mean, var = kernels.batch_norm(x, w, w, EPS)
    assert flatten(kernels.batch_norm_grad(dy, x, w, mean, var, EPS)[0].tolist()) == [0.0] * (5 * rows)


@pytest.mark.parametrize("width", [10, 33, 65, 1030])
def test_layer_norm_of_a_row_by_itself(kernels: ModuleType, width: int) -> None:
    """Its bits do not depend on the rows beside it, with which it may be computed."""
    rows, every = 19, []
    for i in range(rows):
        every.append([math.sin(7 * i + j * j) for j in range(width)])
    x = kernels.from_list(flatten(every), (rows, width), "float32")
    results = [a.tolist() for a in kernels.layer_norm(x, None, None, EPS)]
    for i in (0, 15, 16, 18):
        alone = [
            a.tolist() for a in kernels.layer_norm(kernels.from_list(every[i], (1, width), "float32"), None, None, EPS)
        ]
        assert [a[0] for a in alone] == [a[i] for a in results]


@pytest.mark.parametrize("shape", [(3, 2), (33, 20), (2000, 3), (70, 600)])
def test_batch_norm_far_from_zero(kernels: ModuleType, shape: Any) -> None:
    """A mean of 10000 costs no digit of float32, forward or backward: compared with doubles."""
    rows, width = shape
    x = kernels.from_list([1e4 + math.sin(i) for i in range(rows * width)], shape, "float32")
    dy = kernels.from_list([math.cos(3 * i) for i in range(rows * width)], shape, "float32")
    y, mean, var = kernels.batch_norm(x, None, None, EPS)
    dx, dw, db = kernels.batch_norm_grad(dy, x, None, mean, var, EPS)
    results = zip(*(zip(*a.tolist()) for a in (x, dy, y, dx)), var.tolist(), dw.tolist(), db.tolist())
    for column, dy_j, y_j, dx_j, var_j, dw_j, db_j in results:
        mu = math.fsum(column) / rows
        square = math.fsum((v - mu) ** 2 for v in column) / rows
        r = 1 / math.sqrt(square + EPS)
        x_hat = [(v - mu) * r for v in column]
        g, gx = math.fsum(dy_j) / rows, math.fsum(a * b for a, b in zip(dy_j, x_hat)) / rows
        assert var_j == pytest.approx(square, rel=1e-6)
        assert y_j == pytest.approx(x_hat, abs=1e-6)
        assert dx_j == pytest.approx([r * (a - g - b * gx) for a, b in zip(dy_j, x_hat)], abs=2e-6 * r)
        assert (dw_j / rows, db_j / rows) == pytest.approx((gx, g), abs=1e-6)


def test_the_variance_of_doubles_far_from_zero(kernels: ModuleType) -> None:
    """Means of parts are joined by how far they are from each other: a mean of a million costs no digit of var."""
    x = kernels.from_list([1e6 + math.sin(i) for i in range(70 * 1000)], (70, 1000), "float64")
    var = kernels.batch_norm(x, None, None, EPS)[2].tolist()
    for j in (0, 500, 999):
        column = [row[j] - 1e6 for row in x.tolist()]  # exact
        mu = math.fsum(column) / 70
        assert var[j] == pytest.approx(math.fsum((v - mu) ** 2 for v in column) / 70, rel=1e-14)


def layer_gradients(K: ModuleType, x: Any, dy: Any, w: Any) -> Any:
    return K.layer_norm_grad(dy, x, w, *K.layer_norm(x, w, None, EPS)[1:])


def batch_gradients(K: ModuleType, x: Any, dy: Any, w: Any) -> Any:
    return K.batch_norm_grad(dy, x, w, *K.batch_norm(x, w, None, EPS)[1:], EPS)


@pytest.mark.parametrize("gradients", [layer_gradients, batch_gradients])
def test_derivatives_by_differences(kernels: ModuleType, gradients: Any) -> None:
    numbers = [0.5, -1.0, 2.0, 0.25, 3.0, -0.75]
    weights = [0.3, -1.2, 0.7, 1.1, -0.4, 0.9]

    def array(values: List[float], *shape: int) -> Any:
        return kernels.from_list(values, shape, "float64")

    w, dy = array([2.0, 0.5, -1.0], 3), array(weights, 2, 3)
    forward = kernels.layer_norm if gradients is layer_gradients else kernels.batch_norm

    def f(values: List[float]) -> float:
        return math.fsum(a * b for a, b in zip(weights, flatten(forward(array(values, 2, 3), w, w, EPS)[0].tolist())))

    dx = flatten(gradients(kernels, array(numbers, 2, 3), dy, w)[0].tolist())
    for i, slope in enumerate(dx):
        up, down = ([v + h * (j == i) for j, v in enumerate(numbers)] for h in (1e-6, -1e-6))
        assert slope == pytest.approx((f(up) - f(down)) / 2e-6, rel=1e-6, abs=1e-8)


def ones(K: ModuleType, *shape: int, dtype: str = "float64") -> Any:
    return K.full(shape, 1, dtype)


REFUSED = [
    (lambda K: K.layer_norm(ones(K), None, None, EPS), r"layer_norm: expected x of shape \(..., C\), got \(\)"),
    (lambda K: K.batch_norm(ones(K, 3), None, None, EPS), r"batch_norm: expected x of shape \(N, C\), got \(3,\)"),
    (lambda K: K.layer_norm(ones(K, 2, 3), ones(K, 2), None, EPS), r"weight has shape \(2,\), expected \(3,\)"),
    (lambda K: K.batch_norm(ones(K, 2, 3), None, ones(K, 3, 1), EPS), r"bias has shape \(3, 1\), expected \(3,\)"),
    (lambda K: K.layer_norm(ones(K, 2, 3), ones(K, 3, dtype="float32"), None, EPS), "float64 and float32 differ"),
    (lambda K: K.layer_norm(ones(K, 2, dtype="int64"), None, None, EPS), "needs float64 or float32"),
    (
        lambda K: K.layer_norm_grad(ones(K, 2, 2), ones(K, 2, 3), None, ones(K, 2), ones(K, 2)),
        r"\(2, 3\) and \(2, 2\) differ",
    ),
    (
        lambda K: K.layer_norm_grad(ones(K, 2, 3), ones(K, 2, 3), None, ones(K, 3), ones(K, 2)),
        "the statistics have shapes",
    ),
    (
        lambda K: K.batch_norm_grad(ones(K, 2, 3), ones(K, 2, 3), None, ones(K, 3), ones(K, 2), EPS),
        "the statistics have shapes",
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_refusals(kernels: ModuleType, call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call(kernels)


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_messages(twins: Twins, call: Any, message: str) -> None:
    agree(twins, call)
