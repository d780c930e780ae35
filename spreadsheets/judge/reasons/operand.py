"""A block that a step reads: its numbers as cells, and whether it is a number that is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

from ...formulas.syntax import Place, Reference, Tree
from ...graph.items import Leaf
from ...graph.keys import Gradient, Inner, Share, StepKey
from ...graph.keys import Value as ValueOf
from ...layout import Block, Index, Shape


class NotHere(ValueError):
    """This way of going wrong does not exist for the step."""


@dataclass(frozen=True)
class Operand:
    """A block that a step reads, or might have read."""

    key: StepKey
    name: str
    block: Block

    @property
    def shape(self) -> Shape:
        return self.block.shape

    def cell(self, index: Index) -> Reference:
        """One of its numbers; NotHere beyond its end."""
        if len(index) != len(self.shape) or not all(0 <= i < n for i, n in zip(index, self.shape)):
            raise NotHere("no such number")
        return Reference(Place(None, *self.block.at(index)))

    def line(self, index: Index, axis: int) -> List[Tree]:
        """Its numbers along an axis, through one place."""
        return [self.cell((*index[:axis], n, *index[axis + 1 :])) for n in range(self.shape[axis])]


def is_number(operand: Operand) -> bool:
    """Whether a block is a number that is given: a factor in the rule, a rate, an eps."""
    key = operand.key
    if operand.shape or isinstance(key, (Gradient, Share)):
        return False
    return (isinstance(key, Inner) and key.name in ("eps", "scale")) or (
        isinstance(key, ValueOf) and isinstance(key.item, Leaf) and not key.item.requires_grad
    )
