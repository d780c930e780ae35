"""A learner who fills in a worksheet by hand: rounds, goes on from numbers of their own, and makes the slips they are
told to make."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

from learner import work_through
from openpyxl import load_workbook

from saitama.spreadsheets.address import cell_name
from saitama.spreadsheets.formulas.box import Box
from saitama.spreadsheets.judge.causes import given_numbers
from saitama.spreadsheets.judge.exercise import Exercise
from saitama.spreadsheets.judge.verify import Verifier
from saitama.spreadsheets.plan.subject import tolerance
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook

Slip = Callable[[Any, float], float]  # from the learner and the right number


def right(learner: Any, number: float) -> float:
    return number


class Learner:
    """`slips`: by the name of a step, what is typed instead of its numbers; None leaves them blank."""

    def __init__(self, exercise: Any, slips: Optional[Dict[str, Optional[Slip]]] = None, decimals: int = 6) -> None:
        self.path, self.slips, self.decimals = exercise, slips or {}, decimals
        book = open_workbook(exercise)
        carried = read_graph(book)
        verifier = Verifier(book, carried, tolerance(carried.graph), True, False)
        given = Exercise(book, carried, verifier.compute(verifier.leaves(None)))
        self.work, self.at = given.work, given.at
        self.own: Dict[Any, Any] = dict(given_numbers(self.work, given.true))
        self.typed: Dict[Any, float] = {}
        work_through(self.work, self.own, self._write)

    def _write(self, step: Any, index: Any, position: Any, value: Any) -> Any:
        slip = self.slips.get(step.name, right)
        if not isinstance(value, Box) or position not in self.at or slip is None:
            return value
        self.index = index
        number = round(slip(self, value.at), self.decimals)
        self.typed[self.at[position]] = number
        return Box.exact(number)

    def number(self, name: str, *index: int) -> float:
        """What the learner has for a number of a step or an input."""
        for key, block in self.work.blocks.items():
            called = next((step.name for step in self.work.steps if step.key == key), key.item.name)
            if called == name:
                return float(self.own[block.at(index)].at)
        raise LookupError(name)

    def save(self, path: Any, name: str = "", change: Optional[Callable[[Any], None]] = None) -> Any:
        """Write it as a spreadsheet program would; `change` does more to the workbook."""
        workbook = load_workbook(self.path)
        for (sheet, row, column), number in self.typed.items():
            workbook[sheet][cell_name(row, column)].value = number
        if name:
            sheet = workbook["Page"]
            label = next(cell for cell in sheet[2] if cell.value == "name")
            sheet.cell(2, label.column + 1).value = name
        if change is not None:
            change(workbook)
        workbook.save(path)
        return path
