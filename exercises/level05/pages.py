"""Level 5 by hand: layers, activations, a whole small network."""

from __future__ import annotations

from math import exp

from saitama.nn import functional as F

from ..numbers import Numbers, given
from ..said import said
from ..task import Work, page


@page(
    "05-linear",
    "A linear layer",
    "Row r of X with row i of W, place by place, added up; then b_i.",
    "Each row of Y is one example.",
)
def linear(n: Numbers) -> Work:
    X, W, b = n.halves("X", 2, 2), n.halves("W", 2, 2), n.eighths("b", 2)
    Y = F.linear(X, W, b)
    return Work(locals(), Y, slips={"missing-bias": {"Y": F.linear(X, W)}, "transposed": {"Y": X @ W + b}})


@page(
    "05-linear-back",
    "A linear layer, backward",
    "dX = dY W: no transpose here, as W was transposed on the way forward.",
    "dW = dYᵀ X has the shape of W; db is the sum of dY over the examples.",
)
def linear_back(n: Numbers) -> Work:
    X, W, b = n.halves("X", 2, 2, grad=True), n.halves("W", 2, 2, grad=True), n.halves("b", 2, grad=True)
    dY = n.halves("dY", 2, 2, most=2.5)
    Y = F.linear(X, W, b)
    weighted = Y * dY
    L = weighted.sum()
    slips = {"transposed": {"dL/dX": dY @ W.T}, "not-summed": {"dL/db": dY[0]}, "wrong-operation": {"dL/dX": dY * W}}
    return Work(locals(), L, blanks=["X", "W", "b"], slips=slips)


@page(
    "05-relu",
    "ReLU, forward and back",
    "Where x is below 0, y is 0 and nothing comes back.",
    "What counts is the sign of x, not that of dy.",
)
def relu(n: Numbers) -> Work:
    x, dy = n.eighths("x", 4, grad=True), n.eighths("dy", 4)
    y = x.relu()
    weighted = y * dy
    L = weighted.sum()
    return Work(
        locals(), L, blanks=["y", "x"], slips={"missing-derivative": {"dL/dx": dy}, "wrong-operation": {"y": x}}
    )


@page(
    "05-sigmoid-tanh",
    "Sigmoid and tanh from e^-x",
    "sigmoid(x) = 1 / (1 + e^-x), tanh(x) = (1 - e^-2x) / (1 + e^-2x).",
    "The slopes need no new exponential: s (1 - s), and 1 - t².",
)
def sigmoid_tanh(n: Numbers) -> Work:
    x = n.quarters("x", most=1.75)
    E = given("e^-x", round(exp(-x.item()), 4))
    E2 = given("e^-2x", round(exp(-2 * x.item()), 4))
    s_below = 1 + E
    s = 1 / s_below
    t_above = 1 - E2
    t_below = 1 + E2
    t = t_above / t_below
    s_rest = 1 - s
    s_slope = s * s_rest
    t_square = t**2
    t_slope = 1 - t_square
    slips = {"swapped": {"t": t_below / t_above}, "sign": {"s_below": 1 - E, "t_slope": 1 + t_square}}
    slips["order-of-operations"] = {"s": 1 / E + 1, "t": 1 - E2 / t_below}
    slips["wrong-operation"] = {"s_slope": 1 - s * s, "t_slope": t * (1 - t)}
    return Work(locals(), [s_slope, t_slope], slips=slips)


@page(
    "05-two-layers",
    "Two layers, all gradients",
    "Forward: z, then h = max(0, z), then y; L is half the square of y - t.",
    "Back: dL/dy = y - t. Through the ReLU only where z is above 0.",
    question="One hidden neuron gives 0 here. What does it learn from this example?",
)
def two_layers(n: Numbers) -> Work:
    def draw():  # type: ignore[no-untyped-def]
        shapes = {"x": (1, 2), "W1": (2, 2), "b1": (2,), "W2": (1, 2), "b2": (1,)}
        return [n.halves(name, *shape, most=2.5, grad=True) for name, shape in shapes.items()]

    def one_is_silent(x, W1, b1, W2, b2):  # type: ignore[no-untyped-def]
        return sum(v > 0 for v in F.linear(x, W1, b1).tolist()[0]) == 1

    x, W1, b1, W2, b2 = n.until(draw, one_is_silent)
    t = n.halves("t")
    z = F.linear(x, W1, b1)
    h = z.relu()
    y = F.linear(h, W2, b2)
    e = y - t
    square = e**2
    half = square / 2
    L = half.sum()
    arriving = e @ W2
    answer = (
        f"Nothing. Its z is {said(min(z.tolist()[0]))}, where ReLU has the slope 0, so no gradient comes to "
        "its weights and its bias. The weight of W2 that reads it gets dL/dy times h, and h is 0: it learns "
        "nothing either. An example that lifts z above 0 can still move all of them."
    )
    return Work(
        locals(),
        L,
        slips={"missing-derivative": {"dL/dz": arriving}, "missing-bias": {"y": F.linear(h, W2)}},
        answer=answer,
    )


@page(
    "05-dead-neuron",
    "A dead neuron",
    "The neuron is dead if w · x + b is at most 0 for all three examples.",
    "Which example is the last to fall silent as b gets smaller? Then b must be at most minus its w · x.",
)
def dead_neuron(n: Numbers) -> Work:
    X, w = n.halves("X", 3, 2), n.halves("w", 2)
    z = X @ w
    largest = z.max()
    limit = -largest
    return Work(locals(), limit, slips={"wrong-operation": {"largest": z.min()}, "sign": {"limit": largest}})


@page(
    "05-count",
    "How many parameters?",
    "A layer from n to m has m · n weights and m biases.",
    question="Write down the shape of each of the six.",
)
def count(n: Numbers) -> Work:
    n_0, n_1, n_2, n_3 = (n.one_of(f"n_{k}", list(range(2 + k, 12 + k))) for k in range(4))
    W_1, W_2, W_3 = n_1 * n_0, n_2 * n_1, n_3 * n_2
    weights = W_1 + W_2
    all_weights = weights + W_3
    biases = n_1 + n_2
    all_biases = biases + n_3
    total = all_weights + all_biases
    b, a, c, d = (int(size.item()) for size in (n_0, n_1, n_2, n_3))
    answer = (
        f"W_1 is {said((a, b))}, W_2 {said((c, a))} and W_3 {said((d, c))}: as many rows as the layer has "
        f"outputs, as many columns as it has inputs. The biases have a number for each output: {said((a,))}, "
        f"{said((c,))} and {said((d,))}."
    )
    return Work(locals(), total, slips={"wrong-operation": {"W_1": n_1 + n_0}}, answer=answer)
