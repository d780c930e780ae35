"""A worksheet that was filled in: every number judged by the person's own numbers before it, and why it is wrong."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from ..address import cell_name
from ..errors import WorkbookError
from ..formulas.box import Box
from ..formulas.evaluate import Value
from ..formulas.syntax import Place
from ..graph.keys import Inner, StepKey
from ..graph.run import Run
from ..graph.step import Update
from ..layout import Index
from ..plan.calculated import true_values
from ..plan.subject import subject_of
from ..plan.work import Apart, Step, Work
from ..read.places import Carried
from ..read.workbook import Cell
from .between import reason_between
from .causes import Judged, Judgement, Position, Typed, judge
from .hint import number_in
from .in_numbers import in_numbers, shown
from .looks import Copied
from .own_formulas import OwnFormulas
from .reasons import Case, Reason
from .story import Slip, Story, WrongCell

SHEET = "\x00work"  # no workbook has a sheet of that name
NOT_A_NUMBER, FROM_THE_KEY = "not-a-number", "from-the-key"


class Exercise:
    """`verdicts` says for each typed cell whether it is no number or taken from the key: (slug, advice), else None."""

    def __init__(self, book: Any, carried: Carried, current: Run) -> None:
        """Raises WorkbookError where the workbook does not say where a step of its page is."""
        self.book, self.carried = book, carried
        subject = subject_of(carried.graph, current, max_cells=2**62)
        self.work = Work(subject, Apart(SHEET), SHEET)
        self.true = true_values(self.work)
        self.at: Dict[Position, Tuple[str, int, int]] = {}  # cells of the work -> those of the workbook
        for key, block in self.work.blocks.items():
            places = carried.places.get(key)
            if places is not None and places.typed is not None:
                for (_, row, column), (_, r, c) in zip(block.cells(), places.typed.cells()):
                    self.at[row, column] = places.sheet, r, c
        if carried.exercise.get("layout") == "page":
            for step in self.work.steps:
                if (
                    step.key not in carried.places
                    and not step.aside
                    and not isinstance(step.key, Inner)
                    and step.block.size
                ):
                    raise WorkbookError(
                        f"{book.path}: its structure was changed: nothing says where {step.name} is; write the "
                        "worksheet again"
                    )

    @cached_property
    def steps_at(self) -> Dict[Position, Tuple[Step, int, Index]]:
        """Which number of which step stands at a place."""
        return {
            (row, column): (step, n, index)
            for step in self.work.steps
            for n, (index, row, column) in enumerate(step.block.cells())
        }

    # Of each step with a slip, once it is asked for.
    @cached_property
    def _cases(self) -> Dict[StepKey, Case]:
        return {}

    @cached_property
    def _reasons(self) -> Dict[StepKey, Optional[Reason]]:
        return {}

    @cached_property
    def _formulas(self) -> Dict[StepKey, Copied]:
        return {}

    def cell(self, position: Position) -> Cell:
        sheet, row, column = self.at[position]
        found: Cell = self.book[sheet][row, column]
        return found

    def judge(self, refused: Callable[[str, int, int, Cell, str], Optional[Reason]], strict: bool) -> Judgement:
        """`refused` gives the reason why what stands in a cell does not count, or None. `strict`: no result of a
        formula is believed that cannot be worked out again."""
        typed: Dict[Position, Typed] = {}
        self.refused: Dict[Position, Reason] = {}
        formulas = OwnFormulas(self.book, strict)
        for position, place in self.at.items():
            cell = self.cell(position)
            if cell.kind in ("blank", "not calculated") and not cell.has_formula:
                continue
            reason = refused(*place, cell, self.dtype(position))
            number = number_in(cell, self.dtype(position))
            if cell.has_formula and reason is None:
                number = formulas.number(*place)
                if number is None:
                    reason = Reason(NOT_A_NUMBER, "this formula cannot be worked out here: type the number")
            if reason is not None:
                self.refused[position] = reason
            typed[position] = Typed(None if reason is not None else number, cell.formula)
        self.judgement = judge(self.work, self.true, typed)
        return self.judgement

    def own(self) -> Dict[StepKey, List[Value]]:
        """For each step the numbers that a person who did everything else as they did has there."""
        found = self.judgement.own
        return {step.key: [found.get(position) for position in step.positions] for step in self.work.steps}

    def reason(self, judged: Judged) -> Optional[Reason]:
        """Why a number is wrong; None for one that was carried, or where no reason is known."""
        if judged.position in self.refused:
            return self.refused[judged.position]
        if judged.cause != "own":
            return None
        key = judged.step.key
        if key not in self._reasons:
            typed = {cell.position for cell in self.judgement.cells}
            self._reasons[key] = reason_between(self.work, self.judgement, judged.step, typed)
        return self._reasons[key]

    def case(self, step: Step) -> Case:
        if step.key not in self._cases:
            self._cases[step.key] = Case(self.work, self.judgement, step)
        return self._cases[step.key]

    def dtype(self, position: Position) -> str:
        """The kind of number that belongs there."""
        array = self.work.subject.run.get(self.steps_at[position][0].key)
        return "float64" if array is None else str(array.dtype)

    def truth(self, position: Position) -> float:
        """The true number; NaN where it is none."""
        step, n, _ = self.steps_at[position]
        value = self.true[step.key][n]
        return value.at if isinstance(value, Box) else float(value) if isinstance(value, (str, bool)) else float("nan")

    def what(self, position: Position) -> str:
        """`h[0, 1] = x W`; of an optimiser's step `W: v[0, 1] = …`, since every parameter has one."""
        step, _, index = self.steps_at[position]
        at = shown_index(index)
        whose = f"{step.of.parameter.name}: " if isinstance(step.of, Update) else ""
        return f"{whose}{step.name}{at} = {step.rule}"

    # --- the story --------------------------------------------------------------------------------------------------
    def story(self, several_sheets: bool) -> Story:
        slips: List[Slip] = []
        carried: Dict[str, None] = {}
        for step, cells in self.by_step():
            own = [cell for cell in cells if cell.cause == "own" or cell.position in self.refused]
            if own:
                told = tuple(self.wrong_cell(cell, several_sheets) for cell in own)
                slips.append(Slip(step.name, step.rule, told, self.reason(own[0])))
            if any(cell.cause == "carried" for cell in cells):
                carried[step.name] = None
        everything = self.judgement.cells
        notes = [self.note(cell, several_sheets) for cell in everything if cell.right and not cell.follows]
        return Story(
            len(self.at),
            len(self.at) - len(everything),
            tuple(slips),
            tuple(carried),
            sum(cell.cause == "carried" for cell in everything),
            sum(len(slip.cells) for slip in slips),
            self.next_step(several_sheets),
            tuple(notes),
        )

    def next_step(self, several_sheets: bool) -> str:
        """`h = x W (G6)`: the first blank that is empty."""
        filled = {cell.position for cell in self.judgement.cells}
        for position in self.at:
            if position not in filled:
                return f"{self.what(position)} ({self.address(position, several_sheets)})"
        return ""

    def address(self, position: Position, several_sheets: bool) -> str:
        sheet, row, column = self.at[position]
        return f"{sheet}!{cell_name(row, column)}" if several_sheets else cell_name(row, column)

    def by_step(self) -> Iterator[Tuple[Step, List[Judged]]]:
        for step in self.work.steps:
            cells = self.judgement.of(step.key)
            if cells:
                yield step, cells

    def note(self, judged: Judged, several_sheets: bool) -> str:
        """Of a number that is right, wherever it comes from."""
        name = f"{judged.step.name}{shown_index(judged.index)} ({self.address(judged.position, several_sheets)})"
        return f"{name} is right, but does not follow from your numbers above"

    def wrong_cell(self, judged: Judged, several_sheets: bool) -> WrongCell:
        address = self.address(judged.position, several_sheets)
        cell = self.cell(judged.position)
        seen = cell.formula if cell.seen is None else repr(cell.seen)  # a formula may never have been calculated
        found = shown(judged.typed.number) if judged.typed.number is not None else str(seen)
        numbers = in_numbers(self.case(judged.step).tree(judged.index), self.own_number)
        expected = shown(judged.expected.at) if isinstance(judged.expected, Box) else ""
        return WrongCell(address, shown_index(judged.index), found, numbers, expected, self.look(judged))

    def look(self, judged: Judged) -> str:
        """What is odd about the formula of a wrong cell, where its neighbours have formulas too."""
        key = judged.step.key
        if key not in self._formulas:
            typed = (position for position in judged.step.positions if position in self.at)
            cells = {self.at[position][1:]: self.cell(position) for position in typed}
            self._formulas[key] = Copied({at: cell.formula for at, cell in cells.items() if cell.kind != "blank"})
        return self._formulas[key].unlike(self.at[judged.position][1:])

    def own_number(self, place: Place) -> Optional[float]:
        value = self.judgement.own.get((place.row, place.column))
        return value.at if isinstance(value, Box) else None


def shown_index(index: Index) -> str:
    """`[0, 1]`, "" for a single number."""
    return f"[{', '.join(map(str, index))}]" if index else ""


__all__ = ["FROM_THE_KEY", "NOT_A_NUMBER", "Exercise", "Index"]
