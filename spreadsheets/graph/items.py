"""The tensors of a graph: what stands in a workbook under a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Sequence, Tuple

from ..formulas import FORMULAS
from ..layout import Shape, flatten


@dataclass(eq=False)
class Item:
    """A tensor of the graph."""

    name: str
    shape: Shape
    dtype: str
    requires_grad: bool


@dataclass(eq=False)
class Leaf(Item):
    """A tensor nothing in the graph computed: an input, a weight, a constant."""

    array: Any = None
    source: Any = None  # the Tensor it was made from


@dataclass(eq=False)
class Node(Item):
    """The result of an operation."""

    op: str = ""
    params: Dict[str, Any] = field(default_factory=dict)
    inputs: Tuple[Item, ...] = ()
    needs: Tuple[bool, ...] = ()
    number: int = 0

    @property
    def text(self) -> str:
        """The operation as an expression: `sigmoid(net)`."""
        return FORMULAS[self.op].text([item.name for item in self.inputs], self.params)


def numbers(array: Any) -> Sequence[Any]:
    """The numbers of an array, row by row, as a spreadsheet holds them: floats and ints; True is 1.

    Where the array has a buffer they are read from it, as a large workbook must not hold them twice.
    """
    if array.dtype == "bool" or not array.size:
        return [int(value) for value in flatten(array.tolist(), array.ndim)]
    try:
        return memoryview(array).cast("B").cast(_FORMATS[array.dtype])
    except TypeError:  # the pure-Python kernels keep lists
        return flatten(array.tolist(), array.ndim)


_FORMATS: Dict[str, Any] = {"float64": "d", "float32": "f", "int64": "q"}
