"""What a check of a person's own sheet found: each slip of their own, what was right given it, block by block."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Tuple

from ..judge.report import Comparison
from ..judge.story import Slip
from ..read.package import Package
from ..read.safety import PathLike
from ..read.workbook import Position
from ..write.marked_copy import Mark, write_marked_copy

Place = Tuple[str, int, int]
SHOWN = 60  # blocks in a printed report


@dataclass(frozen=True)
class Checked:
    """One block: of so many cells how many are the person's own slips, carried, blank, and not right in all."""

    address: str
    name: str
    cells: int
    own: int
    carried: int
    blank: int
    differing: int

    def __str__(self) -> str:
        name = f"{self.address} {self.name}" if self.name != self.address else self.address
        if not self.differing:
            return f"{name}: {self.cells} right" if self.cells > 1 else f"{name}: right"
        unknown = self.differing - self.own - self.carried - self.blank
        right = self.cells - self.differing
        parts = [
            (right, "right"),
            (self.own, "of your own"),
            (self.carried, "right, given your numbers before"),
            (self.blank, "blank"),
            (unknown, "wrong"),
        ]
        return f"{name}: {', '.join(f'{count} {words}' for count, words in parts if count)}"


@dataclass(frozen=True)
class Audited(Comparison):
    """A Comparison that knows whose slips the wrong numbers are. Its text is a readable report.

    `differences` has every cell that is not the true number, with `.cause` and `.reason`; `blocks` a line for each
    check, `slips` the steps with slips of the person's own, in the order of the work.
    """

    blocks: List[Checked] = field(default_factory=list)
    slips: Tuple[Slip, ...] = ()
    marks: Dict[Place, Tuple[str, str]] = field(default_factory=dict)  # verdict and note, by cell
    notes: Tuple[str, ...] = ()  # what was not looked for

    def headline(self) -> str:
        numbers = f"{self.checked} number{'' if self.checked == 1 else 's'} checked"
        if self.ok:
            return f"{self.path}: {numbers}, all right"
        carried = sum(one.carried for one in self.blocks)
        blank = sum(one.blank for one in self.blocks)
        wrong = len(self.differences) - carried - blank
        own = f"{len(self.slips)} slip{'' if len(self.slips) == 1 else 's'} of your own"
        parts = [own if wrong == len(self.slips) else f"{own} ({wrong} cells)"] if wrong else []
        parts += [f"{carried} right given {'it' if len(self.slips) == 1 else 'them'}"] if carried else []
        parts += [f"{self.checked - len(self.differences)} right"] if self.checked > len(self.differences) else []
        parts += [f"{blank} blank"] if blank else []
        return f"{self.path}: {numbers}: {', '.join(parts)}"

    def explain(self, *, answers: bool = True) -> str:
        """The slips in the order of the work, then each block; without `answers` no true number."""
        lines = [self.headline()]
        for slip in self.slips:
            lines += [f"  {line}" for line in (slip.tell(answers) if slip.rule else _plainly(slip))]
        told = {cell.address for slip in self.slips for cell in slip.cells}
        others = [one for one in self.differences if one.kind not in ("wrong", "blank") and one.cell not in told]
        lines += [f"  {one.tell(answers=answers)}" for one in others[:SHOWN]]
        lines += [f"  {one}" for one in (*self.notes, *self.blocks[:SHOWN])]
        if len(self.blocks) > SHOWN:
            lines.append(f"  and {len(self.blocks) - SHOWN} more blocks")
        return "\n".join(lines)

    def as_dict(self, *, answers: bool = True) -> Dict[str, Any]:
        plain = super().as_dict(answers=answers)
        plain["blocks"] = [asdict(one) for one in self.blocks]
        plain["notes"] = list(self.notes)
        plain["slips"] = [asdict(one) for one in self.slips]
        for slip in plain["slips"] if not answers else ():
            for cell in slip["cells"]:
                del cell["expected"]
        return plain

    def mark(self, package: Package, path: PathLike) -> None:
        """Write a copy of the workbook with its checked cells green or red and the reasons beside them; every other
        byte as it was."""
        marks: Dict[str, Dict[Position, Mark]] = {}
        for (sheet, row, column), (verdict, note) in self.marks.items():
            marks.setdefault(sheet, {})[row, column] = Mark(verdict, note)
        write_marked_copy(package, marks, path)


def _plainly(slip: Slip) -> List[str]:
    one = slip.cells[0]
    more = "" if len(slip.cells) == 1 else f", and {len(slip.cells) - 1} more of its numbers"
    why = slip.reason.sentence if slip.reason is not None else "no known reason"
    return [f"{slip.name}{one.index} ({one.address})   you have {one.found}{more}: {why}"]


__all__ = ["Audited", "Checked"]
