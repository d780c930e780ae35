"""A formula's value, from the boxes of the cells that it reads.

This is a spreadsheet program in small, for judging: it has the functions that our formulas and a learner's own use, and
says plainly when it meets another one. Blanks count as 0, texts are passed over by SUM and the like, as in Excel.
"""

from __future__ import annotations

import math
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Union

from .box import Box, either, largest
from .syntax import Binary, Call, Constant, Place, Reference, Signed, SyntaxProblem, Tree

Value = Union[Box, str, bool, None]  # None: a blank, or a truth that rounding does not decide
Look = Callable[[Place], Value]
Rounding = Callable[[Box], Box]


class CellProblem(ArithmeticError):
    """What a spreadsheet shows as an error: #DIV/0!, #NUM!, #VALUE!."""


class Undecided(Exception):
    """A comparison whose outcome depends on rounding."""


class Evaluator:
    """`look` gives the value of a cell. `rounded` is applied to every number that a person would write down on the way:
    products, quotients and functions inside of a formula."""

    def __init__(self, look: Look, rounded: Rounding = lambda box: box) -> None:
        self.look, self.rounded = look, rounded

    def number(self, tree: Tree) -> Box:
        """The number that a formula gives; CellProblem where it gives none."""
        return self._box(self._outer(tree))

    def _outer(self, tree: Tree) -> Value:
        """The value of a formula: its last step is rounded by whoever types it, so not here."""
        try:
            return self.value(tree)
        except (ZeroDivisionError, OverflowError, ValueError) as error:
            if isinstance(error, SyntaxProblem):
                raise
            raise CellProblem(str(error) or "#DIV/0!") from None

    def inner(self, tree: Tree) -> Value:
        """The value of a part, rounded where it is a step of its own."""
        value = self.value(tree)
        is_step = isinstance(tree, (Binary, Call)) and not (isinstance(tree, Binary) and tree.operator in "+-=<>&<=>=")
        return self.rounded(value) if is_step and isinstance(value, Box) else value

    def value(self, tree: Tree) -> Value:
        if isinstance(tree, Constant):
            return Box.exact(tree.value) if isinstance(tree.value, float) else tree.value
        if isinstance(tree, Reference):
            if tree.last is not None:
                raise SyntaxProblem("a block stands where one cell belongs")
            return self.look(tree.first)
        if isinstance(tree, Signed):
            box = self._box(self.inner(tree.x))
            return {"-": lambda: -box, "+": lambda: box, "%": lambda: box * Box.exact(0.01)}[tree.sign]()
        if isinstance(tree, Binary):
            return self._binary(tree)
        function = FUNCTIONS.get(tree.name)
        if function is None:
            raise SyntaxProblem(f"the function {tree.name} is not known here")
        return function(self, tree.arguments)

    def _binary(self, tree: Binary) -> Value:
        return self._joined(tree.operator, self.inner(tree.left), self.inner(tree.right))

    def _joined(self, operator: str, left: Value, right: Value) -> Value:
        if operator in ("=", "<>", "<", ">", "<=", ">="):
            return self.compare(operator, left, right)
        if operator == "&":
            return _text(left) + _text(right)
        a, b = self._box(left), self._box(right)
        if operator == "^":
            return a.power(b)
        return {"+": a.__add__, "-": a.__sub__, "*": a.__mul__, "/": a.__truediv__}[operator](b)

    def compare(self, operator: str, a: Value, b: Value) -> bool:
        """Raises Undecided where the boxes overlap and are not the same number."""
        if isinstance(a, str) or isinstance(b, str):
            same = isinstance(a, str) and isinstance(b, str) and a.lower() == b.lower()
            if operator in ("=", "<>"):
                return same == (operator == "=")
            return isinstance(a, str) == (operator in (">", ">="))  # a text counts as more than any number
        x, y = self._box(a), self._box(b)
        outcome = {"=": x.at == y.at, "<>": x.at != y.at, "<": x.at < y.at, ">": x.at > y.at, "<=": x.at <= y.at}
        decided = outcome.get(operator, x.at >= y.at)
        if x.meets(y.low, y.high) and not (x.low == x.high == y.low == y.high):
            raise Undecided(decided)
        return decided

    def truth(self, tree: Tree) -> bool:
        value = self.inner(tree)
        return value if isinstance(value, bool) else self._box(value).at != 0

    def _box(self, value: Value) -> Box:
        if isinstance(value, bool):
            return Box.exact(float(value))
        if value is None:
            return Box.exact(0.0)
        if isinstance(value, str):
            raise CellProblem("#VALUE!")
        return value

    def cells(self, tree: Tree) -> List[Value]:
        """The values of an argument that may be a block, row by row."""
        if isinstance(tree, Reference) and tree.last is not None:
            return [self.look(place) for place in tree.places()]
        return [self.inner(tree)]

    def array(self, tree: Tree) -> List[Value]:
        """The values of an argument that may be arithmetic on blocks, number by number."""
        if not isinstance(tree, Binary):
            return self.cells(tree)
        left, right = self.array(tree.left), self.array(tree.right)
        if len(left) != len(right):
            left, right = (side * max(len(left), len(right)) if len(side) == 1 else side for side in (left, right))
        joined = [self._joined(tree.operator, a, b) for a, b in zip(left, right)]
        is_step = tree.operator in "*/^"
        return [self.rounded(value) if is_step and isinstance(value, Box) else value for value in joined]

    def numbers(self, arguments: Sequence[Tree]) -> Iterator[Box]:
        """The numbers among the arguments; texts and blanks are passed over."""
        for argument in arguments:
            for value in self.cells(argument):
                if isinstance(value, Box):
                    yield value


Arguments = Sequence[Tree]
FUNCTIONS: Dict[str, Callable[[Evaluator, Arguments], Value]] = {}


def function(
    *names: str,
) -> Callable[[Callable[[Evaluator, Arguments], Value]], Callable[[Evaluator, Arguments], Value]]:
    def register(f: Callable[[Evaluator, Arguments], Value]) -> Callable[[Evaluator, Arguments], Value]:
        FUNCTIONS.update(dict.fromkeys(names, f))
        return f

    return register


def _unary(*names: str) -> Callable[[Callable[[Box], Box]], None]:
    """A function of one number."""

    def register(f: Callable[[Box], Box]) -> None:
        def call(e: Evaluator, arguments: Arguments) -> Value:
            (argument,) = arguments
            return f(e._box(e.inner(argument)))

        FUNCTIONS.update(dict.fromkeys(names, call))

    return register


_unary("EXP")(Box.exp)
_unary("LN")(Box.log)
_unary("LOG10")(lambda x: x.log() / Box.exact(math.log(10)))
_unary("SQRT")(Box.sqrt)
_unary("TANH")(Box.tanh)
_unary("ERF", "ERF.PRECISE")(Box.erf)
_unary("ABS")(Box.magnitude)
_unary("SIGN")(lambda x: Box.exact(float((x.at > 0) - (x.at < 0))))
_unary("INT")(lambda x: Box.exact(float(math.floor(x.at))))
_unary("TRUNC")(lambda x: Box.exact(float(math.trunc(x.at))))


@function("LOG")
def _log(e: Evaluator, arguments: Arguments) -> Value:
    base = e._box(e.inner(arguments[1])) if len(arguments) > 1 else Box.exact(10.0)
    return e._box(e.inner(arguments[0])).log() / base.log()


@function("POWER")
def _power(e: Evaluator, arguments: Arguments) -> Value:
    return e._box(e.inner(arguments[0])).power(e._box(e.inner(arguments[1])))


@function("PI")
def _pi(e: Evaluator, arguments: Arguments) -> Value:
    return Box.exact(math.pi)


@function("SUM")
def _sum(e: Evaluator, arguments: Arguments) -> Value:
    return _total(e.numbers(arguments))


@function("AVERAGE")
def _average(e: Evaluator, arguments: Arguments) -> Value:
    found = list(e.numbers(arguments))
    return _total(found) / Box.exact(float(len(found)))


@function("DEVSQ")
def _devsq(e: Evaluator, arguments: Arguments) -> Value:
    found = list(e.numbers(arguments))
    mean = e.rounded(_total(found) / Box.exact(float(len(found))))
    return _total(e.rounded((x - mean).power(Box.exact(2.0))) for x in found)


@function("VAR", "VAR.S")
def _sample_variance(e: Evaluator, arguments: Arguments) -> Value:
    found = list(e.numbers(arguments))
    return e._box(_devsq(e, arguments)) / Box.exact(len(found) - 1.0)


@function("VARP", "VAR.P")
def _variance(e: Evaluator, arguments: Arguments) -> Value:
    found = list(e.numbers(arguments))
    return e._box(_devsq(e, arguments)) / Box.exact(float(len(found)))


@function("SUMSQ")
def _sum_of_squares(e: Evaluator, arguments: Arguments) -> Value:
    return _total(e.rounded(x * x) for x in e.numbers(arguments))


@function("SUMPRODUCT")
def _sum_of_products(e: Evaluator, arguments: Arguments) -> Value:
    columns = [e.array(argument) for argument in arguments]
    if len({len(column) for column in columns}) != 1:
        raise CellProblem("#VALUE!")
    products = []
    for row in zip(*columns):
        product = Box.exact(1.0)
        for value in row:
            product = product * (value if isinstance(value, Box) else Box.exact(0.0))
        products.append(e.rounded(product) if len(columns) > 1 else product)
    return _total(products)


@function("MAX")
def _max(e: Evaluator, arguments: Arguments) -> Value:
    found = tuple(e.numbers(arguments))
    return largest(found) if found else Box.exact(0.0)


@function("MIN")
def _min(e: Evaluator, arguments: Arguments) -> Value:
    found = tuple(-x for x in e.numbers(arguments))
    return -largest(found) if found else Box.exact(0.0)


@function("COUNT")
def _count(e: Evaluator, arguments: Arguments) -> Value:
    return Box.exact(float(len(list(e.numbers(arguments)))))


@function("IF")
def _if(e: Evaluator, arguments: Arguments) -> Value:
    """Where rounding does not decide, either outcome: the box of both."""
    then, otherwise = arguments[1], arguments[2] if len(arguments) > 2 else Constant(False)
    try:
        return e.inner(then if e.truth(arguments[0]) else otherwise)
    except Undecided as undecided:
        chosen, other = (then, otherwise) if undecided.args[0] else (otherwise, then)
        value = e.inner(chosen)
        try:
            alternative = e.inner(other)
        except (ArithmeticError, ValueError):
            return value
        both = isinstance(value, Box) and isinstance(alternative, Box)
        return either(value, alternative) if both else value  # type: ignore[arg-type]


@function("IFERROR")
def _iferror(e: Evaluator, arguments: Arguments) -> Value:
    try:
        return e.inner(arguments[0])
    except (ArithmeticError, ValueError) as error:
        if isinstance(error, SyntaxProblem):
            raise
        return e.inner(arguments[1])


@function("AND")
def _and(e: Evaluator, arguments: Arguments) -> Value:
    return all(e.truth(argument) for argument in arguments)


@function("OR")
def _or(e: Evaluator, arguments: Arguments) -> Value:
    return any(e.truth(argument) for argument in arguments)


@function("NOT")
def _not(e: Evaluator, arguments: Arguments) -> Value:
    return not e.truth(arguments[0])


@function("ISNUMBER")
def _isnumber(e: Evaluator, arguments: Arguments) -> Value:
    try:
        return isinstance(e.inner(arguments[0]), Box)
    except (ArithmeticError, ValueError):
        return False


@function("ISTEXT")
def _istext(e: Evaluator, arguments: Arguments) -> Value:
    return isinstance(e.inner(arguments[0]), str)


@function("ISBLANK")
def _isblank(e: Evaluator, arguments: Arguments) -> Value:
    return e.inner(arguments[0]) is None


@function("EXACT")
def _exact(e: Evaluator, arguments: Arguments) -> Value:
    a, b = (e.inner(argument) for argument in arguments)
    if isinstance(a, Box) and isinstance(b, Box):
        return e.compare("=", a, b)
    return a == b


@function("MOD")
def _mod(e: Evaluator, arguments: Arguments) -> Value:
    a, b = (e._box(e.inner(argument)) for argument in arguments)
    return a - b * Box.exact(float(math.floor(a.at / b.at)))


@function("CHOOSE")
def _choose(e: Evaluator, arguments: Arguments) -> Value:
    return e.inner(arguments[int(e._box(e.inner(arguments[0])).at)])


@function("INDEX")
def _index(e: Evaluator, arguments: Arguments) -> Value:
    block = arguments[0]
    if not isinstance(block, Reference):
        raise SyntaxProblem("INDEX of something that is no block")
    row, column = (int(e._box(e.inner(argument)).at) for argument in (*arguments[1:], Constant(1.0))[:2])
    rows, columns = block.shape
    if rows == 1 and len(arguments) == 2:
        row, column = 1, row
    if not (1 <= row <= rows and 1 <= column <= columns):
        raise CellProblem("#REF!")
    return e.look(block.first._replace(row=block.first.row + row - 1, column=block.first.column + column - 1))


@function("MATCH")
def _match(e: Evaluator, arguments: Arguments) -> Value:
    """The first place that holds the value, for the kind of match that is exact."""
    wanted = e.inner(arguments[0])
    for place, value in enumerate(e.cells(arguments[1]), 1):
        if value is not None and _same(wanted, value):
            return Box.exact(float(place))
    raise CellProblem("#N/A")


@function("RANK", "RANK.EQ")
def _rank(e: Evaluator, arguments: Arguments) -> Value:
    """How many numbers come before this one, and 1."""
    x, among = e._box(e.inner(arguments[0])).at, list(e.numbers(arguments[1:2]))
    rising = len(arguments) > 2 and e.truth(arguments[2])
    return Box.exact(1.0 + sum(other.at < x if rising else other.at > x for other in among))


@function("COUNTIF")
def _countif(e: Evaluator, arguments: Arguments) -> Value:
    fits = _criterion(e.inner(arguments[1]))
    return Box.exact(float(sum(map(fits, e.cells(arguments[0])))))


@function("SUMIF")
def _sumif(e: Evaluator, arguments: Arguments) -> Value:
    fits = _criterion(e.inner(arguments[1]))
    summed = e.cells(arguments[2] if len(arguments) > 2 else arguments[0])
    chosen = [value for test, value in zip(e.cells(arguments[0]), summed) if fits(test)]
    return _total(value for value in chosen if isinstance(value, Box))


def _criterion(wanted: Value) -> Callable[[Value], bool]:
    if isinstance(wanted, str) and wanted[:1] in "<>=" and wanted:
        raise SyntaxProblem(f"the criterion {wanted!r} is not known here")
    return lambda value: value is not None and _same(wanted, value)


def _same(a: Value, b: Value) -> bool:
    if isinstance(a, Box) and isinstance(b, Box):
        return a.at == b.at
    return isinstance(a, str) and isinstance(b, str) and a.lower() == b.lower()


def _total(boxes: Union[Sequence[Box], Iterator[Box]]) -> Box:
    total: Optional[Box] = None
    for box in boxes:
        total = box if total is None else total + box
    return Box.exact(0.0) if total is None else total


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Box):
        return f"{value.at:.15g}"
    return str(value).upper() if isinstance(value, bool) else value


__all__ = ["CellProblem", "Evaluator", "Value"]
