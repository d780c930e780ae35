"""Level 4 in code: the Tensor of level 1 with a .grad and a history."""

from __future__ import annotations

from functools import partial
from typing import Any, List

from ..task import code
from ..tensors import exact, gradients, oracle, tensor
from ..trying import Try, expect

A, B = [[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]], [[0.5, 2.0, -1.5], [-0.5, 4.0, 1.0]]
W = [[1.0, -0.5], [2.0, 0.25], [-1.0, 3.0]]
C = [[1.0, -1.0, 2.0], [0.5, 3.0, -2.0]]


def tried(my: Try, text: str, names: str, data: List[Any], c: Any, rule: Any) -> None:
    """A result and its gradients against saitama's own. `rule` is written with methods that both have."""
    mine = [tensor(my, value, True) for value in data]
    theirs = [oracle(value) for value in data]
    got = my.run(text, rule, *mine)
    want = rule(*theirs)
    expect(text, got, want)
    right = exact(want, c, *theirs)
    gradients(my, text, got, c, list(zip([f"{name}.grad" for name in names], mine, right)))


@code(
    "04-code-backward",
    "add, sub, mul, matmul and backward()",
    "Keep the operands with the result, and a function that takes the gradient of the result apart.",
    "dA = dY Bᵀ, dB = Aᵀ dY.",
)
def backward(my: Try) -> None:
    tried(my, "a.add(b)", "ab", [A, B], C, lambda a, b: a.add(b))
    tried(my, "a.sub(b)", "ab", [A, B], C, lambda a, b: a.sub(b))
    tried(my, "a.mul(b)", "ab", [A, B], C, lambda a, b: a.mul(b))
    tried(my, "a.matmul(w)", "aw", [A, W], [[1.0, -2.0], [0.5, 3.0]], lambda a, w: a.matmul(w))
    square = [[1.0, -2.0], [0.5, 3.0]]
    tried(
        my,
        "a.matmul(b), both (2, 2)",
        "ab",
        [square, [[2.0, 1.0], [-1.0, 0.5]]],
        [[1.0, 2.0], [3.0, -1.0]],
        lambda a, b: a.matmul(b),
    )
    tried(my, "a.mul(a), a tensor used twice", "a", [A], C, lambda a: a.mul(a))
    tried(my, "b = a.add(a); b.mul(b)", "a", [A], C, lambda a: a.add(a).mul(a.add(a)))
    tried(my, "b = a.add(a); c = b.add(b)", "a", [A], C, _doubled)
    several = tensor(my, A, True)
    y = my.run("a.add(a)", lambda: several.add(several))
    my.refuses("backward() of a tensor of shape (2, 3)", "it has 6 elements: reduce it to one first", y.backward)


def _doubled(a: Any) -> Any:
    b = a.add(a)
    return b.add(b)


@code(
    "04-code-broadcast",
    "Gradients of what was repeated",
    "Add the gradient up along every axis that the operand did not have, or had with size 1.",
    "The result has the operand's own shape: (1, m) is not (m,).",
)
def broadcast(my: Try) -> None:
    for shape, data in (
        ("(3,)", [1.0, -2.0, 0.5]),
        ("(1, 3)", [[1.0, -2.0, 0.5]]),
        ("(2, 1)", [[2.0], [-1.0]]),
        ("()", 1.5),
    ):
        tried(my, f"a (2, 3) .add(b {shape})", "ab", [A, data], C, lambda a, b: a.add(b))
        tried(my, f"a (2, 3) .mul(b {shape})", "ab", [A, data], C, lambda a, b: a.mul(b))
        tried(my, f"b {shape} .sub(a (2, 3))", "ba", [data, A], C, lambda b, a: b.sub(a))


@code(
    "04-code-reduce",
    "sum and mean",
    "Back through a sum every element gets the whole gradient; through a mean of n elements 1/n of it.",
    "Along one dim the gradient has one axis less: repeat it along that axis.",
)
def reduce(my: Try) -> None:
    for name in ("sum", "mean"):
        tried(my, f"a.{name}()", "a", [A], 2.5, lambda a, name=name: getattr(a, name)())
        for dim, c in ((0, [1.0, -2.0, 0.5]), (1, [3.0, -1.0])):
            tried(my, f"a (2, 3) .{name}(dim={dim})", "a", [A], c, partial(_along, name, dim))
    square = [[1.0, -2.0], [0.5, 3.0]]
    tried(my, "a (2, 2) .sum(dim=1)", "a", [square], [3.0, -1.0], lambda a: a.sum(dim=1))


def _along(name: str, dim: int, a: Any) -> Any:
    return getattr(a, name)(dim=dim)


@code(
    "04-code-reshape",
    "reshape and transpose",
    "The numbers keep their order; only the sizes change. The gradient is reshaped back.",
    "The gradient of a transpose is transposed back.",
)
def reshape(my: Try) -> None:
    tried(my, "a (2, 3) .reshape(3, 2)", "a", [A], W, lambda a: a.reshape(3, 2))
    tried(my, "a (2, 3) .reshape(6)", "a", [A], [1.0, 2.0, 3.0, -1.0, -2.0, -3.0], lambda a: a.reshape(6))
    tried(my, "a (2, 3) .transpose()", "a", [A], W, _turned)
    one = tensor(my, A, True)
    my.refuses("a (2, 3) .reshape(4, 2)", "6 numbers do not fit (4, 2)", lambda: one.reshape(4, 2))


def _turned(a: Any) -> Any:
    return a.transpose(0, 1) if type(a).__module__.startswith("saitama") else a.transpose()
