"""Level 1 by hand: vectors, matrices, and the layers made of them."""

from __future__ import annotations

from saitama.nn import functional as F

from ..numbers import Numbers
from ..said import said
from ..task import Work, page


@page("01-scaling", "Scale a vector", "Every number of a is multiplied by the same c.", "Mind the signs: - · - is +.")
def scaling(n: Numbers) -> Work:
    c, a = n.halves("c"), n.eighths("a", 3)
    y = c * a
    return Work(locals(), y, slips={"wrong-operation": {"y": c + a}, "sign": {"y": -(c * a)}})


@page(
    "01-vector-add-sub",
    "Add and subtract",
    "Place by place: number i of the result needs number i of a and of b.",
    "To subtract a negative number is to add.",
    question="Why does b - a have the other sign?",
)
def vector_add_sub(n: Numbers) -> Work:
    a, b = n.eighths("a", 3), n.eighths("b", 3)
    s = a + b
    d = a - b
    answer = (
        f"Number by number b_i - a_i is -(a_i - b_i): what was gained is lost. Here d = a - b is {said(d)}, "
        f"so b - a is {said(b - a)}: as long, and pointing the other way."
    )
    return Work(locals(), [s, d], slips={"wrong-operation": {"s": a * b}, "sign": {"d": b - a}}, answer=answer)


@page("01-elementwise-product", "Multiply place by place", "y_i = a_i · b_i: three products, and nothing is added up.")
def elementwise_product(n: Numbers) -> Work:
    a, b = n.halves("a", 3), n.eighths("b", 3)
    y = a * b
    return Work(locals(), y, slips={"wrong-operation": {"y": a + b}, "sign": {"y": -(a * b)}})


@page(
    "01-dot-product",
    "A dot product: one neuron",
    "First the three products of a weight and its input.",
    "Then add them up, and the bias last.",
    question="What does y tell of x, if b is 0?",
)
def dot_product(n: Numbers) -> Work:
    w, x, b = n.halves("w", 3), n.eighths("x", 3), n.eighths("b")
    products = w * x
    total = products.sum()
    y = total + b
    slips = {"wrong-operation": {"products": w + x}, "not-summed": {"total": products[0]}}
    slips["order-of-operations"] = {"total": w.sum() * x.sum()}
    answer = (
        f"Then y is the dot product of w and x alone, here {said(total)}: how far x goes in the direction of "
        "w, times the length of w. Above 0 means that x points to the same side as w, below 0 to the other, "
        "and 0 at a right angle to it."
    )
    return Work(locals(), y, slips={**slips, "sign": {"y": total - b}}, answer=answer)


@page(
    "01-matrix-vector",
    "Matrix times vector: one layer",
    "Row i of W meets all of x: multiply place by place, then add up.",
    "W x has as many numbers as W has rows.",
)
def matrix_vector(n: Numbers) -> Work:
    W, x, b = n.halves("W", 2, 3), n.eighths("x", 3), n.eighths("b", 2)
    z = W @ x
    y = z + b
    short = W[:, :2] @ x[:2]
    slips = {"not-summed": {"z": short}, "missing-bias": {"y": z}, "wrong-operation": {"z": W.sum(1)}}
    return Work(locals(), y, slips=slips)


@page(
    "01-matrix-add",
    "Add matrices",
    "Element by element, as with vectors.",
    "D is 2 A - B: first double, then subtract.",
)
def matrix_add(n: Numbers) -> Work:
    A, B = n.eighths("A", 2, 3), n.eighths("B", 2, 3)
    S = A + B
    A2 = 2 * A
    D = A2 - B
    slips = {"sign": {"D": A2 + B}, "wrong-operation": {"S": A * B}, "order-of-operations": {"D": 2 * (A - B)}}
    return Work(locals(), [S, D], slips=slips)


@page(
    "01-matrix-matrix",
    "A B is not B A",
    "Element i, j is row i of the left with column j of the right.",
    "For B A the rows are those of B, and the columns those of A.",
    question="Say in words what A B does to a vector, and what B A does.",
)
def matrix_matrix(n: Numbers) -> Work:
    A, B = n.halves("A", 2, 2), n.halves("B", 2, 2)
    AB = A @ B
    BA = B @ A
    D = AB - BA
    slips = {"transposed": {"AB": A @ B.T}, "swapped": {"BA": AB}, "wrong-operation": {"AB": A * B}}
    answer = (
        "(A B) v is A (B v): B acts on the vector first, and A on what comes out; B A does the two the other "
        f"way round. How far they are apart stands in D = A B - B A, here {said(D)}."
    )
    return Work(locals(), D, slips={**slips, "sign": {"D": BA - AB}}, answer=answer)


@page(
    "01-stacked-layers",
    "Two layers are one",
    "First h = A x: two numbers. Then y = B h.",
    "M = B A has the shape of A: (2, 2) times (2, 3) is (2, 3).",
    question="Two layers without anything in between are one layer. What does that mean for deep networks?",
)
def stacked_layers(n: Numbers) -> Work:
    A, B, x = n.halves("A", 2, 3), n.halves("B", 2, 2, most=2.5), n.halves("x", 3, most=2.5)
    h = A @ x
    y = B @ h
    M = B @ A
    same = M @ x
    answer = (
        f"B (A x) is (B A) x: one layer with the matrix M = B A gives the same {said(y)}, and so it does for "
        "every x. However many such layers are stacked, one could do as much. Depth pays only with a "
        "function between the layers that is not linear, such as ReLU."
    )
    return Work(locals(), [y, same], slips={"transposed": {"y": B.T @ h, "M": B.T @ A}}, answer=answer)


@page(
    "01-broadcast-bias",
    "A bias for every row",
    "Row r of X with row i of W gives the number r, i of X Wᵀ.",
    "b is added to each row: its first number to the first column.",
    question="Which shapes could b have, and still be added to X Wᵀ?",
)
def broadcast_bias(n: Numbers) -> Work:
    X, W, b = n.halves("X", 2, 3), n.halves("W", 2, 3), n.eighths("b", 2)
    Z = F.linear(X, W)
    Y = Z + b
    rows, columns = Z.shape
    answer = (
        f"X Wᵀ has the shape {said(Z.shape)}. From the right, each size of b has to be 1 or the size that "
        f"stands there, or be missing: ({columns},) and (1, {columns}) have a number for each column, "
        f"({rows}, 1) one for each row, (), (1,) and (1, 1) one for all, and ({rows}, {columns}) one for each "
        "place."
    )
    return Work(
        locals(), Y, slips={"missing-bias": {"Y": Z}, "wrong-neuron": {"Y": Z + b.reshape(2, 1)}}, answer=answer
    )
