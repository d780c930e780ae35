"""All checks of a sheet compared, and what is wrong judged along the graphs."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Set, Tuple

from saitama.autograd.function import Function

from ..address import cell_name, quote_title
from ..formulas.box import Box
from ..graph.items import Node
from ..graph.keys import Value
from ..graph.names import given_names
from ..judge.causes import Judged
from ..judge.compare import is_close, judge
from ..judge.hint import hint
from ..judge.in_numbers import in_numbers, shown
from ..judge.reasons import Case, Reason
from ..judge.report import Difference
from ..judge.story import Slip, WrongCell
from ..judge.typed import Typed
from ..layout import Index
from ..plan.work import Step
from ..read.workbook import Cell
from .audited import Audited, Checked
from .made_of import numbers_in
from .sheet_reasons import SheetReasons
from .stages import HandWork, Stages

Place = Tuple[str, int, int]
LONGEST, DEEPEST = 80, 4  # of a rule with results of no name: characters, and results inside of results
Order = Tuple[int, int, int]  # stage, step, check


def judged(sheet: Any, names: Any = None, stages: Optional[Stages] = None) -> Audited:
    """The outcome of a HandSheet's checks. `stages`: graphs that were computed from other inputs."""
    return _Judging(sheet, names, stages).outcome()


class _Judging:
    def __init__(self, sheet: Any, names: Any, stages: Optional[Stages]) -> None:
        self.sheet, self.digits = sheet, sheet.digits()
        _rename(sheet, names)
        self.stages = stages or Stages(sheet._watch, sheet.book)
        self.several = len({place[0] for check in sheet._checks for place, _, _ in check.cells}) > 1
        self.kinds: List[List[Tuple[Cell, Optional[str]]]] = []  # by check: each cell, and what is wrong with it
        for check in sheet._checks:
            here = []
            for place, _, n in check.cells:
                cell = sheet.calculated(place)
                here.append(
                    (cell, judge(cell, float(check.values[n]), check.tensor.dtype, check.rtol, check.atol, self.digits))
                )
            self.kinds.append(here)
        self.reasons = SheetReasons(sheet, self.stages)
        self.at: List[List[Optional[Tuple[int, Any, Index]]]] = []
        self.told: Set[Place] = set()

    def outcome(self) -> Audited:
        wrong = any(kind is not None for here in self.kinds for _, kind in here)
        self._locate() if wrong else None
        differences: List[Difference] = []
        checked: List[Checked] = []
        slips: List[Tuple[Order, Slip]] = []
        marks: Dict[Place, Tuple[str, str]] = {}
        for n, check in enumerate(self.sheet._checks):
            found = self._check(n, marks, slips)
            differences += found
            causes = [one.cause for one in found]
            checked.append(
                Checked(
                    check.text,
                    self._name(n),
                    len(check.cells),
                    causes.count("own"),
                    causes.count("carried"),
                    sum(one.kind == "blank" for one in found),
                    len(found),
                )
            )
        order = {"own": 0, None: 1, "carried": 2}
        differences.sort(key=lambda one: order[one.cause])
        slips.sort(key=lambda one: one[0])
        total = sum(len(check.cells) for check in self.sheet._checks)
        told = tuple(slip for _, slip in slips)
        notes = self.stages.too_large() if wrong else ()
        return Audited(self.sheet.path, total, differences, checked, told, marks, notes)

    # --- where the checked numbers are in the graphs -----------------------------------------------------------------
    def _locate(self) -> None:
        taken: Dict[Tuple[int, Any, Index], Place] = {}
        for check, here in zip(self.sheet._checks, self.kinds):
            owners = numbers_in(check.made_of, lambda source: self.stages.known(source) is not None)
            if owners is None and self.stages.extend(check.made_of.source, check.tensor.array):
                owners = numbers_in(check.made_of, lambda source: self.stages.known(source) is not None)
            where: List[Optional[Tuple[int, Any, Index]]] = []
            for (place, _, n), (cell, _) in zip(check.cells, here):
                known = self.stages.known(owners[n][0]) if owners is not None else None
                if known is None or owners is None:
                    where.append(None)
                    continue
                stage, key = known
                at = stage, key, owners[n][1]
                where.append(at)
                if at not in taken and cell.kind not in ("blank", "not calculated"):
                    taken[at] = place
                    self.stages.stages[stage].typed[key, owners[n][1]] = place, self._typed(cell)
            self.at.append(where)

    def _typed(self, cell: Cell) -> Typed:
        """A formula's result is exact, unless the program that stored it keeps few digits."""
        return Typed(cell.number, cell.formula if self.digits is None else None)

    # --- one check --------------------------------------------------------------------------------------------------
    def _check(self, n: int, marks: Dict[Place, Tuple[str, str]], slips: List[Tuple[Order, Slip]]) -> List[Difference]:
        check, found = self.sheet._checks[n], []
        own: Dict[Any, List[Tuple[Optional[Judged], WrongCell]]] = {}
        name = self._name(n)
        for m, ((place, index, number), (cell, kind)) in enumerate(zip(check.cells, self.kinds[n])):
            if kind is None:
                marks.setdefault(place, ("right", ""))
                continue
            true = float(check.values[number])
            at = self.at[n][m]
            work = self.stages.work(at[0]) if at is not None else None
            one = self._judged(work, at, place)
            cause, reason = None, None
            if kind == "wrong" and one is not None and work is not None:
                if one.right:
                    marks.setdefault(place, ("right", ""))
                    continue
                cause = one.cause
            if kind == "wrong" and one is None and self._repeats_a_wrong_one(work, at, cell):
                cause = "carried"
            if kind == "error" and cell.has_formula and work is not None and at is not None:
                position = work.work.blocks[at[1]].at(at[2])
                cause = "carried" if work.comes_from_spoilt(position) else None  # an error that a slip before it made
            if kind == "wrong" and cause != "carried":
                reason = self.reasons.reason(work, one, check, place, cell)
            what = f"{name}{list(index) if index else ''}"
            if place in self.told:
                continue  # it is checked twice
            self.told.add(place)
            if one is not None and work is not None and cause == "own":
                own.setdefault(one.step.key, []).append((one, _wrong_cell(work, one, place, cell, self.several)))
            elif cause is None and kind == "wrong":
                own.setdefault(None, []).append(
                    (one, WrongCell(self._address(place), _at(index), _seen(cell), "", shown(true)))
                )
            advice = hint(cell, kind, true, not cell.has_formula)
            found.append(
                Difference(place[0], cell_name(*place[1:]), kind, cell.seen, true, what, advice, cause, reason)
            )
            marks[place] = self._mark(kind, cause, reason, advice)
        for cells in own.values():
            first = cells[0][0]
            reason = next((d.reason for d in found if d.reason is not None and d.cause != "carried"), None)
            at = self.at[n][0] if first is not None else None
            work = self.stages.work(at[0]) if at is not None else None
            rule = spelled(work, first.step) if first is not None and work is not None else ""
            slip = Slip(name, rule, tuple(cell for _, cell in cells), reason)
            slips.append((self._order(n, first), slip))
        return found

    def _order(self, n: int, one: Optional[Judged]) -> Order:
        """The place of a slip in the order of the work; of what no graph leads to, that of its check."""
        at = next((at for at in (self.at[n] if self.at else []) if at is not None), None)
        if one is None or at is None:
            return (10**6, 0, n)
        work = self.stages.work(at[0])
        steps = [step.key for step in work.work.steps] if work is not None else []
        return at[0], steps.index(one.step.key) if one.step.key in steps else 0, n

    @staticmethod
    def _repeats_a_wrong_one(work: Optional[HandWork], at: Optional[Tuple[int, Any, Index]], cell: Cell) -> bool:
        """Whether a cell shows a number of the person's once more that another cell has, and that is wrong there."""
        if work is None or at is None or cell.number is None:
            return False
        first = work.judged.get(work.work.blocks[at[1]].at(at[2]))
        if first is None or first.cause is None or first.typed.number is None:
            return False
        return is_close(cell.number, first.typed.number, 1e-9, 1e-12)

    def _judged(self, work: Optional[HandWork], at: Optional[Tuple[int, Any, Index]], place: Place) -> Optional[Judged]:
        if work is None or at is None:
            return None
        position = work.work.blocks[at[1]].at(at[2])
        one = work.judged.get(position)
        return one if one is not None and work.at.get(position) == place else None

    def _name(self, n: int) -> str:
        check = self.sheet._checks[n]
        if check.name:
            return str(check.name)
        known = [at for at in (self.at[n] if self.at else []) if at is not None]
        if known and len({at[:2] for at in known}) == 1:
            at = known[0]
            work = self.stages.work(at[0])
            block = work.work.blocks.get(at[1]) if work is not None else None
            step = next((s for s in work.work.steps if s.block is block), None) if work is not None else None
            if step is not None and not is_unnamed(step):
                return step.name
        return str(check.text)

    def _address(self, place: Place) -> str:
        cell = cell_name(*place[1:])
        return f"{quote_title(place[0])}!{cell}" if self.several else cell

    @staticmethod
    def _mark(kind: str, cause: Optional[str], reason: Optional[Reason], advice: str) -> Tuple[str, str]:
        if cause == "carried":
            return "carried", "right, given your numbers before it"
        if kind == "blank":
            return "empty", ""
        if kind != "wrong":
            return "wrong", advice or kind
        return "wrong", reason.sentence if reason is not None else "no known reason"


def is_unnamed(step: Step) -> bool:
    """Whether nobody has given the result a name."""
    node = step.of
    return isinstance(node, Node) and isinstance(step.key, Value) and node.name == f"{node.op.lower()}{node.number}"


def spelled(work: HandWork, step: Step) -> str:
    """A step's rule, in which results that nobody has named are written out, as long as that can be read."""
    rule = step.rule or step.name
    rules = {one.name: one.rule for one in work.work.steps if one.rule and is_unnamed(one) and one is not step}
    for _ in range(DEEPEST if rules else 0):
        longer = re.sub("|".join(rf"\b{re.escape(name)}\b" for name in rules), lambda m: f"({rules[m[0]]})", rule)
        if longer == rule or len(longer) > LONGEST:
            break
        rule = longer
    return rule


def _wrong_cell(work: HandWork, one: Judged, place: Place, cell: Cell, several: bool) -> WrongCell:
    address = cell_name(*place[1:])
    address = f"{quote_title(place[0])}!{address}" if several else address
    case = Case(work.work, work.judgement, one.step)
    numbers = in_numbers(case.tree(one.index), work.own_number)
    expected = shown(one.expected.at) if isinstance(one.expected, Box) else ""
    return WrongCell(address, _at(one.index), _seen(cell), numbers, expected)


def _seen(cell: Cell) -> str:
    return shown(cell.number) if cell.number is not None else repr(cell.seen)


def _at(index: Index) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def _rename(sheet: Any, names: Any) -> None:
    """Give the results of a script the names that it has for them."""
    if names is None:
        return
    given = given_names(names)
    for traced in sheet._watch.traced:
        taken = {item.name for item in traced.items.values()}
        for source, name in given.items():
            item = traced.items.get(source)
            if item is not None and isinstance(source, Function) and source.name is None and name not in taken:
                item.name = name
                taken.add(name)
    for source, name in given.items():
        if source.name is None:
            source.name = name


__all__ = ["judged"]
