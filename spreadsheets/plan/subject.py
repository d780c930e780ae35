"""What a workbook is about: a graph with everything computed, and the titles of its sheets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping

from ..graph.graph import Graph
from ..graph.items import Item, Leaf
from ..graph.keys import Key, Share
from ..graph.rounding import sizes
from ..graph.run import Run
from ..layout import size_of
from .page import sheet_title, shortened

MAX_WIDTH = 4_000  # columns of one block: three stand side by side
MAX_NODES = 2_000


@dataclass(frozen=True)
class Subject:
    graph: Graph
    run: Run
    max_cells: int
    titles: Mapping[Item, str]  # of the sheet that shows the item
    sizes: Mapping[Key, float]  # how many times the absolute tolerance the numbers of a key may be off
    noise: Mapping[Leaf, List[bool]]  # parameters with gradients that are rounding noise, number by number

    def fits(self, item: Item) -> bool:
        """Whether a tensor gets cells; if not, it is summarised."""
        return size_of(item.shape) <= self.max_cells and (not item.shape or item.shape[-1] <= MAX_WIDTH)

    def shares(self, item: Item) -> List[Share]:
        """What comes back to the item: the sum of these is its gradient."""
        return self.run.shares_of(item)

    def slope(self, item: Item) -> str:
        """The name of a gradient: `dE/dw`."""
        return f"d{self.graph.root.name}/d{item.name}"


def subject_of(graph: Graph, run: Run, max_cells: int, noise: Mapping[Leaf, List[bool]]) -> Subject:
    updates = graph.step.updates if graph.step else []
    count = len(graph.nodes) + len(updates)
    if count > MAX_NODES:
        raise ValueError(
            f"export: the graph has {count:,} operations, more than the {MAX_NODES:,} sheets a workbook "
            "is good for; export a smaller example (fewer steps, layers or samples)"
        )
    taken = ["Start", "Inputs", "Check", "Exported", "Graph"]
    titles: Dict[Item, str] = dict.fromkeys(graph.inputs, "Inputs")
    for node in graph.nodes:
        unnamed = node.name == f"{node.op.lower()}{node.number}"
        name = node.op.lower() if unnamed else shortened(node.name, 30 - len(str(node.number)))
        titles[node] = sheet_title(f"{node.number} {name}", taken)
        taken.append(titles[node])
    for update in updates:
        titles[update] = sheet_title(update.name, taken)
        taken.append(titles[update])
    return Subject(graph, run, max_cells, titles, sizes(run), noise)
