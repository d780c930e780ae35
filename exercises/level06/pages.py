"""Level 6 by hand: losses, softmax, and steps of training."""

from __future__ import annotations

from math import exp
from typing import Any

from ..numbers import Numbers, given
from ..said import said
from ..task import Work, page


def exponentials(name: str, x: Any, digits: int = 4) -> Any:
    """As a learner would look them up."""
    return given(name, _rounded(x.tolist(), digits))


def _rounded(x: Any, digits: int) -> Any:
    return [_rounded(part, digits) for part in x] if isinstance(x, list) else round(exp(x), digits)


@page("06-mse", "The mean squared error", "e = y - t, squared, and the mean of the four.", "dL/dy = 2 (y - t) / 4.")
def mse(n: Numbers) -> Work:
    y, t = n.eighths("y", 4, grad=True), n.eighths("t", 4)
    e = y - t
    squares = e**2
    L = squares.mean()
    slips = {"sum-for-mean": {"L": squares.sum()}, "sign": {"e": t - y}, "factor": {"dL/de": e / 4}}
    slips["order-of-operations"] = {"L": e.sum() ** 2 / 4}
    slips["wrong-operation"] = {"L": squares.mean().sqrt()}
    return Work(locals(), L, slips=slips)


@page(
    "06-softmax",
    "Softmax",
    "E are the exponentials of the logits, to four digits.",
    "Divide each by the sum of all three.",
)
def softmax(n: Numbers) -> Work:
    logits = n.quarters("logits", 3)
    E = exponentials("E", logits)
    total = E.sum()
    p = E / total
    check = p.sum()
    return Work(locals(), check, slips={"other-block": {"p": E}, "not-normalised": {"p": E / E.max()}})


@page(
    "06-softmax-back",
    "Back through softmax",
    "dx_i = p_i (dp_i - m), where m = Σ p dp is the mean of dp.",
    "Σ dx is 0: a shift of all logits changes nothing.",
)
def softmax_back(n: Numbers) -> Work:
    p = n.one_of("p", [[0.5, 0.25, 0.25], [0.125, 0.25, 0.625], [0.375, 0.125, 0.5], [0.25, 0.625, 0.125]])
    dp = n.halves("dp", 3)
    weighted = p * dp
    m = weighted.sum()
    apart = dp - m
    dx = p * apart
    check = dx.sum()
    slips = {"sign": {"apart": dp + m}, "wrong-operation": {"weighted": p + dp}}
    slips["order-of-operations"] = {"dx": p * dp - m}
    slips["not-summed"] = {"dx": p * (1 - p) * dp}
    return Work(locals(), check, slips=slips)


@page(
    "06-cross-entropy",
    "Cross-entropy of two examples",
    "Of each row only the probability of its true class counts: the loss is minus its logarithm.",
    "dx = (p - 1 at the true class) / 2, as there are two examples.",
)
def cross_entropy(n: Numbers) -> Work:
    x = n.quarters("x", 2, 3, grad=True)
    classes = [n.between(0, 2), n.between(0, 2)]
    onehot = given("true", [[float(k == c) for k in range(3)] for c in classes])
    p = x.softmax(-1)
    picked = p * onehot
    q = picked.sum(1)
    logs = q.log()
    losses = -logs
    L = losses.mean()
    return Work(
        locals(),
        L,
        blanks=["p", "q", "logs", "losses", "L", "x"],
        slips={
            "sum-for-mean": {"L": losses.sum()},
            "sign": {"losses": logs},
            "not-normalised": {"p": x.exp() / x.exp().sum(0, keepdim=True)},
            "order-of-operations": {"L": -q.mean().log()},
        },
    )


@page(
    "06-training-step",
    "One step of training",
    "Two examples: L = (e_1² + e_2²) / 2, so dy = e. dw = Σ dy x, db = Σ dy.",
    "Both new numbers come from the old w and b: w - lr dw, b - lr db.",
)
def training_step(n: Numbers) -> Work:
    x, t = n.halves("x", 2, most=2.5), n.halves("t", 2)
    w, b = n.halves("w"), n.halves("b")
    lr = n.one_of("lr", [0.125, 0.25])
    wx = w * x
    y = wx + b
    e = y - t
    squares = e**2
    L = squares.mean()
    shares = e * x
    dw, db = shares.sum(), e.sum()
    step_w, step_b = lr * dw, lr * db
    new_w, new_b = w - step_w, b - step_b
    new_wx = new_w * x
    new_y = new_wx + new_b
    new_e = new_y - t
    new_squares = new_e**2
    new_L = new_squares.mean()
    slips = {"sum-for-mean": {"L": squares.sum()}, "mean-for-sum": {"dw": shares.mean()}, "sign": {"new_w": w + step_w}}
    slips["order-of-operations"] = {"dw": e.sum() * x.sum(), "new_w": lr * (w - dw)}
    return Work(locals(), [L, new_L], slips=slips)


@page(
    "06-without-zeroing",
    "What happens without zeroing",
    "The derivative of w²/2 is w.",
    "Without zeroing the new gradient is added to all that came before.",
    question="Go on in your head: why does w swing?",
)
def without_zeroing(n: Numbers) -> Work:
    w, lr = n.whole("w", most=4), n.one_of("lr", [0.5, 0.25])
    s_1 = lr * w
    w_1 = w - s_1
    s_2 = lr * w_1
    w_2 = w_1 - s_2
    s_3 = lr * w_2
    w_3 = w_2 - s_3
    G_2 = w + w_1
    S_2 = lr * G_2
    W_2 = w_1 - S_2
    G_3 = G_2 + W_2
    S_3 = lr * G_3
    W_3 = W_2 - S_3
    answer = (
        f"The sum of the gradients, {said(w)}, then {said(G_2)}, then {said(G_3)}, remembers every step. When "
        "w comes to 0, the newest gradient is 0 but the sum is not: it drives w on to the other side. Only "
        "there do gradients of the other sign wear the sum down, and the same begins anew, like a swing "
        "without friction."
    )
    return Work(locals(), [w_3, W_3], slips={"sign": {"w_1": w + s_1}, "not-summed": {"G_2": w_1}}, answer=answer)


@page(
    "06-confident-and-wrong",
    "Confident and wrong",
    "s = 1 / (1 + e^-x). The squared error is (s - 1)²: its slope by x is 2 (s - 1) s (1 - s).",
    "That of the cross-entropy is s - 1: nothing makes it small while s is wrong.",
    question="Which of the two would you train with, and why?",
)
def confident_and_wrong(n: Numbers) -> Work:
    x = given("x", -float(n.between(8, 20)) / 4)
    E = exponentials("e^-x", -x)
    below = 1 + E
    s = 1 / below
    by_cross_entropy = s - 1
    rest = 1 - s
    bend = s * rest
    slope = by_cross_entropy * bend
    by_squared_error = 2 * slope
    answer = (
        f"With the cross-entropy. The true class is 1 and s is only {said(s)}, and yet the slope of the "
        f"squared error is {said(by_squared_error)}, as s (1 - s) is small at both ends. That of the "
        f"cross-entropy is {said(by_cross_entropy)}: the more wrong, the steeper."
    )
    return Work(
        locals(),
        [by_cross_entropy, by_squared_error],
        slips={"factor": {"by_squared_error": slope}, "sign": {"rest": 1 + s}},
        answer=answer,
    )
