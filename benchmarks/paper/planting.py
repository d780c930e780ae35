"""A mistake planted somewhere in a sheet, and whether it shows."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, List, Optional, Sequence, Tuple

from saitama.spreadsheets.graph.items import Leaf, Node
from saitama.spreadsheets.graph.items import numbers as numbers_of
from saitama.spreadsheets.graph.keys import Gradient, Value
from saitama.spreadsheets.plan.work import Step

from .lists import Nested, at, each, flat, places, put, shape_of, shaped
from .mistakes import Mistake, Page, mistakes_at
from .networks import network
from .sheet import Sheet, by_hand, which
from .writing import Writing

IMPOSSIBLE = (ValueError, IndexError, ZeroDivisionError, OverflowError, TypeError, KeyError)


@dataclass
class Slip:
    slug: str
    step: Step
    made: str  # what was done, for the reader of a table
    shows: bool  # whether it moves a number beyond its interval
    wrong: List[Tuple[int, int]] = field(default_factory=list)  # the cells that it moves beyond


def page_of(sheet: Sheet, step: Step, right: Nested, rng: random.Random) -> Page:
    graph, run = sheet.work.subject.graph, sheet.work.subject.run
    root = sheet.work.blocks.get(Gradient(graph.root))
    alike = [v for b, v in sheet.mine.items() if b.shape == step.shape and v != right and b != root]
    values = [sheet.mine[b] for key, b in sheet.work.blocks.items() if isinstance(key, Value) and b in sheet.mine]
    biases = [
        shaped(list(numbers_of(leaf.array)), leaf.shape)
        for leaf in graph.leaves
        if len(leaf.shape) == 1 and leaf.requires_grad
    ]
    options = {
        n: float(run.values[leaf].tolist())
        for group in (graph.step.groups if graph.step else ())
        for n, leaf in group.cells.items()
    }
    return Page(
        right,
        alike,
        biases,
        new_weight(sheet, step),
        options,
        sheet.writing.written,
        sheet.writing.decimals,
        rng,
        values,
    )


def new_weight(sheet: Sheet, step: Step) -> Optional[Nested]:
    """The weight that a step reads, as it will be after the optimiser's step."""
    graph = sheet.work.subject.graph
    of = step.of
    for update in graph.step.updates if graph.step else ():
        if isinstance(of, Node) and update.parameter in of.inputs[1:2] and "p" in update.lines:
            line = sheet.work.blocks[Value(update.lines["p"])]
            return filled(sheet).shown[line]
    return None


def filled(sheet: Sheet) -> Sheet:
    """The rest of the sheet without another mistake."""
    rest = Sheet(sheet.network, sheet.writing)
    rest.mine, rest.shown = {**sheet.mine}, {**sheet.shown}
    for step in sheet.work.steps:
        if step.block not in rest.mine:
            rest.fill(step, rest.right(step))
    return rest


def plant(sheet: Sheet, step: Step, mistake: Mistake, rng: random.Random) -> Tuple[Nested, Nested]:
    """What the mistake gives, and what would be right. ValueError and the like where it cannot be made."""
    desk = sheet.desk(step, sheet.mine, sheet.writing.on_the_way)
    right = by_hand(desk)
    if mistake.as_is:
        right = each(sheet.writing.written, right)
    wrong = mistake.make(desk, page_of(sheet, step, right, rng))
    if shape_of(wrong) != shape_of(right):
        raise ValueError("another shape")
    if mistake.scope == "one" or (mistake.scope == "any" and rng.random() < 0.4):
        target = rng.choice([p for p in places(right) if at(right, p) != at(wrong, p)])
        wrong = put(right, target, at(wrong, target))
    return wrong, right


def moved_cells(sheet: Sheet, step: Step, typed: Nested) -> List[Tuple[int, int]]:
    """The cells that the mistake moves beyond what rounding explains. By first order: each number that the step reads
    may be off by half a unit of its last place, so may each product on the way, and the result by another."""
    writing = sheet.writing
    centre = flat(by_hand(sheet.desk(step, sheet.shown)))
    reach = [writing.half(x) for x in flat(typed)]

    def widen(moved: Nested) -> None:
        reach[:] = [r + abs(a - b) for r, a, b in zip(reach, flat(moved), centre)]

    for block, _ in sheet.before(step):
        numbers = sheet.shown[block]
        for place in places(numbers):
            x = at(numbers, place)
            widen(by_hand(sheet.desk(step, {**sheet.shown, block: put(numbers, place, x + writing.half(x))})))
    jot = Jot(writing)
    by_hand(sheet.desk(step, sheet.shown, jot))
    for n in range(jot.count):
        widen(by_hand(sheet.desk(step, sheet.shown, Jot(writing, n))))
    cells = [(row, column) for _, row, column in step.block.cells()]
    return [
        cell for cell, x, c, r in zip(cells, flat(typed), centre, reach) if not abs(x - c) <= r * (1 + 1e-9) + 1e-12
    ]


class Jot:
    """Numbers on the way as they are, but for the one with the given number, which is off by half a unit."""

    def __init__(self, writing: Writing, off: int = -1) -> None:
        self.writing, self.off, self.count = writing, off, 0

    def __call__(self, x: float) -> float:
        self.count += 1
        return x + self.writing.half_on_the_way(x) if self.count == self.off + 1 else x


def try_sheet(family: str, slugs: Sequence[str], rng: random.Random) -> Optional[Tuple[Sheet, List[Slip]]]:
    """A sheet of the family with one mistake of each kind, in the order of the steps; None where they do not fit."""
    net, writing = network(family, rng), Writing.random(rng)
    sheet = Sheet(net, writing)
    fitting: List[List[Tuple[int, Mistake]]] = [[] for _ in slugs]
    for number, step in enumerate(net.work.steps):
        if step.aside or sheet.is_constant(step):
            continue
        op = op_of(sheet, step)
        for found, slug in zip(fitting, slugs):
            found += [(number, one) for one in mistakes_at(slug, op, *which(step))]
    plans = {}
    for slug, found in zip(slugs, fitting):
        if not found:
            return None
        kinds = sorted({id(m) for _, m in found})
        kind = rng.choice(kinds)
        number, mistake = rng.choice([one for one in found if id(one[1]) == kind])
        plans[number] = slug, mistake
    if len(plans) < len(slugs):
        return None
    slips: List[Slip] = []
    try:
        for number, step in enumerate(net.work.steps):
            if number not in plans:
                sheet.fill(step, sheet.right(step))
                continue
            slug, mistake = plans[number]
            wrong, right = plant(sheet, step, mistake, rng)
            if wrong == right:
                return None
            sheet.fill(step, wrong, as_is=mistake.as_is)
            moved = moved_cells(sheet, step, sheet.shown[step.block])
            slips.append(Slip(slug, step, mistake.make.__name__, bool(moved), moved))
    except IMPOSSIBLE:
        return None
    return sheet, slips


def op_of(sheet: Sheet, step: Step) -> str:
    if isinstance(step.key, Gradient):
        return "paths"
    optimizer = sheet.work.subject.graph.step
    return step.of.op if isinstance(step.of, Node) else optimizer.optimizer if optimizer else ""


__all__ = ["Any", "Leaf", "Slip", "try_sheet"]
