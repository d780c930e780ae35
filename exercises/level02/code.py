"""Level 2 in code: derivatives that one writes down oneself, and stores in .grad."""

from __future__ import annotations

from typing import Any, List

from ..task import code
from ..trying import Try, Wrong, central, expect, expect_gradients, show


def made(my: Try, *values: float) -> List[Any]:
    Number = my.get("Number")
    return [my.run(f"Number({value})", Number, value) for value in values]


@code("02-code-line", "linear(x, a, b)", "y = a x + b moves a times as much as x, x times as much as a, as much as b.")
def line(my: Try) -> None:
    for values in ((1.5, -2.0, 0.5), (-3.0, 0.25, 4.0)):
        x, a, b = made(my, *values)
        tried(my, "linear", lambda x, a, b: a * x + b, [x, a, b], "xab", [values[1], values[0], 1.0])


@code("02-code-square", "square(x)", "(x + h)² - x² is 2 x h + h²: divide by h, and let h go to 0.")
def square(my: Try) -> None:
    for value in (1.5, -2.5, 0.0):
        (x,) = made(my, value)
        tried(my, "square", lambda x: x * x, [x], "x", [2 * value])


@code(
    "02-code-composition",
    "square_of_linear(x, a, b)",
    "Call a x + b u. The derivative by u is 2 u.",
    "Multiply by what each of x, a and b does to u.",
)
def composition(my: Try) -> None:
    for values in ((1.5, -2.0, 0.5), (-3.0, 0.25, 4.0)):
        x, a, b = made(my, *values)
        u = values[1] * values[0] + values[2]
        exact = [2 * u * values[1], 2 * u * values[0], 2 * u]
        tried(my, "square_of_linear", lambda x, a, b: (a * x + b) ** 2, [x, a, b], "xab", exact)


@code(
    "02-code-numeric", "numeric_derivative(f, x, h)", "(f(x + h) - f(x - h)) / (2 h). Refuse an h that is not above 0."
)
def numeric(my: Try) -> None:
    f = my.get("numeric_derivative")
    cube = lambda x: x**3  # noqa: E731
    got = my.run("numeric_derivative(x³, 2, 0.5)", f, cube, 2.0, 0.5)
    faults = {
        "that is the forward difference; step to both sides": ((2.5**3) - 8) / 0.5,
        "divided by h in place of 2 h": 24.5,
        "that is the derivative itself; the task is the difference": 12.0,
    }
    expect("numeric_derivative(x³, 2, 0.5)", got, 12.25, faults=faults)
    expect("numeric_derivative(x³, 2)", my.run("numeric_derivative(x³, 2)", f, cube, 2.0), 12.0)
    for h in (0.0, -0.5):
        my.refuses(f"numeric_derivative(x³, 2, {h})", "h must be above 0", f, cube, 2.0, h)


def tried(my: Try, name: str, rule: Any, operands: List[Any], names: str, exact: List[float]) -> None:
    """The value, then every .grad."""
    values = [operand.data for operand in operands]
    what = f"{name}({', '.join(f'Number({show(value)})' for value in values)})"
    got = my.run(what, my.get(name), *operands)
    if hasattr(got, "data") and not isinstance(got, (int, float)):
        got = got.data
    expect(what, got, rule(*values))
    after = [operand.data for operand in operands]
    if after != values:
        raise Wrong(f"{what} changed .data of its operands to {show(after)}: they must stay as they were")
    near = {}
    for n, letter in enumerate(names):
        near[f"{letter}.grad"] = central(lambda v, n=n: rule(*values[:n], v, *values[n + 1 :]), values[n])  # type: ignore
    rows = [(f"{letter}.grad", operand.grad, right) for letter, operand, right in zip(names, operands, exact)]
    expect_gradients(f"after {what}", rows, near)
