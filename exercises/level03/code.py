"""Level 3 in code: a Value that remembers what it was made of."""

from __future__ import annotations

import math
import sys
from typing import Any, Callable, Dict, List, Sequence, Tuple

from ..task import code
from ..trying import Try, Wrong, central, expect, expect_gradients, show

DEEP = 50_000
LIMIT = sys.getrecursionlimit()  # before any code of a learner ran
Rule = Callable[..., Any]


def values(my: Try, *data: float) -> List[Any]:
    Value = my.get("Value")
    return [my.run(f"Value({x:g})", Value, x) for x in data]


def data_of(value: Any) -> Any:
    return value.data if hasattr(value, "data") else value


@code(
    "03-code-value",
    "Value: operations that record",
    "Each operation returns a new Value that keeps its operands, and what to do with a gradient.",
    "Numbers may stand on either side: make a Value of what is none; 2 - x is __rsub__.",
)
def value(my: Try) -> None:
    tries: List[Tuple[str, Rule, Tuple[float, ...], float]] = [
        ("a + b", lambda a, b: a + b, (2.0, -0.5), 1.5),
        ("a - b", lambda a, b: a - b, (2.0, -0.5), 2.5),
        ("a * b", lambda a, b: a * b, (2.0, -0.5), -1.0),
        ("a / b", lambda a, b: a / b, (2.0, -0.5), -4.0),
        ("a ** 3", lambda a: a**3, (-1.5,), -3.375),
        ("-a", lambda a: -a, (2.0,), -2.0),
        ("a + 2", lambda a: a + 2, (1.5,), 3.5),
        ("2 + a", lambda a: 2 + a, (1.5,), 3.5),
        ("2 - a", lambda a: 2 - a, (1.5,), 0.5),
        ("a * 2", lambda a: a * 2, (1.5,), 3.0),
        ("2 * a", lambda a: 2 * a, (1.5,), 3.0),
        ("a / 2", lambda a: a / 2, (1.5,), 0.75),
        ("3 / a", lambda a: 3 / a, (1.5,), 2.0),
        ("a.exp()", lambda a: a.exp(), (0.5,), math.exp(0.5)),
        ("a.tanh()", lambda a: a.tanh(), (0.5,), math.tanh(0.5)),
        ("a.relu()", lambda a: a.relu(), (-0.5,), 0.0),
    ]
    faults = {
        "2 - a": {"that is a - 2: __rsub__ has its operands the other way round": -0.5},
        "3 / a": {"that is a / 3: __rtruediv__ has its operands the other way round": 0.5},
    }
    for text, rule, data, want in tries:
        got = my.run(written(text, data), rule, *values(my, *data))
        expect(written(text, data), data_of(got), want, faults=faults.get(text))


def written(text: str, data: Sequence[float]) -> str:
    return f"{text} with {', '.join(f'{name} = {x:g}' for name, x in zip('abc', data))}"


@code(
    "03-code-backward",
    "backward(): every shape of graph",
    "Add to a gradient, never set it: += where a value has several users.",
    "Go through the graph so that each value comes after all that were made from it.",
    "At a second call, what lies in between starts from 0 again; the leaves go on adding.",
)
def backward(my: Try) -> None:
    tried(my, "(a * b + c) * a", lambda a, b, c: (a * b + c) * a, (2.0, -0.5, 3.0), [1.0, 4.0, 2.0])
    tried(my, "b = a + a; c = b + b", _doubled, (3.0,), [4.0], {"each share was handed on at once": 6.0})
    tried(my, "u = 2 a; v = 3 u; u + v", _uneven, (1.0,), [8.0], {"u was visited before v": 2.0})
    tried(my, "v = 3 u; u = 2 a; v * u", lambda a: (3 * (2 * a)) * (2 * a), (1.5,), [36.0])
    for text, rule, x, slope in (
        ("a ** 3", lambda a: a**3, -1.5, 6.75),
        ("a / (a + 2)", lambda a: a / (a + 2), 2.0, 0.125),
        ("a.exp()", lambda a: a.exp(), 0.5, math.exp(0.5)),
        ("a.tanh()", lambda a: a.tanh(), 0.5, 1 - math.tanh(0.5) ** 2),
        ("a.relu()", lambda a: a.relu(), -0.5, 0.0),
        ("2 - a", lambda a: 2 - a, 0.5, -1.0),
        ("3 / a", lambda a: 3 / a, 2.0, -0.75),
    ):
        tried(my, text, rule, (x,), [slope])
    (a,) = values(my, 3.0)
    c = my.run("b = a + a; c = b + b with a = 3", _doubled, a)
    my.run("c.backward()", c.backward)
    my.run("c.backward(), again", c.backward)
    faults = {
        16.0: "the old gradients in between were handed on once more",
        12.0: "the old gradients in between were handed on once more",
        4.0: "the leaf was cleared: backward() adds to it",
    }
    if a.grad != 8.0:
        why = faults.get(a.grad, "leaves add up, and what lies in between starts from 0")
        raise Wrong(f"b = a + a; c = b + b; c.backward() twice: a.grad is {show(a.grad)}, expected 8: {why}")


def _doubled(a: Any) -> Any:
    b = a + a
    return b + b


def _uneven(a: Any) -> Any:
    u = 2 * a
    return u + 3 * u


def tried(my: Try, text: str, rule: Rule, data: Sequence[float], exact: List[float], faults: Any = None) -> None:
    leaves = values(my, *data)
    result = my.run(written(text, data), rule, *leaves)
    my.run(f"backward() after {written(text, data)}", result.backward)
    near: Dict[str, float] = {}
    if not any(name in text for name in ("exp", "tanh", "relu")):
        for n, name in enumerate("abc"[: len(data)]):
            near[f"{name}.grad"] = central(lambda v, n=n: rule(*data[:n], v, *data[n + 1 :]), data[n])  # type: ignore
    for sentence, wrong in (faults or {}).items():
        if leaves[0].grad == wrong:
            raise Wrong(
                f"after {written(text, data)}, backward(): a.grad is {wrong:g}, expected {exact[0]:g}: {sentence}"
            )
    rows = [(f"{name}.grad", leaf.grad, want) for name, leaf, want in zip("abc", leaves, exact)]
    expect_gradients(f"after {written(text, data)}, backward()", rows, near)


@code(
    "03-code-deep",
    "A graph of 50,000 operations",
    "A recursion is as deep as the graph: keep your own stack, or number the values as they are made.",
)
def deep(my: Try) -> None:
    (x,) = values(my, 1.0)
    text = f"y = x; {DEEP:,} times y = y + x"
    my.note(text)
    y = x
    for _ in range(DEEP):
        y = my.run(text, lambda y: y + x, y)
    my.run(f"{text}; y.backward()", y.backward)
    if sys.getrecursionlimit() != LIMIT:
        raise Wrong("the recursion limit was raised: Python's own stack would be next; use a loop")
    expect(f"{text}; y.backward(); x.grad", x.grad, DEEP + 1.0)
