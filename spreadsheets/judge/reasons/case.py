"""The wrong numbers of one step, and the ways to compute the step differently."""

from __future__ import annotations

from functools import cached_property
from typing import Callable, Dict, Iterator, List, Optional, Set, Tuple, Union

from ...formulas.box import Box
from ...formulas.evaluate import Evaluator, Undecided, Value
from ...formulas.syntax import Constant, Reference, SyntaxProblem, Tree, references
from ...graph.items import Node
from ...graph.keys import Gradient, Inner, Share, StepKey
from ...graph.keys import Value as ValueOf
from ...graph.step import Update
from ...layout import Block, Index, Shape
from ...plan.calculated import looking_into
from ...plan.work import OVERFLOW, Position, Step, Work
from ..causes import Judged, Judgement, agrees
from ..exact import looks_shortened
from ..precision import half_of_last_place
from .operand import Operand, is_number
from .trees import Expanding, replaced

Cell = Callable[[Index], Union[Tree, Box]]  # from an index to a number of the step, computed differently
Reading = Callable[[Operand, Index], Tree]  # what is read in place of a number of an operand
MOST_READ = 5_000  # numbers that the ways of one misconception may read, in about a tenth of a second


class Case:
    def __init__(self, work: Work, judgement: Judgement, step: Step) -> None:
        self.work, self.judgement, self.step = work, judgement, step
        self.cells: List[Judged] = judgement.of(step.key)
        is_wrong = lambda cell: cell.cause == "own" and cell.typed.number is not None  # noqa: E731
        self.wrong = [cell for cell in self.cells if is_wrong(cell)]
        self.others = [cell for cell in self.cells if not is_wrong(cell)]
        on_the_way = judgement.precision.on_the_way
        self.evaluator = Evaluator(looking_into(work, judgement.own, on_the_way), on_the_way)
        self._trees: Dict[Index, Tree] = {}
        self._open_trees: Dict[Index, Tree] = {}
        has_number = lambda place: (place.row, place.column) in work.owners  # noqa: E731
        self._decided = Expanding(self._truth, self._whole, self._source, has_number)
        self._open = Expanding(None, self._whole, self._source, has_number)

    # --- what the step is -------------------------------------------------------------------------------------------
    @property
    def key(self) -> StepKey:
        return self.step.key

    @property
    def shape(self) -> Shape:
        return self.step.shape

    @property
    def rule(self) -> str:
        return self.step.rule or self.step.name

    @property
    def node(self) -> Optional[Node]:
        """The operation; None for a line of an optimiser's rule and for a sum of gradients."""
        return self.step.of if isinstance(self.step.of, Node) and not isinstance(self.key, Gradient) else None

    @property
    def op(self) -> str:
        return self.node.op if self.node is not None else ""

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
    def is_update(self) -> bool:
        return isinstance(self.step.of, Update)

    @property
    def is_gradient(self) -> bool:
        return self.step.back and not self.is_update

    # --- what it reads ----------------------------------------------------------------------------------------------
    def tree(self, index: Index) -> Tree:
        """How a number of the step is computed, as plain arithmetic on cells."""
        if index not in self._trees:
            self._trees[index] = self.tree_of(self.step.block, index)
        return self._trees[index]

    def tree_of(self, block: Block, index: Index) -> Tree:
        return self.tree_at(*block.at(index))

    def tree_at(self, row: int, column: int) -> Tree:
        return self._decided.expanded(self.work.trees[row, column])

    def opened(self, index: Index, depth: int) -> Tree:
        """The same, with the formulas of the steps that it reads put in, `depth` steps back, but for products of
        matrices, which nobody does on the side; and with the numbers that stand in the rule itself."""

        def part(tree: Tree) -> Tree:
            number = written_number(self, tree)
            return Constant(number) if number else self.formula_of(tree) if depth else tree

        return replaced(self.opened(index, depth - 1) if depth > 0 else self.tree(index), part)

    def formula_of(self, tree: Tree) -> Tree:
        """That of a cell whose number one may work out on the side; anything else as it is."""
        if not isinstance(tree, Reference) or (tree.first.row, tree.first.column) not in self.work.trees:
            return tree
        key = self.read(tree)[0].key
        of = key.item if isinstance(key, ValueOf) else None
        if isinstance(of, Node) and of.op in ("MatMul", "Linear"):
            return tree
        formula = self.tree_at(tree.first.row, tree.first.column)
        return replaced(
            formula, lambda part: Constant(written_number(self, part)) if written_number(self, part) else part
        )

    def otherwise(self, index: Index) -> Tree:
        """The step with each of its conditions taken the wrong way round."""
        turned = Expanding(lambda tree: not self._truth(tree), self._whole, self._source, self._decided.exists)
        return turned.expanded(self.work.trees[self.step.block.at(index)])

    def open_tree(self, index: Index) -> Tree:
        """The same with its conditions, which may read something too."""
        if index not in self._open_trees:
            self._open_trees[index] = self._open.expanded(self.work.trees[self.step.block.at(index)])
        return self._open_trees[index]

    def _truth(self, condition: Tree) -> bool:
        try:
            return self.evaluator.truth(condition)
        except Undecided as undecided:
            return bool(undecided.args[0])
        except (ArithmeticError, ValueError):
            return False

    def _whole(self, tree: Tree) -> int:
        return int(self.evaluator.number(tree).at)

    def _source(self, reference: Reference) -> Optional[Tree]:
        """Parts of long sums, and numbers that are there for the spreadsheet's sake only."""
        place = reference.first
        if place.sheet == OVERFLOW:
            return self.work.spilt(place.row)
        key, _ = self.work.owners[place.row, place.column]
        tree = self.work.trees.get((place.row, place.column)) if key in self.asides else None
        return tree if isinstance(tree, Reference) and tree.last is None else None

    @cached_property
    def asides(self) -> Dict[StepKey, None]:
        return {step.key: None for step in self.work.steps if step.aside}

    def read(self, reference: Reference) -> Tuple[Operand, Index]:
        """Whose number a cell is."""
        key, index = self.work.owners[reference.first.row, reference.first.column]
        return self.operand(key), index

    def operand(self, key: StepKey) -> Operand:
        """A block by its key; a gradient that is what one operation hands on is known by that."""
        block = self.work.blocks[key]
        key, _ = self.work.owners.get(block.at((0,) * len(block.shape)), (key, ()))
        return Operand(key, self._names.get(key) or self._name(key), block)

    @cached_property
    def _names(self) -> Dict[StepKey, str]:
        return {step.key: step.name for step in self.work.steps}

    def _name(self, key: StepKey) -> str:
        return self.work.subject.slope(key.item) if isinstance(key, (Gradient, Share)) else key.item.name

    @cached_property
    def operands(self) -> List[Operand]:
        """The blocks that the wrong numbers are computed from, in the order in which they are read."""
        found: Dict[StepKey, Operand] = {}
        for one in self.wrong:
            for reference in references(self.open_tree(one.index)):
                operand, _ = self.read(reference)
                found.setdefault(operand.key, operand)
        return list(found.values())

    def has(self, key: StepKey) -> bool:
        return self.operand(key) in self.operands

    def before(self, shape: Shape) -> Iterator[Operand]:
        """The blocks of a shape that stand before this step."""
        for key, block in self.work.blocks.items():
            if key == self.key:
                return
            if block.shape == shape and block != self.step.block:
                yield self.operand(key)

    def reads(self, operand: Operand) -> Set[Position]:
        """The cells that the numbers of a block are computed from; none for one that is given."""
        places = ((row, column) for _, row, column in operand.block.cells())
        return {place for at in places for place in self.work.reads.get(at, ())}

    @cached_property
    def most_ways(self) -> int:
        """How many ways of one misconception are tried: of a sum of hundreds of terms there are too many pairs."""
        return MOST_READ // max(1, self.read_by_a_way())

    def read_by_a_way(self) -> int:
        """How many numbers are read to see whether a way fits."""
        return len(self.work.reads.get(self.wrong[0].position, ())) if self.wrong else 0

    # --- computing it differently -----------------------------------------------------------------------------------
    def reading(self, change: Reading) -> Cell:
        """The step with other numbers where it reads its operands."""

        def part(tree: Tree) -> Tree:
            return change(*self.read(tree)) if isinstance(tree, Reference) else tree

        return lambda index: replaced(self.open_tree(index), part)

    def whole(self, change: Callable[[Tree], Tree]) -> Cell:
        """The step, and then something done to each number."""
        return lambda index: change(self.tree(index))

    def elsewhere(self, other: Callable[[Index], Index]) -> Cell:
        """The step's numbers in other places."""
        return lambda index: self.tree(other(index))

    def instead(self, *pairs: Tuple[StepKey, StepKey]) -> Cell:
        """The step with the numbers of other blocks in place of some, at the same index."""
        others = {self.operand(key).key: self.operand(other) for key, other in pairs}
        return self.reading(lambda one, i: others[one.key].cell(i) if one.key in others else one.cell(i))

    def value(self, what: Union[Tree, Box]) -> Value:
        """The number of a tree; None where there is none."""
        if isinstance(what, Box):
            return what
        try:
            return self.evaluator.value(what)
        except (ArithmeticError, ValueError, Undecided, RecursionError):
            return None

    def gives(self, cell: Cell, one: Judged) -> bool:
        """Whether a way of computing gives the number that was typed."""
        try:
            value = self.value(cell(one.index))
        except (SyntaxProblem, ArithmeticError, ValueError, LookupError, TypeError):
            return False
        x = one.typed.number
        if x is None:
            return False
        shortened = isinstance(value, Box) and one.typed.formula is None and looks_shortened(x, value.at)
        return agrees(value, x, max(one.half, half_of_last_place(x) if shortened else 0.0))

    def fits(self, cell: Cell) -> bool:
        """Whether a way of computing gives every wrong number to the digits typed."""
        return bool(self.wrong) and all(self.gives(cell, one) for one in self.wrong)

    # --- numbers that stand for themselves --------------------------------------------------------------------------
    def option(self, name: str) -> Optional[Operand]:
        """A hyper-parameter of the optimiser's step, if there is one."""
        step = self.work.subject.graph.step
        for group in step.groups if step is not None else ():
            if name in group.cells:
                return self.operand(ValueOf(group.cells[name]))
        return None

    def number_at(self, operand: Operand, index: Index) -> float:
        value = self.value(operand.cell(index))
        return value.at if isinstance(value, Box) else float("nan")


def written_number(case: Case, tree: Tree) -> float:
    """A whole number that stands in the rule itself; 0 for anything else."""
    if isinstance(tree, Constant) and isinstance(tree.value, float):
        return tree.value if tree.value.is_integer() else 0.0
    if isinstance(tree, Reference):
        operand, index = case.read(tree)
        if is_number(operand) and operand.name[:1].isdigit():
            number = case.number_at(operand, index)
            return number if number.is_integer() else 0.0
    return 0.0


__all__ = ["Case", "Cell", "written_number"]
