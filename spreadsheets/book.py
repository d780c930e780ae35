"""The workbook of a graph while it is written: one page per operation, formulas that refer to formulas.

Forward blocks are written from the inputs to the root, gradient blocks from the root back to the inputs, so whatever a
formula refers to has its place already. A tensor past `max_cells` gets no cells, only a summary; what is computed from
it cannot be a live formula, so it shows the framework's values in its place, in their colour, and `left_out` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from openpyxl import Workbook

from .formulas import FORMULAS, Scope, View
from .graph import Graph, Item, Leaf, Node, Run, numbers, receives
from .layout import Block, Index, Shape, size_of
from .page import Page, number_format
from .rounding import sizes
from .style import HELPER, Styles
from .texts import sheet_title, shortened

MAX_WIDTH = 4_000  # columns of one block: three stand side by side
MAX_NODES = 2_000

Contribution = Tuple[Node, int]


@dataclass
class Section:
    """A tensor on a page. `live` is what other formulas refer to; `pinned` where it holds the framework's values."""

    kind: str  # "forward", "arriving", "contribution", "input", "gradient" or "update"
    label: str  # what it is: `out_h`, `dE/d net_h through out_h`
    page: Page
    shape: Shape
    dtype: str
    values: Sequence[Any]
    live: Block
    framework: Optional[Block] = None
    difference: Optional[Block] = None
    size: float = 1.0  # how many times the absolute tolerance its numbers may be off
    pinned: bool = False
    hidden: bool = False  # in a worksheet: `live` is the key
    shown: Optional[Block] = None  # in a worksheet: what a person sees, also where `live` is the key
    typed: Optional[Block] = None  # in a worksheet: the blank cells for a person's own numbers


class Book:
    """Everything the sheets share."""

    def __init__(self, graph: Graph, result: Run, max_cells: int) -> None:
        updates = graph.step.updates if graph.step else []
        count = len(graph.nodes) + len(updates)
        if count > MAX_NODES:
            raise ValueError(
                f"export: the graph has {count:,} operations, more than the {MAX_NODES:,} sheets a workbook "
                "is good for; export a smaller example (fewer steps, layers or samples)"
            )
        self.graph, self.run, self.max_cells = graph, result, max_cells
        self.workbook = Workbook()
        self.styles = Styles(self.workbook)
        self.pages: Dict[Node, Page] = {}
        self.forward: Dict[Item, Section] = {}
        self.arriving: Dict[Item, Section] = {}  # for a leaf: its gradient on Inputs
        self.contributions: Dict[Contribution, Section] = {}
        self.scopes: Dict[Node, Scope] = {}
        self.sizes = sizes(result)
        self.noise: Dict[Leaf, List[bool]] = {}  # parameters with gradients that are rounding noise, number by number
        self.starts: Dict[Item, Section] = {}  # for their updates: the gradients that the step starts from
        self.remarks: Dict[Item, str] = {}  # for Check
        self.left_out: List[str] = []
        self.formula_count = 0
        titles = ["Start", "Inputs", "Check", "Exported", "Graph"]
        self.titles: Dict[Item, str] = dict.fromkeys(graph.inputs, "Inputs")
        for node in graph.nodes:
            unnamed = node.name == f"{node.op.lower()}{node.number}"
            name = node.op.lower() if unnamed else shortened(node.name, 30 - len(str(node.number)))
            self.titles[node] = sheet_title(f"{node.number} {name}", titles)
            titles.append(self.titles[node])
        for update in updates:
            self.titles[update] = sheet_title(update.name, titles)
            titles.append(self.titles[update])
        self._consumers: Dict[Item, List[Contribution]] = {}
        for node, k in sorted(result.contributions, key=lambda key: (key[0].number, key[1])):
            self._consumers.setdefault(node.inputs[k], []).append((node, k))

    def page(self, title: str, grid: int = 1) -> Page:
        return Page(self.workbook.create_sheet(title), self.styles, grid)

    # --- what has cells ---------------------------------------------------------------------------------------------
    def fits(self, item: Item) -> bool:
        """Whether a tensor gets cells; if not, it is summarised."""
        return size_of(item.shape) <= self.max_cells and (not item.shape or item.shape[-1] <= MAX_WIDTH)

    def consumers(self, item: Item) -> List[Contribution]:
        """The operations that hand a gradient to the item, each with the place of the operand."""
        return self._consumers.get(item, [])

    def readers(self, item: Item) -> List[Node]:
        return [node for node in self.graph.nodes if any(operand is item for operand in node.inputs)]

    # --- blocks -----------------------------------------------------------------------------------------------------
    def section(
        self, page: Page, kind: str, of: Item, label: str, array: Any, formula: Optional[Callable[[Index], str]]
    ) -> Section:
        """Live formulas, the framework's values and the difference, side by side. Without a formula: only the values.

        `of` is the operation whose sheet this is; for a gradient on Inputs the leaf.
        """
        values = numbers(array)
        shown = number_format(values, array.dtype)
        names = ["live formula", "framework", "difference"] if formula else ["framework's values (not live)"]
        self.captions(page, names)
        live = page.block(array.shape, 0)
        section = Section(kind, label, page, array.shape, array.dtype, values, live, pinned=formula is None)
        page.labels(live)
        if formula is None:
            page.numbers(live, values, "framework", shown)
        else:
            section.framework, section.difference = page.block(array.shape, 1), page.block(array.shape, 2)
            page.labels(section.framework)
            page.labels(section.difference)
            page.formulas(live, formula, "live", shown)
            page.numbers(section.framework, values, "framework", shown)
            page.differences(section.difference, live, section.framework)
            self.formula_count += live.size
        page.past(live)
        return section

    def given(self, page: Page, label: str, section: Section) -> View:
        """A tensor of another sheet, repeated as what this one starts from."""
        page.text(page.row, page.slot(0), label, "caption")
        page.row += 1
        place = page.block(section.shape, 0)
        page.labels(place)
        live = self.repeat(page, place, section)
        page.past(place)
        return View(live, page.title, section.values)

    def repeat(self, page: Page, place: Block, section: Section) -> Block:
        """Write the cells of `given`; returns those that formulas refer to."""
        source = self.view(section, page)
        page.formulas(place, lambda i: source[i], "helper", number_format(section.values, section.dtype))
        return place

    input_slots = 4  # of Inputs that are in view: the value and what gradient_captions lists

    def gradient_captions(self, leaf: Leaf) -> List[str]:
        """What stands in the slots beside the value of an input."""
        return [f"d{self.graph.root.name}/d{leaf.name}: live formula", "framework", "difference"]

    def leaf_gradient(self, page: Page, leaf: Leaf, row: int, gradient: Any) -> None:
        """The gradient of an input, in the slots beside its value."""
        values = numbers(gradient)
        shown = number_format(values, gradient.dtype)
        live, framework, difference = (Block(page.title, row, page.slot(slot), tuple(leaf.shape)) for slot in (1, 2, 3))
        page.formulas(live, self.sum_of_contributions(leaf, page), "live", shown)
        page.numbers(framework, values, "framework", shown)
        page.differences(difference, live, framework)
        self.formula_count += live.size
        label = f"d{self.graph.root.name}/d{leaf.name}"
        self.arriving[leaf] = Section(
            "gradient", label, page, leaf.shape, gradient.dtype, values, live, framework, difference
        )
        self.arriving[leaf].size = self.sizes["gradient", leaf]

    def captions(self, page: Page, names: Sequence[str]) -> None:
        """What each slot shows, in the line above the column indices."""
        for slot, name in enumerate(names):
            page.text(page.row, page.slot(slot), name, "caption")
        page.row += 1

    def helper_place(self, page: Page, label: str, shape: Shape) -> View:
        """The place of a helper block of live formulas."""
        page.text(page.row, 1, "helper", "note")
        page.text(page.row, 2, label, "caption")
        page.row += 1
        block = page.block(shape, 0)
        page.labels(block)
        page.past(block)
        return View(block, page.title)

    def helper_write(self, page: Page, view: View, formula: Callable[[Index], str]) -> None:
        page.formulas(view.block, formula, "helper", HELPER)
        self.formula_count += view.block.size

    def view(self, section: Section, page: Page) -> View:
        return View(section.live, page.title, section.values)

    def summary(self, page: Page, what: str, array: Any) -> None:
        """Shape, range and ends of a tensor that is too large for cells."""
        values = numbers(array)
        self.left_out.append(f"{what}: {array.dtype} of shape {array.shape} has {len(values):,} numbers, summarised")
        page.line(
            f"{what}: shape {array.shape}, {len(values):,} numbers, summarised (max_cells={self.max_cells:,})",
            "text",
        )
        facts = {"smallest": min(values), "mean": sum(values) / len(values), "largest": max(values)}
        ends = {"first": values[0], "last": values[-1]}
        for col, (name, value) in enumerate({**facts, **ends}.items(), 2):
            page.text(page.row, col, name, "caption")
            page.put(page.row + 1, col, value, "framework", number_format([value], array.dtype))
        page.row += 3

    def finish_page(self, page: Page, slots: int) -> None:
        page.finish(slots, "B3")

    def write_check(self) -> Dict[Item, Tuple[int, int]]:
        """The Check sheet; returns the rows of each tensor on it, first and last."""
        raise NotImplementedError

    # --- the two passes ---------------------------------------------------------------------------------------------
    def write_forward(self, node: Node, page: Page) -> None:
        """The block of a node's result, with the helper blocks its formulas need."""
        array = self.run.values[node]
        if not self.fits(node):
            self.summary(page, node.name, array)
            return
        missing = [item.name for item in node.inputs if item not in self.forward]
        if missing:
            self.left_out.append(f"{node.name}: not live, because {', '.join(missing)} has no cells")
            self.forward[node] = self.section(page, "forward", node, node.name, array, None)
            return
        # The helpers come first on the page, so the result's place is known only after them; they never refer to it.
        shape_block = Block(page.title, 0, 0, tuple(node.shape))
        y = View(shape_block, page.title, numbers(array))
        operands = [self.view(self.forward[item], page) for item in node.inputs]
        scope = self.scopes[node] = self.scope(page, operands, y, node)
        formula = FORMULAS[node.op].forward(scope)
        section = self.forward[node] = self.section(page, "forward", node, node.name, array, formula)
        scope.y = self.view(section, page)

    def scope(self, page: Page, operands: Sequence[View], y: View, node: Node) -> Scope:
        def spill(formula: str) -> str:
            self.formula_count += 1
            return page.spill(formula, 4 + max((x.block.width for x in [*operands, y]), default=0))

        return Scope(
            operands,
            y,
            node.params,
            lambda label, shape: self.helper_place(page, label, shape),
            lambda view, formula: self.helper_write(page, view, formula),
            spill,
        )

    def write_backward(self, node: Node, page: Page) -> None:
        """The gradient that arrives at a node, and what it hands on to each operand."""
        gradient = self.run.gradients.get(node)
        if gradient is None:
            return
        root = self.graph.root.name
        if node not in self.forward:
            self.left_out.append(f"d{root}/d{node.name}: summarised, as {node.name} is")
        else:
            page.heading(f"Gradient arriving: d{root}/d{node.name}", page.slot(3) - 2)
            self.explain_arriving(node, page)
            label = f"d{root}/d{node.name}"
            self.arriving[node] = self.section(
                page, "arriving", node, label, gradient, self.sum_of_contributions(node, page)
            )
            self.arriving[node].size = self.sizes.get(("gradient", node), 1.0)
        if not receives(node, node.needs):
            return
        scope = self.scopes.get(node)
        if scope is not None and node in self.arriving:
            scope.dy = self.view(self.arriving[node], page)
        for k, item in enumerate(node.inputs):
            if (node, k) in self.run.contributions:
                self.write_contribution(node, k, item, page, scope)

    def write_contribution(self, node: Node, k: int, item: Item, page: Page, scope: Optional[Scope]) -> None:
        array = self.run.contributions[node, k]
        root = self.graph.root.name
        derivative = FORMULAS[node.op].derivative
        label = f"d{root}/d{item.name} through {node.name}"
        page.heading(f"Gradient handed on: {label}", page.slot(3) - 2)
        if k < len(derivative) or derivative:
            page.line(derivative[min(k, len(derivative) - 1)], "maths")
        if item not in self.forward:
            self.summary(page, label, array)
            return
        formula = None
        if scope is not None and node in self.arriving:
            formula = FORMULAS[node.op].backward(scope, k)
        else:
            self.left_out.append(f"{label}: not live, because an operand or the result has no cells")
        self.contributions[node, k] = self.section(page, "contribution", node, label, array, formula)
        self.contributions[node, k].size = self.sizes[node, k]

    def explain_arriving(self, node: Node, page: Page) -> None:
        if node is self.graph.root:
            page.line(f"d{node.name}/d{node.name} = 1: the chain rule starts here.", "text")
            return
        parts = [consumer.name for consumer, _ in self.consumers(node)]
        through = ", ".join(parts[:12]) + (f" and {len(parts) - 12} more" if len(parts) > 12 else "")
        page.line(
            f"The sum of what comes back through {through}."
            if len(parts) > 1
            else f"What comes back through {through}.",
            "text",
        )

    def sum_of_contributions(self, item: Item, page: Page) -> Callable[[Index], str]:
        """The formula of a complete gradient: the sum over all operations the tensor went into."""
        if item is self.graph.root:
            return lambda i: "1"
        parts = [self.view(self.contributions[key], page) for key in self.consumers(item)]
        nothing = View(Block(page.title, 1, 1, ()), page.title)
        scope = self.scope(page, parts, nothing, self.graph.root)
        return lambda i: scope.sum_of_cells([part[i] for part in parts])


__all__ = ["Book", "Contribution", "Leaf", "Section"]
