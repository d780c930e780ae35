"""Level 8 in code: dropout, weight decay, early stopping, batch normalisation."""

from __future__ import annotations

import math
from typing import Any

from ..task import code
from ..tensors import grad_of, gradients, oracle, tensor
from ..trying import Try, Wrong, expect, expect_gradients, numbers, show

N = 4_000


@code(
    "08-code-dropout",
    "dropout(x, p, training)",
    "Draw a mask: 1 with probability 1 - p. Multiply, and divide by 1 - p.",
    "Outside training x itself. p = 1 leaves nothing: no 0 / 0.",
)
def dropout(my: Try) -> None:
    f = my.get("dropout")
    ones = tensor(my, [1.0] * N, True)
    y = my.run(f"dropout({N:,} ones, 0.25)", f, ones, 0.25, True)
    found = numbers(y)
    if not isinstance(found, list) or len(found) != N:
        raise Wrong(f"dropout({N:,} ones, 0.25) returned {show(y)}, expected {N:,} numbers")
    zeros = sum(v == 0 for v in found) / N
    kept = sorted({round(v, 6) for v in found if v != 0})
    if kept == [1.0]:
        raise Wrong("dropout(ones, 0.25): what is kept is 1; divide it by 1 - p, so that the mean stays")
    if kept != [1.333333]:
        raise Wrong(f"dropout(ones, 0.25): what is kept is {show(kept[:4])}, expected 1 / (1 - 0.25) = 1.33333 for all")
    if abs(zeros - 0.25) > 0.05:
        why = ": that is 1 - p" if abs(zeros - 0.75) < 0.05 else ""
        raise Wrong(f"dropout(ones, 0.25): a share of {zeros:.3f} is 0, expected about 0.25{why}")
    again = numbers(my.run("dropout once more", f, ones, 0.25, True))
    if again == found:
        raise Wrong("dropout(ones, 0.25) dropped the same ones twice: draw a new mask at every call")
    my.run("backward()", lambda: y.sum().backward())
    expect(
        "dropout(ones, 0.25), then backward(): x.grad",
        grad_of(ones, "x"),
        found,
        "the same mask, divided too, on the way back",
        verb="is",
    )
    x = [1.0, -2.0, 3.0]
    expect(
        f"dropout({show(x)}, 0.5, training=False)",
        my.run("dropout(…, training=False)", f, tensor(my, x), 0.5, False),
        x,
    )
    expect(f"dropout({show(x)}, 0)", my.run("dropout(x, 0)", f, tensor(my, x), 0.0, True), x)
    expect(f"dropout({show(x)}, 1)", my.run("dropout(x, 1)", f, tensor(my, x), 1.0, True), [0.0, 0.0, 0.0])


@code(
    "08-code-l2",
    "l2_penalty(parameters, weight)",
    "weight / 2 times the sum of all squares; its gradient is weight · w.",
)
def l2(my: Try) -> None:
    a, b = oracle([1.0, -2.0]), oracle([[3.0], [0.5]])
    what = "l2_penalty([w (2,), v (2, 1)], 0.25)"
    penalty = my.run(what, my.get("l2_penalty"), [a, b], 0.25)
    squares = 14.25
    faults = {
        "the 1/2 is missing": 0.25 * squares,
        "the weight is missing": squares / 2,
        "only the first parameter counts": 0.625,
        "the squares' mean; it is their sum": 0.125 * (2.5 + 4.625),
    }
    value = numbers(penalty)
    expect(what, value[0] if isinstance(value, list) and len(value) == 1 else value, 0.125 * squares, faults=faults)
    my.run(f"{what}.backward()", penalty.backward)
    expect_gradients(what, [("w.grad", grad_of(a, "w"), [0.25, -0.5]), ("v.grad", grad_of(b, "v"), [[0.75], [0.125]])])


@code(
    "08-code-early-stopping",
    "EarlyStopping(patience)",
    "Count the steps since the best loss; True once there are as many as patience.",
    "NaN is never better: nan < best is False, and so is nan > best.",
)
def early_stopping(my: Try) -> None:
    make = my.get("EarlyStopping")
    for losses, patience, want in (
        ([3.0, 2.0, 2.5, 2.25], 2, [False, False, False, True]),
        ([3.0, 3.5, 2.0, 2.5, 1.0, 2.0, 2.0], 2, [False, False, False, False, False, False, True]),
        ([1.0, 1.0], 1, [False, True]),
    ):
        stopping = my.run(f"EarlyStopping({patience})", make, patience)
        got = [bool(my.run(f"step({loss:g})", stopping.step, loss)) for loss in losses]
        if got != want:
            when = got.index(True) if True in got else None
            due = want.index(True)
            why = "never" if when is None else f"at number {when}"
            raise Wrong(
                f"EarlyStopping({patience}) with the losses {show(losses)} said stop {why} (from 0), expected {due}"
            )
        if stopping.best != min(losses):
            raise Wrong(
                f"EarlyStopping({patience}).best is {show(stopping.best)} after {show(losses)}, expected "
                f"{min(losses):g}"
            )
    stopping = my.run("EarlyStopping(2)", make, 2)
    got = [bool(my.run(f"step({loss})", stopping.step, loss)) for loss in (2.0, math.nan, math.nan)]
    if got != [False, False, True] or stopping.best != 2.0:
        raise Wrong(
            f"EarlyStopping(2) with the losses 2, nan, nan said {got}, best {show(stopping.best)}: NaN is never better"
        )


@code(
    "08-code-batch-norm",
    "BatchNorm: training, running averages, evaluation",
    "In training mean and variance (divided by N) are those of the batch, for each feature, down the examples.",
    "running = (1 - momentum) running + momentum · new; the running variance takes N - 1, as saitama's does, or N.",
    "In evaluation the running ones are used, and do not change.",
)
def batch_norm(my: Try) -> None:
    norm = my.run("BatchNorm(2, eps=0.5, momentum=0.25)", lambda: my.get("BatchNorm")(2, eps=0.5, momentum=0.25))
    data = [[1.0, -2.0], [3.0, 0.5], [-1.0, 4.0]]
    x = tensor(my, data, True)
    norm.training = True
    y = my.run("norm(x), x (3, 2)", norm, x)
    columns = list(zip(*data))
    means = [sum(c) / 3 for c in columns]
    squares = [sum((v - m) ** 2 for v in c) for c, m in zip(columns, means)]

    def normal(n: float, eps: float = 0.5, root: float = 0.0) -> Any:
        return [[(v - m) / (math.sqrt(s / n + eps) + root) for v, m, s in zip(row, means, squares)] for row in data]

    rows = [
        [(v - sum(row) / 2) / math.sqrt(sum((u - sum(row) / 2) ** 2 for u in row) / 2 + 0.5) for v in row]
        for row in data
    ]
    faults = {
        "divided by N - 1; in training the variance is divided by N": normal(2),
        "eps is missing": normal(3, 0.0),
        "eps is outside the root": normal(3, 0.0, 0.5),
        "normalised along the features; it is down the examples": rows,
    }
    expect(f"BatchNorm(2, eps=0.5)({show(data)})", y, normal(3), faults=faults)
    c = [[1.0, -1.0], [0.5, 2.0], [-2.0, 1.0]]
    theirs = oracle(data)
    mean = theirs.mean(0)
    apart = theirs - mean
    out = apart / ((apart * apart).mean(0) + 0.5).sqrt()
    (out * oracle(c, False)).sum().backward()
    gradients(my, "BatchNorm(2, eps=0.5)(x)", y, c, [("x.grad", x, theirs.grad.tolist())])
    norm.training = False
    before = numbers(my.run("norm(x) in evaluation", norm, tensor(my, data)))
    running = [0.25 * m for m in means]

    def evaluated(n: float) -> Any:
        variances = [0.75 + 0.25 * s / n for s in squares]
        return [[(v - m) / math.sqrt(s + 0.5) for v, m, s in zip(row, running, variances)] for row in data]

    known = {"the batch's own numbers are used in evaluation": normal(3)}
    swapped = [
        [(v - 0.75 * m) / math.sqrt(0.25 + 0.75 * s / 2 + 0.5) for v, m, s in zip(row, means, squares)] for row in data
    ]
    known["momentum and 1 - momentum changed places"] = swapped
    from ..trying import same

    if not same(before, evaluated(3)):
        expect("after one batch, in evaluation, norm(x)", before, evaluated(2), faults=known)
    again = numbers(my.run("norm(x) in evaluation, again", norm, tensor(my, data)))
    expect(
        "in evaluation, the second time, norm(x)", again, before, "the running averages must not change in evaluation"
    )
