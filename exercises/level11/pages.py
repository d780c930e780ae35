"""Level 11 by hand: several heads, split, joined, and back."""

from __future__ import annotations

from math import exp

from ..numbers import Numbers, given
from ..said import said
from ..task import Work, page

PAIRS = [[0.5, 0.5], [0.25, 0.75], [0.625, 0.375], [0.875, 0.125], [0.75, 0.25]]


@page(
    "11-split",
    "Split into heads",
    "Head 1 has the first two columns of every row, head 2 the last two.",
    "Reshaped straight to (2, 3, 2), the first six numbers would be one head: those of other positions.",
    question="Whose numbers would stand in the first head if you reshaped straight?",
)
def split(n: Numbers) -> Work:
    X = n.eighths("X", 3, 4)
    head_1, head_2 = X[:, 0:2], X[:, 2:4]
    flat = X.reshape(6, 2)
    straight = flat[0:3]
    slips = {"swapped": {"head_1": straight}, "other-block": {"straight": head_1}}
    answer = (
        f"All four numbers of the first position and two of the second: {said(straight)}. A head has to have "
        "its own columns of every position. Reshaped straight, it has all columns of some positions, and "
        "features and positions would be mixed up."
    )
    return Work(
        locals(), [head_1, head_2, straight], blanks=["head_1", "head_2", "straight"], slips=slips, answer=answer
    )


@page(
    "11-projections",
    "Projections",
    "Q = X W_Q: row r of X with column i of W_Q.",
    "With two heads of width 1, head 1 reads the first column of Q, K and V, head 2 the second.",
)
def projections(n: Numbers) -> Work:
    X = n.halves("X", 2, 2)
    W_Q, W_K, W_V = (n.halves(name, 2, 2, most=2.5) for name in ("W_Q", "W_K", "W_V"))
    Q = X @ W_Q
    K = X @ W_K
    V = X @ W_V
    return Work(locals(), [Q, K, V], slips={"transposed": {"Q": X @ W_Q.T}, "sign": {"V": -V}})


@page(
    "11-two-heads",
    "Two heads, two positions",
    "With d = 1 the scores are products of two numbers, and √d is 1; E holds their exponentials.",
    "Each head has its own P and its own output: P V with the column of that head.",
)
def two_heads(n: Numbers) -> Work:
    V = [n.halves(f"V{h}", 2, 1) for h in (1, 2)]
    E = []
    for h in (1, 2):
        q, k = [n.random.choice([-1, -0.5, 0.5, 1, 1.5]) for _ in "ab"], [n.random.choice([-1, 0.5, 1]) for _ in "ab"]
        E.append(given(f"E{h}", [[round(exp(a * b), 4) for b in k] for a in q]))
    V1, V2 = V
    E1, E2 = E
    total1 = E1.sum(1, keepdim=True)
    P1 = E1 / total1
    O1 = P1 @ V1
    total2 = E2.sum(1, keepdim=True)
    P2 = E2 / total2
    O2 = P2 @ V2
    return Work(
        locals(), [O1, O2], slips={"other-block": {"P1": E1}, "wrong-axis": {"P1": E1 / E1.sum(0, keepdim=True)}}
    )


@page(
    "11-join",
    "Join the heads",
    "The heads stand side by side: (2, 1) and (2, 1) become (2, 2).",
    "Y = joined W_O. Head 1 brings its number times the first row of W_O, head 2 times the second.",
    question="Why may one say that the result is a sum over heads?",
)
def join(n: Numbers) -> Work:
    from saitama import cat

    O1, O2, W_O = n.halves("O1", 2, 1), n.halves("O2", 2, 1), n.halves("W_O", 2, 2)
    joined = cat([O1, O2], 1)
    Y = joined @ W_O
    row_1, row_2 = W_O[0:1], W_O[1:2]
    by_1 = O1 * row_1
    by_2 = O2 * row_2
    blanks = ["joined", "Y", "by_1", "by_2"]
    answer = (
        "A matrix product adds up along the columns of the left, and every head has columns of its own "
        f"there. So Y is by_1 + by_2: {said(by_1)} of head 1 and {said(by_2)} of head 2 make {said(Y)}. W_O "
        "is a projection for each head, stacked."
    )
    return Work(
        locals(),
        [Y, by_1, by_2],
        blanks=blanks,
        slips={"transposed": {"Y": joined @ W_O.T}, "sign": {"by_2": -by_2}},
        answer=answer,
    )


@page(
    "11-back",
    "Back through the joined heads",
    "The gradient of the joined heads is dY W_Oᵀ; head 1 gets its first column.",
    "dW_O = joinedᵀ dY; dV = Pᵀ dO of each head.",
)
def back(n: Numbers) -> Work:
    dY, W_O, joined = n.halves("dY", 2, 2, most=2.5), n.halves("W_O", 2, 2, most=2.5), n.halves("joined", 2, 2)
    P1, P2 = (given(f"P{h}", n.random.sample(PAIRS, 2)) for h in (1, 2))
    W_Ot = W_O.T
    dO = dY @ W_Ot
    dO1, dO2 = dO[:, 0:1], dO[:, 1:2]
    P1t, P2t, joined_t = P1.T, P2.T, joined.T
    dV1 = P1t @ dO1
    dV2 = P2t @ dO2
    dW_O = joined_t @ dY
    blanks = ["dO", "dV1", "dV2", "dW_O"]
    return Work(locals(), [dV1, dV2, dW_O], blanks=blanks, slips={"transposed": {"dO": dY @ W_O, "dV1": P1 @ dO1}})


@page(
    "11-three-ways",
    "X acts in three ways",
    "By Q: dQ W_Qᵀ. By K: dK W_Kᵀ. By V: dV W_Vᵀ.",
    "dX is their sum.",
)
def three_ways(n: Numbers) -> Work:
    dQ, dK, dV = (n.halves(name, 2, 2, most=1.5) for name in ("dQ", "dK", "dV"))
    W_Q, W_K, W_V = (n.halves(name, 2, 2, most=2.5) for name in ("W_Q", "W_K", "W_V"))
    W_Qt, W_Kt, W_Vt = W_Q.T, W_K.T, W_V.T
    by_Q = dQ @ W_Qt
    by_K = dK @ W_Kt
    by_V = dV @ W_Vt
    two = by_Q + by_K
    dX = two + by_V
    blanks = ["by_Q", "by_K", "by_V", "two", "dX"]
    return Work(locals(), dX, blanks=blanks, slips={"transposed": {"by_Q": dQ @ W_Q}, "sign": {"dX": two - by_V}})


@page(
    "11-count",
    "What do heads cost?",
    "Four projections of C · C weights, with or without heads.",
    "Each head has a P of T · T numbers.",
    question="What do more heads cost, and what do they bring?",
)
def count(n: Numbers) -> Work:
    C, h, T = n.one_of("C", [16.0, 32.0, 64.0]), n.one_of("h", [2.0, 4.0, 8.0]), n.one_of("T", [5.0, 10.0, 12.0, 20.0])
    square = C * C
    parameters = 4 * square
    d = C / h
    one_head = T * T
    all_heads = h * one_head
    slips = {"wrong-operation": {"d": C * h, "square": C + C}, "factor": {"parameters": 3 * square}}
    answer = (
        f"No weights: there are {said(parameters)}, whatever h is, as each head is only d = {said(d)} wide. "
        f"What grows with h is the memory for the weights P, {said(all_heads)} numbers. In return a position "
        f"can look at {said(h)} things at once: one softmax has but one mean to give."
    )
    return Work(locals(), [parameters, d, all_heads], slips=slips, answer=answer)
