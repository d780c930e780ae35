"""Level 2 by hand: derivatives, partial derivatives, the chain rule."""

from __future__ import annotations

from ..numbers import Numbers, given
from ..said import said
from ..task import Work, page


@page(
    "02-line",
    "A line: y = a x + b",
    "The effect of a weight is as large as the input that it multiplies.",
    "∂y/∂b is 1: b moves y by just as much as it moves itself.",
)
def line(n: Numbers) -> Work:
    x, a, b = (n.eighths(name, grad=True) for name in "xab")
    ax = a * x
    y = ax + b
    slips = {"weight-for-activation": {"dy/da": a}, "sign": {"y": ax - b}, "order-of-operations": {"y": a * (x + b)}}
    return Work(locals(), y, slips=slips)


@page(
    "02-square",
    "A square: y = x²",
    "The central difference is (right - left) / 2h, with h = 1/8.",
    "For a square it is exact: (x + h)² - (x - h)² = 4 x h.",
)
def square(n: Numbers) -> Work:
    x = n.halves("x")
    h = given("h", 0.125)
    y = x**2
    derivative = 2 * x
    up = x + h
    right = up**2
    down = x - h
    left = down**2
    rise = right - left
    width = 2 * h
    slope = rise / width
    names = {"dy/dx": derivative, **locals()}
    slips = {"factor": {"slope": rise / h}, "sign": {"down": up}, "order-of-operations": {"right": x**2 + h**2}}
    return Work(names, [y, derivative, slope], slips=slips)


@page(
    "02-product",
    "The product rule",
    "Each factor moves while the other stands still: u' v, and u v'.",
    "The two shares are added.",
)
def product(n: Numbers) -> Work:
    draw = lambda: [n.eighths("u"), n.eighths("v"), n.halves("u'"), n.halves("v'")]  # noqa: E731
    u, v, du, dv = n.until(draw, lambda u, v, du, dv: (du * v + u * dv).item() != 0)
    y = u * v
    first = du * v
    second = u * dv
    dy = first + second
    names = {"u' v": first, "u v'": second, "y'": dy, **locals()}
    return Work(names, [y, dy], slips={"wrong-operation": {"y'": first * second}, "sign": {"y'": first - second}})


@page(
    "02-chain",
    "The chain rule: (a x + b)²",
    "The outer derivative is 2 u, taken at u, not at x.",
    "dL/da is dL/du times what a does to u: x.",
)
def chain(n: Numbers) -> Work:
    x, a, b = (n.halves(name, grad=True, most=2.5) for name in "xab")
    ax = a * x
    u = ax + b
    L = u**2
    slips = {"factor": {"dL/du": u}, "weight-for-activation": {"dL/da": 2 * u * a}}
    slips["order-of-operations"] = {"L": ax**2 + b**2}
    return Work(locals(), L, slips=slips)


@page(
    "02-chain-of-three",
    "A chain of three",
    "Go back one step at a time: dL/dv, then dL/du, then dL/dx.",
    "dL/dc is v: c multiplies v.",
)
def chain_of_three(n: Numbers) -> Work:
    x, a, b, c = (n.halves(name, grad=True, most=2.5) for name in "xabc")
    ax = a * x
    u = ax + b
    v = u**2
    L = c * v
    slips = {"missing-derivative": {"dL/du": c}, "factor": {"dL/du": c * u}, "weight-for-activation": {"dL/dv": v}}
    return Work(locals(), L, slips=slips)


@page(
    "02-two-ways",
    "Two ways from x to y",
    "x acts on y through u and through v.",
    "The two shares are added: dy/dx = dy/du · 2 + dy/dv · 2 x.",
)
def two_ways(n: Numbers) -> Work:
    x = n.one_of("x", [-3.0, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.0, 3.5], grad=True)
    u = 2 * x
    v = x**2
    y = u * v
    slips = {
        "weight-for-activation": {"dy/du": u},
        "not-summed": {"dy/dx": 2 * v},
        "missing-derivative": {"dy/dx": u + v},
    }
    return Work(locals(), y, slips=slips)


@page(
    "02-sum-of-squares",
    "One loss, three examples",
    "Each u_i has the derivative 2 u_i.",
    "a acts on all three: dL/da is the sum of 2 u_i x_i. b too: the sum of 2 u_i.",
)
def sum_of_squares(n: Numbers) -> Work:
    x, a, b = n.halves("x", 3, grad=True, most=2.5), n.halves("a", grad=True), n.halves("b", grad=True)
    ax = a * x
    u = ax + b
    squares = u**2
    L = squares.sum()
    slips = {"factor": {"dL/du": u}, "not-summed": {"dL/db": 2 * u[0]}, "order-of-operations": {"L": u.sum() ** 2}}
    return Work(locals(), L, slips=slips)


@page(
    "02-difference-quotient",
    "How good is a numeric derivative?",
    "forward: ((x + h)³ - x³) / h. central: ((x + h)³ - (x - h)³) / 2h.",
    "The true derivative is 3 x². The central one is off by h², whatever x is.",
    question="Halve h. What becomes of the two errors?",
)
def difference_quotient(n: Numbers) -> Work:
    x, h = n.halves("x"), n.one_of("h", [0.5, 0.25])
    up, down = x + h, x - h
    right, middle, left = up**3, x**3, down**3
    rise, both = right - middle, right - left
    forward, width = rise / h, 2 * h
    central = both / width
    squared = x**2
    slope = 3 * squared
    error_f, error_c = forward - slope, central - slope
    answer = (
        f"The central error is h², now {said(error_c)}: a quarter of it is left, {said(error_c / 4)}. The "
        f"forward one is 3 x h + h², now {said(error_f)}, and then {said(3 * x * h / 2 + h * h / 4)}: its "
        "first part is only halved, and for small h that part is nearly all of it."
    )
    return Work(locals(), [error_f, error_c], slips={"factor": {"central": both / h}}, answer=answer)
