"""Level 9 in code: a recurrent network on plain lists, its way back by hand, and clipping."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, List

from ..task import code
from ..trying import Try, Wrong, central, expect, expect_gradients, numbers, show

X = [[1.0, -0.5], [0.25, 2.0], [-1.5, 0.5]]
W = [[0.5, -0.25], [1.0, 0.75], [-0.5, 0.25]]
U = [[0.5, -1.0, 0.25], [0.75, 0.25, -0.5], [0.125, 0.5, -0.75]]
B, H0 = [0.25, -0.5, 0.125], [0.5, -0.25, 1.0]
DH = [[1.0, -0.5, 0.25], [0.5, 0.75, -1.0], [-0.25, 1.0, 0.5]]


def times(A: Any, v: Any) -> List[float]:
    return [sum(a * x for a, x in zip(row, v)) for row in A]


def turned(A: Any) -> Any:
    return [list(column) for column in zip(*A)]


def states(x: Any, W: Any, U: Any, b: Any, h0: Any, bend: Any = math.tanh) -> List[List[float]]:
    h, found = h0, []
    for step in x:
        h = [bend(p + q + c) for p, q, c in zip(times(W, step), times(U, h), b)]
        found.append(h)
    return found


@code(
    "09-code-rnn",
    "rnn(x, W, U, b, h0)",
    "h_t = tanh(W x_t + U h_(t-1) + b): start with h0, and keep every state.",
)
def rnn(my: Try) -> None:
    want = states(X, W, U, B, H0)
    kept = [h for k in range(3) for h in states([X[k]], W, U, B, H0)]
    faults = {
        "tanh is missing": states(X, W, U, B, H0, lambda v: v),
        "the bias is missing": states(X, W, U, [0.0] * 3, H0),
        "U is used by its columns: h_t is made with Uᵀ": states(X, W, turned(U), B, H0),
        "every step starts from h0; it must start from the state before": kept,
        "the first state is computed from 0 in place of h0": states(X, W, U, B, [0.0] * 3),
    }
    arguments = [[list(step) for step in X], W, U, B, list(H0)]
    expect(
        "rnn(x, W, U, b, h0), three steps, tanh",
        my.run("rnn(x, W, U, b, h0)", my.get("rnn"), *arguments),
        want,
        faults=faults,
    )
    if numbers(arguments[4]) != H0:
        raise Wrong("rnn() changed h0, which belongs to the caller")


def back(x: Any, h: Any, dh: Any, W: Any, U: Any, h0: Any, **fault: bool) -> Any:
    """The gradients, or with a known mistake."""
    width, n = len(h0), len(x[0])
    dW, dU, db = [[0.0] * n for _ in range(width)], [[0.0] * width for _ in range(width)], [0.0] * width
    coming = [0.0] * width
    for t in range(len(x) - 1, -1, -1):
        total = [a + b for a, b in zip(dh[t], coming)]
        delta = total if fault.get("slope") else [d * (1 - v * v) for d, v in zip(total, h[t])]
        before = h[t] if fault.get("late") else h[t - 1] if t else h0
        for i in range(width):
            if fault.get("last") and t < len(x) - 1:
                continue
            db[i] += delta[i]
            dW[i] = [w + delta[i] * v for w, v in zip(dW[i], x[t])]
            dU[i] = [u + delta[i] * v for u, v in zip(dU[i], before)]
        coming = times(U if fault.get("turned") else turned(U), delta)
        if fault.get("alone"):
            coming = [0.0] * width
    return [dW, dU, db, coming]


@code(
    "09-code-bptt",
    "rnn_backward(x, h, dh, W, U, h0)",
    "From the last step to the first: what arrives at h_t is dh_t plus Uᵀ δ_(t+1).",
    "δ_t = that times 1 - h_t². dU has h_(t-1) in it, and at the first step h0.",
)
def bptt(my: Try) -> None:
    h = states(X, W, U, B, H0)
    got = my.run("rnn_backward(x, h, dh, W, U, h0)", my.get("rnn_backward"), X, h, DH, W, U, H0)
    if not isinstance(got, (tuple, list)) or len(got) != 4:
        raise Wrong(f"rnn_backward() returned {show(got)}, expected four: dW, dU, db, dh0")
    want = back(X, h, DH, W, U, H0)
    for sentence, fault in (
        ("the slope of tanh, 1 - h², is missing", "slope"),
        ("dU is made with h_t; it takes h_(t-1), the state that went in", "late"),
        ("only the last step's share is there; the shares of all steps add up", "last"),
        ("U where Uᵀ belongs, on the way to the step before", "turned"),
        ("nothing comes back from the step after", "alone"),
    ):
        if not _alike(got, want) and _alike(got, back(X, h, DH, W, U, H0, **{fault: True})):
            raise Wrong(f"rnn_backward(x, h, dh, W, U, h0): {sentence}; dU is {show(got[1])}, expected {show(want[1])}")
    near = {
        "db": [central(partial(_moved, "b", B, k), B[k]) for k in range(3)],
        "dh0": [central(partial(_moved, "h0", H0, k), H0[k]) for k in range(3)],
    }
    rows = list(zip(("dW", "dU", "db", "dh0"), got, want))
    expect_gradients("rnn_backward(x, h, dh, W, U, h0), three steps", rows, near)


def _moved(name: str, numbers_of: List[float], k: int, v: float) -> float:
    """The loss with another number in one place."""
    return _loss(**{name: [*numbers_of[:k], v, *numbers_of[k + 1 :]]})


def _loss(b: Any = B, h0: Any = H0) -> float:
    return sum(d * v for row, h in zip(DH, states(X, W, U, b, h0)) for d, v in zip(row, h))


def _alike(a: Any, b: Any) -> bool:
    from ..trying import same

    return same(numbers(list(a)), numbers(b))


@code(
    "09-code-clip",
    "clip_norm(grads, c)",
    "One length for all lists together: the root of the sum of all squares.",
    "Only if it is above c: multiply every number by c / length, in place.",
)
def clip(my: Try) -> None:
    f = my.get("clip_norm")
    for data, c in (([[3.0, -4.0], [12.0]], 3.25), ([[0.3, 0.4], [0.0]], 1.0), ([[0.0, 0.0], [0.0]], 1.0)):
        mine = [list(part) for part in data]
        length = math.sqrt(sum(v * v for part in data for v in part))
        what = f"clip_norm({show(data)}, {c:g})"
        got = my.run(what, f, mine, c)
        share = min(1.0, c / length) if length else 1.0
        alone = [[v * min(1.0, c / (math.sqrt(sum(u * u for u in part)) or c)) for v in part] for part in data]
        faults = {
            "nothing was changed: the lists are to be changed in place": data,
            "each list was clipped by itself, which turns the direction": alone,
            "each number was cut by itself, which turns the direction": [
                [max(-c, min(c, v)) for v in part] for part in data
            ],
            "a gradient that was short enough was made longer": [
                [v * c / (length or 1.0) for v in part] for part in data
            ],
        }
        clipped = [[v * share for v in part] for part in data]
        expect(f"after {what} the gradients", mine, clipped, faults=faults, verb="are")
        expect(what, got, length, "the length before")
