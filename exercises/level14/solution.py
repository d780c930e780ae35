"""Level 14, a solution."""

import math


def warmup_cosine(lr, lr_end, t, n, T):
    if t < n:
        return lr * (t + 1) / (n + 1)
    if t >= T:
        return lr_end
    return lr_end + (lr - lr_end) * (1 + math.cos(math.pi * (t - n) / (T - n))) / 2


def accumulate(model, pieces, loss):
    total = sum(len(x) for x, _ in pieces)
    for one in model.parameters():
        one.grad = None
    for x, t in pieces:
        (loss(model(x), t) * (len(x) / total)).backward()


def attend(q, tiles):
    m, l, o = -math.inf, 0.0, None  # noqa: E741
    for K, V in tiles:
        scores = [sum(a * b for a, b in zip(q, k)) / math.sqrt(len(q)) for k in K]
        new = max(m, *scores)
        factor = math.exp(m - new)  # e^-inf is 0: there is nothing before the first tile
        weights = [math.exp(s - new) for s in scores]
        l = l * factor + sum(weights)  # noqa: E741
        if o is None:
            o = [0.0] * len(V[0])
        o = [x * factor + sum(w * row[j] for w, row in zip(weights, V)) for j, x in enumerate(o)]
        m = new
    return [x / l for x in o]
