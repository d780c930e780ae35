"""Level 11, a solution on plain lists."""

import math


def split(X, h):
    C = len(X[0])
    if C % h:
        raise ValueError(f"{h} heads do not divide the width {C}")
    d = C // h
    return [[row[k * d : (k + 1) * d] for row in X] for k in range(h)]


def join(heads):
    return [[x for head in heads for x in head[t]] for t in range(len(heads[0]))]


def multi_head(X, W_Q, W_K, W_V, W_O, h, causal=False, memory=None):
    source = X if memory is None else memory
    Q, K, V = product(X, W_Q), product(source, W_K), product(source, W_V)
    outputs, weights = [], []
    for q, k, v in zip(split(Q, h), split(K, h), split(V, h)):
        P = attend(q, k, causal)
        outputs.append(product(P, v))
        weights.append(P)
    return product(join(outputs), W_O), weights


def attend(Q, K, causal):
    scale = 1 / math.sqrt(len(Q[0]))
    P = []
    for i, row in enumerate(product(Q, turned(K))):
        scores = [s * scale if not causal or j <= i else -math.inf for j, s in enumerate(row)]
        e = [math.exp(s - max(scores)) for s in scores]
        P.append([x / sum(e) for x in e])
    return P


def product(A, B):
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*B)] for row in A]


def turned(A):
    return [list(column) for column in zip(*A)]
