"""A mistake planted somewhere in a sheet, and whether it shows."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from math import floor, isfinite, log10, nan
from typing import Any, Dict, List, Optional, Sequence, Tuple

from saitama.spreadsheets.formulas.box import Box
from saitama.spreadsheets.graph.items import Leaf, Node
from saitama.spreadsheets.graph.items import numbers as numbers_of
from saitama.spreadsheets.graph.keys import Gradient, Value
from saitama.spreadsheets.layout import Block
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
    may be off by half a unit of its last place, so may each product on the way, and the result by another. A number
    that happens to be the true one is right, however it came about; and so is one that would follow from earlier
    numbers as they were meant."""
    beyond = beyond_rounding(sheet, step, typed, sheet.shown)
    if sheet.meant:
        also = beyond_rounding(sheet, step, typed, {**sheet.shown, **sheet.meant})
        beyond = [cell for cell in beyond if cell in also]
    return beyond


def beyond_rounding(sheet: Sheet, step: Step, typed: Nested, source: Dict[Block, Nested]) -> List[Tuple[int, int]]:
    writing = sheet.writing
    centre = flat(by_hand(sheet.desk(step, source)))
    reach = [writing.half(x) for x in flat(typed)]

    def widen(up: Nested, down: Nested) -> None:
        reach[:] = [r + max(abs(a - c), abs(b - c)) for r, a, b, c in zip(reach, flat(up), flat(down), centre)]

    for block, _ in sheet.before(step):
        numbers = source[block]
        for place in places(numbers):
            x = at(numbers, place)
            off = writing.half(x) * (1 if numbers is sheet.shown[block] else 2)  # that is nowhere written down
            widen(*(by_hand(sheet.desk(step, {**source, block: put(numbers, place, x + way)})) for way in (off, -off)))
    jot = Jot(writing)
    by_hand(sheet.desk(step, source, jot))
    for n in range(jot.count):
        widen(*(by_hand(sheet.desk(step, source, Jot(writing, n, way))) for way in (1, -1)))
    cells = [(row, column) for _, row, column in step.block.cells()]
    true = [value.at if isinstance(value, Box) else nan for value in sheet.network.true[step.key]]
    return [
        cell
        for cell, x, c, r, t in zip(cells, flat(typed), centre, reach, true)
        if not abs(x - c) <= r * (1 + 1e-9) + 1e-12 and not is_rounded(x, t)
    ]


def is_rounded(x: float, true: float) -> bool:
    """Whether x is the true number, rounded to as many decimals as x shows, and to two digits at least."""
    if not (isfinite(x) and isfinite(true)):
        return False
    places = max(0, -int(Decimal(repr(x)).normalize().as_tuple().exponent), 1 - floor(log10(abs(true))) if true else 0)
    return abs(x - true) <= 0.5 * 10.0**-places * (1 + 1e-9)


class Jot:
    """Numbers on the way as they are, but for the one with the given number, which is off by half a unit."""

    def __init__(self, writing: Writing, off: int = -1, way: int = 1) -> None:
        self.writing, self.off, self.way, self.count = writing, off, way, 0

    def __call__(self, x: float) -> float:
        self.count += 1
        return x + self.way * self.writing.half_on_the_way(x) if self.count == self.off + 1 else x


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
    plans: Dict[int, Tuple[str, Mistake]] = {}
    for slug, found in zip(slugs, fitting):
        if not found:
            return None
        made = rng.choice(sorted({mistake.make.__name__ for _, mistake in found}))
        number, mistake = rng.choice([one for one in found if one[1].make.__name__ == made])
        plans[number] = slug, mistake
    if len(plans) < len(slugs) or ("updated-weight" in slugs and max(plans) > plan_of("updated-weight", plans)):
        return None  # who uses the new weight has worked it out
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
            if any(x != x for x in flat(wrong)):
                return None
            moved = moved_cells(sheet, step, sheet.shown[step.block])
            sheet.meant[step.block] = each(sheet.writing.written, right)
            slips.append(Slip(slug, step, mistake.make.__name__, bool(moved), moved))
    except IMPOSSIBLE:
        return None
    return sheet, slips


def plan_of(slug: str, plans: Dict[int, Tuple[str, Mistake]]) -> int:
    return next(number for number, (planned, _) in plans.items() if planned == slug)


def op_of(sheet: Sheet, step: Step) -> str:
    if isinstance(step.key, Gradient):
        return "paths"
    optimizer = sheet.work.subject.graph.step
    return step.of.op if isinstance(step.of, Node) else optimizer.optimizer if optimizer else ""


__all__ = ["Any", "Leaf", "Slip", "try_sheet"]
