"""Level 3, a solution: values are numbered as they are made; backward goes from the last to the first."""

import math

made = 0


class Value:
    def __init__(self, data, inputs=()):
        global made
        made += 1
        self.number = made
        self.data = float(data)
        self.grad = 0.0
        self.inputs = inputs  # pairs: operand, local derivative

    def __add__(self, other):
        other = value(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = value(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __truediv__(self, other):
        other = value(other)
        y = self.data / other.data
        return Value(y, ((self, 1 / other.data), (other, -y / other.data)))

    def __pow__(self, n):
        return Value(self.data**n, ((self, n * self.data ** (n - 1)),))

    def __neg__(self):
        return Value(-self.data, ((self, -1.0),))

    def __sub__(self, other):
        return self + (-value(other))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return value(other) - self

    def __rtruediv__(self, other):
        return value(other) / self

    def exp(self):
        y = math.exp(self.data)
        return Value(y, ((self, y),))

    def tanh(self):
        y = math.tanh(self.data)
        return Value(y, ((self, 1 - y * y),))

    def relu(self):
        return Value(max(0.0, self.data), ((self, float(self.data > 0)),))

    def backward(self):
        found, seen = [self], {self}
        for v in found:  # the list grows while it is walked
            for operand, _ in v.inputs:
                if operand not in seen:
                    seen.add(operand)
                    found.append(operand)
        for v in found:
            if v.inputs:
                v.grad = 0.0
        self.grad += 1.0
        for v in sorted(found, key=lambda v: v.number, reverse=True):
            for operand, slope in v.inputs:
                operand.grad += v.grad * slope


def value(x):
    return x if isinstance(x, Value) else Value(x)
