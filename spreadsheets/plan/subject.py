"""What a workbook is about: a graph with everything computed, and the titles of its sheets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, List, Mapping, Optional, Tuple

from ..formulas import FORMULAS
from ..formulas.wording import Wording
from ..graph.doubt import Doubts
from ..graph.format import MAX_NODES
from ..graph.graph import Graph
from ..graph.items import Item, Leaf, Node
from ..graph.keys import Key, Share
from ..graph.rounding import sizes
from ..graph.run import Run
from ..layout import size_of
from ..texts import sheet_title, shortened

TOLERANCES = {"float64": (1e-9, 1e-12), "float32": (1e-5, 1e-6)}  # (rtol, atol)
ERF_ATOL = 1e-10  # the erf of some spreadsheet programs is good to ten digits, which shows where larger numbers cancel
MAX_WIDTH = 4_000  # columns of one block: three stand side by side


@dataclass(frozen=True)
class Subject:
    graph: Graph
    run: Run
    max_cells: int
    titles: Mapping[Item, str]  # of the sheet that shows the item
    sizes: Mapping[Key, float]  # how many times the absolute tolerance the numbers of a key may be off
    doubts: Optional[Doubts] = None  # what rounding decides; nothing asks for it in a worksheet
    left_out: FrozenSet[Item] = frozenset()  # tensors that shall have no cells

    def noise(self, parameter: Leaf) -> Optional[List[bool]]:
        """Which gradients of a parameter are rounding noise, of which an optimiser makes a step all the same."""
        step = self.graph.step
        if self.doubts is None or step is None:
            return None
        flags = self.doubts.noise(parameter, step.rule.divides)
        return flags if any(flags) else None

    def fits(self, item: Item) -> bool:
        """Whether a tensor gets cells; if not, it is summarised."""
        if item in self.left_out:
            return False
        return size_of(item.shape) <= self.max_cells and (not item.shape or item.shape[-1] <= MAX_WIDTH)

    def shares(self, item: Item) -> List[Share]:
        """What comes back to the item: the sum of these is its gradient."""
        return self.run.shares_of(item)

    def slope(self, item: Item) -> str:
        """The name of a gradient: `dE/dw`."""
        return f"d{self.graph.root.name}/d{item.name}"

    def wording(self, node: Node) -> Wording:
        """The names that stand for the letters in the mathematics of an operation."""
        names = [item.name for item in node.inputs]
        gradients = [self.slope(item) for item in node.inputs]
        shapes = [item.shape for item in node.inputs]
        return FORMULAS[node.op].wording(names, gradients, node.name, self.slope(node), shapes, node.params)


def tolerance(graph: Graph) -> Tuple[float, float]:
    """(rtol, atol) for the formulas of a graph."""
    rtol, atol = TOLERANCES[graph.dtype]
    uses_erf = any(node.op == "GELU" and node.params["approximate"] == "none" for node in graph.nodes)
    return rtol, max(atol, ERF_ATOL) if uses_erf else atol


def doubts_of(graph: Graph, run: Run) -> Doubts:
    """How much of a graph's numbers hangs on rounding."""
    (rtol, atol), size = tolerance(graph), sizes(run)
    updates = graph.step.updates if graph.step else ()
    starts = {u.parameter: run.gradients[u.parameter] for u in updates if u.parameter in run.gradients}
    leaves = {leaf: leaf.array for leaf in graph.inputs}
    return Doubts(graph, run, leaves, {}, starts, lambda key: (rtol, atol * size.get(key, 1.0)))


def subject_of(
    graph: Graph, run: Run, max_cells: int, doubts: Optional[Doubts] = None, left_out: FrozenSet[Item] = frozenset()
) -> Subject:
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
    return Subject(graph, run, max_cells, titles, sizes(run), doubts, left_out)
