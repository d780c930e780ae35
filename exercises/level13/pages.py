"""Level 13 by hand: next tokens, their loss, and one step of a GPT."""

from __future__ import annotations

from math import exp
from typing import Dict

from saitama import Tensor
from saitama.nn import functional as F
from saitama.transformer import LayerNorm

from ..numbers import Numbers, given
from ..task import Work, page


@page(
    "13-shift",
    "Inputs and targets",
    "A token is the number of a character in the vocabulary, counted from 0: with a, b, c, d the text 3 1 0 is dba.",
    "Inputs are all tokens but the last, targets all but the first.",
    question="With a, b, c, d as the vocabulary: what is the text? What would a model learn without the shift?",
)
def shift(n: Numbers) -> Work:
    tokens = given("tokens", [float(n.between(0, 3)) for _ in range(6)])
    inputs = tokens[0:5]
    targets = tokens[1:6]
    largest = tokens.max()
    size = largest + 1
    slips = {"other-block": {"targets": inputs}} if inputs.tolist() != targets.tolist() else {}
    letters = "".join("abcd"[int(token)] for token in tokens.tolist())
    answer = (
        f"The text is {letters}. Without the shift each target is the token that the model has just read: it "
        "would learn to copy it, with a loss of 0, and nothing of what comes next."
    )
    return Work(
        locals(), [inputs, targets, size], blanks=["inputs", "targets", "largest", "size"], slips=slips, answer=answer
    )


@page(
    "13-probability",
    "The probability of a text",
    "p holds the guess for each next token. The probability of the text is their product.",
    "L is the mean of -ln p, in nats; the perplexity is e^L.",
)
def probability(n: Numbers) -> Work:
    p = given("p", [n.random.choice([0.5, 0.25, 0.125, 0.75]) for _ in range(4)])
    p_1, p_2, p_3, p_4 = (p[k] for k in range(4))
    first, second = p_1 * p_2, p_3 * p_4
    whole = first * second
    logs = p.log()
    nats = -logs
    L = nats.mean()
    perplexity = L.exp()
    slips = {"sum-for-mean": {"L": nats.sum()}, "sign": {"nats": logs}, "log-base": {"logs": logs / 0.6931471805599453}}
    slips["order-of-operations"] = {"L": -p.mean().log()}
    return Work(
        locals(),
        [whole, perplexity],
        blanks=["first", "second", "whole", "logs", "nats", "L", "perplexity"],
        slips=slips,
    )


@page(
    "13-bigram-step",
    "One step of a bigram model",
    "E holds the exponentials of the table's rows, to four digits. P is E divided row by row.",
    "rows picks the row of the last token for each of the four guesses; each guess has (p - true) / 4.",
    "The gradient of the table is rowsᵀ times that: a row that occurs twice gets both shares.",
)
def bigram_step(n: Numbers) -> Work:
    table = n.quarters("table", 3, 3, most=1.25)
    E = given("E", [[round(exp(v), 4) for v in row] for row in table.tolist()])
    text = [0, 1, 2, 0, 1] if n.between(0, 1) else [1, 0, 2, 1, 0]
    rows = given("rows", [[float(k == token) for k in range(3)] for token in text[:-1]])
    true = given("true", [[float(k == token) for k in range(3)] for token in text[1:]])
    lr = n.one_of("lr", [0.5, 0.25])
    total = E.sum(1, keepdim=True)
    P = E / total
    p = rows @ P
    picked = p * true
    q = picked.sum(1)
    logs = q.log()
    nats = -logs
    L = nats.mean()
    apart = p - true
    d = apart / 4
    rows_t = rows.T
    gradient = rows_t @ d
    step = lr * gradient
    new = table - step
    blanks = ["total", "P", "q", "logs", "L", "d", "gradient", "new"]
    slips = {"other-block": {"P": E}, "sign": {"new": table + step}, "wrong-axis": {"P": E / E.sum(0, keepdim=True)}}
    slips["order-of-operations"] = {"new": lr * (table - gradient)}
    return Work(locals(), [L, new], blanks=blanks, slips=slips)


@page(
    "13-embedding-back",
    "Back into the table of embeddings",
    "picks has a 1 where a position read a row: dE = picksᵀ dx.",
    "A token that occurs twice collects both gradients; one that does not occur gets 0.",
)
def embedding_back(n: Numbers) -> Work:
    tokens = n.random.choice([[0, 2, 0], [1, 1, 2], [2, 0, 2], [1, 0, 1]])
    picks = given("picks", [[float(k == token) for k in range(3)] for token in tokens])
    dx = n.halves("dx", 3, 2)
    picks_t = picks.T
    dE = picks_t @ dx
    return Work(locals(), dE, blanks=["dE"], slips={"sign": {"dE": -dE}})


@page(
    "13-temperature",
    "Temperature",
    "τ = 1/2 squares each p, τ = 2 takes its root; then divide by the new sum.",
    "Top-2 of the first: the two largest of it, divided by their own sum.",
)
def temperature(n: Numbers) -> Work:
    p = n.one_of("p", [[0.5, 0.25, 0.25], [0.625, 0.25, 0.125], [0.125, 0.375, 0.5], [0.25, 0.125, 0.625]])
    squares = p**2
    total = squares.sum()
    bold = squares / total
    roots = p.sqrt()
    sum_of_roots = roots.sum()
    even = roots / sum_of_roots
    smallest = bold.min()
    two = 1 - smallest
    largest = bold.max()
    first_of_two = largest / two
    slips = {"other-block": {"bold": squares}, "wrong-operation": {"largest": smallest, "roots": p / 2}}
    return Work(locals(), [even, first_of_two], slips=slips)


@page(
    "13-gpt-step",
    "One training step of a GPT",
    "Every line is one level: embeddings, a norm, attention, a residual, a norm, two layers, a "
    "residual, a norm, logits.",
    "Use formulas in the yellow cells: = and then the rule. The roots and exponentials come from them.",
    "E is used twice, to read and to write: its gradient is the sum of both.",
)
def gpt_step(n: Numbers) -> Work:
    read = given("read", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    true = given("true", [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    mask = given("mask", [[1.0, 0.0], [1.0, 1.0]])

    def draw():  # type: ignore[no-untyped-def]
        tables = n.halves("E", 3, 4, most=1.5, grad=True), n.halves("PE", 2, 4, most=1.5)
        weights = [n.halves(name, 4, 4, most=1.0) for name in ("W_Q", "W_K", "W_V", "W_O")]
        layers = n.halves("W_1", 4, 2, most=1.0), n.halves("W_2", 2, 4, most=1.0)
        return one_block(read, mask, *tables, *weights, *layers)

    def speaks(steps: Dict[str, Tensor]) -> bool:
        """Both hidden numbers of the FFN do something somewhere, and none is near the bend."""
        h = steps["h"].tolist()
        return all(max(column) > 0.25 for column in zip(*h)) and all(abs(v) > 0.125 for row in h for v in row)

    steps = n.until(lambda: (draw(),), speaks)[0]
    logits = F.linear(steps["n3"], steps["E"])
    logp = logits.log_softmax(-1)
    picked = logp * true
    total = picked.sum()
    L = total * -0.5
    return Work({**steps, **locals()}, L)


def one_block(read, mask, E, PE, W_Q, W_K, W_V, W_O, W_1, W_2):  # type: ignore[no-untyped-def]
    """Every tensor of a GPT of one block by its name, up to what comes before the logits."""
    norms = [LayerNorm(4, eps=0.0, elementwise_affine=False) for _ in range(3)]
    e = read @ E
    x0 = e + PE
    n1 = norms[0](x0)
    Q, K, V = n1 @ W_Q, n1 @ W_K, n1 @ W_V
    scores = F.linear(Q, K)
    S = scores / 2
    X = S.exp()
    seen = X * mask
    sums = seen.sum(1, keepdim=True)
    P = seen / sums
    A = P @ V
    O = A @ W_O  # noqa: E741
    x1 = x0 + O
    n2 = norms[1](x1)
    h = n2 @ W_1
    a = h.relu()
    f = a @ W_2
    x2 = x1 + f
    n3 = norms[2](x2)
    return locals()


@page(
    "13-cost",
    "What does training cost?",
    "A block has about 12 C² weights: 4 C² of attention, 8 C² of the FFN.",
    "The tables have V C more. Training on D tokens takes about 6 N D operations.",
)
def cost(n: Numbers) -> Work:
    C, blocks = n.one_of("C", [64.0, 128.0, 256.0]), n.one_of("blocks", [2.0, 4.0, 6.0])
    V, D = n.one_of("V", [50.0, 65.0, 80.0]), n.one_of("D", [100000.0, 200000.0, 500000.0])
    square = C * C
    block = 12 * square
    N = blocks * block
    tables = V * C
    N_with = N + tables
    ND = N * D
    operations = 6 * ND
    slips = {"other-block": {"operations": ND}, "wrong-operation": {"square": C + C}}
    return Work(locals(), [N_with, operations], slips=slips)
