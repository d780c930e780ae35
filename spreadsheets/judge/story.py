"""What verify tells a person: each slip of their own in the order of the work, and what was right, given it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Optional, Tuple

from .reasons import Reason

SHOWN_CELLS, SHOWN_NAMES = 3, 12


@dataclass(frozen=True)
class WrongCell:
    address: str  # "G6", or with its sheet where there are several
    index: str  # "[0, 1]", "" for a single number
    found: str
    with_numbers: str  # the rule with the person's own numbers put in; "" where that would be too long
    expected: str  # what it should be, from the person's own numbers
    advice: str = ""

    @property
    def hints(self) -> str:
        """`with_numbers`, unless that is the answer already."""
        return self.with_numbers if " " in self.with_numbers else ""


@dataclass(frozen=True)
class Slip:
    """A step with numbers that do not follow from the person's own before it."""

    name: str
    rule: str
    cells: Tuple[WrongCell, ...]
    reason: Optional[Reason]

    def tell(self, answers: bool) -> List[str]:
        one = self.cells[0]
        count = "" if len(self.cells) == 1 else f", and {len(self.cells) - 1} more of its numbers"
        put_in = one.with_numbers if answers else one.hints
        numbers = f"with your numbers {self.rule} is {put_in}" if put_in else f"the rule is {self.rule}"
        gives = f" = {one.expected}" if answers and one.expected else ""
        looks = [cell for cell in self.cells if cell.advice]
        why = self.reason.sentence if self.reason is not None else "no known reason"
        if self.reason is None and looks:
            why = "see its formula"
        lines = [f"{self.name}{one.index} ({one.address})   you have {one.found}{count}: {why}"]
        lines += [f"    {cell.address}: {cell.advice}" for cell in looks[:SHOWN_CELLS]]
        lines.append(f"    {numbers}{gives}")
        if self.reason is not None and self.reason.others:
            lines.append(f"    (may also be: {', '.join(self.reason.others[:4])})")
        return lines


@dataclass(frozen=True)
class Story:
    blanks: int
    empty: int
    slips: Tuple[Slip, ...]
    carried: Tuple[str, ...]  # names of steps that are right, given the slips before them
    carried_numbers: int
    wrong_numbers: int
    next: str = ""  # the first step with an empty blank, where some are
    notes: Tuple[str, ...] = ()

    def head(self) -> str:
        """`8 blanks: 1 slip of your own, 7 right given it`."""
        told = [f"{self.blanks} blank{'' if self.blanks == 1 else 's'}"]
        parts = []
        if self.slips:
            count = len(self.slips)
            of = "" if self.wrong_numbers == count else f" ({self.wrong_numbers} numbers)"
            parts.append(f"{count} slip{'' if count == 1 else 's'} of your own{of}")
        if self.carried_numbers:
            parts.append(f"{self.carried_numbers} right given {'it' if len(self.slips) == 1 else 'them'}")
        right = self.blanks - self.empty - self.wrong_numbers - self.carried_numbers
        if right:
            parts.append(f"{'all' if right == self.blanks else right} right")
        if self.empty:
            parts.append(f"{self.empty} still empty")
        return f"{told[0]}: {', '.join(parts)}"

    def as_dict(self, answers: bool = True) -> Dict[str, Any]:
        """For a program; without `answers` no true number."""
        plain = asdict(self)
        for slip, told in zip(self.slips, plain["slips"]) if not answers else ():
            for cell, plain_cell in zip(slip.cells, told["cells"]):
                del plain_cell["expected"]
                plain_cell["with_numbers"] = cell.hints
        return plain

    def lines(self, answers: bool = True) -> List[str]:
        found = [line for slip in self.slips for line in slip.tell(answers)]
        if self.carried:
            names = ", ".join(self.carried[:SHOWN_NAMES])
            more = f" and {len(self.carried) - SHOWN_NAMES} more" if len(self.carried) > SHOWN_NAMES else ""
            given = self.slips[0].name if len(self.slips) == 1 else "numbers"
            found.append(f"{names}{more}: right, given your {given}")
        if self.next:
            found.append(f"next: {self.next}")
        return [*found, *self.notes]


__all__ = ["Slip", "Story", "WrongCell"]
