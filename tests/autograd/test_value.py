"""Value: known derivatives, derivatives against differences, the walk, and what it refuses."""

from __future__ import annotations

import math
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama.autograd.by_hand import numeric_derivative
from saitama.autograd.value import Value

positive = st.floats(0.1, 3.0)
moderate = st.floats(-3.0, 3.0)


def gradients(function: Callable[..., Value], *numbers: float) -> Any:
    values = [Value(number) for number in numbers]
    y = function(*values)
    y.backward()
    return y.data, [value.grad for value in values]


def agree_with_differences(function: Callable[..., Value], *numbers: float) -> None:
    _, analytic = gradients(function, *numbers)
    for i, grad in enumerate(analytic):

        def f(x: float, i: int = i) -> float:
            return function(*[Value(x if i == j else number) for j, number in enumerate(numbers)]).data

        numeric = numeric_derivative(f, numbers[i])
        assert grad == pytest.approx(numeric, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(
    ("function", "numbers", "y", "slopes"),
    [
        (lambda a, b: a + b, (2, 3), 5, [1, 1]),
        (lambda a, b: a - b, (2, 3), -1, [1, -1]),
        (lambda a, b: a * b, (2, 3), 6, [3, 2]),
        (lambda a, b: a / b, (3, 2), 1.5, [0.5, -0.75]),
        (lambda a, b: a**b, (2, 3), 8, [12, 8 * math.log(2)]),
        (lambda a: -a, (2,), -2, [-1]),
        (lambda a: a.exp(), (0,), 1, [1]),
        (lambda a: a.log(), (2,), math.log(2), [0.5]),
        (lambda a: a.tanh(), (0,), 0, [1]),
        (lambda a: a.sigmoid(), (0,), 0.5, [0.25]),
        (lambda a: a.relu(), (2,), 2, [1]),
        (lambda a: a.relu(), (-2,), 0, [0]),
        (lambda a: a.relu(), (0,), 0, [0]),
        (lambda a: a + 1, (2,), 3, [1]),
        (lambda a: 1 + a, (2,), 3, [1]),
        (lambda a: a - 1, (2,), 1, [1]),
        (lambda a: 1 - a, (2,), -1, [-1]),
        (lambda a: a * 3, (2,), 6, [3]),
        (lambda a: 3 * a, (2,), 6, [3]),
        (lambda a: a / 4, (2,), 0.5, [0.25]),
        (lambda a: 4 / a, (2,), 2, [-1]),
        (lambda a: a**2, (3,), 9, [6]),
        (lambda a: a**-1, (2,), 0.5, [-0.25]),
        (lambda a: 2**a, (3,), 8, [8 * math.log(2)]),
        (lambda a: sum([a, a, a]), (2,), 6, [3]),
    ],
)
def test_known_derivatives(function: Any, numbers: Any, y: float, slopes: Any) -> None:
    assert gradients(function, *numbers) == (y, slopes)


@given(moderate, moderate)
def test_arithmetic_against_differences(a: float, b: float) -> None:
    agree_with_differences(lambda a, b: (a + 2 * b) * (a - b) / (3 + a * a) - (-b) ** 3, a, b)


@given(positive, moderate)
def test_powers_against_differences(a: float, b: float) -> None:
    agree_with_differences(lambda a, b: a**b + 2**b - a**-1.5, a, b)


@given(positive, moderate)
def test_functions_against_differences(a: float, b: float) -> None:
    agree_with_differences(lambda a, b: a.log() * b.tanh() + (a * b).sigmoid() - b.exp() + a.relu(), a, b)


def test_a_value_used_twice_adds_both_paths() -> None:
    assert gradients(lambda x: x * x + x, 3.0) == (12.0, [7.0])


def test_the_readme_of_the_level() -> None:
    x = Value(3.0, name="x")
    y = x * x + 2 * x
    y.backward()
    assert (y.data, x.grad) == (15.0, 8.0)
    assert repr(x) == "Value(3.0, grad=8.0, name='x')"


def test_leaves_accumulate_and_results_start_afresh() -> None:
    x = Value(3.0)
    h = x * x
    y = h * h
    y.backward()
    y.backward()
    assert (x.grad, h.grad, y.grad) == (2 * 108.0, 18.0, 1.0)  # not doubled once more through h
    x.grad = 0.0
    h.backward()
    assert x.grad == 6.0


def test_backward_of_a_leaf() -> None:
    x = Value(3.0)
    x.backward()
    assert x.grad == 1.0


def test_an_unused_branch_keeps_its_gradient() -> None:
    x = Value(3.0)
    unused = x * 2
    (x + 1).backward()
    assert (unused.grad, x.grad) == (0.0, 1.0)


def test_a_chain_of_100_000_operations_is_walked_and_deleted() -> None:
    x = Value(1.0)
    y = x
    for _ in range(100_000):
        y = y + x
    y.backward()
    assert x.grad == 100_001.0
    del y


def test_a_graph_with_exponentially_many_paths() -> None:
    x = Value(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_extremes_of_the_functions() -> None:
    assert gradients(lambda x: x.sigmoid(), -1000.0) == (0.0, [0.0])
    assert gradients(lambda x: x.sigmoid(), 1000.0) == (1.0, [0.0])
    assert gradients(lambda x: x**0.5, 0.0) == (0.0, [math.inf])
    assert gradients(lambda x: x**0, 0.0) == (1.0, [0.0])
    assert gradients(lambda x: x**2, 0.0) == (0.0, [0.0])
    assert gradients(lambda x: x**-1, -(2.0**-600)) == (-(2.0**600), [-math.inf])
    assert gradients(lambda a, b: a**b, 0.0, 2.0) == (0.0, [0.0, 0.0])


def test_nan_and_infinity_pass_through() -> None:
    assert math.isnan((Value(math.nan) + 1).data)
    assert math.isnan(Value(math.nan).relu().data)
    assert (Value(1e308) * 10).data == math.inf
    y, (da, db) = gradients(lambda a, b: a**b, -2.0, 2.0)
    assert (y, da) == (4.0, -4.0)
    assert math.isnan(db)  # (-2) ** 2.001 is not real


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Value("a"), TypeError, "one number, not str 'a'"),  # type: ignore[arg-type]
        (lambda: Value([1.0]), TypeError, "for arrays use Tensor"),  # type: ignore[arg-type]
        (lambda: Value(None), TypeError, "one number, not NoneType"),  # type: ignore[arg-type]
        (lambda: Value(1j), TypeError, "one number, not complex"),  # type: ignore[arg-type]
        (lambda: Value(1.0) + "a", TypeError, "one number, not str"),  # type: ignore[operator]
        (lambda: Value(10**400), OverflowError, "too large for a float"),
        (lambda: Value(0.0).log(), ValueError, r"log\(0.0\).*above 0"),
        (lambda: Value(-1.0).log(), ValueError, r"log\(-1.0\).*above 0"),
        (lambda: Value(1.0) / 0, ZeroDivisionError, "1.0 / 0.0: division by zero"),
        (lambda: 1 / Value(0.0), ZeroDivisionError, "division by zero"),
        (lambda: Value(0.0) ** -1, ZeroDivisionError, r"0.0 \*\* -1.0 is 1 / 0"),
        (lambda: Value(-8.0) ** (1 / 3), ValueError, "not a real number.*whole exponent"),
        (lambda: Value(10.0) ** 400, OverflowError, r"\(10.0\) \*\* 400.0 is too large"),
        (lambda: Value(710.0).exp(), OverflowError, r"exp\(710.0\).*709.78"),
    ],
)
def test_what_has_no_result_says_why(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
