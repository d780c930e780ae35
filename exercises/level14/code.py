"""Level 14 in code: a schedule, gradients of pieces, and softmax by tiles."""

from __future__ import annotations

import math
from typing import Any

from saitama import nn, optim

from ..plain import attention
from ..task import code
from ..tensors import oracle
from ..trying import Try, Wrong, expect, expect_gradients, numbers, show


@code(
    "14-code-schedule",
    "warmup_cosine(lr, lr_end, t, n, T)",
    "For t < n: lr (t + 1) / (n + 1). Then lr_end + (lr - lr_end)(1 + cos(π (t - n) / (T - n))) / 2.",
    "From T on lr_end. n = 0: no division by 0.",
)
def schedule(my: Try) -> None:
    lr, end, n, T = 0.5, 0.1, 3, 7
    for t in (0, 1, 2, 3, 4, 5, 7, 9):
        part = (t - n) / (T - n)
        down = end if t >= T else end + (lr - end) * (1 + math.cos(math.pi * part)) / 2
        want = lr * (t + 1) / (n + 1) if t < n else down
        faults = {
            "the cosine counts from 0 in place of n": end + (lr - end) * (1 + math.cos(math.pi * t / T)) / 2,
            "the warm-up is lr (t + 1) / (n + 1): its first step is not 0": lr * t / n,
            "the warm-up has n + 1 steps up to lr: divide by n + 1": lr * (t + 1) / n,
            "the warm-up counts from 0: t + 1 in place of t": lr * t / (n + 1),
            "after T it is lr_end: the cosine must not come up again": end
            + (lr - end) * (1 + math.cos(math.pi * part)) / 2,
            "lr_end is not in it": lr * (1 + math.cos(math.pi * part)) / 2,
            "there is no warm-up": lr,
        }
        expect(f"warmup_cosine(0.5, 0.1, {t}, 3, 7)", my.call("warmup_cosine", lr, end, t, n, T), want, faults=faults)
    expect("warmup_cosine(0.5, 0.1, 0, 0, 8)", my.call("warmup_cosine", lr, end, 0, 0, 8), 0.5)
    expect("warmup_cosine(0.5, 0.1, 4, 0, 8)", my.call("warmup_cosine", lr, end, 4, 0, 8), 0.3)


X = [[1.0, -0.5], [0.5, 1.0], [-1.0, 0.25], [2.0, 0.75]]
T = [[1.0], [-0.5], [0.75], [0.25]]


@code(
    "14-code-accumulation",
    "accumulate(model, pieces, loss)",
    "Each piece's loss counts with its share of the examples: multiply by n_i / N before backward().",
    "backward() adds to .grad; so clear once, before the first piece, and take no step.",
)
def accumulation(my: Try) -> None:
    f = my.get("accumulate")
    for cuts in ((0, 3, 4), (0, 2, 4), (0, 1, 2, 4)):
        model = line()
        before = [numbers(one) for one in model.parameters()]
        pieces = [(oracle(X[a:b], False), oracle(T[a:b], False)) for a, b in zip(cuts, cuts[1:])]
        sizes = [b - a for a, b in zip(cuts, cuts[1:])]
        what = f"accumulate(model, pieces of {', '.join(map(str, sizes))} examples, mse)"
        my.run(what, f, model, pieces, nn.functional.mse_loss)
        if [numbers(one) for one in model.parameters()] != before:
            raise Wrong(f"{what} moved the parameters: it fills .grad, and takes no step")
        whole = total([(oracle(X, False), oracle(T, False))], [1.0])
        known = {
            "each piece counts alike; weigh it by its number of examples": total(
                pieces, [1 / len(pieces)] * len(pieces)
            ),
            "the pieces' gradients are added without their share n_i / N": total(pieces, [1.0] * len(pieces)),
            "only the last piece is there: were the gradients cleared in between?": total(pieces[-1:], [sizes[-1] / 4]),
            "only the last piece counts, and as if it were all": total(pieces[-1:], [1.0]),
            "divided once more by the number of pieces": total(pieces, [n / 4 / len(pieces) for n in sizes]),
        }
        got = [numbers(one.grad) for one in model.parameters()]
        for sentence, wrong in known.items():
            if got != whole and _close(got, wrong) and not _close(got, whole):
                raise Wrong(f"{what}: weight.grad is {show(got[0])}, expected {show(whole[0])}: {sentence}")
        expect_gradients(what, list(zip(("weight.grad", "bias.grad"), got, whole)))


def line() -> Any:
    model: Any = nn.Linear(2, 1)
    model.weight.data, model.bias.data = oracle([[0.5, -0.25]], False), oracle([0.125], False)
    return model


def total(pieces: Any, shares: Any) -> Any:
    model = line()
    for (x, t), share in zip(pieces, shares):
        (nn.functional.mse_loss(model(x), t) * share).backward()
    found = [one.grad.tolist() for one in model.parameters()]
    optim.SGD(model.parameters(), lr=0.0).zero_grad()
    return found


def _close(a: Any, b: Any) -> bool:
    from ..trying import same

    return same(a, b)


@code(
    "14-code-online-softmax",
    "attend(q, tiles)",
    "Keep m, l and o. A new tile with a larger score: multiply l and o by e^(m - m') first.",
    "Divide o by l once, at the end. The scores are q · k / √d.",
)
def online_softmax(my: Try) -> None:
    q = [1.0, -0.5]
    K = [[0.5, 1.0], [-1.5, 0.25], [2.0, -0.5], [3.0, 1.0], [-0.5, -2.0]]
    V = [[1.0, 2.0], [0.5, -2.0], [4.0, 0.25], [-1.0, 1.5], [2.0, 3.0]]
    for cuts in ((0, 2, 5), (0, 5), (0, 1, 2, 3, 4, 5), (0, 4, 5)):
        tiles = [(K[a:b], V[a:b]) for a, b in zip(cuts, cuts[1:])]
        what = f"attend(q, tiles of {', '.join(str(b - a) for a, b in zip(cuts, cuts[1:]))} keys)"
        want = attention([q], K, V)[0][0]
        parts = [attention([q], k, v)[0][0] for k, v in tiles]
        faults = {
            "the scores are not divided by √d": attention([q], K, V, None, 1.0)[0][0],
            "o is not divided by l": [v * _l(q, K) for v in want],
            "the mean of the tiles' outputs: each tile was normalised by itself": [
                sum(c) / len(parts) for c in zip(*parts)
            ],
            "o was divided by l at every tile": _wrong(q, tiles, every=True),
            "the factor is e^(m' - m); it is e^(m - m')": _wrong(q, tiles, sign=-1.0),
            "the old l and o were not multiplied by e^(m - m')": _wrong(q, tiles, sign=0.0),
            "only the last tile is there": parts[-1],
        }
        expect(what, my.run(what, my.get("attend"), q, tiles), want, faults=faults)
    far = [([[900.0, 0.0]], [[1.0, 2.0]]), ([[2000.0, 0.0]], [[3.0, 4.0]])]
    for text, tiles in (("large scores, the largest last", far), ("large scores, the largest first", far[::-1])):
        expect(
            f"attend(q, tiles), {text},", my.run(f"attend(q, tiles), {text},", my.get("attend"), q, tiles), [3.0, 4.0]
        )


def _l(q: Any, K: Any) -> float:
    scores = [sum(a * b for a, b in zip(q, k)) / math.sqrt(len(q)) for k in K]
    return sum(math.exp(s - max(scores)) for s in scores)


def _wrong(q: Any, tiles: Any, sign: float = 1.0, every: bool = False) -> Any:
    m, l, o = -math.inf, 0.0, [0.0] * len(tiles[0][1][0])  # noqa: E741
    for K, V in tiles:
        scores = [sum(a * b for a, b in zip(q, k)) / math.sqrt(len(q)) for k in K]
        new = max(m, *scores)
        factor = math.exp(sign * (m - new)) if m > -math.inf else 0.0
        e = [math.exp(s - new) for s in scores]
        l = l * factor + sum(e)  # noqa: E741
        o = [v * factor + sum(w * row[n] for w, row in zip(e, V)) for n, v in enumerate(o)]
        o = [v / l for v in o] if every else o
        m = new
    return o if every else [v / l for v in o]
