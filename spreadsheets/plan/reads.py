"""Which blocks the formulas of a step read: what a person needs beside the blank."""

from __future__ import annotations

from typing import Dict, List

from ..formulas.syntax import parse_formula, references
from ..graph.keys import Inner, StepKey
from .work import Step, Work


def reads(work: Work) -> Dict[StepKey, List[StepKey]]:
    """For each step the keys of the blocks that it reads, in the order in which it names them. What is only there for
    the spreadsheet's sake stands for what it was made from."""
    asides = {step.key for step in work.steps if step.aside}
    found: Dict[StepKey, List[StepKey]] = {}
    for step in work.steps:
        keys: Dict[StepKey, None] = {}
        for position in step.positions:
            for place in work.reads[position]:
                key, _ = work.owners.get(place, (None, ()))
                if key is not None and key != step.key:
                    keys.update(dict.fromkeys(found[key] if key in asides else [key]))
        found[step.key] = list(keys)
    return found


def is_constant(step: Step) -> bool:
    """Whether a step in between is a number that is given, such as eps."""
    return isinstance(step.key, Inner) and not any(
        True for index, _, _ in step.block.cells() for _ in references(parse_formula(step.formula(index)))
    )
