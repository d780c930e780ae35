"""Level 8, a solution on saitama's Tensor."""

import random

from saitama import Tensor


def dropout(x, p, training=True):
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0.0
    keep = 1 - p
    mask = Tensor([float(random.random() < keep) for _ in range(x.numel())]).reshape(*x.shape)
    return x * mask / keep


def l2_penalty(parameters, weight):
    total = 0.0
    for one in parameters:
        total = total + (one * one).sum()
    return weight / 2 * total


class EarlyStopping:
    def __init__(self, patience):
        self.patience = patience
        self.best = float("inf")
        self.waited = 0

    def step(self, loss):
        if loss < self.best:
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        return self.waited >= self.patience


class BatchNorm:
    def __init__(self, features, eps=1e-5, momentum=0.1):
        self.eps, self.momentum, self.training = eps, momentum, True
        self.weight = Tensor([1.0] * features, requires_grad=True)
        self.bias = Tensor([0.0] * features, requires_grad=True)
        self.mean, self.var = Tensor([0.0] * features), Tensor([1.0] * features)

    def __call__(self, x):
        if self.training:
            n = x.shape[0]
            mean = x.mean(0)
            apart = x - mean
            var = (apart * apart).mean(0)
            old = 1 - self.momentum
            self.mean = old * self.mean + self.momentum * mean.detach()
            self.var = old * self.var + self.momentum * var.detach() * (n / (n - 1))
        else:
            apart, var = x - self.mean, self.var
        return self.weight * apart / (var + self.eps).sqrt() + self.bias
