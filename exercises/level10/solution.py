"""Level 10, a solution on plain lists."""

import math


def attention(Q, K, V, mask=None, causal=False):
    P = weights(Q, K, V, mask, causal)
    return product(P, V), P


def weights(Q, K, V, mask, causal):
    if len(Q[0]) != len(K[0]) or len(K) != len(V):
        raise ValueError(f"widths {len(Q[0])} and {len(K[0])}, {len(K)} keys and {len(V)} values: they do not fit")
    scale = 1 / math.sqrt(len(Q[0]))
    P = []
    for i, row in enumerate(product(Q, turned(K))):
        seen = [(mask is None or mask[i][j]) and (not causal or j <= i) for j in range(len(K))]
        scores = [s * scale if see else -math.inf for s, see in zip(row, seen)]
        largest = max(scores)
        e = [math.exp(s - largest) if see else 0.0 for s, see in zip(scores, seen)]
        total = sum(e) or 1.0  # of a row that sees nothing
        P.append([x / total for x in e])
    return P


def attention_backward(Q, K, V, dO, mask=None, causal=False):
    P = weights(Q, K, V, mask, causal)
    scale = 1 / math.sqrt(len(Q[0]))
    dV = product(turned(P), dO)
    dP = product(dO, turned(V))
    dS = []
    for p, dp in zip(P, dP):
        mean = sum(a * b for a, b in zip(p, dp))
        dS.append([scale * a * (b - mean) for a, b in zip(p, dp)])
    return product(dS, K), product(turned(dS), Q), dV


def product(A, B):
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*B)] for row in A]


def turned(A):
    return [list(column) for column in zip(*A)]
