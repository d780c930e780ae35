"""Gradient descent as rows: each step of an optimiser with parameters, gradients, state and loss, live, and a chart.

Each step is computed on a hidden sheet of its own, forward, backward and the rule; the first starts from the yellow
cells of Inputs, every later one from what the step before has made. The sheet Descent shows a row a step.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

from ..graph.items import Leaf
from ..graph.keys import Gradient, StepKey, Value
from ..layout import Index, indices, size_of
from ..texts import sheet_title
from .page import NUMBER, Page, target
from .section import Draft
from .sheet import Chart
from .subject import Subject
from .work import Work
from .work_sheet import WorkSheet, forward_only

TITLE = "Descent"
MOST_NUMBERS = 60_000  # of all steps together
MOST_STEPS, MOST_COLUMNS = 500, 120
HEAD = 5  # the row with the names of the columns
HOW = "A row is a step: loss and gradient at the numbers beside them, which the step moves to those of the next row."


def check_steps(steps: int, has_optimizer: bool) -> None:
    """ValueError in one line for a number of steps that cannot be shown."""
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= MOST_STEPS:
        raise ValueError(f"export: steps is {steps!r}; give a whole number from 1 to {MOST_STEPS}")
    if not has_optimizer:
        raise ValueError("export: steps needs an optimizer, whose rule is followed: optimizer=SGD([w], lr=0.1), say")


class Descent:
    def __init__(self, subject: Subject, draft: Draft, steps: int) -> None:
        self.subject, self.draft, self.steps = subject, draft, steps
        taken = [*subject.titles.values(), *(page.title for page in draft.pages), "Exported", "Graph"]
        self.title = sheet_title(TITLE, taken)
        self.titles: List[str] = []
        for n in range(1, steps + 2):
            self.titles.append(sheet_title(f"step {n}", [*taken, self.title, *self.titles]))
        self.works: List[Work] = []

    def plan(self) -> None:
        """Raises ValueError where the steps have too many numbers, or some without live cells."""
        graph, step = self.subject.graph, self.subject.graph.step
        assert step is not None
        items = [*graph.leaves, *graph.nodes]
        missing = next((item.name for item in items if not self._is_live(Value(item))), None)
        numbers = self.steps * sum(2 * size_of(item.shape) for item in items)
        if missing is not None or numbers > MOST_NUMBERS:
            why = f"{missing} has no live cells here" if missing else f"that is some {numbers:,} numbers"
            raise ValueError(f"export: steps={self.steps} writes every step out, and {why}; export a smaller example")
        page = self.draft.page(self.title)
        for n in range(self.steps + 1):
            self._step(n)
        self._rows(page)

    def _is_live(self, key: StepKey) -> bool:
        section = self.draft.sections.get(key)
        return section is not None and not section.pinned or not size_of(key.item.shape)

    # --- one step ---------------------------------------------------------------------------------------------------
    def _step(self, n: int) -> None:
        """A sheet with a step; the last one has only the loss that the steps have led to."""
        subject, graph, title = self.subject, self.subject.graph, self.titles[n]
        page = self.draft.page(title, hidden=True)
        page.line(f"Step {n + 1}" if n < self.steps else "After the last step", "title")
        page.links("", [("Start", "Start"), (self.title, self.title)])
        page.row += 1
        sheet = WorkSheet(
            page, forward_only(subject) if n == self.steps else subject, lambda leaf, i: self._from(n, leaf, i)
        )
        self.works.append(sheet.work)
        root = Gradient(graph.root)
        if root in sheet.work.blocks:
            sheet.caption(root, f"d{graph.root.name}/d{graph.root.name}")
            page.numbers(sheet.work.blocks[root], [1] * sheet.work.blocks[root].size, "helper", "0")
        for leaf in sheet.work.subject.graph.inputs:
            sheet.input(leaf)
        sheet.steps()
        page.finish(1, "B3")

    def _from(self, n: int, leaf: Leaf, index: Index) -> str:
        """Where a number of an input comes from: what the step before has made of it, or the sheet Inputs."""
        if n > 0:
            line = self._made(leaf)
            if line is not None:
                block = self.works[n - 1].blocks[line]
                return target(self.titles[n - 1], block.address(index))
            if leaf.name.startswith("started of "):
                return "1"
        return str(self.draft.sections[Value(leaf)].view(self.titles[n])[index])

    def _made(self, leaf: Leaf) -> Optional[StepKey]:
        """The line of the rule that gives an input's next numbers; None for one that stays."""
        step = self.subject.graph.step
        for update in step.updates if step is not None else ():
            if leaf is update.parameter:
                return Value(update.lines["p"])
            for symbol, state in update.state.items():
                if state is leaf and symbol in update.lines:
                    return Value(update.lines[symbol])
        return None

    # --- the rows ---------------------------------------------------------------------------------------------------
    def _columns(self) -> List[Tuple[str, StepKey, Index]]:
        """Name, key and index of every column."""
        graph, step = self.subject.graph, self.subject.graph.step
        root = (0,) * len(graph.root.shape)
        found: List[Tuple[str, StepKey, Index]] = [(graph.root.name, Value(graph.root), root)]
        updates = step.updates if step is not None else []
        for update in updates:
            p = update.parameter
            found += [(f"{p.name}{_at(i)}", Value(p), i) for i in indices(p.shape)]
        for update in updates:
            p = update.parameter
            slope = self.subject.slope(p)
            found += [(f"{slope}{_at(i)}", Gradient(p), i) for i in indices(p.shape)]
        for update in updates:
            for leaf in update.state.values():
                found += [(f"{leaf.name}{_at(i)}", Value(leaf), i) for i in indices(leaf.shape)]
        return found

    def _rows(self, page: Page) -> None:
        graph = self.subject.graph
        columns = self._columns()
        page.line(f"{graph.root.name}, step by step", "title")
        page.links("", [("Start", "Start"), ("Inputs", "Inputs")])
        page.line(HOW, "note")
        more = f" and {len(columns) - MOST_COLUMNS} more, on the hidden sheets step 1, …" * (
            len(columns) > MOST_COLUMNS
        )
        page.line(f"Each step is computed on a hidden sheet: {self.titles[0]}, …{more}", "note")
        shown = columns[:MOST_COLUMNS]
        page.text(HEAD, 1, "step", "head")
        for c, (name, _, _) in enumerate(shown, 2):
            page.text(HEAD, c, name, "head")
            page.widths[c] = max(11.0, min(20.0, len(name) + 3.0))
        for n in range(self.steps + 1):
            row = HEAD + 1 + n
            page.put(row, 1, n, "number")
            for c, (_, key, index) in enumerate(shown, 2):
                if not (n == self.steps and isinstance(key, Gradient)):
                    page.put(row, c, f"={self._shown(n, key, index)}", "live", NUMBER)
        bottom = HEAD + 1 + self.steps
        page.row = bottom + 2
        page.widths[1] = 7.0
        page.freeze = f"B{HEAD + 1}"
        page.charts.append(Chart(graph.root.name, 1, [2], HEAD + 1, bottom, f"A{bottom + 2}"))

    def _shown(self, n: int, key: StepKey, index: Index) -> str:
        """Where a number of a row stands; the state after the last step where that has made it."""
        block = self.works[n].blocks.get(key)
        if block is None and isinstance(key.item, Leaf):
            return self._from(n, key.item, index)
        return target(self.titles[n], self.works[n].blocks[key].address(index))


def _at(index: Index) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


__all__ = ["Descent", "check_steps"]
