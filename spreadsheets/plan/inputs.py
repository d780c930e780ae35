"""The Inputs sheet: every tensor that the graph starts from, in cells that are meant to be changed.

The hidden sheet Exported holds the same numbers in the same cells as they were at the export, so the workbook knows
whether its framework's values still belong to its inputs.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, Dict, List, Sequence, Tuple

from ..graph.items import Leaf, numbers
from ..graph.keys import Gradient, Value
from ..graph.step import OptimizerStep
from ..layout import Block
from .operations import Operations, summary
from .page import number_format, target
from .section import Draft, Section, Spec
from .sheet import Colour, Prompt
from .showing import Showing
from .subject import Subject


class Inputs:
    """The sheet while it is planned: values first; the gradients beside them when they have been computed."""

    def __init__(self, subject: Subject, draft: Draft, showing: Showing) -> None:
        self.subject, self.draft, self.showing = subject, draft, showing
        self._typed: List[str] = []  # the yellow cells

    def values(self) -> None:
        """The yellow cells of every leaf; room is kept beside them for the gradients, which come last."""
        graph, titles = self.subject.graph, self.subject.titles
        step = graph.step
        widths = [leaf.shape[-1] for leaf in graph.inputs if leaf.shape and self.subject.fits(leaf)]
        options = [len(group.cells) // 2 for group in step.groups] if step else []  # two slots side by side hold them
        page = self.page = self.draft.page("Inputs", max([1, *widths, *options]))
        page.line("Inputs", "title")
        page.line(
            "Yellow cells are yours: change one, and every formula that depends on it follows. Orange: changed.", "note"
        )
        page.links("", [("Start", "Start"), ("Check", "Check")])
        page.row += 1
        if step:
            self._options(step)
        for leaf in graph.leaves:
            kind = "requires grad" if leaf.requires_grad else "no gradient asked for"
            self._input(leaf, kind, [(reader.name, titles[reader]) for reader in graph.readers(leaf)])
        for update in step.updates if step else ():
            for leaf in update.state.values():
                kind = f"state of {step.optimizer} at step t" if step else ""
                self._input(leaf, kind, [(update.name, titles[update])])
        if self._typed:
            prompt = "Type a number: the forward and the backward pass follow."
            page.prompts.append(Prompt(tuple(self._typed), "Input", prompt))

    def _options(self, step: OptimizerStep) -> None:
        """The hyper-parameters of each group, in one line."""
        page = self.page
        for n, group in enumerate(step.groups):
            title = f"{step.optimizer}, group {n}" if len(step.groups) > 1 else step.optimizer
            page.heading(f"{title}    hyper-parameters", page.slot(self.showing.input_slots) - 2)
            updates = [update for update in step.updates if update.group is group]
            page.links("goes into", [(update.name, self.subject.titles[update]) for update in updates])
            for col, (name, leaf) in enumerate(group.cells.items(), 2):
                page.text(page.row, col, name, "caption")
                values = numbers(self.subject.run.values[leaf])
                block = Block(page.title, page.row + 1, col, ())
                page.numbers(block, values, "input", "General")
                self._place(leaf, values, block)
            page.row += 2
            if group.off:
                off = ", ".join(f"{name} = {value}" for name, value in group.off.items())
                page.text(page.row, 2, f"off, so not in the rule: {off}", "note")
                page.row += 1
            page.row += 1

    def _input(self, leaf: Leaf, kind: str, readers: List[Tuple[str, str]]) -> None:
        page = self.page
        heading = f"{leaf.name}    {shape_text(leaf)} {leaf.dtype}, {kind}"
        page.heading(heading, page.slot(self.showing.input_slots) - 2)
        page.links("goes into", readers)
        if self.subject.fits(leaf):
            self._leaf(leaf, self.subject.run.values[leaf])
        else:
            values = self.subject.run.values[leaf]
            summary(self.subject, self.draft, page, leaf.name, values, leaf in self.subject.left_out)

    def _leaf(self, leaf: Leaf, array: Any) -> None:
        page, values = self.page, numbers(array)
        page.text(page.row, page.slot(0), "value", "caption")
        has_gradient = leaf.requires_grad and leaf in self.subject.run.gradients
        names = self.showing.gradient_captions(leaf) if has_gradient else []
        for slot, name in enumerate(names, 1):
            page.text(page.row, page.slot(slot), name, "caption")
        if leaf.requires_grad and not has_gradient:
            page.text(page.row, page.slot(1), "no gradient arrives here", "note")
        page.row += 1
        block = page.block(leaf.shape, 0)
        page.labels(block)
        page.numbers(block, values, "input", number_format(values, leaf.dtype))
        for slot in range(1, len(names) + 1):
            page.labels(page.block(leaf.shape, slot))
        self._place(leaf, values, block)
        page.past(block)

    def _place(self, leaf: Leaf, values: Sequence[Any], block: Block) -> None:
        """Remember where an input lies, prompt for its numbers, and turn those that were changed orange."""
        finite = all(map(isfinite, values))
        section = Section(leaf.name, self.page.title, leaf.shape, leaf.dtype, values, block, finite=finite)
        self.draft.place(Value(leaf), section)
        if block.size:
            self._typed.append(block.rectangle())
            first = block.address((0,) * len(leaf.shape))
            changed = f"{first}<>{target('Exported', first)}"
            self.page.colours.append(Colour(block.rectangle(), changed, "changed"))

    def gradients(self, operations: Operations) -> None:
        """Beside each leaf the sum of what came back to it."""
        for leaf in self.subject.graph.leaves:
            gradient = self.subject.run.gradients.get(leaf)
            if gradient is None or not leaf.requires_grad or not self.draft.has_cells(leaf):
                continue
            key, row = Gradient(leaf), self.draft.sections[Value(leaf)].live.row
            formula = operations.sum_of_shares(leaf, self.page)
            label, size = self.subject.slope(leaf), self.subject.sizes[key]
            spec = Spec(key, label, gradient, numbers(gradient), formula, size)
            self.draft.place(key, self.showing.gradient(self.page, row, spec))
        self.showing.finish(self.page, 4)


def shape_text(leaf: Leaf) -> str:
    return "one number," if leaf.shape == () else f"shape {tuple(leaf.shape)},"


def plan_exported(subject: Subject, draft: Draft) -> None:
    """The hidden copy of the inputs, in the same cells; in front of each how many of its cells were changed."""
    page = draft.page("Exported", hidden=True)
    page.line("The numbers of Inputs as they were at the export, in the same cells.", "note")
    counts: Dict[int, List[str]] = {}
    for section in exported(subject, draft):
        page.numbers(section.live, section.values, "key", "General")
        if section.live.size:
            area = section.live.rectangle()
            counts.setdefault(section.live.row, []).append(f"SUMPRODUCT(--({target(section.sheet, area)}<>{area}))")
    for row, formulas in counts.items():
        page.put(row, 1, "=" + "+".join(formulas), "key", "0")


def exported(subject: Subject, draft: Draft) -> List[Section]:
    found = [draft.sections.get(Value(leaf)) for leaf in subject.graph.inputs]
    return [section for section in found if section is not None]


def changed_cells(subject: Subject, draft: Draft) -> str:
    """The formula that counts the input cells that were changed."""
    last = max((section.live.row for section in exported(subject, draft)), default=2)
    return f"SUM({target('Exported', f'A2:A{last}')})"
