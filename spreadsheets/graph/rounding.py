"""What rounding does to the numbers of a graph: two other ways to compute it, to see how much hangs on the last digits.

`Nudged` moves every result in its last digits, at random; `Calculated` computes as a spreadsheet program does.
"""

from __future__ import annotations

from math import floor, inf, log10
from typing import Any, Dict, Optional, Sequence

from saitama.tensor.backend import K

from ..formulas import FORMULAS
from ..formulas.binary import Extremum
from ..formulas.compare import Comparing
from ..formulas.reduce import Extreme, Position
from .items import Node, numbers
from .keys import Gradient, Key
from .run import Arithmetic, Run

NUDGE = {"float64": 2.0**-49, "float32": 2.0**-23}  # relative; a spreadsheet's own rounding is up to 16 units of 2**-52
FEW_DIGITS = {"float64": 1.5 * 2.0**32, "float32": 1.5 * 2.0**11}  # added, it leaves what has 20 (12) binary places
NEARLY = 2.0**-47  # relative: up to here some program calls two numbers equal, and their difference 0


def sizes(result: Run) -> Dict[Key, float]:
    """How large the numbers are that a gradient, or a share of one, is a sum of: 10 from 10 on, 100 from 100 on, and 1
    below. What additions leave over is in proportion to it, so Check's absolute tolerance is too."""
    found: Dict[Key, float] = {}
    for share in result.shares:
        dy = result.gradients.get(share.node)  # None where a part of it has no cells in the workbook that is read
        largest = max((abs(g) for g in (() if dy is None else numbers(dy)) if abs(g) < inf), default=0.0)
        size = found[share] = 10.0 ** max(0, floor(log10(largest))) if largest else 1.0
        total = Gradient(share.item)
        found[total] = max(size, found.get(total, 1.0))
    return found


class Nudged(Arithmetic):
    """Every number that was rounded is moved at random by up to NUDGE of its size, and so is what an operation reads,
    for the sums inside of it. Numbers of few digits stay: programs compute exactly with them."""

    def __init__(self, seed: int) -> None:
        self.seed, self.drawn = seed, 0

    def moved(self, array: Any, size: Optional[Any] = None) -> Any:
        """By up to NUDGE of their own size, or of `size`; then those of few digits too."""
        if array.dtype not in NUDGE:
            return array
        self.drawn += 1
        random = K.uniform(array.shape, array.dtype, self.seed, self.drawn << 32)
        one, nudge = number(1, array), number(2 * NUDGE[array.dtype], array)
        share = K.mul(nudge, K.sub(random, number(0.5, array)))
        if size is not None:
            moved = K.add(array, K.mul(size, share))
            return K.where(K.eq(K.sub(moved, moved), number(0, array)), moved, array)  # inf - inf is no number
        few = number(FEW_DIGITS[array.dtype], array)
        short = K.where(K.lt(K.abs(array), few), K.sub(K.add(array, few), few), number(inf, array))
        return K.where(K.eq(short, array), array, K.mul(array, K.add(one, share)))

    def operands(self, node: Node, arrays: Sequence[Any]) -> Sequence[Any]:
        return [self.moved(array) for array in arrays] if FORMULAS[node.op].rounds else arrays

    def result(self, node: Node, arrays: Sequence[Any], y: Any) -> Any:
        return self.moved(y) if FORMULAS[node.op].rounds else y

    def handed_on(self, node: Node, k: int, dy: Any, dx: Any) -> Any:
        if FORMULAS[node.op].cancels:
            return self.moved(self.moved(dx), self.terms(dy, dx))
        return self.moved(dx) if FORMULAS[node.op].rounds else dx

    @staticmethod
    def terms(dy: Any, dx: Any) -> Any:
        """How large the terms are whose difference dx is: about as dy."""
        if dy.shape == dx.shape:
            return K.abs(dy)
        if dy.shape == dx.shape[:-1]:
            return K.abs(dy.reshape((*dy.shape, 1)))
        return K.max(K.abs(dy), tuple(range(dy.ndim)), False) if dy.size else number(0, dx)


class AsCalculated(Arithmetic):
    """As spreadsheet programs calculate: in double, nearly equal numbers as equal and their difference 0, and without
    a negative zero."""

    def params(self, node: Node) -> Dict[str, Any]:
        return {name: "float64" if value == "float32" else value for name, value in node.params.items()}

    def operands(self, node: Node, arrays: Sequence[Any]) -> Sequence[Any]:
        formula = FORMULAS[node.op]
        if isinstance(formula, (Comparing, Extremum)):
            a, b = (K.expand(array, node.shape) for array in arrays)
            return [self.equal(a, b), b]
        if isinstance(formula, (Extreme, Position)) and arrays[0].size and arrays[0].dtype == "float64":
            (x,) = arrays
            largest = (K.max if formula.function == "MAX" else K.min)(x, tuple(node.params["dim"]), True)
            return [self.equal(x, largest)]
        return arrays

    @staticmethod
    def equal(a: Any, b: Any) -> Any:
        """a, but b where that is nearly the same."""
        return K.where(nearly(a, b), b, a) if a.dtype == "float64" else a

    def result(self, node: Node, arrays: Sequence[Any], y: Any) -> Any:
        if y.dtype != "float64":
            return y
        if node.op in ("Add", "Sub"):
            a, b = arrays
            y = K.where(nearly(a, K.neg(b) if node.op == "Add" else b), number(0, y), y)
        return K.add(y, number(0, y))  # -0 + 0 is 0

    def handed_on(self, node: Node, k: int, dy: Any, dx: Any) -> Any:
        return K.add(K.sum_to(dx, node.inputs[k].shape), number(0, dx))

    def sum(self, a: Any, b: Any) -> Any:
        return K.where(nearly(a, K.neg(b)), number(0, a), K.add(a, b))


def nearly(a: Any, b: Any) -> Any:
    """Where two numbers differ by less than some program notices. False for infinities and NaN."""
    distance, size = K.abs(K.sub(a, b)), K.maximum(K.abs(a), K.abs(b))
    return K.le(distance, K.mul(size, number(NEARLY, a))) if a.size and b.size else K.eq(a, b)


def number(value: float, like: Any) -> Any:
    return K.full((), value, like.dtype)


__all__ = ["NUDGE", "AsCalculated", "Nudged", "number", "sizes"]
