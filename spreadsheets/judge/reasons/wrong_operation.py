"""A product for a difference, a sum for a product, another function."""

from __future__ import annotations

from functools import partial
from typing import Callable, Dict, Iterator, List, Optional, Tuple

from ...formulas.syntax import Binary, Call, Constant, Signed, Tree, references
from ...graph.items import Node
from ...graph.keys import Value
from ...layout import Index
from .bank import GENERAL, Misconception, Way, misconception
from .case import Case
from .edited import edited
from .matrices import matrices, only_one
from .operand import NotHere, Operand, is_number
from .slopes import slopes
from .trees import ONE, ZERO, divided, factors_of, product, sum_inside, sum_of, terms_of, total

OPERATORS = {"+": "a sum", "-": "a difference", "*": "a product", "/": "a quotient"}
OF_ONE: Dict[str, Callable[[Tree], Tree]] = {
    "tanh": lambda x: Call("TANH", (x,)),
    "the logistic function": lambda x: Binary("/", ONE, Binary("+", ONE, Call("EXP", (Signed("-", x),)))),
    "max(0, ·)": lambda x: Call("MAX", (ZERO, x)),
    "exp": lambda x: Call("EXP", (x,)),
    "ln": lambda x: Call("LN", (x,)),
    "the square": lambda x: Binary("*", x, x),
    "the root": lambda x: Call("SQRT", (x,)),
    "the double": lambda x: Binary("+", x, x),
    "the half": lambda x: Binary("/", x, Constant(2.0)),
    "one over it": lambda x: Binary("/", ONE, x),
    "the magnitude": lambda x: Call("ABS", (x,)),
    "1 above 0, and 0 below,": lambda x: divided(2, Binary("+", ONE, Call("SIGN", (x,)))),
}
OF_MANY: Dict[str, Callable[[List[Tree]], Tree]] = {
    "the largest": lambda numbers: Call("MAX", tuple(numbers)),
    "the smallest": lambda numbers: Call("MIN", tuple(numbers)),
    "the sum": total,
    "the mean": lambda numbers: divided(len(numbers), total(numbers)),
    "the product of them": lambda numbers: product([(False, one) for one in numbers]),
}
EXTREMES = {"MAX": "the smallest", "MIN": "the largest"}


@misconception("wrong-operation", GENERAL)
class WrongOperation(Misconception):
    def at_once(self, case: Case) -> Iterator[Way]:
        yield "this is 1 minus what belongs here", case.whole(lambda tree: Binary("-", ONE, tree))
        yield from only_one(case, 1)

    def ways(self, case: Case) -> Iterator[Way]:
        yield from edited(case, another_operation)
        for name, call in OF_MANY.items():
            yield f"{name} stands where {case.rule} belongs", case.whole(partial(of_all, call))
        for name in ("the root", "the square"):
            yield f"{name} of it stands where {case.rule} belongs", case.whole(OF_ONE[name])
        yield from matrices(case)
        yield from slopes(case)
        yield from places(case)
        yield from as_of_a_product(case)
        for operand in case.operands:
            yield from left_out(case, operand)
        yield "what is done where the condition holds is done where it does not", case.otherwise
        x = argument(case)
        if x is None:
            return
        for name, function in OF_ONE.items():
            yield f"{name} of {x.name} stands where {case.rule} belongs", partial(of_one, function, x)


def places(case: Case) -> Iterator[Way]:
    """Where the largest stands, counted from 0 or from 1, in place of how large it is."""
    if case.op not in ("Max", "Min") or case.k is not None:
        return

    def place(index: Index, first: int) -> Tree:
        tree = case.tree(index)
        if not isinstance(tree, Call):
            raise NotHere("no extreme of many")
        numbers = [case.evaluator.number(one).at for one in tree.arguments]
        return Constant(float(numbers.index(max(numbers) if tree.name == "MAX" else min(numbers)) + first))

    for first in (0, 1):
        yield (
            f"its place stands here, counted from {first}, where the number itself belongs",
            partial(place, first=first),
        )


def as_of_a_product(case: Case) -> Iterator[Way]:
    """The gradient of a term is what arrives; multiplied by the term, or by the one beside it, as in a product."""
    node = case.node
    if node is None or case.k is None or case.inner or case.op not in ("Add", "Sub", "Sum", "Mean"):
        return
    for item in node.inputs:
        x = case.operand(Value(item))
        words = f"multiplied by {x.name}, as in a product; here the derivative is that of a sum"
        if x.shape == case.shape:
            yield words, lambda i, x=x: product([(False, case.tree(i)), (False, x.cell(i))])  # type: ignore[misc]
        yield words, lambda i, x=x: with_each_term(case, x, i)  # type: ignore[misc]


def with_each_term(case: Case, x: Operand, index: Index) -> Tree:
    """Each of the gradients that are added up, times the number of x at its place."""
    terms, around = sum_inside(case.tree(index))
    found = []
    for sign, term in terms:
        (reference,) = references(term)
        found.append((sign, Binary("*", term, x.cell(case.read(reference)[1]))))
    return around(sum_of(found))  # type: ignore[arg-type]


def left_out(case: Case, operand: Operand) -> Iterator[Way]:
    """A function that an operand is made by, left out on the way: the numbers that it was to be taken of are read."""
    node = operand.key.item if isinstance(operand.key, Value) else None
    if isinstance(node, Node) and len(node.inputs) == 1 and node.inputs[0].shape == node.shape:
        x = case.operand(Value(node.inputs[0]))
        if x.key in case.work.blocks:
            yield f"{x.name} stands where {operand.name} belongs", case.instead((operand.key, x.key))


def of_one(function: Callable[[Tree], Tree], x: Operand, index: Index) -> Tree:
    return function(x.cell(index))


def another_operation(tree: Tree) -> Iterator[Tuple[str, Tree]]:
    """Another operation on the same two numbers, a factor that divides, a function that is not there."""
    if isinstance(tree, Call) and len(tree.arguments) == 1:
        yield f"{tree.name.lower()} is missing", tree.arguments[0]
    if isinstance(tree, Call) and tree.name in EXTREMES:
        yield (
            f"{EXTREMES[tree.name]} stands where the other extreme belongs",
            Call("MIN" if tree.name == "MAX" else "MAX", tree.arguments),
        )
    if not isinstance(tree, Binary):
        return
    terms, factors = terms_of(tree), factors_of(tree)
    if len(terms) == 2 or len(factors) == 2:
        for operator, name in OPERATORS.items():
            if operator != tree.operator and {operator, tree.operator} != {"+", "-"}:  # that is the sign
                yield (
                    f"{name} stands where {OPERATORS.get(tree.operator, 'a power')} belongs",
                    Binary(operator, tree.left, tree.right),
                )
    if tree.operator == "^":
        yield "a product stands where a power belongs", Binary("*", tree.left, tree.right)
    for n, (divides, factor) in enumerate(factors if len(factors) > 1 else ()):
        did, rule = ("multiplied", "divides") if divides else ("divided", "multiplies")
        yield f"{did} where the rule {rule}", product([*factors[:n], (not divides, factor), *factors[n + 1 :]])


def of_all(function: Callable[[List[Tree]], Tree], tree: Tree) -> Tree:
    """A function of the numbers that are added up, or of which one is picked; of two it would be one of them."""
    if isinstance(tree, Call) and tree.name in EXTREMES:
        numbers = list(tree.arguments)
    else:
        numbers = [sum_of([term]) for term in sum_inside(tree)[0]]
    if len(numbers) < 3:
        raise NotHere("no sum of many")
    return function(numbers)


def argument(case: Case) -> Optional[Operand]:
    """What a function is taken of, number by number."""
    node = case.node
    if node is None or case.k is not None or case.inner:
        return None
    operands = [one for one in (case.operand(Value(item)) for item in node.inputs) if not is_number(one)]
    return operands[0] if len(operands) == 1 and operands[0].shape == case.shape else None
