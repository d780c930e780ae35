"""The bank of misconceptions: one class for each way in which people go wrong, and how they are tried.

A misconception is claimed only if it gives every wrong number of a step to the digits typed. The first that does is the
reason; others that do as well are listed. Those that know the operation are tried before the general ones: a lost
derivative may also look like a factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, ClassVar, Dict, Iterator, List, Optional, Tuple, Type

from .case import Case, Cell

KNOWS_THE_OPERATION, KNOWS_THE_FORMULA, GENERAL = range(3)  # the order in which they are tried


@dataclass(frozen=True)
class Reason:
    """Why a number is wrong: `slug` is its short name, `sentence` says it, `others` fit as well."""

    slug: str
    sentence: str
    others: Tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.sentence


class Misconception:
    """`ways` gives the ways in which someone who holds it may have computed the step, each with its sentence."""

    slug: ClassVar[str]
    rank: ClassVar[int] = KNOWS_THE_FORMULA

    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        raise NotImplementedError

    def sentence(self, case: Case) -> Optional[str]:
        """What to say, if the numbers are what this misconception gives."""
        for sentence, cell in self.ways(case):
            if case.fits(cell):
                return sentence
        return None


BANK: Dict[str, Misconception] = {}


def misconception(slug: str, rank: int = KNOWS_THE_FORMULA) -> Callable[[Type[Misconception]], Type[Misconception]]:
    """Put a class into the bank under its slug."""

    def register(cls: Type[Misconception]) -> Type[Misconception]:
        cls.slug, cls.rank = slug, rank
        BANK[slug] = cls()
        return cls

    return register


def reason_for(case: Case) -> Optional[Reason]:
    """The reason for a step's wrong numbers, or None: no known reason."""
    found: List[Tuple[str, str]] = []
    for one in sorted(BANK.values(), key=lambda one: one.rank):
        sentence = one.sentence(case)
        if sentence is not None:
            found.append((one.slug, sentence))
    if not found:
        return None
    return Reason(*found[0], tuple(slug for slug, _ in found[1:]))
