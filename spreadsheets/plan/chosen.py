"""Which tensors of a graph get cells, where not all shall: by their names, in which * stands for anything."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import FrozenSet, Iterable, List, Optional, Union

from ..graph.graph import Graph
from ..graph.items import Item, Leaf

Names = Union[None, str, Iterable[str]]


def left_out(graph: Graph, include: Names, exclude: Names) -> FrozenSet[Item]:
    """The tensors without cells: all but those that `include` names, and those that `exclude` names; never the result.

    Raises ValueError, in one line, for a name that nothing has.
    """
    items = [item for item in (*graph.leaves, *graph.nodes) if item is not graph.root and not is_constant(item)]
    kept = _named(items, include, "include")
    dropped = _named(items, exclude, "exclude") or frozenset()
    return frozenset(item for item in items if item in dropped or (kept is not None and item not in kept))


def is_constant(item: Item) -> bool:
    """A number written in an expression, such as the 2 of a square."""
    return isinstance(item, Leaf) and item.shape == () and not item.requires_grad


def _named(items: List[Item], names: Names, what: str) -> Optional[FrozenSet[Item]]:
    if names is None:
        return None
    found = set()
    for pattern in [names] if isinstance(names, str) else names:
        here = [item for item in items if fnmatchcase(item.name, pattern)]
        if not here:
            known = ", ".join(item.name for item in items[:20])
            raise ValueError(f"export: {what}: nothing is called {pattern!r}; there are {known}")
        found.update(here)
    return frozenset(found)
