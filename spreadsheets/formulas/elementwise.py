"""Element by element: one cell of the result from the same cell of the operands, which broadcast."""

from __future__ import annotations

from typing import ClassVar, Optional, Sequence

from ..layout import Index, Shape
from . import ieee
from .formula import Cell, Formula, Params, formula
from .scope import Scope, broadcast_shape


class Unary(Formula):
    """y = f(x). `y` and `dx` write the plain formulas, `y_ieee` the one for a cell that met an infinity or NaN."""

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        (shape,) = shapes
        return shape

    def y(self, x: str, params: Params) -> str:
        raise NotImplementedError

    def y_ieee(self, x: str, params: Params) -> str:
        return ieee.else_nan(self.y(x, params), x)

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        raise NotImplementedError

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return ieee.else_nan(self.dx(dy, x, y, params), dy, x, y)

    def forward(self, s: Scope) -> Cell:
        (x,) = s.x

        def cell(i: Index) -> str:
            plain = ieee.finite(x.value(i), s.y.value(i))
            return (self.y if plain else self.y_ieee)(x[i], s.params)

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        (x,) = s.x

        def cell(i: Index) -> str:
            plain = ieee.finite(x.value(i), s.y.value(i), s.dy.value(i)) and not self.singular(x.value(i))
            return (self.dx if plain else self.dx_ieee)(s.dy[i], x[i], s.y[i], s.params)

        return cell

    def singular(self, x: float) -> bool:
        """Whether the derivative is infinite at x."""
        return False


@formula("Neg")
class Neg(Unary):
    words, maths, derivative = "the negative", "y = −x", ("dE/dx = −dE/dy",)

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"-{names[0]}"

    def y(self, x: str, params: Params) -> str:
        return f"-{x}"

    def y_ieee(self, x: str, params: Params) -> str:
        return ieee.opposite(x)

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"-{dy}"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return ieee.opposite(dy)


@formula("Exp")
class Exp(Unary):
    words, maths, derivative = "the exponential", "y = eˣ", ("dE/dx = dE/dy · y",)

    def y(self, x: str, params: Params) -> str:
        return f"EXP({x})"

    def y_ieee(self, x: str, params: Params) -> str:
        return f'IF(ISNUMBER({x}),IF({x}>709.78,"inf",EXP({x})),IF({x}="-inf",0,{x}))'

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"{dy}*{y}"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return ieee.times(dy, y)


@formula("Log")
class Log(Unary):
    words, maths, derivative = "the natural logarithm", "y = ln x", ("dE/dx = dE/dy / x",)

    def y(self, x: str, params: Params) -> str:
        return f"LN({x})"

    def y_ieee(self, x: str, params: Params) -> str:
        return f'IF(ISNUMBER({x}),IF({x}>0,LN({x}),IF({x}=0,"-inf","nan")),IF({x}="inf","inf","nan"))'

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"{dy}/{x}"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return ieee.over(dy, x)

    def singular(self, x: float) -> bool:
        return x == 0


@formula("Sqrt")
class Sqrt(Unary):
    words, maths, derivative = "the square root", "y = √x", ("dE/dx = dE/dy / (2y)",)

    def y(self, x: str, params: Params) -> str:
        return f"SQRT({x})"

    def y_ieee(self, x: str, params: Params) -> str:
        return f'IF(ISNUMBER({x}),IF({x}<0,"nan",SQRT({x})),IF({x}="inf","inf","nan"))'

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"{dy}/(2*{y})"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return ieee.over(dy, y)  # meets only y = 0, infinite or NaN, where the factor 2 changes nothing

    def singular(self, x: float) -> bool:
        return x == 0


@formula("Tanh")
class Tanh(Unary):
    words, maths, derivative = "the hyperbolic tangent", "y = tanh x", ("dE/dx = dE/dy · (1 − y²)",)

    def y(self, x: str, params: Params) -> str:
        return f"TANH({x})"

    def y_ieee(self, x: str, params: Params) -> str:
        return f'IF(ISNUMBER({x}),TANH({x}),IF({x}="inf",1,IF({x}="-inf",-1,"nan")))'

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"{dy}*(1-{y}^2)"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return ieee.else_nan(self.dx(dy, x, y, params), dy, y)


@formula("Sigmoid")
class Sigmoid(Unary):
    words, maths = "the logistic function", "y = σ(x) = 1 / (1 + e⁻ˣ)"
    derivative = ("dE/dx = dE/dy · y · (1 − y)",)

    def y(self, x: str, params: Params) -> str:
        return f"1/(1+EXP(-{x}))"

    def y_ieee(self, x: str, params: Params) -> str:
        small = f"IF({x}<-700,EXP({x}),{self.y(x, params)})"
        return f'IF(ISNUMBER({x}),{small},IF({x}="inf",1,IF({x}="-inf",0,"nan")))'

    def forward(self, s: Scope) -> Cell:
        (x,) = s.x
        return lambda i: (self.y if -700 < x.value(i) < 1e300 else self.y_ieee)(x[i], s.params)

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"{dy}*{y}*(1-{y})"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return ieee.else_nan(self.dx(dy, x, y, params), dy, y)


@formula("ReLU")
class ReLU(Unary):
    words, maths = "the positive part", "y = max(0, x)"
    derivative = ("dE/dx = dE/dy where x > 0, else 0",)

    def y(self, x: str, params: Params) -> str:
        return f"MAX(0,{x})"

    def y_ieee(self, x: str, params: Params) -> str:
        return f'IF(ISNUMBER({x}),MAX(0,{x}),IF({x}="-inf",0,{x}))'

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"IF({x}>0,{dy},0)"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return f'IF(ISNUMBER({x}),IF({x}>0,{dy},0),IF({x}="inf",{dy},IF({x}="-inf",0,"nan")))'


@formula("Abs")
class Abs(Unary):
    words, maths = "the absolute value", "y = |x|"
    derivative = ("dE/dx = dE/dy · sign(x)",)

    def y(self, x: str, params: Params) -> str:
        return f"ABS({x})"

    def y_ieee(self, x: str, params: Params) -> str:
        return f'IF(ISNUMBER({x}),ABS({x}),IF({x}="nan","nan","inf"))'

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"{dy}*SIGN({x})"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return f'IF(COUNT({dy},{x})=2,{dy}*SIGN({x}),IF(ISNUMBER({dy}),IF({x}="nan","nan",{dy}*({ieee.sign(x)})),"nan"))'


@formula("GELU")
class GELU(Unary):
    words = "the Gaussian error linear unit"
    maths = "y = x · Φ(x);  with approximate=tanh: y = ½ x (1 + tanh u), u = √(2/π) (x + 0.044715 x³)"
    derivative = ("dE/dx = dE/dy · (Φ(x) + x φ(x));  tanh: dE/dy · (½(1 + t) + ½ x (1 − t²) √(2/π) (1 + 0.134145 x²)), t = tanh u",)

    def y(self, x: str, params: Params) -> str:
        if params.get("approximate", "none") == "tanh":
            return f"0.5*{x}*(1+{self.t(x)})"
        return f"0.5*{x}*(1+ERF({x}/SQRT(2)))"

    def t(self, x: str) -> str:
        return f"TANH(SQRT(2/PI())*({x}+0.044715*{x}^3))"

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        if params.get("approximate", "none") == "tanh":
            inner = f"SQRT(2/PI())*(1+0.134145*{x}^2)"
            return f"{dy}*(0.5*(1+{self.t(x)})+0.5*{x}*(1-{self.t(x)}^2)*{inner})"
        return f"{dy}*(0.5*(1+ERF({x}/SQRT(2)))+{x}*EXP(-({x}^2)/2)/SQRT(2*PI()))"


@formula("Cast")
class Cast(Unary):
    words, maths, derivative = "the same numbers as another kind of number", "y = x", ("dE/dx = dE/dy",)

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"{params['dtype']}({names[0]})"

    def y(self, x: str, params: Params) -> str:
        return {"int64": f"TRUNC({x})", "bool": f"IF({x}<>0,1,0)"}.get(params["dtype"], x)

    def y_ieee(self, x: str, params: Params) -> str:
        return f"IF({x}=0,0,1)" if params["dtype"] == "bool" else x

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return dy

    dx_ieee = dx


class Binary(Formula):
    """y = f(a, b) with broadcasting. `da` and `db` write one result cell's share of the gradient."""

    symbol: ClassVar[Optional[str]] = None  # written between the operands

    def text(self, names: Sequence[str], params: Params) -> str:
        if self.symbol is None:
            return super().text(names, params)
        return f" {self.symbol} ".join(names)

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        a, b = shapes
        return broadcast_shape(a, b)

    def y(self, a: str, b: str) -> str:
        raise NotImplementedError

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.else_nan(self.y(a, b), a, b)

    def singular(self, a: float, b: float) -> bool:
        """Whether the plain formulas fail at (a, b) though both are finite."""
        return False

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        raise NotImplementedError

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return ieee.else_nan(self.share(k, dy, a, b, y), dy, a, b)

    def forward(self, s: Scope) -> Cell:
        a, b = s.x

        def cell(i: Index) -> str:
            ia, ib = a.broadcast(i), b.broadcast(i)
            va, vb = a.value(ia), b.value(ib)
            plain = ieee.finite(va, vb, s.y.value(i)) and not self.singular(va, vb)
            return (self.y if plain else self.y_ieee)(a[ia], b[ib])

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        a, b = s.x

        def cell(i: Index) -> str:
            ia, ib = a.broadcast(i), b.broadcast(i)
            va, vb = a.value(ia), b.value(ib)
            plain = ieee.finite(va, vb, s.y.value(i), s.dy.value(i)) and not self.singular(va, vb)
            return (self.share if plain else self.share_ieee)(k, s.dy[i], a[ia], b[ib], s.y[i])

        return s.unbroadcast(k, "share of each result, before the sum over what was broadcast", cell)


class Linear(Binary):
    """Add and Sub: the share of a result is its own gradient, so a broadcast needs no helper block."""

    def backward(self, s: Scope, k: int) -> Cell:
        from .scope import widen

        shape, full = s.x[k].shape, s.y.shape
        if shape == full or self.share(k, "g", "a", "b", "y") != "g":
            return super().backward(s, k)
        return lambda i: s.total(s.dy.ranges(widen(i, shape, full)))


@formula("Add")
class Add(Linear):
    words, maths, symbol = "the sum", "y = a + b", "+"
    derivative = ("dE/da = dE/dy", "dE/db = dE/dy")

    def y(self, a: str, b: str) -> str:
        return f"{a}+{b}"

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.plus(a, b)

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return dy

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return dy


@formula("Sub")
class Sub(Linear):
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
class Mul(Binary):
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
class Div(Binary):
    words, maths, symbol = "the quotient", "y = a / b", "/"
    derivative = ("dE/da = dE/dy / b", "dE/db = −dE/dy · a / b²")

    def y(self, a: str, b: str) -> str:
        return f"{a}/{b}"

    def y_ieee(self, a: str, b: str) -> str:
        return ieee.over(a, b)

    def singular(self, a: float, b: float) -> bool:
        return b == 0

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return f"-{dy}*{a}/{b}^2" if k else f"{dy}/{b}"

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return ieee.else_nan(f"IF({b}=0,{ieee.NAN},{self.share(k, dy, a, b, y)})", dy, a, b) if k else ieee.over(dy, b)


@formula("Pow")
class Pow(Binary):
    words, maths, symbol = "a to the power b", "y = aᵇ", "**"
    derivative = ("dE/da = dE/dy · b · aᵇ⁻¹", "dE/db = dE/dy · aᵇ · ln a  (0 where a = 0)")

    def y(self, a: str, b: str) -> str:
        return f"{a}^{b}"

    def y_ieee(self, a: str, b: str) -> str:
        at_zero = f'IF({b}=0,1,IF({b}>0,0,"inf"))'  # programs disagree on 0^0
        return ieee.else_nan(f"IF({a}=0,{at_zero},{a}^{b})", a, b)

    def singular(self, a: float, b: float) -> bool:
        return a <= 0

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        return f"{dy}*{a}^{b}*LN({a})" if k else f"{dy}*{b}*{a}^({b}-1)"

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        if k:
            return ieee.else_nan(f"IF({a}>0,{self.share(k, dy, a, b, y)},IF({a}=0,IF({b}<0,{ieee.NAN},0),{ieee.NAN}))", dy, a, b)
        at_zero = f'IF({b}=0,0,IF({b}=1,{dy},IF({b}>1,0,"inf")))'
        return ieee.else_nan(f"IF({a}=0,{at_zero},{self.share(k, dy, a, b, y)})", dy, a, b)


class Extremum(Binary):
    words = "the larger (or smaller) of each pair"

    def y(self, a: str, b: str) -> str:
        return f"{self.function}({a},{b})"

    def y_ieee(self, a: str, b: str) -> str:
        chosen = f"IF({ieee.order(a)}{self.compare}{ieee.order(b)},{a},{b})"
        return ieee.either_nan(a, b, ieee.NAN, chosen)

    def share(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        mine, other = (b, a) if k else (a, b)
        return f"IF({mine}{self.compare}{other},{dy},IF({mine}={other},{dy}/2,0))"

    def share_ieee(self, k: int, dy: str, a: str, b: str, y: str) -> str:
        mine, other = (ieee.order(b), ieee.order(a)) if k else (ieee.order(a), ieee.order(b))
        chosen = f"IF({mine}{self.compare}{other},{dy},IF({mine}={other},{dy}/2,0))"
        return ieee.either_nan(a, b, ieee.NAN, chosen)

    function: ClassVar[str]
    compare: ClassVar[str]


@formula("Maximum")
class Maximum(Extremum):
    words, maths, function, compare = "the larger of each pair", "y = max(a, b)", "MAX", ">"
    derivative = ("dE/da = dE/dy where a > b, half of it where a = b, else 0", "dE/db likewise")


@formula("Minimum")
class Minimum(Extremum):
    words, maths, function, compare = "the smaller of each pair", "y = min(a, b)", "MIN", "<"
    derivative = ("dE/da = dE/dy where a < b, half of it where a = b, else 0", "dE/db likewise")


class Comparison(Binary):
    words, derivative = "a comparison: 1 where it holds, 0 where it does not", ("no gradient",)
    relation: ClassVar[str]
    with_nan: ClassVar[int] = 0

    def y(self, a: str, b: str) -> str:
        return f"IF({a}{self.relation}{b},1,0)"

    def y_ieee(self, a: str, b: str) -> str:
        holds = f"IF({ieee.order(a)}{self.relation}{ieee.order(b)},1,0)"
        return ieee.either_nan(a, b, str(self.with_nan), holds)


@formula("Eq")
class Eq(Comparison):
    maths, symbol, relation = "y = (a = b)", "==", "="


@formula("Ne")
class Ne(Comparison):
    maths, symbol, relation, with_nan = "y = (a ≠ b)", "!=", "<>", 1


@formula("Lt")
class Lt(Comparison):
    maths, symbol, relation = "y = (a < b)", "<", "<"


@formula("Le")
class Le(Comparison):
    maths, symbol, relation = "y = (a ≤ b)", "<=", "<="


@formula("Gt")
class Gt(Comparison):
    maths, symbol, relation = "y = (a > b)", ">", ">"


@formula("Ge")
class Ge(Comparison):
    maths, symbol, relation = "y = (a ≥ b)", ">=", ">="


@formula("Where")
class Where(Formula):
    words, maths = "a where the condition holds, else b", "y = a if condition else b"
    derivative = ("", "dE/da = dE/dy where the condition holds, else 0", "dE/db = dE/dy where it does not, else 0")

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        return broadcast_shape(*shapes)

    def forward(self, s: Scope) -> Cell:
        condition, a, b = s.x
        return lambda i: f"IF({condition[condition.broadcast(i)]},{a[a.broadcast(i)]},{b[b.broadcast(i)]})"

    def backward(self, s: Scope, k: int) -> Cell:
        condition = s.x[0]

        def cell(i: Index) -> str:
            chosen = condition[condition.broadcast(i)]
            return f"IF({chosen},{s.dy[i]},0)" if k == 1 else f"IF({chosen},0,{s.dy[i]})"

        return s.unbroadcast(k, "share of each result, before the sum over what was broadcast", cell)
