"""A formula's value, from the boxes of the cells that it reads.

This is a spreadsheet program in small, for judging: it has the functions that our formulas and a learner's own use, and
says plainly when it meets another one. Blanks count as 0, texts are passed over by SUM and the like, as in Excel.
"""

from __future__ import annotations

from typing import Callable, Iterator, List, Sequence

from .box import Box
from .functions import CHOICES, FUNCTIONS
from .syntax import Binary, Call, Constant, Place, Reference, Signed, SyntaxProblem, Tree
from .values import CellProblem, Undecided, Value, as_text

Look = Callable[[Place], Value]
Rounding = Callable[[Box, Tree], Box]
COMPARISONS = ("=", "<>", "<", ">", "<=", ">=")


class Evaluator:
    """`look` gives the value of a cell. `rounded` is applied to the parts of a formula that a person may write down on
    the way, such as its products; never to the whole, which is rounded by whoever types it."""

    def __init__(self, look: Look, rounded: Rounding = lambda box, part: box) -> None:
        self.look, self.rounded = look, rounded

    def value(self, tree: Tree) -> Value:
        if isinstance(tree, Reference):
            if tree.last is not None:
                raise SyntaxProblem("a block stands where one cell belongs")
            return self.look(tree.first)
        if isinstance(tree, Binary):
            operand = self.part if tree.operator in COMPARISONS else self.operand
            return self.joined(tree.operator, operand(tree.left), operand(tree.right))
        if isinstance(tree, Constant):
            return Box.exact(tree.value) if isinstance(tree.value, float) else tree.value
        if isinstance(tree, Signed):
            box = self.box(self.part(tree.x))
            return box * Box.exact(0.01) if tree.sign == "%" else -box if tree.sign == "-" else box
        function = FUNCTIONS.get(tree.name)
        if function is not None:
            return function(self, tree.arguments)
        choice = CHOICES.get(tree.name)
        if choice is None:
            raise SyntaxProblem(f"the function {tree.name} is not known here")
        return choice(self, tree.arguments, self.value)

    def part(self, tree: Tree) -> Value:
        """The value of a part of a formula, rounded where it is a step of its own."""
        if isinstance(tree, (Reference, Constant)):
            return self.value(tree)
        if isinstance(tree, Call) and tree.name in CHOICES:
            return CHOICES[tree.name](self, tree.arguments, self.part)
        value = self.value(tree)
        return self.rounded(value, tree) if isinstance(value, Box) and not isinstance(tree, Signed) else value

    def operand(self, tree: Tree) -> Value:
        """The value of a part that is calculated with: a truth counts as 1 or 0, and where rounding does not decide it,
        as anything between."""
        try:
            return self.part(tree)
        except Undecided as undecided:
            if isinstance(tree, Binary) and tree.operator in COMPARISONS:
                return Box(float(undecided.args[0]), 0.0, 1.0)
            raise

    def number(self, tree: Tree) -> Box:
        """The value of a part that must be a number."""
        return self.box(self.part(tree))

    def box(self, value: Value) -> Box:
        if isinstance(value, Box):
            return value
        if isinstance(value, str):
            raise CellProblem("#VALUE!")
        return Box.exact(float(value or 0))

    def joined(self, operator: str, left: Value, right: Value) -> Value:
        if operator in COMPARISONS:
            return self.compare(operator, left, right)
        if operator == "&":
            return as_text(left) + as_text(right)
        a, b = self.box(left), self.box(right)
        if operator == "+":
            return a + b
        if operator == "-":
            return a - b
        return a * b if operator == "*" else a / b if operator == "/" else a.power(b)

    def compare(self, operator: str, a: Value, b: Value) -> bool:
        """Raises Undecided where the boxes overlap and are not the same number."""
        if isinstance(a, str) or isinstance(b, str):
            same = isinstance(a, str) and isinstance(b, str) and a.lower() == b.lower()
            if operator in ("=", "<>"):
                return same == (operator == "=")
            return isinstance(a, str) == (operator in (">", ">="))  # a text counts as more than any number
        x, y = self.box(a), self.box(b)
        outcome = {"=": x.at == y.at, "<>": x.at != y.at, "<": x.at < y.at, ">": x.at > y.at, "<=": x.at <= y.at}
        decided = outcome.get(operator, x.at >= y.at)
        if x.meets(y.low, y.high) and not (x.is_exact and y.is_exact):
            raise Undecided(decided)
        return decided

    def truth(self, tree: Tree) -> bool:
        value = self.part(tree)
        return value if isinstance(value, bool) else self.box(value).at != 0

    # --- blocks -----------------------------------------------------------------------------------------------------
    def cells(self, tree: Tree) -> List[Value]:
        """The values of an argument that may be a block, row by row."""
        if isinstance(tree, Reference) and tree.last is not None:
            return [self.look(place) for place in tree.places()]
        return [self.part(tree)]

    def array(self, tree: Tree) -> List[Value]:
        """The values of an argument that may be arithmetic on blocks, number by number."""
        if not isinstance(tree, Binary):
            return self.cells(tree)
        left, right = self.array(tree.left), self.array(tree.right)
        if len(left) != len(right):
            left, right = (side * max(len(left), len(right)) if len(side) == 1 else side for side in (left, right))
        joined = [self.joined(tree.operator, a, b) for a, b in zip(left, right)]
        return [self.rounded(value, tree) if isinstance(value, Box) else value for value in joined]

    def numbers(self, arguments: Sequence[Tree]) -> Iterator[Box]:
        """The numbers among the arguments; texts and blanks are passed over."""
        for argument in arguments:
            for value in self.cells(argument):
                if isinstance(value, Box):
                    yield value


__all__ = ["CellProblem", "Evaluator", "Look", "Rounding", "Undecided", "Value"]
