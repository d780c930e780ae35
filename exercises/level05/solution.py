"""Level 5, a solution on saitama's Tensor."""

import random

from saitama import Tensor, where


class Parameter(Tensor):
    def __init__(self, data):
        super().__init__(data, dtype="float64", requires_grad=True)


class Module:
    def parameters(self):
        found = []
        for value in vars(self).values():
            for one in parameters_in(value):
                if not any(one is other for other in found):
                    found.append(one)
        return found

    def zero_grad(self):
        for one in self.parameters():
            one.grad = None

    def __call__(self, x):
        return self.forward(x)


def parameters_in(value):
    if isinstance(value, Parameter):
        return [value]
    if isinstance(value, Module):
        return value.parameters()
    if isinstance(value, (list, tuple)):
        return [one for part in value for one in parameters_in(part)]
    return []


class Linear(Module):
    def __init__(self, in_features, out_features):
        reach = in_features**-0.5
        self.weight = Parameter(
            [[random.uniform(-reach, reach) for _ in range(in_features)] for _ in range(out_features)]
        )
        self.bias = Parameter([random.uniform(-reach, reach) for _ in range(out_features)])

    def forward(self, x):
        return x @ self.weight.T + self.bias


class ReLU(Module):
    def forward(self, x):
        return where(x > 0, x, 0.0)


class Tanh(Module):
    def forward(self, x):
        return 2 * Sigmoid()(2 * x) - 1


class Sigmoid(Module):
    def forward(self, x):
        e = (-x.abs()).exp()  # never of a large number
        return where(x > 0, 1 / (1 + e), e / (1 + e))
