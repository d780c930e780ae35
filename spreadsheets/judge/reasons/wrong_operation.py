"""A product for a difference, a sum for a product, another function."""

from __future__ import annotations

from functools import partial
from typing import Callable, Dict, Iterator, Optional, Tuple

from ...formulas.syntax import Binary, Call, Signed, Tree
from ...graph.keys import Value
from ...layout import Index
from .bank import GENERAL, Misconception, Way, misconception
from .case import Case, NotHere, Operand, is_number
from .edited import edited
from .trees import ONE, ZERO, factors_of, product, sum_inside, sum_of, terms_of

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
    "one over it": lambda x: Binary("/", ONE, x),
    "the magnitude": lambda x: Call("ABS", (x,)),
}
EXTREMES = {"MAX": "the smallest", "MIN": "the largest"}


@misconception("wrong-operation", GENERAL)
class WrongOperation(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield from edited(case, another_operation)
        for name, call in (("the largest", "MAX"), ("the smallest", "MIN")):
            yield f"{name} stands where {case.rule} belongs", case.whole(partial(of_all, call))
        if case.op == "MatMul" and case.k is None and len({one.shape for one in case.operands}) == 1:
            words = f"{' and '.join(one.name for one in case.operands)} are multiplied element by element"
            yield words, lambda i: product([(False, one.cell(i)) for one in case.operands])
        x = argument(case)
        if x is None:
            return
        for name, function in OF_ONE.items():
            yield f"{name} of {x.name} stands where {case.rule} belongs", partial(of_one, function, x)


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


def of_all(function: str, tree: Tree) -> Tree:
    """A function of the numbers that are added up; of two it would be one of them."""
    terms, _ = sum_inside(tree)
    if len(terms) < 3:
        raise NotHere("no sum of many")
    return Call(function, tuple(sum_of([term]) for term in terms))


def argument(case: Case) -> Optional[Operand]:
    """What a function is taken of, number by number."""
    node = case.node
    if node is None or case.k is not None or case.inner:
        return None
    operands = [one for one in (case.operand(Value(item)) for item in node.inputs) if not is_number(one)]
    return operands[0] if len(operands) == 1 and operands[0].shape == case.shape else None
