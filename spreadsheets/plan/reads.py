"""Which blocks the formulas of a step read: what a person needs beside the blank."""

from __future__ import annotations

from typing import Dict, List, Mapping, Tuple

from ..formulas.syntax import parse_formula, references
from ..graph.keys import Inner, StepKey
from ..layout import Block
from .work import OVERFLOW, Step, Work


def reads(work: Work) -> Dict[StepKey, List[StepKey]]:
    """For each step the keys of the blocks that it reads, in the order in which it names them. What is only there for
    the spreadsheet's sake stands for what it was made from."""
    owner = _owners(work.blocks)
    asides = {step.key for step in work.steps if step.aside}
    found: Dict[StepKey, List[StepKey]] = {}
    for step in work.steps:
        keys: Dict[StepKey, None] = {}
        for index, _, _ in step.block.cells():
            for place in _places(work, step.formula(index)):
                key = owner.get(place)
                if key is not None and key != step.key:
                    keys.update(dict.fromkeys(found[key] if key in asides else [key]))
        found[step.key] = list(keys)
    return found


def _places(work: Work, formula: str) -> List[Tuple[int, int]]:
    places: List[Tuple[int, int]] = []
    for reference in references(parse_formula(formula)):
        if reference.first.sheet == OVERFLOW:
            places += _places(work, work.overflow[f"A{reference.first.row}"])
        else:
            places += [(place.row, place.column) for place in reference.places()]
    return places


def _owners(blocks: Mapping[StepKey, Block]) -> Dict[Tuple[int, int], StepKey]:
    """The key of every cell. A gradient that is what one operation hands on has its cells."""
    found: Dict[Tuple[int, int], StepKey] = {}
    for key, block in blocks.items():
        for _, row, column in block.cells():
            found.setdefault((row, column), key)
    return found


def is_constant(step: Step) -> bool:
    """Whether a step in between is a number that is given, such as eps."""
    return isinstance(step.key, Inner) and not any(
        True for index, _, _ in step.block.cells() for _ in references(parse_formula(step.formula(index)))
    )
