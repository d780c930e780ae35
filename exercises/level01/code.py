"""Level 1 in code: a Tensor on plain Python lists. Names of the learner's own are accepted."""

from __future__ import annotations

from typing import Any

from ..task import code
from ..trying import Try, Wrong, expect, numbers, show

MUL, DATA = ("mul", "multiply"), ("tolist", "to_data", "data")


def shape(my: Try, tensor: Any, shown: str) -> Any:
    """`shape` as an attribute or a method, as a tuple or a list."""
    if "shape" not in dir(tensor):
        raise Wrong(f"{shown} has no shape: make it an attribute, a property or a method")
    found = my.run(f"{shown}.shape", getattr, tensor, "shape")
    if callable(found):
        found = my.run(f"{shown}.shape()", found)
    return list(found) if isinstance(found, (tuple, list)) else found


def operation(my: Try, names: Any, a: Any, b: Any) -> Any:
    """The result of a method on two new tensors."""
    Tensor = my.get("Tensor")
    left = my.run(f"Tensor({show(a)})", Tensor, a)
    right = my.run(f"Tensor({show(b)})", Tensor, b)
    return my.method(left, f"Tensor({show(a)})", names, right)


def tried(names: Any, a: Any, b: Any) -> str:
    return f"Tensor({show(a)}).{names[0]}(Tensor({show(b)}))"


@code(
    "01-code-tensor",
    "Tensor: numbers and their shape",
    "The shape of a list is its length, then the shape of its first part.",
    "Before you keep a table, compare the length of every row with that of the first.",
)
def tensor(my: Try) -> None:
    Tensor = my.get("Tensor")
    for data, want in (
        ([1.0, 2.0, 3.0], [3]),
        ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [2, 3]),
        ([[1.5]], [1, 1]),
        (2.5, []),
    ):
        one = my.run(f"Tensor({show(data)})", Tensor, data)
        got = shape(my, one, f"Tensor({show(data)})")
        if got != want:
            raise Wrong(f"Tensor({show(data)}).shape is {show(got)}, expected {tuple(want)}")
        expect(f"Tensor({show(data)}).data", one, data)
    ragged = [[1.0, 2.0, 3.0], [4.0, 5.0]]
    why = "a ragged list has no shape: say which row is wrong (row 1 has 2 numbers, not 3)"
    my.refuses(f"Tensor({show(ragged)})", why, Tensor, ragged)
    mixed = [1.0, [2.0, 3.0]]
    my.refuses("Tensor([1, [2, 3]])", "a number among rows has no place in a table", Tensor, mixed)
    my.refuses("Tensor([1, 'two', 3])", "a text is no number", Tensor, [1.0, "two", 3.0])


@code(
    "01-code-elementwise",
    "add, sub, mul",
    "Go through both place by place; for a table, row by row.",
    "Compare the two shapes before anything else: zip() stops at the shorter one without a word.",
)
def elementwise(my: Try) -> None:
    a, b = [1.0, -2.0, 3.0], [0.5, 4.0, -1.5]
    A, B = [[1.0, 2.0, 3.0], [-4.0, 5.0, 6.0]], [[0.5, -1.0, 2.0], [3.0, 0.25, -2.0]]
    rules = {("add",): lambda x, y: x + y, ("sub",): lambda x, y: x - y, MUL: lambda x, y: x * y}
    for names, rule in rules.items():
        expect(tried(names, a, b), operation(my, names, a, b), list(map(rule, a, b)))
        want = [list(map(rule, *rows)) for rows in zip(A, B)]
        faults = {"rows and columns are exchanged": [list(column) for column in zip(*want)]}
        if names == MUL:
            products = [[sum(x * y for x, y in zip(row, other)) for other in B] for row in A]
            faults["these are the numbers of a matrix product; mul is element by element"] = products
        expect(tried(names, A, B), operation(my, names, A, B), want, faults=faults)
        for c, other in ((2.0, a), (a, 2.0)):
            left, right = (c, other)
            what = f"{tried(names, left, right)}, a number and a vector,"
            want = [rule(2.0, x) for x in a] if left == 2.0 else [rule(x, 2.0) for x in a]
            expect(what, operation(my, names, left, right), want)
        short = [1.0, 2.0]
        cut = list(map(rule, a, short))
        try:
            got = numbers(operation(my, names, a, short))
        except Wrong as error:
            if "raised" not in str(error):
                raise
            text = str(error)
            if not ("3" in text and "2" in text):
                raise Wrong(f"{text}: it should name both shapes, (3,) and (2,)") from None
            continue
        why = (
            "the longer one is cut off at the end of the shorter: compare the shapes first"
            if got == cut
            else ("shapes (3,) and (2,) do not match")
        )
        raise Wrong(f"{tried(names, a, short)} returned {show(got)}, expected an error: {why}")
    Tensor = my.get("Tensor")
    left, right = Tensor(list(a)), Tensor(list(b))
    my.method(left, f"Tensor({show(a)})", ("add",), right)
    expect(f"t = Tensor({show(a)}); t.add(…); t", left, a, "the operands must stay as they were")


@code(
    "01-code-matmul",
    "matmul",
    "Element i, j is the sum over k of a[i][k] · b[k][j]: three loops.",
    "A vector on the right is a single column; the result is a vector again.",
)
def matmul(my: Try) -> None:
    S, T = [[1.0, 2.0], [3.0, -4.0]], [[0.5, 2.0], [-1.0, 3.0]]
    turned = [list(column) for column in zip(*product(S, T))]
    faults = {
        "rows and columns are exchanged": turned,
        "it is element by element; element i, j is row i times column j": [[0.5, 4.0], [-3.0, -12.0]],
        "row times row: the right operand is read along its rows": product(S, [[0.5, -1.0], [2.0, 3.0]]),
        "that is B A: the rows belong to the left operand": product(T, S),
    }
    expect(tried(["matmul"], S, T), operation(my, ["matmul"], S, T), product(S, T), faults=faults)
    A, B = [[1.0, 2.0, 3.0], [-4.0, 5.0, 6.0]], [[0.5, -1.0], [2.0, 3.0], [0.25, -2.0]]
    want = product(A, B)
    faults = {
        "rows and columns are exchanged": [list(column) for column in zip(*want)],
        "that is B A: the rows belong to the left operand": product(B, A),
    }
    expect(tried(["matmul"], A, B), operation(my, ["matmul"], A, B), want, faults=faults)
    x = [2.0, -1.0, 0.5]
    expect(tried(["matmul"], A, x), operation(my, ["matmul"], A, x), [sum(map(mul, row, x)) for row in A])
    got = operation(my, ["matmul"], x, [4.0, 2.0, -2.0])
    expect(
        tried(["matmul"], x, [4.0, 2.0, -2.0]), got, 5.0, faults={"the products are not added up": [8.0, -2.0, -1.0]}
    )
    Tensor = my.get("Tensor")
    left, right = Tensor(A), Tensor(A)
    why = "the inner sizes 3 and 2 do not match: name both shapes"
    my.refuses(tried(["matmul"], A, A), why, lambda: left.matmul(right), words=("2", "3"))
    my.refuses(
        tried(["matmul"], A, [1.0, 2.0]),
        "3 columns and 2 numbers do not match",
        lambda: left.matmul(Tensor([1.0, 2.0])),
    )


def mul(x: float, y: float) -> float:
    return x * y


def product(A: Any, B: Any) -> Any:
    return [[sum(map(mul, row, column)) for column in zip(*B)] for row in A]
