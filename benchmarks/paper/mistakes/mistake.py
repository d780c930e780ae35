"""A mistake, and what a person has before them who makes it."""

from __future__ import annotations

import random
from copy import copy
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from ..lists import Nested
from ..steps import STEPS, Desk


@dataclass
class Page:
    """What one may look at by mistake, and how one writes."""

    right: Nested
    alike: List[Nested]  # other blocks of the step's shape that stand before it
    biases: List[Nested]  # vectors that are given
    new: Optional[Nested]  # the weight of this step after the optimiser's step
    options: Dict[str, float]
    written: Callable[[float], float]
    decimals: Callable[[float], int]
    rng: random.Random
    values: List[Nested]  # numbers on the way forward, of any shape

    def pick(self, choices: Sequence[Any]) -> Any:
        if not choices:
            raise ValueError("nothing to choose from")
        return self.rng.choice(choices)


Make = Callable[[Desk, Page], Nested]


@dataclass(frozen=True)
class Mistake:
    slug: str
    ops: Tuple[str, ...]  # none: every operation
    step: str
    k: Optional[int]  # the operand whose gradient it is, -1 on the way forward, None for any
    make: Make
    scope: str  # "any": all numbers or one; "all"; "one"
    as_is: bool  # it is the written number that is wrong

    def fits(self, op: str, step: str, k: int) -> bool:
        name = step.partition("(")[0]
        return (not self.ops or (op in self.ops and self.step in (name, "*"))) and self.k in (None, k)


MISTAKES: Dict[str, List[Mistake]] = {}


def mistake(
    slug: str, *ops: str, step: str = "", k: Optional[int] = -1, scope: str = "any", as_is: bool = False
) -> Callable[[Make], Make]:
    def register(make: Make) -> Make:
        MISTAKES.setdefault(slug, []).append(Mistake(slug, ops, step, k, make, scope, as_is))
        return make

    return register


def anywhere(slug: str, scope: str = "any", as_is: bool = False) -> Callable[[Make], Make]:
    return mistake(slug, k=None, scope=scope, as_is=as_is)


def mistakes_at(slug: str, op: str, step: str, k: int) -> Iterator[Mistake]:
    """The ways to make a mistake at a step."""
    return (one for one in MISTAKES[slug] if one.fits(op, step, k))


def work_again(s: Desk, **changed: Any) -> Nested:
    """The step with other things on the desk."""
    desk = copy(s)
    vars(desk).update(changed)
    return STEPS[(s.op, s.step, s.k)](desk)
