"""Level 10 by hand: attention, from scores to outputs and back."""

from __future__ import annotations

from math import exp, sqrt

from ..numbers import Numbers, given
from ..said import said
from ..task import Work, page

ROWS = [[0.5, 0.25, 0.25], [0.125, 0.625, 0.25], [0.25, 0.125, 0.625], [0.375, 0.5, 0.125], [0.0, 0.75, 0.25]]
LOOKS = {
    "one back": "At the position before its own: the dark squares stand below the diagonal.",
    "itself": "At its own position: the dark squares are the diagonal.",
    "the first": "At the first position: the dark squares are the first column.",
}


def exponentials(name: str, scores: object):  # type: ignore[no-untyped-def]
    """To four digits, as one looks them up."""
    return given(name, [[round(exp(v), 4) for v in row] for row in scores])  # type: ignore[attr-defined]


@page(
    "10-scores",
    "Scores",
    "Number i, j of Q Kᵀ is query i with key j: place by place, added up.",
    "d is 4: divide each score by √4 = 2.",
)
def scores(n: Numbers) -> Work:
    Q, K, d = n.halves("Q", 2, 4, most=2.5), n.halves("K", 3, 4, most=2.5), given("d", 4.0)
    Kt = K.T
    products = Q @ Kt
    root = d.sqrt()
    S = products / root
    slips = {"other-block": {"S": products}, "wrong-operation": {"S": products * root}}
    return Work(locals(), S, blanks=["products", "root", "S"], slips=slips)


@page(
    "10-weights",
    "Weights",
    "Each row of E by the sum of that row.",
    "The rows of P sum to 1: every query shares itself out among the keys.",
)
def weights(n: Numbers) -> Work:
    S = n.quarters("S", 2, 3, most=1.75)
    E = exponentials("E", S.tolist())
    total = E.sum(1, keepdim=True)
    P = E / total
    check = P.sum(1)
    slips = {"other-block": {"P": E}, "wrong-axis": {"P": E / E.sum(0, keepdim=True), "total": E.sum() + 0 * total}}
    slips["not-normalised"] = {"P": E / E.max(1, keepdim=True)}
    return Work(locals(), check, slips=slips)


@page("10-output", "Outputs", "O is P V: each row of O is a mean of the rows of V, weighted by a row of P.")
def output(n: Numbers) -> Work:
    rows = n.random.sample(ROWS, 2)
    P, V = given("P", rows), n.halves("V", 3, 2)
    O = P @ V  # noqa: E741
    return Work(locals(), O, slips={"sign": {"O": -(P @ V)}})


@page(
    "10-causal",
    "The causal mask",
    "mask has a 1 where a query may look: at itself and at what came before.",
    "A masked score counts as e^-∞ = 0: multiply E by the mask before you add up.",
    question="Which numbers of P would be different if the mask came after the softmax?",
)
def causal(n: Numbers) -> Work:
    S = n.quarters("S", 3, 3, most=2.25)
    E = exponentials("E", S.tolist())
    mask = given("mask", [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    seen = E * mask
    total = seen.sum(1, keepdim=True)
    P = seen / total
    late = E / E.sum(1, keepdim=True) * mask
    slips = {"other-block": {"seen": E, "P": seen}, "mask": {"seen": E, "P": late}}
    shares = (seen.sum(1) / E.sum(1)).tolist()
    answer = (
        f"Those of the first two rows. Their sums would be {said(shares[0])} and {said(shares[1])} in place "
        "of 1, as the hidden exponentials are still in what was divided by. The last row hides nothing, and "
        "stays."
    )
    return Work(locals(), P, slips={**slips, "wrong-axis": {"P": seen / seen.sum(0, keepdim=True)}}, answer=answer)


@page(
    "10-scale",
    "Why divide by √d?",
    "Each product of two signs is 1 or -1, with mean 0 and mean square 1.",
    "The variance of a sum of d such products is d: so the scores are about √d large, and S brings them back to 1.",
)
def scale(n: Numbers) -> Work:
    d = n.random.choice([4, 9])

    def signs():  # type: ignore[no-untyped-def]
        return [given(name, [float(n.random.choice([-1, 1])) for _ in range(d)]) for name in "qk"]

    q, k = n.until(signs, lambda q, k: (q * k).sum().item() != 0)
    one = n.one_of("mean square", [1.0])
    width = given("d", float(d))
    products = q * k
    score = products.sum()
    variance = width * one
    root = variance.sqrt()
    S = score / root
    slips = {"wrong-operation": {"products": q + k, "S": score * root}, "other-block": {"S": score / variance}}
    return Work(locals(), S, slips=slips)


@page(
    "10-back",
    "Attention, backward",
    "dV = Pᵀ dO and dP = dO Vᵀ.",
    "dS = P (dP - m), where m is the mean of dP in its row: the row sum of P dP.",
    "dQ = dS K / √d, dK = dSᵀ Q / √d, with d = 4 here.",
)
def back(n: Numbers) -> Work:
    P = given("P", n.random.sample([[0.5, 0.5], [0.25, 0.75], [0.625, 0.375], [0.875, 0.125]], 2))
    V, dO = n.halves("V", 2, 2, most=2.5), n.halves("dO", 2, 2, most=2.5)
    Q, K = n.halves("Q", 2, 4, most=2.5), n.halves("K", 2, 4, most=2.5)
    Pt = P.T
    dV = Pt @ dO
    Vt = V.T
    dP = dO @ Vt
    weighted = P * dP
    m = weighted.sum(1, keepdim=True)
    apart = dP - m
    dS = P * apart
    scaled = dS / sqrt(4)
    dQ = scaled @ K
    scaled_t = scaled.T
    dK = scaled_t @ Q
    blanks = ["dV", "dP", "weighted", "m", "apart", "dS", "scaled", "dQ", "dK"]
    slips = {"sign": {"apart": dP + m}, "factor": {"scaled": dS}, "order-of-operations": {"dS": P * dP - m}}
    slips["not-summed"] = {"dS": P * (1 - P) * dP}
    return Work(locals(), [dV, dQ, dK], blanks=blanks, slips=slips)


@page(
    "10-heat-map",
    "What does a head look at?",
    "Four shades: below 1/8, below 3/8, below 5/8, and above. Count the eighths of each weight: P times 8.",
    "peak is the largest weight of each query; the column it stands in is the position that the head looks at.",
    question="Colour P in four shades. What does this head look at?",
)
def heat_map(n: Numbers) -> Work:
    kinds = {
        "one back": [[1.0, 0, 0, 0], [0.75, 0.25, 0, 0], [0.125, 0.75, 0.125, 0], [0.0, 0.125, 0.75, 0.125]],
        "itself": [[1.0, 0, 0, 0], [0.25, 0.75, 0, 0], [0.125, 0.25, 0.625, 0], [0.125, 0.125, 0.125, 0.625]],
        "the first": [[1.0, 0, 0, 0], [0.875, 0.125, 0, 0], [0.75, 0.125, 0.125, 0], [0.625, 0.125, 0.125, 0.125]],
    }
    P = given("P", n.random.choice(list(kinds.values())))
    eighths = P * 8
    peak = P.max(1)
    kind = next(kind for kind, rows in kinds.items() if rows == P.tolist())
    answer = (
        f"{LOOKS[kind]} The largest weights, {said(peak)}, stand in the columns {said(P.argmax(1))}, counted from 0."
    )
    return Work(locals(), [eighths, peak], slips={"wrong-operation": {"peak": P.argmax(1)}}, answer=answer)
