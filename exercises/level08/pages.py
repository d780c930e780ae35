"""Level 8 by hand: bias and variance, weight decay, dropout, early stopping, batch normalisation."""

from __future__ import annotations

from typing import Any

from saitama.regularization import BatchNorm1d

from .. import norms
from ..numbers import Numbers, given
from ..said import said
from ..task import Work, page


@page(
    "08-bias-variance",
    "Bias and variance",
    "The bias is how far the mean prediction is from f.",
    "The variance is the mean square of the distances from the mean prediction.",
    "bias² + variance is the mean squared error: a check.",
)
def bias_variance(n: Numbers) -> Work:
    f, p = n.halves("f"), n.halves("p", 4)
    mean = p.mean()
    bias = mean - f
    bias2 = bias**2
    apart = p - mean
    squares = apart**2
    variance = squares.mean()
    errors = p - f
    errors2 = errors**2
    mse = errors2.mean()
    both = bias2 + variance
    slips = {
        "sum-for-mean": {"mean": p.sum()},
        "sample-variance": {"variance": squares.sum() / 3},
        "sign": {"bias": f - mean},
        "order-of-operations": {"mse": errors.mean() ** 2},
        "wrong-operation": {"variance": squares.mean().sqrt()},
    }
    return Work(locals(), [mse, both], slips=slips)


@page(
    "08-l2-step",
    "A step with weight decay",
    "The penalty's gradient is λ w. It is added to g.",
    "In the other form w shrinks first: (1 - lr λ) w, then lr g is taken off.",
)
def l2_step(n: Numbers) -> Work:
    w, g = n.halves("w", 3), n.halves("g", 3)
    lr, decay = n.one_of("lr", [0.25, 0.5]), n.one_of("λ", [0.125, 0.25])
    penalty = decay * w
    whole = g + penalty
    step = lr * whole
    new = w - step
    rate = lr * decay
    keep = 1 - rate
    shrunk = keep * w
    plain = lr * g
    same = shrunk - plain
    return Work(
        locals(),
        [new, same],
        slips={
            "sign": {"whole": g - penalty, "new": w + step},
            "wrong-operation": {"penalty": decay + w},
            "order-of-operations": {"whole": decay * (g + w), "same": keep * (w - plain)},
        },
    )


@page(
    "08-l2-minimum",
    "Where the minimum moves to",
    "Of h (w - w*)² / 2 + λ w² / 2 the derivative is h (w - w*) + λ w. Set it to 0.",
    "w = h w* / (h + λ): a flat direction is pulled in, a steep one hardly moves.",
    question="Which of the two weights loses more, and why is that what one wants?",
)
def l2_minimum(n: Numbers) -> Work:
    h = n.one_of("h", [[0.5, 4.0], [0.25, 2.0], [1.0, 8.0]])
    star, decay = n.whole("w*", 2, most=6), n.one_of("λ", [0.5, 0.25, 1.0])
    pull = h * star
    stiff = h + decay
    w = pull / stiff
    slips = {
        "sign": {"stiff": h - decay},
        "wrong-operation": {"pull": h + star},
        "order-of-operations": {"w": star + decay},
    }
    answer = (
        f"The one in the flat direction: with h = {said(h[0])} only {said(h[0] / stiff[0])} of w* is left, "
        f"with h = {said(h[1])} it is {said(h[1] / stiff[1])}. Where the loss is flat the data hardly say "
        "what the weight should be, and the penalty decides; where it is steep they do, and are heard."
    )
    return Work(locals(), w, slips=slips, answer=answer)


@page(
    "08-dropout",
    "Dropout",
    "What stays is divided by 1 - p.",
    "The same mask, and the same division, on the way back.",
    "On average over masks: a share 1 - p of the time x / (1 - p), else 0.",
)
def dropout(n: Numbers) -> Work:
    x, dy, p = n.eighths("x", 4), n.eighths("dy", 4), n.one_of("p", [0.5, 0.25, 0.75])
    mask = n.one_of("mask", [[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])
    keep = 1 - p
    kept = x * mask
    y = kept / keep
    arriving = dy * mask
    dx = arriving / keep
    large = x / keep
    expected = keep * large
    return Work(
        locals(),
        [y, dx, expected],
        slips={"wrong-operation": {"kept": x + mask, "y": kept * keep}, "sign": {"keep": 1 + p}},
    )


@page(
    "08-early-stopping",
    "Early stopping",
    "argmin is the place of the smallest: the epoch of the lowest loss. Count from 0.",
    "Training stops when so many epochs as patience says have brought nothing better.",
)
def early_stopping(n: Numbers) -> Work:
    best_at, patience_of = n.between(3, 5), n.between(2, 4)
    falling = [3.0 - 0.375 * k + n.random.choice([0.0, 0.125]) for k in range(best_at + 1)]
    rising = [falling[-1] + n.random.choice([0.125, 0.25, 0.375, 0.5]) for _ in range(9 - best_at)]
    losses = given("losses", falling + rising)
    patience = given("patience", float(patience_of))
    best = losses.min()
    back_to = losses.argmin()
    epoch = back_to.to("float64")
    stops_at = epoch + patience
    blanks = ["best", "back_to", "stops_at"]
    slips = {
        "wrong-operation": {"best": losses.max(), "stops_at": back_to * patience},
        "sliding-reference": {"back_to": back_to + 1},
    }
    return Work(locals(), [best, stops_at], blanks=blanks, slips=slips)


@page(
    "08-batch-norm",
    "Batch normalisation",
    "μ is the mean of the four, v the mean square of what is left when μ is taken off.",
    "r = 1 / √v; then x̂ = (x - μ) r, and y = γ x̂ + β.",
)
def batch_norm(n: Numbers) -> Work:
    return norms.forward(norms.vector(n), n.halves("γ"), n.halves("β"))


@page(
    "08-batch-norm-back",
    "Batch normalisation, backward",
    "dβ = Σ dy, dγ = Σ dy x̂, and g = γ dy.",
    "dx = r (g - mean of g - x̂ · mean of g x̂).",
    "All of x moves μ and v: that is what the two means are for. Σ dx is 0.",
)
def batch_norm_back(n: Numbers) -> Work:
    x, dy, gamma = norms.vector(n), n.eighths("dy", 4), n.halves("γ")
    xh, r = norms.normalised(x)
    db = dy.sum()
    by = dy * xh
    dg = by.sum()
    g = gamma * dy
    steps = norms.backward(xh, r, g)
    check = steps["dx"].sum()
    slips = {
        "mean-for-sum": {"dβ": dy.mean()},
        "sum-for-mean": {"mean_g": g.sum()},
        "sign": {"inner": steps["off"] + steps["second"]},
        "order-of-operations": {"dx": r * steps["off"] - steps["second"]},
    }
    return Work({"dβ": db, "dγ": dg, **steps, **locals()}, [db, dg, check], slips=slips)


@page(
    "08-batch-norm-page",
    "Batch normalisation in a network",
    "The same rules, written by the framework: one feature, a batch of four, L = Σ c y.",
)
def batch_norm_page(n: Numbers) -> Work:
    norm: Any = BatchNorm1d(1, eps=0.0)
    norm.weight.data, norm.bias.data = n.halves("γ", 1), n.halves("β", 1)
    x = given("x", [[v] for v in norms.vector(n).tolist()], grad=True)
    return norms.in_a_network(norm, x, n.halves("c", 4, 1))


@page(
    "08-running",
    "Running averages",
    "running = (1 - momentum) running + momentum · mean of the batch.",
    "In evaluation the running mean is taken off, and x is divided by √v; nothing is learnt of the example.",
)
def running(n: Numbers) -> Work:
    x_1, x_2, x = n.halves("x_1", 4), n.halves("x_2", 4), n.halves("x")
    momentum, start, root = n.one_of("momentum", [0.5, 0.25]), n.halves("running"), n.one_of("√v", [2.0, 4.0, 0.5])
    keep = 1 - momentum
    mean_1 = x_1.mean()
    new_1 = momentum * mean_1
    old_1 = keep * start
    running_1 = old_1 + new_1
    mean_2 = x_2.mean()
    new_2 = momentum * mean_2
    old_2 = keep * running_1
    running_2 = old_2 + new_2
    apart = x - running_2
    y = apart / root
    slips = {"sum-for-mean": {"mean_1": x_1.sum()}, "sign": {"apart": x + running_2}}
    slips["order-of-operations"] = {"y": x - running_2 / root}
    return Work(locals(), y, slips=slips)
