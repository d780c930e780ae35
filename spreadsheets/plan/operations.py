"""The sheets of the operations: values from the inputs to the root, then gradients from the root to the inputs.

Whatever a formula refers to has its place already. A tensor past `max_cells` gets no cells, only a summary; what is
computed from it cannot be a live formula, so it shows the framework's values in its place, and Start says so.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Sequence

from ..formulas import FORMULAS, Scope, View
from ..graph.items import Item, Node, numbers
from ..graph.keys import Gradient, Key, Share, Value
from ..graph.parts import innermost
from ..graph.run import receives
from ..layout import Block, Index, Shape
from .page import HELPER, Page, number_format
from .section import Draft, Formula, Spec
from .showing import Showing
from .subject import Subject


class Operations:
    def __init__(self, subject: Subject, draft: Draft, showing: Showing) -> None:
        self.subject, self.draft, self.showing = subject, draft, showing
        self.pages: Dict[Node, Page] = {}
        self._scopes: Dict[Node, Scope] = {}
        self._helped: Key = Value(subject.graph.root)  # the array whose formulas ask for helper blocks

    # --- forward ----------------------------------------------------------------------------------------------------
    def forward(self, node: Node) -> None:
        """The head of an operation's sheet and the block of its result, with the helper blocks its formulas need."""
        page = self.pages[node] = self._head(node)
        array = self.subject.run.values[node]
        if not self.subject.fits(node):
            summary(self.subject, self.draft, page, node.name, array, node in self.subject.left_out)
            return
        values = numbers(array)
        missing = [item.name for item in node.inputs if not self.draft.has_cells(item)]
        if missing:
            self.draft.left_out.append(f"{node.name}: not live, because {', '.join(missing)} has no cells")
            self._show(page, Spec(Value(node), node.name, array, values, None))
            return
        # The helpers come first on the page, so the result's place is known only after them; they never refer to it.
        y = View(Block(page.title, 0, 0, tuple(node.shape)), page.title, values)
        operands = [self.draft.view(Value(item), page) for item in node.inputs]
        scope = self._scopes[node] = self._scope(page, operands, y, node)
        self._helped = Value(node)
        formula = FORMULAS[node.op]
        moves = formula.moves and not all(x.finite for x in operands)
        self._show(page, Spec(Value(node), node.name, array, values, formula.forward(scope), moves=moves))
        scope.y = self.draft.view(Value(node), page)

    def _head(self, node: Node) -> Page:
        titles, fits = self.subject.titles, self.subject.fits
        widths = [item.shape[-1] for item in (node, *node.inputs) if item.shape and fits(item)]
        page = self.draft.page(titles[node], self.showing.grid(max(widths, default=1) or 1))
        formula = FORMULAS[node.op]
        page.line(f"{node.number}   {node.name} = {node.text}", "title")
        page.links("", [("Start", "Start"), ("Inputs", "Inputs"), ("Check", "Check")])
        part = innermost(self.subject.graph.parts, node.number)
        if part is not None:
            page.text(page.row, 1, "part of", "caption")
            page.text(page.row, 2, part.title)
            page.row += 1
        page.line(formula.words[:1].upper() + formula.words[1:], "text")
        page.line(self.subject.wording(node)(formula.maths), "maths")
        page.links("computed from", [(item.name, titles[item]) for item in dict.fromkeys(node.inputs)])
        readers = self.subject.graph.readers(node)
        page.links("goes into", [(reader.name, titles[reader]) for reader in readers])
        if not readers:
            page.text(page.row - 1, 2, "nothing: this is the result", "note")
        page.row += 1
        shape = "one number" if node.shape == () else f"shape {tuple(node.shape)}"
        page.heading(f"Forward: {node.name}    {shape}, {node.dtype}", page.slot(3) - 2)
        return page

    # --- backward ---------------------------------------------------------------------------------------------------
    def backward(self, node: Node) -> None:
        """The gradient that arrives at an operation, and what it hands on to each operand."""
        page, gradient = self.pages[node], self.subject.run.gradients.get(node)
        if gradient is not None:
            self._arriving(node, page, gradient)
            if receives(node, node.needs):
                scope = self._scopes.get(node)
                if scope is not None and Gradient(node) in self.draft.sections:
                    scope.dy = self.draft.view(Gradient(node), page)
                for k in range(len(node.inputs)):
                    if Share(node, k) in self.subject.run.shares:
                        self._share(Share(node, k), page, scope)
        self.showing.finish(page, 3)

    def _arriving(self, node: Node, page: Page, gradient: Any) -> None:
        label = self.subject.slope(node)
        if not self.draft.has_cells(node):
            self.draft.left_out.append(f"{label}: summarised, as {node.name} is")
            return
        page.heading(f"Gradient arriving: {label}", page.slot(3) - 2)
        page.line(self._where_from(node), "text")
        key = Gradient(node)
        size = self.subject.sizes.get(key, 1.0)
        self._show(page, Spec(key, label, gradient, numbers(gradient), self.sum_of_shares(node, page), size))

    def _where_from(self, node: Node) -> str:
        if node is self.subject.graph.root:
            return f"d{node.name}/d{node.name} = 1: the chain rule starts here."
        parts = [share.node.name for share in self.subject.shares(node)]
        through = ", ".join(parts[:12]) + (f" and {len(parts) - 12} more" if len(parts) > 12 else "")
        start = "The sum of what" if len(parts) > 1 else "What"
        return f"{start} comes back through {through}."

    def _share(self, share: Share, page: Page, scope: Optional[Scope]) -> None:
        array = self.subject.run.shares[share]
        label = f"{self.subject.slope(share.item)} {share.way}"
        derivative = FORMULAS[share.node.op].derivative
        page.heading(f"Gradient handed on: {label}", page.slot(3) - 2)
        if derivative:
            page.line(self.subject.wording(share.node)(derivative[min(share.k, len(derivative) - 1)]), "maths")
        if not self.draft.has_cells(share.item):
            summary(self.subject, self.draft, page, label, array)
            return
        formula: Optional[Formula] = None
        moves, values = False, numbers(array)
        if scope is not None and Gradient(share.node) in self.draft.sections:
            self._helped = share
            scope.dx = View(scope.x[share.k].block, page.title, values)
            formula = FORMULAS[share.node.op].backward(scope, share.k)
            moves = FORMULAS[share.node.op].moves and not scope.dy.finite
        else:
            self.draft.left_out.append(f"{label}: not live, because an operand or the result has no cells")
        self._show(page, Spec(share, label, array, values, formula, self.subject.sizes[share], moves))

    def sum_of_shares(self, item: Item, page: Page) -> Formula:
        """The formula of a complete gradient: the sum over all operations the tensor went into."""
        if item is self.subject.graph.root:
            return lambda i: "1"
        parts = [self.draft.view(share, page) for share in self.subject.shares(item)]
        nothing = View(Block(page.title, 1, 1, ()), page.title)
        scope = self._scope(page, parts, nothing, self.subject.graph.root)
        finite = all(part.finite for part in parts)
        return lambda i: scope.sum_of_cells([part[i] for part in parts], finite)

    # --- what both passes need --------------------------------------------------------------------------------------
    def _show(self, page: Page, spec: Spec) -> None:
        self.draft.place(spec.key, self.showing.section(page, spec))

    def _scope(self, page: Page, operands: Sequence[View], y: View, node: Node) -> Scope:
        word = self.subject.wording(node)

        def place(equation: str, shape: Shape, aside: bool) -> View:
            return self.showing.helper(page, word(equation), shape, self._helped)

        def write(view: View, formula: Callable[[Index], str]) -> None:
            page.formulas(view.block, formula, "helper", HELPER)
            self.draft.formulas += view.block.size

        return Scope(operands, y, node.params, place, write, lambda formula: page.overflow.put(formula[1:]))


def summary(subject: Subject, draft: Draft, page: Page, what: str, array: Any, chosen: bool = False) -> None:
    """Shape, range and ends of a tensor that is too large for cells, or that was `chosen` to have none."""
    values = numbers(array)
    why = "as was asked for" if chosen else f"max_cells={subject.max_cells:,}"
    draft.left_out.append(f"{what}: {array.dtype} of shape {array.shape} has {len(values):,} numbers, summarised")
    page.line(f"{what}: shape {array.shape}, {len(values):,} numbers, summarised ({why})")
    facts = {"smallest": min(values), "mean": sum(values) / len(values), "largest": max(values)}
    ends = {"first": values[0], "last": values[-1]}
    for col, (name, value) in enumerate({**facts, **ends}.items(), 2):
        page.text(page.row, col, name, "caption")
        page.put(page.row + 1, col, value, "framework", number_format([value], array.dtype))
    page.row += 3
