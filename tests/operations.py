"""Every operation of one number, once: the tests of kernels, gradients and workbooks try each of them.

A new one goes at the end: `case("Softsign", lambda x: x / (1 + abs(x)), (0.0, 0.0), (1.0, 0.5), (-3.0, -0.75))`.
"""

from __future__ import annotations

import math
from math import e, inf, nan
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

from saitama import Tensor
from saitama.nn import functional
from saitama.tensor.reference import KERNELS


class Operation(NamedTuple):
    op: str  # the class of the operation
    formula: Callable[[float], float]  # its value, written once more: for the tests
    known: Tuple[Tuple[float, float], ...]  # (x, y) worked out by hand, with the ends of the range
    between: Tuple[float, float]  # where random numbers are drawn from
    kernel: str  # K.kernel, and K.kernel_grad if the derivative has one of its own
    params: Dict[str, Any]

    def __call__(self, x: Tensor) -> Tensor:
        """As a person calls it: a method of Tensor or a function of nn.functional, under the name of the class."""
        name = self.op.lower()
        y: Tensor = getattr(Tensor if hasattr(Tensor, name) else functional, name)(x, **self.params)
        return y

    @property
    def derivative(self) -> str:
        """The kernel of its derivative, or ""."""
        return f"{self.kernel}_grad" if f"{self.kernel}_grad" in KERNELS else ""


OPERATIONS: List[Operation] = []


def case(
    op: str,
    formula: Callable[[float], float],
    *known: Tuple[float, float],
    between: Tuple[float, float] = (-2.0, 2.0),
    kernel: str = "",
    **params: Any,
) -> None:
    OPERATIONS.append(Operation(op, formula, known, between, kernel or op.lower(), params))


def gelu(x: float) -> float:
    return x * 0.5 * (1 + math.erf(x / math.sqrt(2)))


def gelu_tanh(x: float) -> float:
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


case("Neg", lambda x: -x, (0.0, -0.0))
case("Exp", math.exp, (0.0, 1.0), (1.0, e), (1000.0, inf), (-1000.0, 0.0), (-inf, 0.0))
case("Log", math.log, (0.0, -inf), (-0.0, -inf), (-1.0, nan), (-inf, nan), (inf, inf), (e, 1.0), between=(0.1, 3.0))
case("Sqrt", math.sqrt, (2.0, 1.4142135623730951), (-1.0, nan), (-0.0, -0.0), (inf, inf), between=(0.1, 3.0))
case("Tanh", math.tanh, (inf, 1.0), (-1000.0, -1.0), (0.5, 0.46211715726000975))
case(
    "Sigmoid",
    lambda x: 1 / (1 + math.exp(-x)),
    *((0.0, 0.5), (0.3775, 0.593269992), (-1000.0, 0.0), (1000.0, 1.0), (-40.0, 4.248354255291589e-18)),
)
case("ReLU", lambda x: max(0.0, x), (-1.0, 0.0), (2.0, 2.0), (-inf, 0.0), (inf, inf))
case("Abs", abs, (-inf, inf), (-0.0, 0.0))
case("GELU", gelu, (1.0, 0.8413447460685429), (-1.0, -0.15865525393145707), (inf, inf), approximate="none")
case("GELU", gelu_tanh, (1.0, 0.8411919906082768), (100.0, 100.0), kernel="gelu_tanh", approximate="tanh")
