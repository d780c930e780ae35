"""What a block of a workbook shows: one key for each array that a graph has, forward and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from .items import Item, Node


@dataclass(frozen=True)
class Value:
    """The numbers of a tensor, or of a line of an optimiser's rule."""

    item: Item


@dataclass(frozen=True)
class Gradient:
    """dE/d item: the sum of all that comes back to it."""

    item: Item


@dataclass(frozen=True)
class Share:
    """What an operation hands on to its operand number `k`."""

    node: Node
    k: int

    @property
    def item(self) -> Item:
        return self.node.inputs[self.k]

    @property
    def way(self) -> str:
        """`through y`; where the operand stands in y twice, as in x · x, also as which operand."""
        twice = sum(item is self.item for item in self.node.inputs) > 1
        return f"through {self.node.name}" + (f" (operand {self.k + 1})" if twice else "")


@dataclass(frozen=True)
class Start:
    """The gradient that the update of a parameter starts from, where the workbook repeats it."""

    item: Item


@dataclass(frozen=True)
class Inner:
    """A step in between, on the way to the numbers of another key: the `exp` of a softmax."""

    of: Union[Value, Gradient, Share]
    name: str

    @property
    def item(self) -> Item:
        return self.of.item


Key = Union[Value, Gradient, Share, Start]
StepKey = Union[Key, Inner]
