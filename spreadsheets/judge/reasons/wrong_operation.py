"""A product for a difference, a sum for a product, another function."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas.syntax import Binary, Call, Tree, parse_formula
from ...graph.keys import Value
from .bank import Misconception, misconception
from .case import Case, Cell

OPERATORS = {"+": "a sum", "-": "a difference", "*": "a product", "/": "a quotient"}
FUNCTIONS = {
    "TANH": lambda x: f"TANH({x})",
    "the logistic function": lambda x: f"1/(1+EXP(-({x})))",
    "max(0, x)": lambda x: f"MAX(0,{x})",
    "the exponential": lambda x: f"EXP({x})",
    "the logarithm": lambda x: f"LN({x})",
    "the square": lambda x: f"({x})*({x})",
    "the double": lambda x: f"2*({x})",
    "the root": lambda x: f"SQRT({x})",
    "the number itself": lambda x: f"1*({x})",
    "the magnitude": lambda x: f"ABS({x})",
}


@misconception("wrong-operation")
class WrongOperation(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        for operator, name in OPERATORS.items():
            yield f"{name} in place of {case.step.rule}", lambda i, o=operator: with_operator(case.tree(i), o)
        yield from self.functions(case)
        for name, words in (
            ("SUM", "the sum"),
            ("MAX", "the largest"),
            ("MIN", "the smallest"),
            ("AVERAGE", "the mean"),
        ):
            yield (
                f"{words} in place of {case.step.rule}",
                lambda i, n=name: called(parse_formula(case.step.formula(i)), n),
            )

    @staticmethod
    def functions(case: Case) -> Iterator[Tuple[str, Cell]]:
        """Another function of the one operand of an elementwise step."""
        node = case.node
        if node is None or case.k is not None or case.inner or len(node.inputs) not in (1, 2):
            return
        x = case.work.view(Value(node.inputs[0]))
        if x.shape != case.step.shape:
            return
        for name, function in FUNCTIONS.items():
            yield f"{name} in place of {case.step.rule}", lambda i, f=function: f(x[i])


def with_operator(tree: Tree, operator: str) -> Tree:
    if not isinstance(tree, Binary) or tree.operator == operator:
        raise ValueError("it is that operation, or none")
    return Binary(operator, tree.left, tree.right)


def called(tree: Tree, name: str) -> Tree:
    """A function of a block in place of another one of the same block."""
    if not isinstance(tree, Call) or tree.name == name or tree.name not in ("SUM", "MAX", "MIN", "AVERAGE"):
        raise ValueError("no function of a block")
    return Call(name, tree.arguments)
