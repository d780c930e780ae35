"""What a comparison of a workbook with the framework found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, Dict, List, Optional

from ..address import quote_title
from ..read.workbook import Value, cut
from .reasons import Reason
from .story import Story

SHOWN = 50  # differences in a printed report; `differences` has them all


@dataclass(frozen=True)
class Difference:
    """One cell that is not what it should be."""

    sheet: str
    cell: str  # "B2"
    kind: str  # "wrong", "blank", "not calculated", "text", "date", "boolean", "error" or "formula"
    found: Value  # None: nothing is there, or no calculated value
    expected: Value
    what: str = ""  # what stands there, e.g. "h[0, 1]"
    hint: str = ""  # what to do, where that is not plain
    cause: Optional[str] = None  # "own": does not follow from the person's own numbers; "carried": right, given them
    reason: Optional[Reason] = None  # why, where a misconception is known that gives such numbers

    @property
    def address(self) -> str:
        return f"{quote_title(self.sheet)}!{self.cell}"

    def __str__(self) -> str:
        return self.tell()

    def tell(self, *, answers: bool = True) -> str:
        """The difference in a sentence; without `answers` it does not say what should be there."""
        expected, found = _show(self.expected), _show(self.found)
        if isinstance(self.found, float) and isinstance(self.expected, float) and found == expected:
            expected, found = repr(self.expected), repr(self.found)  # they differ further back
        should = f", expected {expected}" if answers else ""
        sentence = {
            "wrong": f"found {found}{should}",
            "blank": "is blank",  # the answer is for the one who fills it in to find
            "not calculated": f"is a formula that was never calculated{should}",
            "text": f"found the text {cut(repr(self.found))}{should}",
            "formula": f"found {found}, by a formula",
        }.get(self.kind, f"found the {self.kind} {found}{should}")
        what = f" ({self.what})" if self.what else ""
        advice = self.advice(answers)
        return f"{self.address}{what}: {sentence}" + (f"; {advice}" if advice else "")

    def advice(self, answers: bool) -> str:
        """The hint; that to a wrong number is the true one, rounded."""
        return self.hint if answers or self.kind != "wrong" else ""


@dataclass(frozen=True)
class Comparison:
    """The outcome of checking `checked` cells. True where all are right; its text is a readable report."""

    path: str
    checked: int
    differences: List[Difference] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.differences

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return self.explain()

    def headline(self) -> str:
        """The outcome in one line."""
        cells = f"{self.checked} cell{'' if self.checked == 1 else 's'}"
        if self.ok:
            return f"{self.path}: {cells} checked, all right"
        return f"{self.path}: {cells} checked, {self._counts()}"

    def explain(self, *, answers: bool = True) -> str:
        """The outcome and the first of the differences; without `answers` no true number."""
        lines = [self.headline(), *(f"  {one.tell(answers=answers)}" for one in self.differences[:SHOWN])]
        if len(self.differences) > SHOWN:
            lines.append(f"  and {len(self.differences) - SHOWN} more")
        return "\n".join(lines)

    def as_dict(self, *, answers: bool = True) -> Dict[str, Any]:
        """The same as JSON can hold it: NaN and infinities are texts. Without `answers` no true number."""
        differences = [as_plain(one, answers) for one in self.differences]
        return {"path": self.path, "ok": self.ok, "checked": self.checked, "differences": differences}

    def _counts(self) -> str:
        kinds = [difference.kind for difference in self.differences]
        return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))


_KINDS = {"formula": "formulas in blanks"}  # how the kinds are called that are not called as they are


@dataclass(frozen=True)
class Verification(Comparison):
    """A Comparison that also says what was checked.

    `kinds` counts the "formulas", "framework values" and "differences" of the sheets, "typed numbers" and "blanks", and
    by "formula" the blanks that hold one; "repeats" are cells that show once more what was typed elsewhere. Not
    compared are helper cells, Start and Check: what they say follows from the rest.
    """

    kinds: Dict[str, int] = field(default_factory=dict)
    not_checked: List[str] = field(default_factory=list)  # what the workbook has too little of to compute again
    changed_inputs: List[str] = field(default_factory=list)  # since the export: "Inputs!C17 (x[0, 1])"
    undecided: List[Difference] = field(default_factory=list)  # cells that another rounding makes other numbers of
    story: Optional[Story] = None  # of a worksheet: each slip of one's own, and what was right, given it
    trusted: str = ""  # what was believed of a worksheet without its original: its digest
    another: str = ""  # the original, if the file says that it is another exercise

    def explain(self, *, answers: bool = True) -> str:
        """What a person is told of a worksheet: their own slips in the order of the work, each with its cell, its rule
        with their numbers put in, and its reason; then what was right, given them. Without `answers` no true number."""
        if self.story is None:
            return "\n".join([super().explain(answers=answers), *self._remarks()])
        lines = [self.headline(), *(f"  {line}" for line in self.story.lines(answers))]
        if self.trusted:
            lines.append(f"  judged by the graph that the workbook itself carries: sheet {self.trusted}")
        return "\n".join([*lines, *self._remarks()])

    def headline(self) -> str:
        """The outcome in one line; of a worksheet how many slips are the person's own."""
        return super().headline() if self.story is None else f"{self.path}: {self.story.head()}"

    def _remarks(self) -> List[str]:
        told = ", ".join(f"{count:,} {_KINDS.get(kind, kind)}" for kind, count in self.kinds.items() if count)
        lines = [f"  checked: {told}"] if told else []
        if self.another:
            lines.append(
                f"  the file carries another exercise than {self.another}, by which it was judged: is it the right one?"
            )
        if self.changed_inputs:
            shown = ", ".join(self.changed_inputs[:3]) + (", …" if len(self.changed_inputs) > 3 else "")
            lines.append(f"  inputs changed since the export: {len(self.changed_inputs):,}: {shown}")
        if self.undecided:
            lines.append(f"  undecided, as rounding or an overflow decides: {len(self.undecided):,}, the first")
            lines.append(f"    {self.undecided[0]}")
        lines += [f"  not checked: {what}" for what in self.not_checked[:SHOWN]]
        if len(self.not_checked) > SHOWN:
            lines.append(f"  and {len(self.not_checked) - SHOWN:,} more")
        return lines

    def as_dict(self, *, answers: bool = True) -> Dict[str, Any]:
        """The same for a program; without `answers` no true number."""
        more: Dict[str, Any] = {
            "kinds": self.kinds,
            "not_checked": self.not_checked,
            "changed_inputs": self.changed_inputs,
        }
        more["another_exercise"] = bool(self.another)
        more["undecided"] = [as_plain(one, answers) for one in self.undecided]
        if self.story is not None:
            more["story"] = self.story.as_dict(answers)
        return {**super().as_dict(answers=answers), **more}


def as_plain(one: Difference, answers: bool = True) -> Dict[str, Any]:
    plain = {**asdict(one), "found": _plain(one.found), "expected": _plain(one.expected)}
    if not answers:
        del plain["expected"]
        plain["hint"] = one.advice(answers)
    return plain


def _plain(value: Value) -> Value:
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _show(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return f"{value:.10g}" if isinstance(value, float) else cut(str(value))
