"""The functions of a spreadsheet, on boxes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Callable, Dict, Optional, Sequence

from .box import Box, either, largest, total
from .syntax import Call, Constant, Reference, SyntaxProblem, Tree
from .values import CellProblem, Undecided, Value, maybe_same, same, surely_same

if TYPE_CHECKING:
    from .evaluate import Evaluator

Arguments = Sequence[Tree]
Function = Callable[["Evaluator", Arguments], Value]
Choice = Callable[["Evaluator", Arguments, Callable[[Tree], Value]], Value]

FUNCTIONS: Dict[str, Function] = {}
CHOICES: Dict[str, Choice] = {}  # these hand on one of their arguments, which the third argument evaluates
PRODUCT = Call("PRODUCT", ())  # what the products inside of a function are called when they are rounded


def function(*names: str) -> Callable[[Function], Function]:
    def register(f: Function) -> Function:
        FUNCTIONS.update(dict.fromkeys(names, f))
        return f

    return register


def _unary(*names: str) -> Callable[[Callable[[Box], Box]], None]:
    """A function of one number."""

    def register(f: Callable[[Box], Box]) -> None:
        FUNCTIONS.update(dict.fromkeys(names, lambda e, arguments: f(e.number(*arguments))))

    return register


_unary("EXP")(Box.exp)
_unary("LN")(Box.log)
_unary("LOG10")(lambda x: x.log() / Box.exact(math.log(10)))
_unary("SQRT")(Box.sqrt)
_unary("TANH")(Box.tanh)
_unary("SIN")(Box.sin)
_unary("COS")(Box.cos)
_unary("ERF", "ERF.PRECISE")(Box.erf)
_unary("ABS")(Box.magnitude)
_unary("SIGN")(lambda x: x.step(lambda number: float((number > 0) - (number < 0))))
_unary("INT")(lambda x: x.step(math.floor))
_unary("TRUNC")(lambda x: x.step(math.trunc))


@function("LOG")
def _log(e: Evaluator, arguments: Arguments) -> Value:
    base = e.number(arguments[1]) if len(arguments) > 1 else Box.exact(10.0)
    return e.number(arguments[0]).log() / base.log()


@function("POWER")
def _power(e: Evaluator, arguments: Arguments) -> Value:
    base, exponent = arguments
    return e.number(base).power(e.number(exponent))


@function("MOD")
def _mod(e: Evaluator, arguments: Arguments) -> Value:
    a, b = (e.number(argument) for argument in arguments)
    return a - b * (a / b).step(math.floor)


@function("ROUND")
def _round(e: Evaluator, arguments: Arguments) -> Value:
    """A half goes away from 0."""
    x, digits = (e.number(argument) for argument in arguments)
    scale = Box.exact(10.0 ** int(digits.at))
    return (x * scale).step(lambda number: math.copysign(math.floor(abs(number) + 0.5), number)) / scale


@function("PI")
def _pi(e: Evaluator, arguments: Arguments) -> Value:
    return Box.exact(math.pi)


# --- of many numbers --------------------------------------------------------------------------------------------------
@function("SUM")
def _sum(e: Evaluator, arguments: Arguments) -> Value:
    return total(e.numbers(arguments))


@function("COUNT")
def _count(e: Evaluator, arguments: Arguments) -> Value:
    return Box.exact(float(len(list(e.numbers(arguments)))))


@function("AVERAGE")
def _average(e: Evaluator, arguments: Arguments) -> Value:
    found = list(e.numbers(arguments))
    return total(found) / Box.exact(float(len(found)))


@function("MAX")
def _max(e: Evaluator, arguments: Arguments) -> Value:
    found = tuple(e.numbers(arguments))
    return largest(found) if found else Box.exact(0.0)


@function("MIN")
def _min(e: Evaluator, arguments: Arguments) -> Value:
    found = tuple(-x for x in e.numbers(arguments))
    return -largest(found) if found else Box.exact(0.0)


@function("SUMSQ")
def _sum_of_squares(e: Evaluator, arguments: Arguments) -> Value:
    return total(e.rounded(x.power(Box.exact(2.0)), PRODUCT) for x in e.numbers(arguments))


@function("DEVSQ")
def _devsq(e: Evaluator, arguments: Arguments) -> Value:
    found = list(e.numbers(arguments))
    mean = e.rounded(total(found) / Box.exact(float(len(found))), PRODUCT)
    return total(e.rounded((x - mean).power(Box.exact(2.0)), PRODUCT) for x in found)


def _variance(less: int) -> Function:
    def call(e: Evaluator, arguments: Arguments) -> Value:
        return e.box(_devsq(e, arguments)) / Box.exact(float(len(list(e.numbers(arguments))) - less))

    return call


function("VAR", "VAR.S")(_variance(1))
function("VARP", "VAR.P")(_variance(0))


def _deviation(less: int) -> Function:
    return lambda e, arguments: e.rounded(e.box(_variance(less)(e, arguments)), PRODUCT).sqrt()


function("STDEV", "STDEV.S")(_deviation(1))
function("STDEVP", "STDEV.P")(_deviation(0))


@function("PRODUCT")
def _product(e: Evaluator, arguments: Arguments) -> Value:
    product: Optional[Box] = None
    for box in e.numbers(arguments):
        product = box if product is None else e.rounded(product, PRODUCT) * box
    return product if product is not None else Box.exact(0.0)


@function("SUMPRODUCT")
def _sum_of_products(e: Evaluator, arguments: Arguments) -> Value:
    columns = [e.array(argument) for argument in arguments]
    if len({len(column) for column in columns}) != 1:
        raise CellProblem("#VALUE!")
    products = []
    for row in zip(*columns):
        first, *others = (value if isinstance(value, Box) else Box.exact(0.0) for value in row)
        for other in others:
            first = first * other
        products.append(e.rounded(first, PRODUCT) if others else first)
    return total(products)


# --- choices ----------------------------------------------------------------------------------------------------------
def choice(name: str) -> Callable[[Choice], Choice]:
    def register(f: Choice) -> Choice:
        CHOICES[name] = f
        return f

    return register


@choice("IF")
def _if(e: Evaluator, arguments: Arguments, evaluate: Callable[[Tree], Value]) -> Value:
    """Where rounding does not decide, either outcome: the box of both."""
    condition, then, *rest = arguments
    otherwise = rest[0] if rest else Constant(False)
    try:
        return evaluate(then if e.truth(condition) else otherwise)
    except Undecided as undecided:
        chosen, other = (then, otherwise) if undecided.args[0] else (otherwise, then)
    value = evaluate(chosen)
    try:
        alternative = evaluate(other)
    except (ArithmeticError, ValueError):
        return value
    both = isinstance(value, Box) and isinstance(alternative, Box)
    return either(value, alternative) if both else value  # type: ignore[arg-type]


@choice("IFERROR")
def _iferror(e: Evaluator, arguments: Arguments, evaluate: Callable[[Tree], Value]) -> Value:
    value, otherwise = arguments
    try:
        return evaluate(value)
    except SyntaxProblem:
        raise
    except (ArithmeticError, ValueError):
        return evaluate(otherwise)


@choice("CHOOSE")
def _choose(e: Evaluator, arguments: Arguments, evaluate: Callable[[Tree], Value]) -> Value:
    number = int(e.number(arguments[0]).at)
    if not 1 <= number < len(arguments):
        raise CellProblem("#VALUE!")
    return evaluate(arguments[number])


# --- truths -----------------------------------------------------------------------------------------------------------
@function("AND")
def _and(e: Evaluator, arguments: Arguments) -> Value:
    return _decided(e, arguments, False)


@function("OR")
def _or(e: Evaluator, arguments: Arguments) -> Value:
    return _decided(e, arguments, True)


def _decided(e: Evaluator, arguments: Arguments, by: bool) -> bool:
    """`by` if any of the arguments is; that one may be undecided matters only where none is for certain."""
    open_at: Optional[bool] = None
    for argument in arguments:
        try:
            if e.truth(argument) == by:
                return by
        except Undecided as undecided:
            open_at = undecided.args[0] if open_at is None else by if undecided.args[0] == by else open_at
    if open_at is not None:
        raise Undecided(open_at)
    return not by


@function("NOT")
def _not(e: Evaluator, arguments: Arguments) -> Value:
    try:
        return not e.truth(*arguments)
    except Undecided as undecided:
        raise Undecided(not undecided.args[0]) from None


@function("ISNUMBER")
def _isnumber(e: Evaluator, arguments: Arguments) -> Value:
    try:
        return isinstance(e.part(*arguments), Box)
    except (ArithmeticError, ValueError):
        return False


@function("ISTEXT")
def _istext(e: Evaluator, arguments: Arguments) -> Value:
    return isinstance(e.part(*arguments), str)


@function("ISBLANK")
def _isblank(e: Evaluator, arguments: Arguments) -> Value:
    return e.part(*arguments) is None


@function("EXACT")
def _exact(e: Evaluator, arguments: Arguments) -> Value:
    a, b = (e.part(argument) for argument in arguments)
    if isinstance(a, Box) and isinstance(b, Box):
        return e.compare("=", a, b)
    return a == b


# --- looking up -------------------------------------------------------------------------------------------------------
@function("INDEX")
def _index(e: Evaluator, arguments: Arguments) -> Value:
    block = arguments[0]
    if not isinstance(block, Reference):
        raise SyntaxProblem("INDEX of something that is no block")
    row, column = (int(e.number(argument).at) for argument in (*arguments[1:], Constant(1.0))[:2])
    rows, columns = block.shape
    if rows == 1 and len(arguments) == 2:
        row, column = 1, row
    if not (1 <= row <= rows and 1 <= column <= columns):
        raise CellProblem("#REF!")
    return e.look(block.first._replace(row=block.first.row + row - 1, column=block.first.column + column - 1))


@function("MATCH")
def _match(e: Evaluator, arguments: Arguments) -> Value:
    """The first place that holds the value, for the kind of match that is exact."""
    wanted, among = e.part(arguments[0]), e.cells(arguments[1])
    at = next((place for place, value in enumerate(among, 1) if same(wanted, value)), None)
    where = [place for place, value in enumerate(among, 1) if maybe_same(wanted, value)]
    if at is None:
        raise CellProblem("#N/A")
    sure = next((place for place in where if surely_same(wanted, among[place - 1])), where[-1])
    return Box(float(at), float(where[0]), float(max(at, sure)))


@function("RANK", "RANK.EQ")
def _rank(e: Evaluator, arguments: Arguments) -> Value:
    """How many numbers come before this one, and 1."""
    x, among = e.number(arguments[0]), list(e.numbers(arguments[1:2]))
    if len(arguments) > 2 and e.truth(arguments[2]):
        x, among = -x, [-other for other in among]
    at, sure, possible = (
        sum(more(other) for other in among)
        for more in (
            lambda other: other.at > x.at,
            lambda other: other.low > x.high,
            lambda other: other.high > x.low and other is not x,
        )
    )
    return Box(1.0 + at, 1.0 + sure, 1.0 + max(at, possible))


@function("COUNTIF")
def _countif(e: Evaluator, arguments: Arguments) -> Value:
    wanted = _criterion(e.part(arguments[1]))
    cells = e.cells(arguments[0])
    at, sure, possible = (
        float(sum(fits(wanted, value) for value in cells)) for fits in (same, surely_same, maybe_same)
    )
    return Box(at, min(at, sure), max(at, possible))


@function("SUMIF")
def _sumif(e: Evaluator, arguments: Arguments) -> Value:
    wanted = _criterion(e.part(arguments[1]))
    summed = e.cells(arguments[2] if len(arguments) > 2 else arguments[0])
    chosen = [value for test, value in zip(e.cells(arguments[0]), summed) if same(wanted, test)]
    return total(value for value in chosen if isinstance(value, Box))


def _criterion(wanted: Value) -> Value:
    if isinstance(wanted, str) and wanted[:1] in "<>=" and wanted:
        raise SyntaxProblem(f"the criterion {wanted!r} is not known here")
    return wanted
