"""The Start sheet: what this workbook is, how to read it, and the table of its operations."""

from __future__ import annotations

from math import ceil
from typing import Any, List, Optional, Tuple

from ..formulas import FORMULAS
from ..graph.items import Item, Node
from ..graph.keys import Gradient
from ..graph.parts import Part, innermost, local
from ..graph.step import Update
from .check import VERDICT, colour
from .operations import Operations
from .page import Page, target
from .picture import draw
from .section import Draft
from .showing import Rows, Showing
from .subject import Subject

COLUMNS = ["no.", "name", "operation", "reads", "shape", "status"]
COLUMNS_BACK = ["no.", "gradient", "handed on", "comes back through", "shape", "status"]
POINTS, ROW = 72 / 2.54, 15.0  # points of a cm, and of a row under the picture
WIDTHS = [6, 20, 44, 30, 14, 13]
HOW_TO_STEP = (
    "Each sheet called update takes one step of the optimizer, line by line; its lr and the like are yellow on Inputs."
)
LEGEND = [
    ("sample", "yours to change"),
    ("live", "live formula"),
    ("framework", "computed by the framework"),
    ("difference", "difference"),
]
LEGEND_TO_FILL = [("sample", "yours to fill in"), ("live", "computed for you"), ("right", "right"), ("wrong", "wrong")]


class StartSheet:
    """The first sheet. It speaks of all others, so it is planned after them."""

    def __init__(self, page: Page, operations: Operations, rows: Rows) -> None:
        self.page, self.operations, self.rows = page, operations, rows
        self.subject: Subject = operations.subject
        self.draft: Draft = operations.draft
        self.showing: Showing = operations.showing

    def plan(self, what: str) -> None:
        """`what`: one line about the workbook."""
        page, graph, to_fill = self.page, self.subject.graph, self.showing.kind == "worksheet"
        page.line(f"{graph.root.name}: {'by hand' if to_fill else 'checked by hand'}", "title")
        page.line(what, "note")
        page.put(4, 1, f"={target('Check', VERDICT)}", "verdict")
        page.merged.append("A4:F4")
        page.heights[4] = 32
        colour(page, "A4:F4", "$A$4")
        page.row = 6
        page.heading("How to fill it in" if to_fill else "How to read it", 6)
        for n, line in enumerate([*self.showing.how, *([HOW_TO_STEP] if graph.step else [])], 1):
            page.text(page.row, 1, str(n), "step")
            page.text(page.row, 2, line)
            page.row += 1
        page.row += 1
        for n, (style, meaning) in enumerate(LEGEND_TO_FILL if to_fill else LEGEND):
            page.put(page.row, 2 + n, meaning, style)
        page.row += 2
        page.heading("From the inputs to the result", 6)
        heads(page, COLUMNS)
        head = page.row
        self._forward()
        for update in graph.step.updates if graph.step else ():
            self._update(update)
        colour(page, f"F{head}:F{page.row - 1}", f"F{head}")
        page.row += 1
        page.heading("From the result back to the inputs", 6)
        heads(page, COLUMNS_BACK)
        head = page.row
        self._backward()
        colour(page, f"F{head}:F{page.row - 1}", f"F{head}")
        page.row += 1
        page.heading("What is left out", 6)
        for line in self.draft.left_out or ["Nothing: every number of the graph is in this workbook."]:
            page.text(page.row, 2, line)
            page.row += 1
        self._picture()
        names = max(len(item.name) for item in [*graph.leaves, *graph.nodes]) + len(f"d{graph.root.name}/d")
        page.widths.update(enumerate(WIDTHS, 1))
        page.widths[2] = max(WIDTHS[1], min(names, 44))

    def _picture(self) -> None:
        """The graph as a picture, over rows of a known height."""
        page, picture = self.page, draw(self.subject.graph)
        page.breaks = [page.row]
        page.row += 1
        page.link(3, 1, "the graph as a picture", "Start", f"A{page.row}")
        page.heading("The graph", 6)
        page.line(picture.words, "note")
        page.picture = picture, page.row + 1
        for _ in range(2 + ceil(picture.height * POINTS / ROW)):
            page.text(page.row, 1, "")
            page.heights[page.row] = ROW
            page.row += 1

    def _forward(self) -> None:
        """The inputs, then every operation, under the module that it is part of."""
        page, graph, rows = self.page, self.subject.graph, self.rows
        inputs = ", ".join(leaf.name for leaf in graph.leaves[:12]) + (", …" if len(graph.leaves) > 12 else "")
        shown = [rows[leaf] for leaf in graph.leaves if leaf in rows]
        checked = (shown[0][0], shown[-1][1]) if shown else None
        row(page, "", "Inputs", ("Inputs", "A1"), [inputs, "", f"{len(graph.leaves)} tensors"], checked)
        sections = Sections(page, graph.parts)
        for node in graph.nodes:
            part = sections.enter(node)
            self.operations.pages[node].link(2, 2, "Start", "Start", f"B{page.row}")
            names = [local(item.name, part) for item in node.inputs]
            text = FORMULAS[node.op].text(names, node.params)
            cells = [text, ", ".join(dict.fromkeys(names)), shape_text(node)]
            place = self.subject.titles[node], "A1"
            row(page, node.number, node.name, place, cells, rows.get(node), "not live")

    def _backward(self) -> None:
        """Every gradient, in the order in which they are computed, under the same parts; those of the inputs last."""
        page, graph, sections = self.page, self.subject.graph, Sections(self.page, self.subject.graph.parts)
        part: Optional[Part] = None
        for item in [*reversed(graph.nodes), *graph.leaves]:
            section = self.draft.sections.get(Gradient(item))
            if section is None:
                continue
            if isinstance(item, Node):
                part = sections.enter(item)
            elif part is not sections.inputs:
                part = sections.start(sections.inputs)
            readers = [local(share.node.name, part) for share in self.subject.shares(item)]
            through = ", ".join(dict.fromkeys(readers)) or "1: the chain rule starts here"
            how = "the sum of what comes back"
            if isinstance(item, Node):
                how = self.subject.wording(item)(";  ".join(FORMULAS[item.op].derivative))
            place = section.sheet, f"A{max(1, section.live.row - 4)}"
            number = item.number if isinstance(item, Node) else ""
            cells = [how, through, shape_text(item)]
            row(page, number, section.label, place, cells, self.rows.get(item), "not live")

    def _update(self, update: Update) -> None:
        """The line of one parameter's step."""
        page, p, step = self.page, update.parameter, self.subject.graph.step
        page.text(page.row, 1, "", "cell")
        if update in self.rows:
            page.link(page.row, 2, update.name, self.subject.titles[update], style="cell_link")
        else:
            page.text(page.row, 2, update.name, "cell")
        page.text(page.row, 3, f"a step of {step.optimizer if step else ''}: {p.name} at t+1", "cell")
        page.text(page.row, 4, ", ".join([p.name, self.subject.slope(p), *update.state]), "cell")
        page.text(page.row, 5, shape_text(update), "cell")
        page.put(page.row, 6, status(*self.rows[update]) if update in self.rows else "not live", "status")
        page.row += 1


def heads(page: Page, columns: List[str]) -> None:
    for col, name in enumerate(columns, 1):
        page.text(page.row, col, name, "head")
    page.row += 1


def row(
    page: Page,
    number: Any,
    name: str,
    place: Tuple[str, str],
    cells: List[str],
    checked: Optional[Tuple[int, int]],
    otherwise: str = "",
) -> None:
    """One line of a table: a link, three cells of text and the status."""
    page.put(page.row, 1, number, "number")
    page.link(page.row, 2, name, *place, style="cell_link")
    for col, text in enumerate(cells, 3):
        page.text(page.row, col, text, "cell")
    if checked or otherwise:
        page.put(page.row, 6, status(*checked) if checked else otherwise, "status")
    page.row += 1


class Sections:
    """Lines between the rows of a table: which module the operations below are part of."""

    inputs = Part("", "Inputs", "the tensors that everything starts from", 0, 0)
    outside = Part("", "outside of the model", "", 0, 0)

    def __init__(self, page: Page, parts: List[Part]) -> None:
        self.page, self.parts = page, parts
        self.any = any(part.is_section for part in self.parts)
        self.now: Optional[Part] = None
        self.seen: List[Part] = []

    def enter(self, node: Node) -> Part:
        """The part that an operation belongs to, with its line if it is another one than before."""
        part = innermost(self.parts, node.number, sections=True) or self.outside
        return part if part is self.now else self.start(part)

    def start(self, part: Part) -> Part:
        self.now = part
        if self.any:
            for col in range(1, 7):
                self.page.text(self.page.row, col, "", "part")
            again = part in self.seen
            self.page.text(self.page.row, 2, part.title, "part")
            self.page.text(self.page.row, 3, "goes on" if again else part.words, "part_words")
            self.page.row += 1
        self.seen.append(part)
        return part


def shape_text(item: Item) -> str:
    return "number" if item.shape == () else str(tuple(item.shape))


def status(first: int, last: int) -> str:
    """PASS if every block of the rows of Check passes."""
    area = target("Check", f"G{first}:G{last}")
    n = last - first + 1
    return f'=IF(COUNTIF({area},"PASS")={n},"PASS",IF(COUNTIF({area},"FAIL")>0,"FAIL",INDEX({area},1)))'
