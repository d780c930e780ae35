"""The wrong numbers of one step, and the ways to compute the step again, differently."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from ...formulas import FORMULAS, Formula, Scope, View
from ...formulas.box import Box
from ...formulas.evaluate import Evaluator, Undecided, Value
from ...formulas.syntax import Place, SyntaxProblem, Tree, parse_formula
from ...graph.items import Item, Leaf, Node
from ...graph.keys import Gradient, Inner, Key, Share, StepKey
from ...graph.keys import Value as ValueOf
from ...layout import Block, Index, Shape, size_of
from ...plan.calculated import looking_into
from ...plan.work import Step, Work
from ..causes import Judged, Judgement, agrees
from . import trees

Cell = Callable[[Index], Any]  # from an index to a number of the step, computed differently: a Box, a Tree or a text
Change = Callable[["Scope"], None]
AGAIN = "\x00again"  # the sheet of blocks that exist only while a step is computed again


class Case:
    def __init__(self, work: Work, judgement: Judgement, step: Step) -> None:
        self.work, self.judgement, self.step = work, judgement, step
        self.cells: List[Judged] = judgement.of(step.key)
        self.wrong = [cell for cell in self.cells if cell.cause == "own" and cell.typed.number is not None]
        self.formula: Optional[Formula] = FORMULAS[step.of.op] if isinstance(step.of, Node) else None
        self._again: Dict[Tuple[int, int], Callable[[], str]] = {}
        self._rows = 1
        look = looking_into(work, judgement.own)  # type: ignore[arg-type]

        def looking(place: Place) -> Value:
            if place.sheet == AGAIN:
                return self.evaluator.value(parse_formula(self._again[place.row, place.column]()))
            return look(place)

        self.evaluator = Evaluator(lru_cache(maxsize=None)(looking), self._rounded)

    def _rounded(self, box: Box) -> Box:
        return box.rounded(self.judgement.precision.half_a_unit_between(box.at), object())

    # --- what the step is -------------------------------------------------------------------------------------------
    @property
    def key(self) -> StepKey:
        return self.step.key

    @property
    def node(self) -> Optional[Node]:
        return self.step.of if isinstance(self.step.of, Node) else None

    @property
    def op(self) -> str:
        """The name of the operation's class; "" for a line of an optimiser's rule and a sum of gradients."""
        return self.node.op if self.node is not None and not isinstance(self.key, Gradient) else ""

    @property
    def k(self) -> Optional[int]:
        """Of which operand this is the gradient, or on the way to it; None on the way forward."""
        key = self.key.of if isinstance(self.key, Inner) else self.key
        return key.k if isinstance(key, Share) else None

    @property
    def inner(self) -> str:
        """The symbol of a step in between, or ""."""
        return self.key.name if isinstance(self.key, Inner) else ""

    @property
    def is_gradient(self) -> bool:
        return self.step.back and not self.is_update

    @property
    def is_update(self) -> bool:
        step = self.work.subject.graph.step
        return step is not None and self.step.of in step.updates

    # --- computing it again -----------------------------------------------------------------------------------------
    def tree(self, index: Index) -> Tree:
        """The formula of a number as arithmetic."""
        return trees.expanded(parse_formula(self.step.formula(index)), self.holds)

    def holds(self, condition: Tree) -> bool:
        """A condition of an IF, where rounding does not decide it at the centre."""
        try:
            return self.evaluator.truth(condition)
        except Undecided as undecided:
            return bool(undecided.args[0])
        except (ArithmeticError, ValueError):
            return False

    def value(self, what: Any) -> Value:
        """The number of a tree, a formula's text or a box; None where there is none."""
        if isinstance(what, Box) or what is None:
            return what
        try:
            return self.evaluator.value(parse_formula(what) if isinstance(what, str) else what)
        except (ArithmeticError, ValueError, Undecided):
            return None

    def fits(self, cell: Cell) -> bool:
        """Whether a way of computing gives every wrong number to the digits typed."""
        if not self.wrong:
            return False
        for one in self.wrong:
            assert one.typed.number is not None
            try:
                value = self.value(cell(one.index))
            except (SyntaxProblem, ValueError, TypeError, IndexError, KeyError, ZeroDivisionError, OverflowError):
                return False
            if not isinstance(value, Box) or not agrees(value, one.typed.number, one.half):
                return False
        return True

    def virtual(self, shape: Shape, cell: Callable[[Index], str]) -> View:
        """A block that exists nowhere, whose numbers are formulas."""
        block = Block(AGAIN, self._rows, 1, tuple(shape))
        self._rows += block.height + 1
        for index, row, column in block.cells():
            self._again[row, column] = lambda index=index: cell(index)  # type: ignore[misc]
        return View(block, self.work.sheet)

    def again(self, change: Change, before: bool = False) -> Optional[Cell]:
        """The step with something changed in what its operation reads. `before`: on the way forward already."""
        node, formula = self.node, self.formula
        if node is None or formula is None or isinstance(self.key, Gradient):
            return None
        found: Dict[StepKey, Callable[[Index], str]] = {}
        helped: List[Any] = [ValueOf(node)]

        def place(equation: str, shape: Shape, aside: bool) -> View:
            inner = Inner(helped[0], equation.partition(" = ")[0])
            if self.is_typed(inner) and inner != self.key:
                return self.work.view(inner)
            view = self.virtual(shape, lambda index: found[inner](index))
            waiting.append(inner)
            return view

        def write(view: View, cell: Callable[[Index], str]) -> None:
            if view.block.sheet == AGAIN:
                found[waiting.pop()] = cell

        waiting: List[Inner] = []
        operands = [self.work.view(ValueOf(item)) for item in node.inputs]
        scope = Scope(operands, self.work.view(ValueOf(node)), dict(node.params), place, write, self.work._spill)
        try:
            if self.k is None or before:
                change(scope)
            result = formula.forward(scope)
            if self.k is not None:
                scope.y = self.work.view(ValueOf(node))
                scope.dy = self.work.view(Gradient(node))
                scope.dx = scope.x[self.k]
                helped[0] = Share(node, self.k)
                if not before:
                    change(scope)
                for k in range(self.k + 1):  # what several gradients share is written for the first of them
                    if Share(node, k) in self.work.subject.run.shares:
                        helped[0] = Share(node, k)
                        result = formula.backward(scope, k)
        except (ValueError, IndexError, KeyError, TypeError, NotImplementedError):
            return None
        return found.get(self.key) if isinstance(self.key, Inner) else result

    def is_typed(self, key: StepKey) -> bool:
        return bool(self.judgement.of(key))

    # --- views of blocks --------------------------------------------------------------------------------------------
    def turned(self, view: View) -> View:
        """The transpose."""
        shape = (*view.shape[:-2], view.shape[-1], view.shape[-2])
        return self.virtual(shape, lambda i: view[(*i[:-2], i[-1], i[-2])])

    def moved(self, view: View, axis: int, to: Callable[[int], int]) -> View:
        """Along an axis, the number at another place."""
        return self.virtual(view.shape, lambda i: view[(*i[:axis], to(i[axis]), *i[axis + 1 :])])

    def others(self, shape: Shape, but: Sequence[StepKey] = ()) -> Iterator[StepKey]:
        """The blocks of the same shape that stand before this step."""
        for key, block in self.work.blocks.items():
            if key == self.key:
                return
            if block.shape == shape and key not in but and size_of(shape):
                yield key

    def name(self, key: StepKey) -> str:
        """What a block is called on the page."""
        for step in self.work.steps:
            if step.key == key:
                return step.name
        subject = self.work.subject
        return subject.slope(key.item) if isinstance(key, (Gradient, Share)) else key.item.name

    def operand_names(self) -> List[str]:
        return [item.name for item in self.node.inputs] if self.node is not None else []

    def leaves(self) -> List[Leaf]:
        return self.work.subject.graph.leaves

    def option(self, name: str) -> Optional[float]:
        """A hyper-parameter of the optimiser's step, if there is one."""
        step = self.work.subject.graph.step
        for group in step.groups if step is not None else ():
            if name in group.cells:
                return float(self.work.subject.run.values[group.cells[name]].tolist())
        return None


__all__ = ["Case", "Cell", "Item", "Key"]
