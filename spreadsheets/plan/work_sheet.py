"""A graph worked out on a sheet of its own: every block below the one before it, each under its caption."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict

from ..graph.items import Leaf
from ..graph.keys import StepKey, Value
from ..graph.run import Run
from ..graph.step import Update
from ..layout import Block, Index, Shape
from .page import NUMBER, Page
from .subject import Subject
from .work import Work


class WorkSheet:
    """On a page that has its heading already. `start`: where a number of an input comes from."""

    def __init__(self, page: Page, subject: Subject, start: Callable[[Leaf, Index], str]) -> None:
        self.page, self.start = page, start
        self.captions: Dict[StepKey, int] = {}  # the row of each
        self.work = Work(subject, self._where, page.title, short=False)  # a hyper-parameter may be changed later

    def _where(self, key: StepKey, shape: Shape) -> Block:
        self.captions[key] = self.page.row
        self.page.row += 1
        block = self.page.block(shape, 0)
        self.page.labels(block)
        self.page.past(block)
        return block

    def caption(self, key: StepKey, text: str) -> None:
        self.page.text(self.captions[key], 2, text, "caption")

    def input(self, leaf: Leaf) -> Block:
        block = self.work.blocks[Value(leaf)]
        self.caption(Value(leaf), leaf.name)
        self.page.formulas(block, lambda i: self.start(leaf, i), "helper", NUMBER)
        return block

    def steps(self) -> None:
        for step in self.work.steps:
            whose = f"{step.of.parameter.name}: " if isinstance(step.of, Update) else ""
            self.caption(step.key, f"{whose}{step.name} = {step.rule}" if step.rule else step.name)
            style = "helper" if step.aside else "live"
            self.page.formulas(step.block, lambda i, step=step: self.work.inlined(step.formula(i)), style, NUMBER)  # type: ignore


def forward_only(subject: Subject) -> Subject:
    """Without the way back and without a step."""
    return replace(subject, graph=replace(subject.graph, step=None), run=Run(dict(subject.run.values)))


__all__ = ["WorkSheet", "forward_only"]
