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
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from saitama.spreadsheets import Verification, verify
from saitama.spreadsheets.engines.cached_values import write_with_values
from saitama.spreadsheets.engines.engine import Result
from saitama.spreadsheets.pages import pages, planned
from saitama.spreadsheets.plan.page_options import PageOptions
from saitama.spreadsheets.read.workbook import Book, Position, open_workbook

from .task import Task
from .workbook import page_of


class Step(NamedTuple):
    """The blanks of one step, in the order of the work."""

    name: str
    cells: Tuple[Tuple[int, int], ...]
    right: Tuple[float, ...]


class Slip(NamedTuple):
    """Wrong numbers at a step, and the name that verify has to give them."""

    slug: str
    step: str
    wrong: Tuple[float, ...]


Answers = Mapping[str, Mapping[Position, Any]]  # what is typed: sheet -> (row, column) -> number


class Bench:
    """Pages with one learner's numbers in a workbook, to be filled in as one likes, all pages at once."""

    def __init__(self, tasks: Sequence[Task], seed: int, original: Path) -> None:
        self.tasks, self.seed = tasks, seed
        self.original = open_workbook(original)
        self.steps = {task.id: steps_of(page_of(task, seed)) for task in tasks}
        self.slips = {task.id: list(slips_of(task, seed)) for task in tasks}

    def solution(self) -> Answers:
        """The right numbers of all pages."""
        return {
            task.sheet: {cell: x for step in self.steps[task.id] for cell, x in zip(step.cells, step.right)}
            for task in self.tasks
        }

    def slipped(self, task: Task, slip: Slip) -> Mapping[Position, Any]:
        """The right numbers of a page up to the step of the slip, which has the wrong ones."""
        answers: Dict[Position, Any] = {}
        short = all(is_short(x) for step in self.steps[task.id] for x in step.right)
        for step in self.steps[task.id]:
            if step.name == slip.step:
                answers.update(zip(step.cells, map(as_typed, slip.wrong) if short else slip.wrong))
                break
            answers.update(zip(step.cells, step.right))
        return answers

    def filled(self, answers: Answers, path: Path) -> Path:
        """A copy in which this is typed."""
        typed = {
            sheet: {cell: Result(number, False) for cell, number in here.items()} for sheet, here in answers.items()
        }
        write_with_values(self.original.package, typed, path)
        return path

    def judged(self, book: Book, task: Task) -> Verification:
        return verify(book, original=self.original, page=task.sheet)


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


def slips_of(task: Task, seed: int) -> Iterator[Slip]:
    for slug, planted in task.work(seed).slips.items():
        for name, numbers in planted.items():
            yield Slip(slug, name, tuple(flat(numbers)))


def faults(tasks: Sequence[Task], seed: int, strict: bool = True) -> Iterator[str]:
    """What is wrong with tasks, a line each. Not `strict`: a slip may give the right numbers by chance, as a sum that
    is 0 is its mean too; with most numbers it must not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "original.xlsx"
        pages([page_of(task, seed) for task in tasks], path, heading="", seed=seed)
        yield from faults_on(Bench(tasks, seed, path), Path(folder), strict)


def faults_on(bench: Bench, folder: Path, strict: bool) -> Iterator[str]:
    """`folder`: where copies are filled in, the solution in "solution.xlsx"."""
    solution = open_workbook(bench.filled(bench.solution(), folder / "solution.xlsx"))
    tried: Dict[str, List[Slip]] = {}  # the slips that can be planted
    for task in bench.tasks:
        where = f"{task.id}, numbers {bench.seed}"
        if not bench.steps[task.id]:
            yield f"{where}: there is nothing to fill in"
            continue
        if bench.judged(bench.original, task).ok:
            yield f"{where}: the blank page counts as solved"
        solved = bench.judged(solution, task)
        if not solved.ok:
            yield f"{where}: its own solution is refused: {solved.explain()}"
        tried[task.id] = []
        for slip in bench.slips[task.id]:
            step = next((step for step in bench.steps[task.id] if step.name == slip.step), None)
            names = ", ".join(step.name for step in bench.steps[task.id])
            at = f"{where}: {slip.slug} at {slip.step}"
            if step is None:
                yield f"{where}: no step is called {slip.step!r}; there are {names}"
            elif len(slip.wrong) != len(step.cells):
                yield f"{at}: {len(slip.wrong)} numbers for {len(step.cells)} blanks"
            elif not all(is_rounded(a, b) for a, b in zip(slip.wrong, step.right)):
                tried[task.id].append(slip)
            elif strict:
                yield f"{at}: gives the right numbers"
    yield from _named(bench, tried, folder / "slips.xlsx")


def _named(bench: Bench, tried: Mapping[str, Sequence[Slip]], path: Path) -> Iterator[str]:
    """Whether each slip is told, and by its name: the first of every page in one workbook, then the second."""
    for n in range(max(map(len, tried.values()), default=0)):
        here = [(task, tried[task.id][n]) for task in bench.tasks if n < len(tried.get(task.id, ()))]
        book = open_workbook(bench.filled({task.sheet: bench.slipped(task, slip) for task, slip in here}, path))
        for task, slip in here:
            where = f"{task.id}, numbers {bench.seed}: {slip.slug} at {slip.step}"
            story = bench.judged(book, task).story
            if story is None or not story.slips or story.slips[0].name != slip.step:
                yield f"{where}: is not found"
                continue
            reason = story.slips[0].reason
            told = [] if reason is None else [reason.slug, *reason.others]
            if slip.slug not in told:
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
                told = [line for seed in range(options.seeds) for line in faults([task], seed, strict=seed == 0)]
                found[task.id] = len(told)
                print(f"{task.id}: {'ok' if not told else f'{len(told)} faults'}", *told, sep="\n    ", flush=True)
    return 1 if any(found.values()) or not found else 0


if __name__ == "__main__":
    sys.exit(main())
