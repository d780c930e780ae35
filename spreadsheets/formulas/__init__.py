"""What each operation computes, as spreadsheet formulas: written from the mathematics, not from the framework's
backward.

One file per family. `FORMULAS["MatMul"]` is the formula of the operation class of that name; a test fails for any
operation that has none. `RULES["Adam"]` is the rule of the optimiser class of that name, in the same way. Where a
cell's own numbers are infinite or not a number, which no spreadsheet can hold, the cell shows the text "inf", "-inf" or
"nan" and the formulas that meet it follow IEEE 754 as far as a sum, a product, a comparison, a maximum or a softmax
needs (masked scores are the common case). Such guards are written only into the cells that need them.
"""

from __future__ import annotations

from . import (
    attention,
    binary,
    compare,
    index,
    linear,
    loss,
    matmul,
    normalise,
    optimizer,
    recurrent,
    reduce,
    rounding,
    shape,
    softmax,
    unary,
)
from .formula import FORMULAS, Formula, formula
from .rule import RULES, Rule, Working
from .scope import Scope, View

__all__ = ["FORMULAS", "RULES", "Formula", "Rule", "Scope", "View", "Working", "formula"]
__all__ += ["attention", "binary", "compare", "index", "linear", "loss", "matmul", "normalise", "optimizer"]
__all__ += ["recurrent", "reduce", "rounding", "shape", "softmax", "unary"]
