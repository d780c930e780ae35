"""Level 7, a solution on saitama's Tensor."""

import math

from saitama import no_grad


class Optimizer:
    def __init__(self, parameters, lr):
        self.parameters = list(parameters)
        self.lr = lr
        self.state = [{} for _ in self.parameters]

    def zero_grad(self):
        for one in self.parameters:
            one.grad = None

    def step(self):
        with no_grad():
            for one, state in zip(self.parameters, self.state):
                if one.grad is not None:
                    one -= self.lr * self.direction(state, one.grad)


class SGD(Optimizer):
    def direction(self, state, g):
        return g


class Momentum(Optimizer):
    def __init__(self, parameters, lr, momentum=0.9):
        super().__init__(parameters, lr)
        self.momentum = momentum

    def direction(self, state, g):
        state["v"] = self.momentum * state.get("v", 0.0) + g
        return state["v"]


class Adam(Optimizer):
    def __init__(self, parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(parameters, lr)
        self.betas, self.eps = betas, eps

    def direction(self, state, g):
        b1, b2 = self.betas
        t = state["t"] = state.get("t", 0) + 1
        state["m"] = b1 * state.get("m", 0.0) + (1 - b1) * g
        state["v"] = b2 * state.get("v", 0.0) + (1 - b2) * g * g
        m_hat = state["m"] / (1 - b1**t)
        v_hat = state["v"] / (1 - b2**t)
        return m_hat / (v_hat.sqrt() + self.eps)


def cosine(lr, lr_end, t, T):
    return lr_end + (lr - lr_end) * (1 + math.cos(math.pi * t / T)) / 2


def warmup(lr, t, n):
    return lr * min(1.0, t / n)
