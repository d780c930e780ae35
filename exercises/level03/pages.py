"""Level 3 by hand: graphs, both modes, and the order of the way back."""

from __future__ import annotations

from ..numbers import Numbers, given
from ..said import said
from ..task import Work, page


@page(
    "03-graph",
    "A graph and its local derivatives",
    "At a product each arrow carries the other factor; at a sum it carries 1.",
    "At a square the arrow carries 2 e.",
    question="Draw the graph in the room below: a point for each number, an arrow from each operand to its result.",
)
def graph(n: Numbers) -> Work:
    a, b, c = (n.halves(name) for name in "abc")
    d = a * b
    e = d + c
    f = e**2
    L = f * a
    ways = {"∂d/∂a": 1 * b, "∂d/∂b": 1 * a, "∂f/∂e": 2 * e, "∂L/∂f": 1 * a, "∂L/∂a": 1 * f}
    answer = (
        "Arrows lead from a and b to d, from d and c to e, from e to f, and from f and a to L. Two arrows "
        f"leave a, so dL/da is the sum of two ways: f = {said(f)} straight to L, and a · 2 e · b = "
        f"{said(a * 2 * e * b)} through d, e and f."
    )
    return Work(
        {**ways, **locals()},
        [L, *ways.values()],
        slips={"factor": {"∂f/∂e": e}, "wrong-operation": {"L": f + a}, "order-of-operations": {"f": d**2 + c**2}},
        answer=answer,
    )


@page(
    "03-forward-mode",
    "Forward mode: carry dv/da along",
    "A dash is the rate by a. a' is 1; b and c do not move, so theirs is 0.",
    "Of a product: (e a)' = e' a + e a'.",
)
def forward_mode(n: Numbers) -> Work:
    a, b, c = (n.halves(name) for name in "abc")
    a1 = given("a'", 1.0)
    c1 = given("c'", 0.0)
    d = a * b
    e = d + c
    L = e * a
    d1 = a1 * b
    e1 = d1 + c1
    first = e1 * a
    second = e * a1
    L1 = first + second
    names = {"d'": d1, "e'": e1, "e' a": first, "e a'": second, "L'": L1, **locals()}
    return Work(names, [L, L1], slips={"wrong-operation": {"e": d * c}, "sign": {"L'": first - second}})


@page(
    "03-reverse-mode",
    "Reverse mode: the same, from the other end",
    "Start with dL/dL = 1, and visit each number after all that were made from it.",
    "a has two users, L and d: add what comes back from both.",
    question="Which of the two modes would you choose for a million weights and one loss?",
)
def reverse_mode(n: Numbers) -> Work:
    a, b, c = (n.halves(name, grad=True) for name in "abc")
    d = a * b
    e = d + c
    L = e * a
    answer = (
        "Reverse mode: one walk back from the loss brings the derivative by every weight, as all of these "
        "are in one graph. Forward mode carries the rate by one input along and would need a walk for each "
        "weight, a million of them. It is the better one where there are few inputs and many results."
    )
    return Work(locals(), L, slips={"weight-for-activation": {"dL/de": e}, "not-summed": {"dL/da": e}}, answer=answer)


@page("03-diamond", "A value that is used twice", "b hands on to a what it has, once for each time that a was used.")
def diamond(n: Numbers) -> Work:
    a = n.eighths("a", grad=True)
    b = a + a
    c = b + b
    return Work(locals(), c, slips={"not-summed": {"dc/db": 1.0}})


@page(
    "03-wrong-order",
    "The same, in a wrong order",
    "g is what arrives at c. b gets g twice, once for each time that it was used.",
    "Careless: at once when b has the first g it hands it on twice; then, when it has both, it hands on both again.",
    question="Which share was sent twice?",
)
def wrong_order(n: Numbers) -> Work:
    g = n.eighths("g")
    b_one = 1 * g
    a_one = b_one + b_one
    b_two = b_one + g
    a_two = b_two + b_two
    wrong = a_one + a_two
    right = 4 * g
    excess = wrong - right
    names = {"b₁": b_one, "a₁": a_one, "b₂": b_two, "a₂": a_two, **locals()}
    answer = (
        f"The first g that reached b. It was handed on at once, as a₁ = {said(a_one)}, and once more among "
        f"what b had when both had come, a₂ = {said(a_two)}. So a got {said(excess)} too much, which is 2 g."
    )
    return Work(names, excess, slips={"factor": {"right": 2 * g}, "sign": {"excess": right - wrong}}, answer=answer)


@page(
    "03-uneven-paths",
    "One path is longer than the other",
    "u has two users: L and v. v hands 3 times what it has to u.",
    "Too early: u hands on to a only what came from L, which is v, times 2.",
)
def uneven_paths(n: Numbers) -> Work:
    a = n.halves("a", grad=True)
    u = 2 * a
    v = 3 * u
    too_early = 2 * v
    L = u * v
    names = {"wrong dL/da": too_early, **locals()}
    return Work(names, [too_early, L], slips={"weight-for-activation": {"dL/dv": v}, "not-summed": {"dL/du": v}})


@page(
    "03-quotient",
    "A quotient",
    "∂y/∂a = 1 / b, and ∂y/∂b = -y / b.",
    "First dL/dy = 2 y, then both from there.",
)
def quotient(n: Numbers) -> Work:
    a = n.halves("a", grad=True)
    b = n.one_of("b", [-4.0, -2.0, -0.5, 0.5, 2.0, 4.0], grad=True)
    y = a / b
    L = y**2
    return Work(locals(), L, slips={"factor": {"dL/dy": y}, "sign": {"dL/db": 2 * y * y / b}})


@page(
    "03-neuron",
    "A neuron and all its derivatives",
    "max(0, z) lets the gradient through where z is above 0, and stops it elsewhere.",
    "dy/dw_1 is what arrives, times x_1.",
)
def neuron(n: Numbers) -> Work:
    names = ("w_1", "w_2", "x_1", "x_2", "b")
    draw = lambda: [n.halves(name, grad=True) for name in names]  # noqa: E731
    w1, w2, x1, x2, b = n.until(draw, lambda w, v, x, y, b: (w * x + v * y + b).item() > 0)
    p = w1 * x1
    q = w2 * x2
    s = p + q
    z = s + b
    y = z.relu()
    return Work(locals(), y, slips={"weight-for-activation": {"dy/dw_1": w1}, "sign": {"z": s - b}})
