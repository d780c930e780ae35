"""The true numbers of every step: the framework's where it has them, else what the formulas give."""

from __future__ import annotations

from math import isfinite, isnan
from typing import Dict, List, Mapping, Optional

from ..formulas.box import Box
from ..formulas.evaluate import Evaluator, Look, Rounding, Value
from ..formulas.syntax import Place
from ..graph.items import numbers
from ..graph.keys import Gradient, StepKey
from .work import OVERFLOW, Position, Work


def true_values(work: Work) -> Dict[StepKey, List[Value]]:
    """By key, row by row."""
    cells: Dict[Position, Value] = {}
    found: Dict[StepKey, List[Value]] = {}
    root = work.subject.graph.root
    for key, block in work.blocks.items():
        known = framework_values(work, key)
        if known is None and key == Gradient(root):
            known = [Box.exact(1.0)] * block.size
        if known is not None:
            found[key] = known
            cells.update(((row, column), value) for (_, row, column), value in zip(block.cells(), known))
    evaluator = Evaluator(looking_into(work, cells))
    for step in work.steps:
        if step.key not in found:
            found[step.key] = here = []
            for position in step.positions:
                cells[position] = value = work.number(evaluator, position)
                here.append(value)
    return found


def looking_into(work: Work, cells: Mapping[Position, Value], rounded: Optional[Rounding] = None) -> Look:
    """A function that looks a cell up; a part of a sum that was too long for one cell is calculated."""

    def look(place: Place) -> Value:
        if place.sheet == OVERFLOW:
            return inner.value(work.spilt(place.row))
        return cells.get((place.row, place.column))

    inner = Evaluator(look, rounded) if rounded else Evaluator(look)
    return look


def framework_values(work: Work, key: StepKey) -> Optional[List[Value]]:
    array = work.subject.run.get(key)
    return None if array is None else [as_value(float(number)) for number in numbers(array)]


def as_value(number: float) -> Value:
    """A number, or the text that a cell holds instead of one that is not finite."""
    if isfinite(number):
        return Box.exact(number)
    return "nan" if isnan(number) else "inf" if number > 0 else "-inf"
