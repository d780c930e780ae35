"""`python -m benchmarks compare BEFORE.xlsx AFTER.xlsx`: what became slower, and what faster, between two runs on one
machine, beyond the noise. Exit code 1 if something became slower, 2 if the workbooks cannot be compared.

Where both runs have the same best peer, the ratio to it counts, as a machine that was busy made the peer slow too;
otherwise saitama's own time. Each is known to within the middle half of its rounds. Something changed when these, made
twice as wide, do not meet, and the medians differ by more than LEAST.
"""

from __future__ import annotations

import argparse
import math
import sys
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from benchmarks.workbook import FIRST, SPREAD, TITLE
from saitama.spreadsheets import open_workbook

MACHINE = ("processor", "cores", "system")  # the facts that have to be the same
LEAST = 0.05  # smaller changes are none
WIDER = 2.0  # times the middle half of the rounds


class Spread(NamedTuple):
    """What the rounds say: their median and quartiles."""

    median: float
    low: float
    high: float

    def reach(self) -> Tuple[float, float]:
        """From where to where it may lie."""
        return self.median - WIDER * (self.median - self.low), self.median + WIDER * (self.high - self.median)


class Row(NamedTuple):
    """saitama's time (or memory) in one case, and its ratio to the best peer, where there is one."""

    own: Spread
    peer: Optional[str]
    ratio: Optional[Spread]


class Run(NamedTuple):
    """A workbook of results: the machine, and the rows by (benchmark, case)."""

    machine: Dict[str, str]
    rows: Dict[Tuple[str, str], Row]


class Change(NamedTuple):
    """A case in both runs; `before` and `after` are ratios to `peer`, or times."""

    name: str
    peer: Optional[str]
    before: Spread
    after: Spread

    @property
    def factor(self) -> float:
        return self.after.median / self.before.median if self.before.median else math.inf

    @property
    def slower(self) -> bool:
        return self.factor > 1 + LEAST and self.after.reach()[0] > self.before.reach()[1]

    @property
    def faster(self) -> bool:
        return self.factor < 1 / (1 + LEAST) and self.after.reach()[1] < self.before.reach()[0]

    def __str__(self) -> str:
        what = f"of {self.peer}" if self.peer else "of its time"
        values = [f"{one.median:.3g} ({one.low:.3g} - {one.high:.3g})" for one in (self.before, self.after)]
        return f"{self.name:<60} {self.factor:5.2f} times  {' -> '.join(values)} {what}"


def read(path: str) -> Run:
    """The results in a workbook that `--output` wrote. ValueError for any other file."""
    book = open_workbook(path)
    sheets = {title: {position: cell.value for position, cell in sheet.items()} for title, sheet in book.items()}
    summary = sheets.get("Summary", {})
    if summary.get((1, 1)) != TITLE:
        raise ValueError(f"{path} holds no benchmarks: give two files that `python -m benchmarks --output` wrote")
    facts = {value: summary.get((row, 2)) for (row, column), value in summary.items() if column == 1}
    rows: Dict[Tuple[str, str], Row] = {}
    for title, cells in sheets.items():
        if cells.get((FIRST - 1, 1)) == "case":
            rows.update({(title, case): row for case, row in _rows(path, cells)})
    return Run({fact: str(facts.get(fact)) for fact in MACHINE}, rows)


def _rows(path: str, cells: Dict[Tuple[int, int], Any]) -> Iterator[Tuple[str, Row]]:
    columns = {value: column for (row, column), value in reversed(list(cells.items())) if row == FIRST - 1}
    missing = [name for name in (*SPREAD, "best peer", "ratio", "low", "high") if name not in columns]
    if missing:
        raise ValueError(f"{path} has no column {missing[0]!r}: it is from before spreads were kept; measure again")
    row = FIRST
    while (row, 1) in cells:
        own = _spread(cells, row, [columns[name] for name in SPREAD])
        peer = cells.get((row, columns["best peer"]))
        if own is not None:
            ratio = _spread(cells, row, [columns[name] for name in ("ratio", "low", "high")]) if peer else None
            yield str(cells[row, 1]), Row(own, peer, ratio)
        row += 1


def _spread(cells: Dict[Tuple[int, int], Any], row: int, columns: List[int]) -> Optional[Spread]:
    values = [cells.get((row, column)) for column in columns]
    return Spread(*values) if all(isinstance(value, float) for value in values) else None  # type: ignore[arg-type]


def changes(before: Run, after: Run) -> List[Change]:
    """Of every case that is in both runs. ValueError if they are of different machines, or have no case in common."""
    for fact, machine in before.machine.items():
        if after.machine[fact] != machine:
            raise ValueError(f"the runs are of different machines: {fact} is {machine} and {after.machine[fact]}")
    common = [key for key in before.rows if key in after.rows]
    if not common:
        raise ValueError("the runs have no case in common: give two of the same benchmarks")
    return [_change(f"{key[0]}: {key[1]}", before.rows[key], after.rows[key]) for key in common]


def _change(name: str, before: Row, after: Row) -> Change:
    if before.ratio and after.ratio and before.peer == after.peer:
        return Change(name, before.peer, before.ratio, after.ratio)
    return Change(name, None, before.own, after.own)


def main(arguments: List[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks compare", description="what became slower between two runs on one machine"
    )
    parser.add_argument("before", metavar="BEFORE.xlsx")
    parser.add_argument("after", metavar="AFTER.xlsx")
    options = parser.parse_args(arguments)
    try:
        runs = read(options.before), read(options.after)
        found = changes(*runs)
    except ValueError as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    slower = sorted((one for one in found if one.slower), key=lambda one: -one.factor)
    faster = sorted((one for one in found if one.faster), key=lambda one: one.factor)
    for title, several in (("slower", slower), ("faster", faster)):
        print(f"{title}: {len(several) or 'none'}")
        for change in several:
            print(f"  {change}")
    apart = len(set(runs[0].rows) ^ set(runs[1].rows))
    alone = f"; {apart} are in one run only" if apart else ""
    print(f"{len(found) - len(slower) - len(faster)} of {len(found)} cases as before, within the noise{alone}")
    return 1 if slower else 0
