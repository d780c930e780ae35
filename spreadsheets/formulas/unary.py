"""Element by element, of one operand: each cell of the result from the same cell of x."""

from __future__ import annotations

from typing import Sequence

from ..layout import Shape
from . import ieee
from .formula import Cell, Formula, Params, formula
from .scope import Scope, guarded


class Unary(Formula):
    """y = f(x). `y` and `dx` write the plain formulas, `y_ieee` and `dx_ieee` those for tensors with infinities or NaN.

    Where a plain formula gives no number for them anyhow, the program's error says so too.
    """

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        (shape,) = shapes
        return shape

    def y(self, x: str, params: Params) -> str:
        raise NotImplementedError

    def y_ieee(self, x: str, params: Params) -> str:
        return self.y(x, params)

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        raise NotImplementedError

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return self.dx(dy, x, y, params)

    def forward(self, s: Scope) -> Cell:
        (x,), params = s.x, s.params
        return guarded(lambda i: self.y(x[i], params), lambda i: self.y_ieee(x[i], params), s.y, x)

    def backward(self, s: Scope, k: int) -> Cell:
        (x,), y, dy, params = s.x, s.y, s.dy, s.params
        return guarded(
            lambda i: self.dx(dy[i], x[i], y[i], params),
            lambda i: self.dx_ieee(dy[i], x[i], y[i], params),
            s.dx,
            x,
            y,
            dy,
        )


@formula("Neg")
class Neg(Unary):
    words, maths, derivative = "the negative", "y = −x", ("dE/dx = −dE/dy",)
    rounds = False

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
    words, maths, derivative = "the exponential", "y = exp(x)", ("dE/dx = dE/dy · y",)

    def y(self, x: str, params: Params) -> str:
        return f"EXP({x})"

    def y_ieee(self, x: str, params: Params) -> str:
        return ieee.at(x, f'IF({x}>709.78,"inf",EXP({x}))', x, "0")

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
        return ieee.at(x, f'IF(SIGN({x})=1,LN({x}),IF(SIGN({x})=0,"-inf",{ieee.NAN}))', x, ieee.NAN)

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"{dy}/{x}"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return ieee.over(dy, x)


@formula("Sqrt")
class Sqrt(Unary):
    words, maths, derivative = "the square root", "y = √x", ("dE/dx = dE/dy / (2y)",)

    def y(self, x: str, params: Params) -> str:
        return f"SQRT({x})"

    def y_ieee(self, x: str, params: Params) -> str:
        return ieee.at(x, f"IF(SIGN({x})=-1,{ieee.NAN},SQRT({x}))", x, ieee.NAN)

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"{dy}/(2*{y})"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return ieee.over(f"(0.5*{dy})", y)


@formula("Tanh")
class Tanh(Unary):
    words, maths, derivative = "the hyperbolic tangent", "y = tanh x", ("dE/dx = dE/dy · (1 − y²)",)
    cancels = True

    def y(self, x: str, params: Params) -> str:
        return f"TANH({x})"

    def y_ieee(self, x: str, params: Params) -> str:
        return ieee.at(x, self.y(x, params), "1", "-1")

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"{dy}*(1-{y}*{y})"


@formula("Sigmoid")
class Sigmoid(Unary):
    words, maths = "the logistic function", "y = 1 / (1 + exp(−x))"
    derivative = ("dE/dx = dE/dy · y · (1 − y)",)
    cancels = True

    def y(self, x: str, params: Params) -> str:
        return sigmoid(x)

    def y_ieee(self, x: str, params: Params) -> str:
        return ieee.at(x, self.y(x, params), "1", "0")

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"{dy}*{y}*(1-{y})"


def sigmoid(x: str) -> str:
    """1 / (1 + e⁻ˣ), which is eˣ where e⁻ˣ would be too large for a number."""
    return f"IF({x}<-700,EXP({x}),1/(1+EXP(-{x})))"


@formula("ReLU")
class ReLU(Unary):
    words, maths = "the positive part", "y = max(0, x)"
    derivative = ("dE/dx = dE/dy where x > 0, else 0",)
    rounds = False

    def y(self, x: str, params: Params) -> str:
        return f"MAX(0,{x})"

    def y_ieee(self, x: str, params: Params) -> str:
        return ieee.at(x, self.y(x, params), x, "0")

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"IF(SIGN({x})=1,{dy},0)"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return ieee.at(x, self.dx(dy, x, y, params), dy, "0")


@formula("Abs")
class Abs(Unary):
    words, maths = "the absolute value", "y = |x|"
    derivative = ("dE/dx = dE/dy · sign(x)",)
    rounds = False

    def y(self, x: str, params: Params) -> str:
        return f"ABS({x})"

    def y_ieee(self, x: str, params: Params) -> str:
        return ieee.at(x, self.y(x, params), '"inf"', '"inf"')

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"{dy}*SIGN({x})"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return ieee.at(x, ieee.scaled(f"SIGN({x})", dy), dy, ieee.opposite(dy))


@formula("GELU")
class GELU(Unary):
    """The approximation has its tanh in a block of its own; ±1 where its cube would be too large for a number."""

    words = "the Gaussian error linear unit"
    maths = "y = x · Φ(x);  with approximate=tanh: y = ½ x (1 + tanh u), u = √(2/π) (x + 0.044715 x³)"
    derivative = (
        "dE/dx = dE/dy · (Φ(x) + x φ(x));  "
        "tanh: dE/dy · (½(1 + t) + ½ x (1 − t²) √(2/π) (1 + 0.134145 x²)), t = tanh u",
    )
    cancels = True

    def forward(self, s: Scope) -> Cell:
        if s.params["approximate"] == "none":
            return super().forward(s)
        (x,) = s.x

        def tanh_of(x: str) -> str:
            return f"IFERROR(TANH(SQRT(2/PI())*({x}+0.044715*{x}*{x}*{x})),SIGN({x}))"

        t = s.kept["t"] = s.helper("t = tanh(√(2/π) · (x + 0.044715 · x³))", x.shape, lambda i: tanh_of(x[i]))

        def plain(i: Sequence[int]) -> str:
            return f"0.5*{x[i]}*(1+{t[i]})"

        return guarded(plain, lambda i: ieee.at(x[i], plain(i), x[i], ieee.NAN), s.y, x)

    def backward(self, s: Scope, k: int) -> Cell:
        if s.params["approximate"] == "none":
            return super().backward(s, k)
        (x,), t, dy = s.x, s.kept["t"], s.dy

        def cell(i: Sequence[int]) -> str:
            slope = f"(1-{t[i]}*{t[i]})*{x[i]}"  # first, as it is 0 where x² would be too large for a number
            return f"{dy[i]}*(0.5*(1+{t[i]})+0.5*SQRT(2/PI())*({slope}+{slope}*0.134145*{x[i]}*{x[i]}))"

        return cell

    def y(self, x: str, params: Params) -> str:
        return f"0.5*{x}*(1+ERF({x}/SQRT(2)))"

    def y_ieee(self, x: str, params: Params) -> str:
        return ieee.at(x, self.y(x, params), x, ieee.NAN)

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        density = f"IFERROR(EXP(-{x}*{x}/2),0)/SQRT(2*PI())"  # 0 where x² would be too large for a number
        return f"{dy}*(0.5*(1+ERF({x}/SQRT(2)))+{x}*{density})"


@formula("Cast")
class Cast(Unary):
    words, maths, derivative = "the same numbers as another kind of number", "y = x", ("dE/dx = dE/dy",)
    rounds = False

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"{params['dtype']}({names[0]})"

    def y(self, x: str, params: Params) -> str:
        return {"int64": f"TRUNC({x})", "bool": f"ABS(SIGN({x}))"}.get(params["dtype"], x)

    def y_ieee(self, x: str, params: Params) -> str:
        return f"IF(ISTEXT({x}),1,{self.y(x, params)})" if params["dtype"] == "bool" else self.y(x, params)

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return dy
