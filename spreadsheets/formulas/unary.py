"""Element by element, of one operand: each cell of the result from the same cell of x."""

from __future__ import annotations

from typing import Sequence

from ..layout import Index, Shape
from . import ieee
from .formula import Cell, Formula, Params, formula
from .scope import Scope


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
        return (
            f'IF(COUNT({dy},{x})=2,{dy}*SIGN({x}),IF(ISNUMBER({dy}),IF({x}="nan","nan",{dy}*({ieee.sign(x)})),"nan"))'
        )


@formula("GELU")
class GELU(Unary):
    words = "the Gaussian error linear unit"
    maths = "y = x · Φ(x);  with approximate=tanh: y = ½ x (1 + tanh u), u = √(2/π) (x + 0.044715 x³)"
    derivative = (
        "dE/dx = dE/dy · (Φ(x) + x φ(x));  "
        "tanh: dE/dy · (½(1 + t) + ½ x (1 − t²) √(2/π) (1 + 0.134145 x²)), t = tanh u",
    )

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
