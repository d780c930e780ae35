"""Level 9, a solution on plain lists."""

import math


def rnn(x, W, U, b, h0):
    h, states = h0, []
    for step in x:
        h = [math.tanh(p + q + c) for p, q, c in zip(times(W, step), times(U, h), b)]
        states.append(h)
    return states


def rnn_backward(x, h, dh, W, U, h0):
    width, inputs = len(h0), len(x[0])
    dW = [[0.0] * inputs for _ in range(width)]
    dU = [[0.0] * width for _ in range(width)]
    db = [0.0] * width
    coming = [0.0] * width
    for t in reversed(range(len(x))):
        before = h[t - 1] if t > 0 else h0
        delta = [(own + back) * (1 - v * v) for own, back, v in zip(dh[t], coming, h[t])]
        for i in range(width):
            db[i] += delta[i]
            for j in range(inputs):
                dW[i][j] += delta[i] * x[t][j]
            for j in range(width):
                dU[i][j] += delta[i] * before[j]
        coming = times(list(zip(*U)), delta)
    return dW, dU, db, coming


def clip_norm(grads, c):
    length = math.sqrt(sum(g * g for part in grads for g in part))
    if length > c:
        for part in grads:
            for n in range(len(part)):
                part[n] *= c / length
    return length


def times(A, v):
    return [sum(a * x for a, x in zip(row, v)) for row in A]
