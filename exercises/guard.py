"""What every task has to keep, tried with many learners' numbers: a blank page is not solved, the solution is, and each
slip that the task names is told by that name.

    python -m saitama.exercises.guard 4 --seeds 20      a level of the course
    python -m saitama.exercises.guard mine.py           tasks of your own
"""

from __future__ import annotations

import argparse
import runpy
import sys
import tempfile
from math import floor, log10
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from openpyxl import load_workbook

from saitama.spreadsheets import open_workbook, verify
from saitama.spreadsheets.pages import one_page, planned
from saitama.spreadsheets.plan.page_options import PageOptions

from .task import Task
from .workbook import page_of


class Step(NamedTuple):
    """The blanks of one step, in the order of the work."""

    name: str
    cells: Tuple[Tuple[int, int], ...]
    right: Tuple[float, ...]


class Bench:
    """One task with one learner's numbers, to be filled in as one likes."""

    def __init__(self, task: Task, seed: int, folder: Path) -> None:
        self.task, self.seed, self.folder = task, seed, folder
        self.work = task.work(seed)
        page = page_of(task, seed)
        self.original = folder / f"{task.id}-{seed}.xlsx"
        one_page(page, self.original, seed=seed)
        self.steps = steps_of(page)
        self._book = load_workbook(self.original)  # filled in again and again
        self._opened = open_workbook(self.original)

    def filled(self, until: Optional[str] = None, wrong: Sequence[float] = ()) -> Path:
        """A copy with the right numbers; up to the step `until`, which has the numbers `wrong`."""
        sheet, path = self._book[self.task.sheet], self.folder / "filled.xlsx"
        for row, column in (cell for step in self.steps for cell in step.cells):
            sheet.cell(row, column).value = None
        if all(is_short(x) for step in self.steps for x in step.right):
            wrong = [as_typed(x) for x in wrong]
        for step in self.steps:
            numbers = wrong if step.name == until else step.right
            for (row, column), number in zip(step.cells, numbers):
                sheet.cell(row, column).value = number
            if step.name == until:
                break
        self._book.save(path)
        return path

    def judged(self, path: Path) -> Any:
        return verify(path, original=self._opened)


def steps_of(page: Any) -> List[Step]:
    """What is to be filled in, with the true numbers."""
    plan = planned(page, PageOptions(solved=True))
    found = []
    sheet = plan.sheets[0]
    typed = {(s.typed.row, s.typed.column): s for s in plan.sections.values() if s.typed is not None and s.typed.size}
    for element in sheet.elements:
        block = getattr(element, "block", None)
        if block is None or getattr(element, "style", "") != "blank":
            continue
        section = typed[block.row, block.column]
        cells = [(row, column) for _, row, column in block.cells()]
        right = [element.content(index) for index, _, _ in block.cells()]  # type: ignore[attr-defined]
        found.append((block.row, block.column, Step(section.label, tuple(cells), tuple(right))))
    return [step for _, _, step in sorted(found)]


def faults(task: Task, seed: int, strict: bool = True) -> Iterator[str]:
    """What is wrong with a task, a line each. Not `strict`: a slip may give the right numbers by chance, as a sum that
    is 0 is its mean too; with most numbers it must not."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(task, seed, Path(folder))
        where = f"{task.id}, numbers {seed}"
        if not bench.steps:
            yield f"{where}: there is nothing to fill in"
            return
        if bench.judged(bench.original).ok:
            yield f"{where}: the blank page counts as solved"
        solved = bench.judged(bench.filled())
        if not solved.ok:
            yield f"{where}: its own solution is refused: {solved.explain()}"
        names = [step.name for step in bench.steps]
        for slug, planted in bench.work.slips.items():
            for name, numbers in planted.items():
                if name not in names:
                    yield f"{where}: no step is called {name!r}; there are {', '.join(names)}"
                else:
                    yield from _named(bench, slug, name, flat(numbers), strict)


def _named(bench: Bench, slug: str, name: str, wrong: Sequence[float], strict: bool) -> Iterator[str]:
    """Whether the slip is told, and by its name."""
    where = f"{bench.task.id}, numbers {bench.seed}: {slug} at {name}"
    step = next(step for step in bench.steps if step.name == name)
    if len(wrong) != len(step.cells):
        yield f"{where}: {len(wrong)} numbers for {len(step.cells)} blanks"
        return
    if all(is_rounded(a, b) for a, b in zip(wrong, step.right)):
        if strict:
            yield f"{where}: gives the right numbers"
        return
    story = bench.judged(bench.filled(name, wrong)).story
    if not story.slips or story.slips[0].name != name:
        yield f"{where}: is not found"
    else:
        reason = story.slips[0].reason
        told = [] if reason is None else [reason.slug, *reason.others]
        if slug not in told:
            yield f"{where}: is called {', '.join(told) or 'nothing'}"


def is_short(number: float) -> bool:
    """Whether one would type it with all its digits."""
    return abs(round(number, 6) - number) <= 1e-12 * abs(number)


def as_typed(number: float) -> float:
    """With four decimals, or four digits where it is small."""
    return round(number, max(4, 3 - floor(log10(abs(number))))) if number else number


def is_rounded(typed: float, right: float) -> bool:
    """Whether the number is the right one to the digits that it is written with, at least two: -15 for -15.5 is, 1 for
    0.5 is not."""
    text = f"{typed:.12g}"
    decimals = len(text.partition(".")[2]) if "e" not in text else 12
    if typed:
        decimals = max(decimals, 1 - floor(log10(abs(typed))))
    return abs(typed - right) <= max(0.5 * 10.0**-decimals, 1e-9 * abs(right))


def flat(numbers: Any) -> List[float]:
    """The numbers of a tensor, of a nest of lists, or one."""
    if hasattr(numbers, "tolist"):
        numbers = numbers.tolist()
    if isinstance(numbers, (list, tuple)):
        return [x for inner in numbers for x in flat(inner)]
    return [float(numbers)]


def tasks_in(where: str) -> List[Task]:
    """The tasks of a level, or of a Python file."""
    if where.isdecimal():
        from .levels import level

        return list(level(int(where)).pages)
    return [value for value in runpy.run_path(where).values() if isinstance(value, Task)]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m saitama.exercises.guard", description=__doc__.partition("\n")[0])
    parser.add_argument("tasks", nargs="+", help="a level's number, or a Python file with tasks")
    parser.add_argument("--seeds", type=int, default=3, help="how many learners' numbers (default 3)")
    parser.add_argument("--only", default="", help="tasks whose id contains this")
    options = parser.parse_args(arguments)
    found: Dict[str, int] = {}
    for where in options.tasks:
        for task in tasks_in(where):
            if options.only in task.id:
                told = [line for seed in range(options.seeds) for line in faults(task, seed, strict=seed == 0)]
                found[task.id] = len(told)
                print(f"{task.id}: {'ok' if not told else f'{len(told)} faults'}", *told, sep="\n    ", flush=True)
    return 1 if any(found.values()) or not found else 0


if __name__ == "__main__":
    sys.exit(main())
