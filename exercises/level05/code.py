"""Level 5 in code: layers, activations, and a Module that finds its parameters."""

from __future__ import annotations

import math
from typing import Any

from ..task import code
from ..tensors import gradients, tensor
from ..trying import Try, Wrong, expect, numbers, show

X = [[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]]
C = [[1.0, -2.0], [0.5, 3.0]]


def product(A: Any, B: Any) -> Any:
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*B)] for row in A]


@code(
    "05-code-linear",
    "Linear",
    "y = x Wᵀ + b, with W of shape (out, in).",
    "The gradient of the bias has the shape of the bias: it is the sum over the examples.",
)
def linear(my: Try) -> None:
    layer = my.run("Linear(3, 2)", my.get("Linear"), 3, 2)
    for name in ("weight", "bias"):
        if not hasattr(layer, name):
            raise Wrong(f"Linear(3, 2) has no .{name}")
    W, b = numbers(layer.weight), numbers(layer.bias)
    if not (isinstance(W, list) and len(W) == 2 and all(isinstance(row, list) and len(row) == 3 for row in W)):
        raise Wrong(f"Linear(3, 2).weight is {show(W)}: expected shape (2, 3), a row for each output")
    if not (isinstance(b, list) and len(b) == 2):
        raise Wrong(f"Linear(3, 2).bias is {show(b)}: expected shape (2,)")
    if all(x == W[0][0] for row in W for x in row):
        raise Wrong(
            f"all numbers of Linear(3, 2).weight are {W[0][0]:g}: neurons that start alike stay alike; draw them"
        )
    x = tensor(my, X, True)
    y = my.run("Linear(3, 2)(x), x (2, 3)", layer, x)
    plain = product(X, [list(column) for column in zip(*W)])
    want = [[v + c for v, c in zip(row, b)] for row in plain]
    expect("Linear(3, 2)(x), x (2, 3)", y, want, faults={"the bias is missing": plain} if any(b) else None)
    dW = product([list(column) for column in zip(*C)], X)
    rows = [("x.grad", x, product(C, W)), ("weight.grad", layer.weight, dW), ("bias.grad", layer.bias, [1.5, 1.0])]
    gradients(my, "Linear(3, 2)(x)", y, C, rows)
    one = my.run("Linear(3, 2)(x), x (3,)", layer, tensor(my, X[0], True))
    expect("Linear(3, 2)(x), x (3,)", one, want[0])


@code(
    "05-code-activations",
    "ReLU, Tanh, Sigmoid",
    "Each derivative is taken where the value is: y (1 - y), 1 - y², and 1 where x is above 0.",
    "e^1000 overflows: for a negative x use e^x / (1 + e^x).",
)
def activations(my: Try) -> None:
    x, c = [-1.5, 0.5, 2.0, -0.25], [1.0, -2.0, 0.5, 3.0]
    sigmoid = lambda v: 1 / (1 + math.exp(-v))  # noqa: E731
    rules = {
        "ReLU": (lambda v: max(0.0, v), lambda v: float(v > 0)),
        "Tanh": (math.tanh, lambda v: 1 - math.tanh(v) ** 2),
        "Sigmoid": (sigmoid, lambda v: sigmoid(v) * (1 - sigmoid(v))),
    }
    for name, (rule, slope) in rules.items():
        activation = my.run(f"{name}()", my.get(name))
        mine = tensor(my, x, True)
        y = my.run(f"{name}()({show(x)})", activation, mine)
        expect(f"{name}()({show(x)})", y, [rule(v) for v in x])
        gradients(my, f"{name}()({show(x)})", y, c, [("x.grad", mine, [slope(v) * k for v, k in zip(x, c)])])
    sigmoid_of = my.run("Sigmoid()", my.get("Sigmoid"))
    far = [-1000.0, 1000.0]
    expect(f"Sigmoid()({show(far)})", my.run(f"Sigmoid()({show(far)})", sigmoid_of, tensor(my, far)), [0.0, 1.0])


@code(
    "05-code-module",
    "Module and Parameter",
    "Look through the attributes: a Parameter counts, a Module is asked, a list is looked through.",
    "A parameter that stands in two places is given once: remember which you have seen.",
)
def module(my: Try) -> None:
    Module, Linear, Parameter = my.get("Module"), my.get("Linear"), my.get("Parameter")

    class Block(Module):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__()
            self.first = Linear(2, 3)
            self.name = "block"

        def forward(self, x: Any) -> Any:
            return self.first(x)

    class Network(Module):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__()
            self.block = Block()
            self.parts = [Linear(3, 3), Linear(3, 2)]
            self.again = self.block

        def forward(self, x: Any) -> Any:
            x = self.block(x)
            for part in self.parts:
                x = part(x)
            return x

    what = "a module with a block, a list of two Linear, and the block once more: parameters()"
    network = my.run("Network()", Network)
    found = my.run(what, lambda: list(network.parameters()))
    lists = [network.block.first, *network.parts]
    want = [one for layer in lists for one in (layer.weight, layer.bias)]
    strange = [one for one in found if not isinstance(one, Parameter)]
    if strange:
        raise Wrong(f"{what} has {type(strange[0]).__name__} in it, which is no Parameter")
    if len({id(one) for one in found}) < len(found):
        raise Wrong(f"{what} has {len(found)} entries, and one of them twice: each belongs there once")
    missing = [one for one in want if not any(one is other for other in found)]
    if missing or len(found) != len(want):
        first_part = network.parts[0].weight
        inside = "of the list" if any(one is first_part for one in missing) else "of the block"
        raise Wrong(f"{what} has {len(found)} entries, expected {len(want)}: those {inside} are missing")
    loss = my.run("network(x)", network, tensor(my, [[1.0, -2.0]], True)).sum()
    my.run("backward()", loss.backward)
    my.run("zero_grad()", network.zero_grad)
    for one in found:
        grad = numbers(one.grad)
        if grad is not None and any(v != 0 for row in grad for v in (row if isinstance(row, list) else [row])):
            raise Wrong(f"after zero_grad() a gradient is {show(grad)}: it must be None, or 0 everywhere")
