"""worksheet(root, path): the graph of an export with blanks in it, to be filled in by hand.

A blank turns green when the number in it is right and red when it is not, as you type.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Iterable, Set, Tuple, Union

from saitama import __version__
from saitama.tensor.tensor import Tensor

from .export import Exported, check_path, computed, written
from .graph.graph import Graph
from .graph.items import Item
from .plan.blanks import Blanks
from .plan.subject import subject_of
from .plan.workbook import plan_workbook

Chosen = Union[None, str, Iterable[str]]


def worksheet(
    root: Tensor,
    path: Union[str, os.PathLike[str]],
    *,
    names: Any = None,
    optimizer: Any = None,
    blanks: Chosen = None,
    max_cells: int = 20_000,
    overwrite: bool = True,
) -> Exported:
    """Write the graph behind `root` to an .xlsx workbook with blanks to be filled in by hand.

    blanks: "all" (the default), "forward", "backward", "update", or names of operations, inputs and updates: the value
        and the gradients of such an operation, the gradient of such an input, every line of an "update W1".

    Everything else is as in export(); verify(path) marks what was typed.
    """
    check_path(path, overwrite, max_cells)
    graph, result = computed(root, names, optimizer)
    values, gradients = _chosen(graph, blanks)
    what = f"to be filled in by hand; written by saitama {__version__}: {len(graph.nodes)} operations, {graph.dtype}"
    subject = subject_of(graph, result, max_cells)
    plan = plan_workbook(subject, lambda subject, draft: Blanks(subject, draft, values, gradients), what)
    return written(plan, Path(path))


def _chosen(graph: Graph, blanks: Chosen) -> Tuple[Set[Item], Set[Item]]:
    """The tensors whose value is blank, and those whose gradients are."""
    nodes: Set[Item] = set(graph.nodes)
    leaves: Set[Item] = set(graph.leaves)
    updates: Set[Item] = set(graph.step.updates if graph.step else ())
    if blanks is None or blanks == "all":
        return nodes | updates, nodes | leaves
    if blanks == "update" and updates:
        return updates, set()
    if blanks == "forward":
        return nodes, set()
    if blanks == "backward":
        return set(), nodes | leaves
    wanted = [blanks] if isinstance(blanks, str) else list(blanks)
    if not wanted:
        raise ValueError("blanks: nothing is named, so nothing would be left to fill in; give 'all' or names")
    by_name = {item.name: item for item in [*graph.leaves, *graph.nodes, *updates]}
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        known = ", ".join(list(by_name)[:20])
        raise ValueError(
            f"blanks: nothing is called {unknown[0]!r}; there are 'all', 'forward', 'backward', 'update', {known}"
        )
    items = {by_name[name] for name in wanted}
    return items & (nodes | updates), items
