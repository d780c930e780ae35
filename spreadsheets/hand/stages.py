"""Judging the numbers of a sheet along the graphs that lead to them: whose slip a wrong one is, and why.

A stage is one graph: the forward pass with its gradients and an optimiser's step, or what was computed from these
later. Stages are judged in their order; what a later one starts from are the person's own numbers of an earlier one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Set, Tuple

from ..formulas.evaluate import Value as CellValue
from ..graph.graph import Graph
from ..graph.items import Leaf, numbers
from ..graph.keys import Gradient, StepKey, Value
from ..graph.run import Run, run
from ..graph.take_step import take_step
from ..judge.between import reason_between
from ..judge.causes import Judged, agrees, judge
from ..judge.exercise import SHEET, Exercise
from ..judge.reasons import Reason
from ..judge.typed import Typed
from ..layout import Index, size_of
from ..plan.calculated import true_values
from ..plan.subject import subject_of
from ..plan.work import Apart, Position, Work
from ..read.workbook import Book
from .extension import extension
from .watched import Source, Traced, Watch

MOST_NUMBERS = 60_000  # of a graph, forward and backward, that is judged number by number
Place = Tuple[str, int, int]  # sheet, row, column
At = Tuple[int, StepKey, Index]  # stage, key, index


@dataclass(eq=False)
class Stage:
    graph: Graph
    key_of: Callable[[Source], Optional[StepKey]]
    given: Dict[Leaf, Tuple[int, StepKey]] = field(default_factory=dict)  # leaves that an earlier stage computes
    typed: Dict[Tuple[StepKey, Index], Tuple[Place, Typed]] = field(default_factory=dict)
    traced: Optional[Traced] = None
    _run: Optional[Run] = None
    _work: Optional[HandWork] = None
    failed: bool = False  # its work could not be done

    def run(self) -> Run:
        if self._run is None:
            self._run = run(self.graph, {leaf: leaf.array for leaf in self.graph.inputs})
            take_step(self.graph, self._run)
        return self._run

    def is_step(self, key: StepKey) -> bool:
        """Whether a key is computed here, and as the script has it."""
        if isinstance(key, Value) and isinstance(key.item, Leaf):
            return False
        found = self.run().get(key)
        return found is not None

    @property
    def size(self) -> int:
        return sum(size_of(item.shape) * (2 if self.graph.flows else 1) for item in self.graph.nodes)


class Stages:
    def __init__(self, watch: Watch, book: Book) -> None:
        self.book, self.watch = book, watch
        watch.collect()
        self._known: Dict[Source, Tuple[int, StepKey]] = {}
        number = {id(traced): n for n, traced in enumerate(watch.traced)}
        self.stages = [
            Stage(
                traced.graph,
                traced.key_of,
                {leaf: (number[id(earlier)], key) for leaf, (earlier, key) in traced.given.items()},
                traced=traced,
            )
            for traced in watch.traced
        ]

    def known(self, source: Source) -> Optional[Tuple[int, StepKey]]:
        """The last stage that computes a source, and as what."""
        for n in range(len(self.stages) - 1, -1, -1) if source not in self._known else ():
            stage = self.stages[n]
            key = stage.key_of(source)
            if key is not None and stage.is_step(key) and self._is_its(stage, key, source):
                self._known[source] = n, key
                break
        return self._known.get(source)

    @staticmethod
    def _is_its(stage: Stage, key: StepKey, source: Source) -> bool:
        """A gradient that two backward passes have added up is none of this graph alone."""
        array = getattr(source, "array", None)
        if array is None:
            return True
        found = stage.run().get(key)
        return (
            found is not None
            and array.shape == found.shape
            and all(
                a == b or abs(a - b) <= 1e-9 * max(abs(a), abs(b)) + 1e-12 or (a != a and b != b)
                for a, b in zip(numbers(array), numbers(found))
            )
        )

    def extend(self, source: Source, array: Any) -> bool:
        """A stage of its own for a source that none computes; whether that was possible."""
        given: Dict[Source, Tuple[int, StepKey]] = {}

        def known(one: Source) -> Optional[Tuple[str, Any]]:
            at = self.known(one)
            if at is None:
                return None
            given[one] = at
            stage = self.stages[at[0]]
            return name_of(stage, at[1]), stage.run().get(at[1])

        made = extension(source, array, known)
        if made is None:
            return False
        graph, items = made

        def key_of(one: Source) -> Optional[StepKey]:
            return Value(items[one]) if one in items else None

        leaves = {items[one]: at for one, at in given.items() if isinstance(items.get(one), Leaf)}
        self.stages.append(Stage(graph, key_of, leaves))  # type: ignore[arg-type]
        return True

    # --- judging ----------------------------------------------------------------------------------------------------
    def work(self, n: int) -> Optional[HandWork]:
        """The judged stage; None for one that is too large."""
        stage = self.stages[n]
        if stage._work is None and stage.size <= MOST_NUMBERS:
            for earlier in self._before(n):
                self._made(earlier)
            self._made(n)
        return stage._work

    def too_large(self) -> Tuple[str, ...]:
        """What is said of graphs that are too large to be judged number by number."""
        return tuple(
            f"whose slips these are, and why, was not looked for: the graph of {stage.graph.root.name} has "
            f"{stage.size:,} numbers, forward and back, at most {MOST_NUMBERS:,} are worked through; bind and check "
            "a part"
            for stage in self.stages
            if stage.typed and stage.size > MOST_NUMBERS
        )

    def _before(self, n: int) -> List[int]:
        """The earlier stages that a stage starts from, in their order: a thousand steps of an optimiser may be some."""
        found, waiting = set(), [n]
        while waiting:
            for earlier, _ in self.stages[waiting.pop()].given.values():
                if earlier not in found:
                    found.add(earlier)
                    waiting.append(earlier)
        return sorted(found)

    def _made(self, n: int) -> None:
        stage = self.stages[n]
        if stage._work is None and stage.size <= MOST_NUMBERS and not stage.failed:
            try:
                stage._work = HandWork(self.book, stage, self._given(stage))
            except (ValueError, LookupError, ArithmeticError):
                stage.failed = True

    def _given(self, stage: Stage) -> Mapping[Leaf, Tuple[List[CellValue], Set[int]]]:
        """What the leaves hold that an earlier stage computes: the person's own numbers; which of them are spoilt."""
        found: Dict[Leaf, Tuple[List[CellValue], Set[int]]] = {}
        for leaf, (n, key) in stage.given.items():
            work = self.stages[n]._work
            if work is not None and key in work.work.blocks:
                places = [(row, column) for _, row, column in work.work.blocks[key].cells()]
                own = [work.judgement.own.get(place) for place in places]
                wrong = {i for i, place in enumerate(places) if work.is_spoilt(place)}
                found[leaf] = own, wrong
        return found


def name_of(stage: Stage, key: StepKey) -> str:
    if isinstance(key, Gradient):
        return f"d{stage.graph.root.name}/d{key.item.name}"
    return key.item.name


class HandWork(Exercise):
    """The steps of a stage, with what stands in the sheet for some of their numbers."""

    def __init__(self, book: Book, stage: Stage, given: Mapping[Leaf, Tuple[List[CellValue], Set[int]]]) -> None:
        self.book = book
        current = stage.run()
        subject = subject_of(stage.graph, current, max_cells=2**62)
        self.work = Work(subject, Apart(SHEET), SHEET)
        if any(key not in self.work.blocks for key, _ in stage.typed):  # a line that changes nothing is checked, too
            self.work = Work(subject, Apart(SHEET), SHEET, short=False)
        self.true = true_values(self.work)
        self.spoilt: Set[Position] = set()
        before = dict(self.true)
        for leaf, (own, wrong) in given.items():
            before[Value(leaf)] = own
            cells = [(row, column) for _, row, column in self.work.blocks[Value(leaf)].cells()]
            self.spoilt.update(cells[i] for i in wrong)
        self.at, self.refused = {}, {}
        typed: Dict[Position, Typed] = {}
        for (key, index), (place, one) in stage.typed.items():
            position = self.work.blocks[key].at(index)
            self.at[position], typed[position] = place, one
        self.judgement = judge(self.work, before, typed)
        self._carry()
        self.judged: Dict[Position, Judged] = {cell.position: cell for cell in self.judgement.cells}

    def _carry(self) -> None:
        """Numbers that are right, given wrong ones of an earlier stage, are carried, and hand that on."""
        if not self.spoilt:
            return
        cells = {cell.position: cell for cell in self.judgement.cells}
        for step in self.work.steps:
            for position in step.positions:
                one = cells.get(position)
                if any(place in self.spoilt for place in self.work.reads[position]):
                    if one is None:
                        self.spoilt.add(position)
                    elif one.right and one.typed.number is not None:
                        if not agrees(one.true, one.typed.number, one.half):
                            one.right = False
                            self.spoilt.add(position)
                if one is not None and one.cause is not None:
                    self.spoilt.add(position)

    def is_spoilt(self, position: Position) -> bool:
        """Whether a number is wrong, or computed from one that is."""
        one = self.judged.get(position)
        return position in self.spoilt or (one is not None and one.cause is not None)

    def comes_from_spoilt(self, position: Position) -> bool:
        """Whether a number is computed from a wrong one, by way of numbers that the sheet does not show."""
        waiting, seen = [position], {position}
        while waiting:
            for place in self.work.reads.get(waiting.pop(), []):
                if self.is_spoilt(place):
                    return True
                if place not in seen and place not in self.judged:
                    seen.add(place)
                    waiting.append(place)
        return False

    def reason(self, judged: Judged) -> Optional[Reason]:
        """Why a number is wrong, looked for at its own step and at those before it that the sheet does not show."""
        if judged.cause != "own":
            return None
        key = judged.step.key
        if key not in self._reasons:
            self._reasons[key] = reason_between(self.work, self.judgement, judged.step, set(self.at))
        return self._reasons[key]

    def slips(self) -> Iterator[Tuple[Any, List[Judged]]]:
        """The steps with numbers that do not follow, in the order of the work."""
        for step, cells in self.by_step():
            own = [cell for cell in cells if cell.cause == "own"]
            if own:
                yield step, own


__all__ = ["At", "HandWork", "Stage", "Stages"]
