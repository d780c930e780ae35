"""The bank of misconceptions: one class for each way in which people go wrong, and how they are tried.

A misconception is claimed only if it gives every wrong number of a step to the digits typed. Those that know the
operation are tried before the general ones: a lost derivative may also look like a factor. Of several that fit, those
come first that give the step's right numbers too: a mistake is seldom made for half of a block. Others that fit as well
are listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Callable, ClassVar, Dict, Iterator, List, NamedTuple, Optional, Tuple, Type

from .case import Case, Cell
from .words import with_your

Way = Tuple[str, Cell]  # what someone did, and what it gives
KNOWS_THE_OPERATION, KNOWS_THE_FORMULA, GENERAL, AT_ONCE, FAR_FETCHED = range(5)  # the order in which they are tried


@dataclass(frozen=True)
class Reason:
    """Why a number is wrong: `slug` is its short name, `sentence` says it, `others` fit as well."""

    slug: str
    sentence: str
    others: Tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.sentence


class Found(NamedTuple):
    """A way that gives the wrong numbers."""

    others: int  # of the step's other numbers that it gives too
    words: str
    rank: int


class Misconception:
    """`ways` gives the ways in which someone who holds it may have computed the step, each with its words."""

    slug: ClassVar[str]
    rank: ClassVar[int] = KNOWS_THE_FORMULA
    of_all: ClassVar[bool] = False  # whether it is made for all numbers of a step or for none

    def ways(self, case: Case) -> Iterator[Way]:
        raise NotImplementedError

    def at_once(self, case: Case) -> Iterator[Way]:
        """The ways of someone who does the steps before at once with this: tried where none of `ways` fits."""
        return iter(())

    def found(self, case: Case) -> Optional[Found]:
        """The best way; None if none fits."""
        for rank, ways in ((self.rank, self.ways), (max(self.rank, AT_ONCE), self.at_once)):
            best = self.best(case, ways(case))
            if best is not None:
                return Found(*best, rank)
        return None

    def best(self, case: Case, ways: Iterator[Way]) -> Optional[Tuple[int, str]]:
        """How many of the step's other numbers the best way gives too, and its words."""
        best: Optional[Tuple[int, str]] = None
        others = case.others
        for words, cell in islice(ways, case.most_ways):
            if case.fits(cell):
                count = sum(case.gives(cell, one) for one in others)
                if self.of_all and count < len(others):
                    continue
                if best is None or count > best[0]:
                    best = count, words
                if count == len(others):
                    break
        return best


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
    if not case.wrong:
        return None
    fitting: List[Tuple[bool, int, str, str]] = []
    others = len(case.cells) - len(case.wrong)
    for one in BANK.values():
        found = one.found(case)
        if found is not None:
            fitting.append((found.others < others, found.rank, one.slug, found.words))
    if not fitting:
        return None
    fitting.sort(key=lambda one: one[:2])
    _, _, slug, words = fitting[0]
    numbers = with_your(case)
    sentence = f"{numbers}, {words}" if numbers else words
    return Reason(slug, sentence, tuple(other for _, _, other, _ in fitting[1:]))
