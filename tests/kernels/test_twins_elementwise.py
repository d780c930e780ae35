"""Arithmetic, comparisons and functions of one number, with broadcasting and with the numbers that break formulas."""

from __future__ import annotations

import inspect
import math
from types import ModuleType
from typing import Any, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operations import OPERATIONS, Operation
from twin_cases import DTYPES, FLOATS, Case, Twins, agree, arrays, close, operands

EXACT = ["add", "sub", "mul", "div", "maximum", "minimum"]
COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]
UNARY = [operation.kernel for operation in OPERATIONS]
DERIVATIVES = [operation.derivative for operation in OPERATIONS if operation.derivative]

inf, nan = math.inf, math.nan


@pytest.mark.parametrize("op", [*EXACT, "pow"])
@settings(max_examples=40)
@given(pair=operands())
def test_arithmetic(twins: Twins, op: str, pair: List[Case]) -> None:
    agree(twins, lambda K, a, b: getattr(K, op)(a, b), *pair, ulps=2 if op == "pow" else 0)


@pytest.mark.parametrize("op", COMPARISONS)
@settings(max_examples=40)
@given(pair=st.sampled_from(DTYPES).flatmap(lambda dtype: operands(dtype=st.just(dtype))))
def test_comparisons(twins: Twins, op: str, pair: List[Case]) -> None:
    agree(twins, lambda K, a, b: getattr(K, op)(a, b), *pair)


@given(st.data(), st.sampled_from(DTYPES))
def test_where(twins: Twins, data: st.DataObject, dtype: str) -> None:
    condition, _ = data.draw(operands(dtype=st.just("bool")))
    a, b = data.draw(operands(dtype=st.just(dtype)))
    agree(twins, lambda K, c, a, b: K.where(c, a, b), condition, a, b)


@pytest.mark.parametrize("op", UNARY)
@settings(max_examples=40)
@given(a=arrays())
def test_functions(twins: Twins, op: str, a: Case) -> None:
    # gelu of a large negative number is the difference of nearly equal ones: its error is measured against 1.
    agree(twins, lambda K, a: getattr(K, op)(a), a, ulps=4, scale=16 if "gelu" in op else 1e-300)


@pytest.mark.parametrize("op", DERIVATIVES)
@settings(max_examples=40)
@given(data=st.data(), dtype=st.sampled_from(FLOATS))
def test_derivatives(twins: Twins, op: str, data: st.DataObject, dtype: str) -> None:
    x = data.draw(arrays(dtype=dtype, special="gelu" not in op))
    dy = data.draw(arrays(x.shape, dtype, special=False))
    agree(twins, lambda K, x, dy: getattr(K, op)(x, dy), x, dy, ulps=8, scale=1000 if "gelu" in op else 0)


@pytest.mark.parametrize("op", [*EXACT, "pow", *COMPARISONS, *DERIVATIVES])
@settings(max_examples=40)
@given(data=st.data())
def test_two_dtypes_or_shapes(twins: Twins, op: str, data: st.DataObject) -> None:
    pair = [data.draw(arrays(dtype=data.draw(st.sampled_from(DTYPES)), special=False)) for _ in range(2)]
    agree(twins, lambda K, a, b: getattr(K, op)(a, b), *pair, ulps=8, scale=1000 if "gelu" in op else 0)


@pytest.mark.parametrize("op", UNARY)
@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_functions_need_floats(kernels: ModuleType, op: str, dtype: str) -> None:
    with pytest.raises(TypeError, match=f"^{op}: needs float64 or float32, not {dtype}"):
        getattr(kernels, op)(kernels.full((2,), 1, dtype))


PAIRS = [
    ("add", inf, -inf, nan),
    ("sub", inf, inf, nan),
    ("mul", inf, 0.0, nan),
    ("div", 1.0, 0.0, inf),
    ("div", 1.0, -0.0, -inf),
    ("div", -1.0, 0.0, -inf),
    ("div", 0.0, 0.0, nan),
    ("div", nan, 0.0, nan),
    ("div", inf, 0.0, inf),
    ("maximum", nan, 1.0, nan),
    ("maximum", 1.0, nan, nan),
    ("minimum", nan, 1.0, nan),
    ("minimum", -inf, nan, nan),
    ("maximum", 2.0, 3.0, 3.0),
    ("minimum", 2.0, 3.0, 2.0),
    ("pow", 2.0, 3.0, 8.0),
    ("pow", 0.0, 0.0, 1.0),
    ("pow", nan, 0.0, 1.0),
    ("pow", 1.0, nan, 1.0),
    ("pow", -1.0, inf, 1.0),
    ("pow", 0.0, -1.0, inf),
    ("pow", -0.0, -1.0, -inf),
    ("pow", -0.0, -2.0, inf),
    ("pow", 0.0, -inf, inf),
    ("pow", -8.0, 1 / 3, nan),
    ("pow", -inf, 3.0, -inf),
    ("pow", -inf, 2.0, inf),
    ("pow", -1e200, 3.0, -inf),
    ("pow", -1e200, 2.0, inf),
    ("pow", 2.0, -inf, 0.0),
    ("eq", nan, nan, False),
    ("ne", nan, nan, True),
    ("lt", nan, 1.0, False),
    ("ge", nan, nan, False),
    ("eq", 0.0, -0.0, True),
    ("le", 1.0, 1.0, True),
    ("gt", inf, 1.0, True),
    ("sqrt_grad", 2.0, 1.0, 0.25),
    ("sqrt_grad", 0.0, 1.0, inf),
    ("sqrt_grad", 0.0, 0.0, nan),
    ("tanh_grad", 0.5, 2.0, 1.5),
    ("sigmoid_grad", 0.25, 4.0, 0.75),
    ("relu_grad", 0.0, 3.0, 0.0),
    ("relu_grad", 2.0, 3.0, 3.0),
    ("relu_grad", -2.0, 3.0, 0.0),
    ("abs_grad", 0.0, 3.0, 0.0),
    ("abs_grad", -0.5, 3.0, -3.0),
    ("gelu_grad", 0.0, 2.0, 1.0),
    ("gelu_tanh_grad", 0.0, 2.0, 1.0),
]


@pytest.mark.parametrize(("op", "x", "y", "expected"), PAIRS)
def test_known_pairs(kernels: ModuleType, op: str, x: float, y: float, expected: Any) -> None:
    a, b = (kernels.full((), value, "float64") for value in (x, y))
    result = getattr(kernels, op)(a, b).item()
    assert close(result, expected, 0, 0, "float64"), result


SINGLES = [(operation.kernel, x, y) for operation in OPERATIONS for x, y in operation.known]


@pytest.mark.parametrize(("op", "x", "expected"), SINGLES)
def test_known_values(kernels: ModuleType, op: str, x: float, expected: float) -> None:
    result = getattr(kernels, op)(kernels.full((), x, "float64")).item()
    assert close(result, expected, 2**22 if expected == 0.593269992 else 2, 0, "float64"), result
    assert math.copysign(1, result) == math.copysign(1, expected) or expected != expected


@pytest.mark.parametrize("op", [*UNARY, *DERIVATIVES])
def test_nan_stays(kernels: ModuleType, op: str) -> None:
    args = [kernels.full((1,), nan, "float64")] + [kernels.full((1,), 1.0, "float64")] * op.endswith("_grad")
    assert math.isnan(getattr(kernels, op)(*args).item())


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.derivative], ids=lambda each: each.kernel)
@settings(max_examples=40)
@given(x=st.floats(-3, 3).filter(lambda x: abs(x) > 1e-3), dy=st.floats(-2, 2))
def test_derivatives_are_slopes(kernels: ModuleType, operation: Operation, x: float, dy: float) -> None:
    x = abs(x) if operation.between[0] > 0 else x
    f, derivative = getattr(kernels, operation.kernel), getattr(kernels, operation.derivative)
    h = 1e-5 * abs(x)
    below, y, above = (f(kernels.full((), at, "float64")) for at in (x - h, x, x + h))
    slope = (above.item() - below.item()) / (2 * h)
    wants_y = "y" in inspect.signature(derivative).parameters
    result = derivative(y if wants_y else kernels.full((), x, "float64"), kernels.full((), dy, "float64")).item()
    assert result == pytest.approx(slope * dy, rel=1e-4, abs=1e-6)


def test_messages(kernels: ModuleType) -> None:
    a, b = kernels.full((2, 3), 1, "float64"), kernels.full((4,), 1, "float64")
    with pytest.raises(ValueError) as shapes:
        kernels.add(a, b)
    assert str(shapes.value) == "add: (2, 3) and (4,) do not broadcast: sizes 3 and 4 differ"
    with pytest.raises(TypeError) as dtypes:
        kernels.mul(a, kernels.full((3,), 1, "float32"))
    assert str(dtypes.value) == "mul: dtypes float64 and float32 differ; convert one with .to(dtype)"
    with pytest.raises(TypeError, match="^where: the condition must be bool, not float64"):
        kernels.where(a, a, a)


def test_broadcasting(kernels: ModuleType) -> None:
    a, b = kernels.from_list([1, 2], (2, 1), "float64"), kernels.from_list([10, 20, 30], (3,), "float64")
    assert kernels.add(a, b).tolist() == [[11, 21, 31], [12, 22, 32]]
    assert kernels.add(kernels.full((0, 1), 1, "float64"), b).shape == (0, 3)
