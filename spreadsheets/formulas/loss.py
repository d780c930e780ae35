"""The losses that are one operation in the framework, as the readable steps of their formulas."""

from __future__ import annotations

from typing import Callable, Sequence

from ..layout import ALL, Index, Shape
from . import ieee
from .formula import Cell, Formula, Params, formula
from .limits import call
from .reduce import extreme
from .scope import Scope, guarded
from .softmax import masked
from .unary import Unary, sigmoid


@formula("Softplus")
class Softplus(Unary):
    words, maths, derivative = "a smooth max(0, x)", "y = ln(1 + exp(x))", ("dE/dx = dE/dy / (1 + exp(−x))",)

    def y(self, x: str, params: Params) -> str:
        return f"MAX({x},0)+LN(1+EXP(-ABS({x})))"

    def y_ieee(self, x: str, params: Params) -> str:
        return ieee.at(x, self.y(x, params), x, "0")

    def dx(self, dy: str, x: str, y: str, params: Params) -> str:
        return f"{dy}*{sigmoid(x)}"

    def dx_ieee(self, dy: str, x: str, y: str, params: Params) -> str:
        return ieee.at(x, self.dx(dy, x, y, params), dy, f"0*{dy}")


@formula("BinaryCrossEntropy")
class BinaryCrossEntropy(Formula):
    words = "binary cross-entropy: how surprised the probability p is by the true t"
    maths = "y = −(t ln p + (1 − t) ln(1 − p)), a logarithm below −100 counts as −100"
    derivative = ("dE/dp = dE/dy · (p − t) / max(p (1 − p), 10⁻¹²)", "dE/dt = dE/dy · (ln(1 − p) − ln p)")
    letters = ("p", "t")
    last, last_back = "−(t · ln_p + (1 − t) · ln_q)", ("", "dE/dy · (ln_q − ln_p)")
    cancels = True

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"binary_cross_entropy({', '.join(names)})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        p, t = shapes
        if p != t:
            raise ValueError(f"binary_cross_entropy: probabilities {p} and targets {t} must have one shape")
        return p

    def forward(self, s: Scope) -> Cell:
        p, t = s.x
        logarithm = "IF(SIGN({0})=0,-100,MAX(LN({0}),-100))"
        ln_p = s.helper("ln_p = ln p, at least −100", p.shape, lambda i: logarithm.format(p[i]))
        ln_q = s.helper("ln_q = ln(1 − p), at least −100", p.shape, lambda i: logarithm.format(f"(1-{p[i]})"))
        s.kept.update(ln_p=ln_p, ln_q=ln_q)
        return lambda i: f"-({t[i]}*{ln_p[i]}+(1-{t[i]})*{ln_q[i]})"

    def backward(self, s: Scope, k: int) -> Cell:
        p, t = s.x
        ln_p, ln_q, dy = s.kept["ln_p"], s.kept["ln_q"], s.dy
        if k == 1:
            return lambda i: f"{dy[i]}*({ln_q[i]}-{ln_p[i]})"
        return lambda i: f"{dy[i]}*({p[i]}-{t[i]})/MAX({p[i]}*(1-{p[i]}),1E-12)"


@formula("CrossEntropy")
class CrossEntropy(Formula):
    words = "cross-entropy: how surprised softmax(x) is by the true class t"
    maths = "yᵢ = −Σⱼ qᵢⱼ ln pᵢⱼ,  p = softmax(x),  q = 1 at the class tᵢ and 0 elsewhere, smoothed"
    derivative = ("dE/dxᵢⱼ = dE/dyᵢ · (pᵢⱼ − qᵢⱼ)",)
    letters = ("x", "t")
    last, last_back = "−ln_p at the class t", ("dE/dy · (exp / sum − 1 at the class t)",)
    cancels = True

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"cross_entropy({', '.join(names)})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        x, t = shapes
        if len(x) != 2 or t != x[:1]:
            raise ValueError(f"cross_entropy: logits {x} and classes {t} do not fit")
        return t

    def forward(self, s: Scope) -> Cell:
        x, t = s.x
        rows, classes = (x.shape[0], 1), x.shape[1]

        def m_of(i: Index) -> str:
            line = x.ranges((i[0], ALL))
            return call("MAX", line) if x.finite else extreme("MAX", line, classes)

        def unless_masked(i: Index, number: str, otherwise: str) -> str:
            return number if x.finite else masked(x[i], m[i[0], 0], number, otherwise)

        m = s.helper("max = the largest x of each row", rows, m_of)
        e = s.helper("exp = exp(x − max)", x.shape, lambda i: unless_masked(i, f"EXP({x[i]}-{m[i[0], 0]})", "0"))
        z = s.helper("sum = Σ exp of each row", rows, lambda i: s.total(e.ranges((i[0], ALL))))
        log_p = s.helper(
            "ln_p = x − max − ln sum",
            x.shape,
            lambda i: unless_masked(i, f"{x[i]}-{m[i[0], 0]}-LN({z[i[0], 0]})", '"-inf"'),
        )
        s.kept.update(e=e, z=z)
        smoothing = float(s.params["label_smoothing"])

        def true_of(i: Index) -> str:
            (row,) = log_p.ranges((i[0], ALL))
            true = f"INDEX({row},1,{t[i]}+1)" if classes > 1 else row
            if smoothing:
                mean = f"AVERAGE({row})" if x.finite else ieee.total([row], f"AVERAGE({row})")
                true = f"({1 - smoothing!r}*{true}+{smoothing!r}*{mean})"
            return true

        def of(number: Callable[[str], str]) -> Cell:
            return lambda i: f"IF({t[i]}={s.params['ignore_index']},0,{number(true_of(i))})"

        return guarded(of(lambda true: f"-{true}"), of(ieee.opposite), s.y, x)

    def backward(self, s: Scope, k: int) -> Cell:
        x, t = s.x
        e, z, g = s.kept["e"], s.kept["z"], s.dy
        smoothing, classes = float(s.params["label_smoothing"]), x.shape[1]

        def cell(i: Index) -> str:
            row, j = i
            q = f"IF({t[(row,)]}={j},1,0)"
            if smoothing:
                q = f"({1 - smoothing!r}*{q}+{smoothing!r}/{classes})"
            plain = f"{g[(row,)]}*({e[i]}/{z[row, 0]}-{q})"
            return f"IF({t[(row,)]}={s.params['ignore_index']},0,{plain})"

        return cell
