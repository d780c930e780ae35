"""Level 4 by hand: whole tensors on the way back."""

from __future__ import annotations

from ..numbers import Numbers
from ..said import said
from ..task import Work, page


@page(
    "04-jacobian",
    "A Jacobian, used",
    "Row i of J holds the derivatives of y_i; Jᵀ dy takes its columns.",
    "y_1 moves x_2 times as much as x_1; y_2 just as much as x_1, and twice as much as x_2.",
    question="Write down J, with your numbers.",
)
def jacobian(n: Numbers) -> Work:
    x_1, x_2, dy_1, dy_2 = (n.halves(name) for name in ("x_1", "x_2", "dy_1", "dy_2"))
    y_1 = x_1 * x_2
    doubled = 2 * x_2
    y_2 = x_1 + doubled
    first = x_2 * dy_1
    dx_1 = first + dy_2
    second = x_1 * dy_1
    third = 2 * dy_2
    dx_2 = second + third
    answer = (
        f"J is ({said(x_2)}, {said(x_1)}) in its first row and (1, 2) in its second: row i holds the "
        f"derivatives of y_i by x_1 and by x_2. Jᵀ dy takes its columns: the first gives dx_1 = {said(dx_1)}, "
        f"the second dx_2 = {said(dx_2)}."
    )
    return Work(
        locals(),
        [y_1, y_2, dx_1, dx_2],
        slips={"wrong-operation": {"y_1": x_1 + x_2}, "factor": {"third": dy_2}},
        answer=answer,
    )


@page(
    "04-elementwise",
    "Products and squares, element by element",
    "dL/dp is 2 p, for each element by itself.",
    "a gets dL/dp times b, b gets dL/dp times a.",
)
def elementwise(n: Numbers) -> Work:
    a, b = n.halves("a", 2, 2, most=2.5, grad=True), n.halves("b", 2, 2, most=2.5, grad=True)
    p = a * b
    squares = p**2
    L = squares.sum()
    slips = {
        "factor": {"dL/dp": p},
        "weight-for-activation": {"dL/da": 2 * p * a},
        "missing-derivative": {"dL/dp": p * 0 + 1},
        "order-of-operations": {"L": p.sum() ** 2},
        "wrong-operation": {"p": a @ b},
    }
    return Work(locals(), L, slips=slips)


@page(
    "04-matmul",
    "Back through a matrix product",
    "dL/dX has the shape of X, (2, 3): dY (2, 2) times Wᵀ (2, 3).",
    "dL/dW = Xᵀ dY: (3, 2) times (2, 2).",
    question="How do the shapes alone tell you which of the two is transposed?",
)
def matmul(n: Numbers) -> Work:
    X, W, dY = n.halves("X", 2, 3, grad=True), n.halves("W", 3, 2, grad=True), n.halves("dY", 2, 2, most=2.5)
    Y = X @ W
    weighted = Y * dY
    L = weighted.sum()
    answer = (
        f"dL/dX must have the shape of X, {said(X.shape)}, and is made of dY {said(dY.shape)} and W "
        f"{said(W.shape)}: only dY Wᵀ has it. dL/dW must have that of W, from X and dY: only Xᵀ dY has it. "
        "With any other transpose the inner sizes do not match, or the result has another shape."
    )
    return Work(
        locals(),
        L,
        blanks=["X", "W"],
        slips={"sign": {"dL/dX": -(dY @ W.T)}, "transposed": {"dL/dX": dY.T @ W.T}},
        answer=answer,
    )


@page(
    "04-bias",
    "Back through a bias",
    "b was added to each of the three rows.",
    "So its gradient is the sum over the rows: two numbers.",
    question="What was repeated on the way forward, and what happens to it on the way back?",
)
def bias(n: Numbers) -> Work:
    X, b, dY = n.eighths("X", 3, 2), n.eighths("b", 2, grad=True), n.eighths("dY", 3, 2)
    Y = X + b
    weighted = Y * dY
    L = weighted.sum()
    slips = {"not-summed": {"dL/db": dY[0]}, "mean-for-sum": {"dL/db": dY.mean(0)}}
    slips["wrong-operation"] = {"dL/db": dY.sum(0) * b}
    answer = (
        f"b was repeated, once for each of the {len(X)} rows. All repetitions move when b moves, so on the "
        f"way back their gradients are added up: dL/db = {said(dY.sum(0))}, the sums of the columns of dY."
    )
    return Work(locals(), L, blanks=["Y", "b"], slips=slips, answer=answer)


@page(
    "04-broadcast-product",
    "Back through a repeated factor",
    "dX = dY * c, with c repeated along the rows.",
    "c (2, 1) met three numbers of its row: add up dY * X along each row.",
)
def broadcast_product(n: Numbers) -> Work:
    X, c, dY = n.halves("X", 2, 3, grad=True), n.halves("c", 2, 1, grad=True), n.halves("dY", 2, 3)
    Y = X * c
    weighted = Y * dY
    L = weighted.sum()
    return Work(locals(), L, blanks=["Y", "X", "c"], slips={"weight-for-activation": {"dL/dX": dY * X}})


@page(
    "04-sum-and-mean",
    "Back through a mean",
    "m has one number for each column; each is a mean of two, so it sends 1/2 of what it gets to both.",
)
def sum_and_mean(n: Numbers) -> Work:
    X = n.halves("X", 2, 3, grad=True)
    m = X.mean(0)
    squares = m**2
    L = squares.sum()
    column = X.sum(0)
    return Work(locals(), L, slips={"sum-for-mean": {"m": column}, "factor": {"dL/dX": [(m / 3).tolist()] * 2}})


@page(
    "04-reshape",
    "Back through a reshape",
    "The numbers stay in their order: the first three are the first row.",
    "On the way back they go back into one row of six.",
)
def reshape(n: Numbers) -> Work:
    x, W = n.halves("x", 6, grad=True), n.halves("W", 3, 2, most=2.5)
    X = x.reshape(2, 3)
    Y = X @ W
    L = Y.sum()
    by_columns = x[[0, 2, 4, 1, 3, 5]].reshape(2, 3)
    slips = {"sign": {"L": -Y.sum()}, "not-summed": {"L": Y[0, 0] + Y[0, 1] + Y[1, 0]}}
    return Work(locals(), L, slips={**slips, "swapped": {"X": by_columns}})


@page(
    "04-layer",
    "A whole layer and back",
    "L is the mean of four squares: dL/dY = 2 Y / 4.",
    "Then db is the sum over the rows, dW = Xᵀ dY, dX = dY Wᵀ.",
)
def layer(n: Numbers) -> Work:
    X, W, b = (
        n.halves("X", 2, 2, most=2.5, grad=True),
        n.halves("W", 2, 2, most=2.5, grad=True),
        n.halves("b", 2, grad=True),
    )
    Z = X @ W
    Y = Z + b
    squares = Y**2
    L = squares.mean()
    return Work(
        locals(), L, slips={"missing-bias": {"Y": Z}, "sum-for-mean": {"L": squares.sum()}, "factor": {"dL/dY": Y / 4}}
    )
