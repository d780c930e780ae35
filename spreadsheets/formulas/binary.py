"""Element by element, of two operands that broadcast."""

from __future__ import annotations

from typing import ClassVar, Optional, Sequence

from ..layout import Index, Shape
from . import ieee
from .formula import Cell, Formula, Params, formula
from .scope import Scope, broadcast_shape, guarded, widen
from .wording import Wording

SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class BinaryFormula(Formula):
    """y = f(a, b) with broadcasting. `share` writes one result cell's share of the gradient of operand k. `y_ieee` and
    `share_ieee` are for tensors with infinities or NaN; where a plain formula gives no number for them anyhow, the
    program's error says so too."""

    symbol: ClassVar[Optional[str]] = None  # written between the operands
    letters = ("a", "b")

    def text(self, names: Sequence[str], params: Params) -> str:
        if self.symbol is None:
            return super().text(names, params)
        return f" {self.symbol} ".join(names)

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        a, b = shapes
        return broadcast_shape(a, b)

    def rule_back(self, word: Wording, k: int, names: Sequence[str], params: Params) -> str:
        rule = super().rule_back(word, k, names, params)
        if word.shapes[k] == broadcast_shape(*word.shapes):
            return rule
        return f"Σ {rule if isinstance(self, Additive) else 'share'} over what was repeated"

    def y(self, a: str, b: str) -> str:
        raise NotImplementedError

    def y_ieee(self, a: str, b: str) -> str:
        return self.y(a, b)

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        raise NotImplementedError

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return self.share(k, dy, a, b, y)

    def forward(self, s: Scope) -> Cell:
        a, b = s.x

        def operands(i: Index) -> Sequence[str]:
            return a[a.broadcast(i)], b[b.broadcast(i)]

        return guarded(lambda i: self.y(*operands(i)), lambda i: self.y_ieee(*operands(i)), s.y, a, b)

    def backward(self, s: Scope, k: int) -> Cell:
        a, b = s.x

        def known(i: Index) -> Sequence[str]:
            return s.dy[i], a[a.broadcast(i)], b[b.broadcast(i)], s.y[i]

        cell = guarded(
            lambda i: self.share(k, *known(i)), lambda i: self.share_ieee(k, *known(i)), s.dx, a, b, s.y, s.dy
        )
        return s.unbroadcast(k, self.derivative[k].partition(" = ")[2], cell)


class Additive(BinaryFormula):
    """Add and Sub: the share of a result is its own gradient, so a broadcast needs no helper block."""

    def backward(self, s: Scope, k: int) -> Cell:
        shape, full = s.x[k].shape, s.y.shape
        if shape == full or self.share(k, "g", "a", "b", "y") != "g":
            return super().backward(s, k)
        return lambda i: s.sum_of_cells(s.dy.ranges(widen(i, shape, full)), s.dy.finite)


@formula("Add")
class Add(Additive):
    words, maths, symbol = "the sum", "y = a + b", "+"
    derivative = ("dE/da = dE/dy", "dE/db = dE/dy")

    def y(self, a: str, b: str) -> str:
        return f"{a}+{b}"

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.plus(a, b)

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return dy


@formula("Sub")
class Sub(Additive):
    words, maths, symbol = "the difference", "y = a − b", "-"
    derivative = ("dE/da = dE/dy", "dE/db = −dE/dy")

    def y(self, a: str, b: str) -> str:
        return f"{a}-{b}"

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.minus(a, b)

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return f"-{dy}" if k else dy

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return ieee.opposite(dy) if k else dy


@formula("Mul")
class Mul(BinaryFormula):
    words, maths, symbol = "the product, element by element", "y = a · b", "*"
    derivative = ("dE/da = dE/dy · b", "dE/db = dE/dy · a")

    def y(self, a: str, b: str) -> str:
        return f"{a}*{b}"

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.times(a, b)

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return f"{dy}*{a if k else b}"

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return ieee.times(dy, a if k else b)


@formula("Div")
class Div(BinaryFormula):
    words, maths, symbol = "the quotient", "y = a / b", "/"
    derivative = ("dE/da = dE/dy / b", "dE/db = −dE/dy / b · y")

    def y(self, a: str, b: str) -> str:
        return f"{a}/{b}"

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.over(a, b)

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return f"-{dy}/{b}*{y}" if k else f"{dy}/{b}"

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        if not k:
            return ieee.over(dy, b)
        number = f"IF(SIGN({b})=0,{ieee.signed(f'-{dy}*{a}')},{self.share(k, dy, a, b, y)})"
        return ieee.at(b, number, f"0*{dy}*{a}", f"0*{dy}*{a}")


@formula("Pow")
class Pow(BinaryFormula):
    """Programs disagree on 0^0, so it is never asked for."""

    words, maths, symbol = "a to the power b", "y = aᵇ", "**"
    derivative = ("dE/da = dE/dy · b · aᵇ⁻¹", "dE/db = dE/dy · aᵇ · ln a  (0 where a = 0)")

    def rule(self, word: Wording, names: Sequence[str], params: Params) -> str:
        """A square is written as one."""
        a, b = names
        return f"{a}{b.translate(SUPERSCRIPT)}" if b.isdigit() else f"{a}^{b}"

    def rule_back(self, word: Wording, k: int, names: Sequence[str], params: Params) -> str:
        a, b = names
        if k or not b.isdigit() or int(b) < 2:
            return word("dE/dy · a^b · ln a" if k else "dE/dy · b · a^(b−1)")
        return word(f"dE/dy · b · a{str(int(b) - 1).translate(SUPERSCRIPT) if int(b) > 2 else ''}")

    def y(self, a: str, b: str) -> str:
        return f"IF(SIGN({b})=0,1,{a}^{b})"

    def y_ieee(self, a: str, b: str) -> str:
        at_zero = f'IF(SIGN({b})=1,0,"inf")'
        below = f"IF(INT({b})={b},{a}^{b},{ieee.NAN})"
        number = f"CHOOSE(SIGN({a})+2,{below},{at_zero},{a}^{b})"
        minus_inf = f'IF(SIGN({b})=-1,0,IF(MOD({b},2)=1,"-inf","inf"))'
        return f'IF(SIGN({b})=0,1,{ieee.at(a, number, f"""IF(SIGN({b})=1,"inf",0)""", minus_inf)})'

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        if k:
            return f"IF(AND(SIGN({a})=0,SIGN({b})>=0),0,{dy}*{y}*LN({a}))"
        return f"IF({b}=1,{dy},IF(SIGN({b})=0,0,{dy}*{b}*{a}^({b}-1)))"

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        if k:
            at_zero = f"IF(SIGN({b})>=0,0*{dy},{ieee.signed(f'-{dy}')})"
            return f"CHOOSE(SIGN({a})+2,{ieee.NAN},{at_zero},{dy}*{y}*LN({a}))"
        power = f"{dy}*{b}*{a}^({b}-1)"
        at_zero = f"IF({b}>1,0*{dy},{ieee.signed(f'{dy}*{b}')})"
        below = f"IF(INT({b})={b},{power},{ieee.NAN})"
        return f"IF({b}=1,{dy},IF(SIGN({b})=0,0*{dy},CHOOSE(SIGN({a})+2,{below},{at_zero},{power})))"


class Extremum(BinaryFormula):
    words = "the larger (or smaller) of each pair"
    rounds = False

    def y(self, a: str, b: str) -> str:
        return f"{self.function}({a},{b})"

    def y_ieee(self, a: str, b: str) -> str:
        first, second = (a, b) if self.function == "MAX" else (b, a)
        chosen = f"IF(SIGN({ieee.order(first)}-{ieee.order(second)})=1,{a},{b})"
        return ieee.either_nan(a, b, ieee.NAN, chosen)

    def ahead(self, k: int, a: str, b: str) -> str:
        """The sign of how far operand k is ahead of the other, so 1, 0 or -1."""
        return f"SIGN({a}-{b})" if (self.function == "MAX") == (k == 0) else f"SIGN({b}-{a})"

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return f"{dy}*(1+{self.ahead(k, a, b)})/2"

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        ahead = self.ahead(k, ieee.order(a), ieee.order(b))
        return ieee.either_nan(a, b, dy if k else "0", f"CHOOSE({ahead}+2,0,{dy}/2,{dy})")

    function: ClassVar[str]


@formula("Maximum")
class Maximum(Extremum):
    words, maths, function = "the larger of each pair", "y = max(a, b)", "MAX"
    derivative = (
        "dE/da = dE/dy where a > b, half of it where a = b, else 0",
        "dE/db = dE/dy where b > a, half of it where a = b, else 0",
    )


@formula("Minimum")
class Minimum(Extremum):
    words, maths, function = "the smaller of each pair", "y = min(a, b)", "MIN"
    derivative = (
        "dE/da = dE/dy where a < b, half of it where a = b, else 0",
        "dE/db = dE/dy where b < a, half of it where a = b, else 0",
    )
