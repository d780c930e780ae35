"""Which numbers of which tensors a checked tensor holds, where it is only another arrangement of them.

`W.grad.T`, `y.reshape(4, 2)` and `cat([W.grad, b.grad], 1)` have no steps of their own: each of their numbers is one of
a gradient or a result, and is judged as that. Found by letting the same operations arrange numbers that count places.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Tuple

from saitama.autograd.function import Function
from saitama.autograd.replay import copy
from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

from ..graph.items import numbers
from ..layout import Index, Shape, indices, size_of
from .watched import Source, made_by, source_of

ARRANGING = {"Reshape", "Transpose", "Expand", "Concat", "Slice", "Cast"}
DEEPEST = 100


@dataclass
class Arranged:
    """A source and, where an arranging operation made it, the sources that it arranged; taken down before a backward
    pass frees them."""

    source: Source
    shape: Shape
    function: Optional[Function] = None
    parts: List[Arranged] = field(default_factory=list)


def arranged(tensor: Tensor) -> Arranged:
    return _arranged(source_of(tensor), tensor.shape, 0)


def _arranged(source: Source, shape: Shape, depth: int) -> Arranged:
    found = Arranged(source, tuple(shape))
    made = made_by(source)
    if made is not None and type(made[0]).__name__ in ARRANGING and depth < DEEPEST:
        found.function = made[0]
        found.parts = [_arranged(part, part.shape, depth + 1) for part in made[1]]
    return found


Number = Tuple[Source, Index]


def numbers_in(tree: Arranged, is_known: Callable[[Source], bool]) -> Optional[List[Number]]:
    """For each number of the tensor, row by row, whose it is: of the outermost sources that are known. None where some
    are of none."""
    first: Dict[Source, int] = {}
    shapes: Dict[Source, Shape] = {}
    places = _places(tree, is_known, first, shapes)
    if places is None:
        return None
    owners: List[Number] = []
    for source, shape in shapes.items():  # in the order in which they are counted
        owners += [(source, index) for index in indices(shape)]
    return [owners[int(place)] for place in numbers(places)]


def _places(
    tree: Arranged, is_known: Callable[[Source], bool], first: Dict[Source, int], shapes: Dict[Source, Shape]
) -> Optional[K.Array]:
    """An array that says where each number comes from: places in one row of all sources."""
    if is_known(tree.source):
        if tree.source not in first:
            first[tree.source] = sum(map(size_of, shapes.values()))
            shapes[tree.source] = tree.shape
        start = first[tree.source]
        return K.from_list([float(start + n) for n in range(size_of(tree.shape))], tree.shape, "float64")
    if tree.function is None:
        return None
    parts = [_places(part, is_known, first, shapes) for part in tree.parts]
    if any(part is None for part in parts):
        return None
    if type(tree.function).__name__ == "Cast":
        return parts[0]
    operation = copy(tree.function)
    operation.needs = (False,) * len(parts)
    return operation.forward(*parts)


__all__ = ["Arranged", "arranged", "numbers_in"]
