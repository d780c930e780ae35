"""The work: every step from the inputs to the result and back, in the order in which a person does it.

A step is one block of numbers: a result, a step in between such as the row sums of a softmax, a gradient, a line of an
optimiser's rule. It has a name, a rule in the names of the graph, and the formula of each number over the cells of the
steps before. Where these stand is for the caller to say: a page to be written, or one that was filled in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple, Union

from ..formulas import FORMULAS, Rule, Scope, View, Working
from ..formulas.evaluate import Evaluator
from ..formulas.evaluate import Value as CellValue
from ..formulas.expression import Expression, block, constant, either
from ..formulas.syntax import SyntaxProblem, Tree, parse_formula, references
from ..formulas.wording import Wording
from ..graph.items import Item, Leaf, Node, numbers
from ..graph.keys import Gradient, Inner, Key, Share, StepKey, Value
from ..graph.run import receives
from ..graph.step import OptimizerStep, Update
from ..layout import Block, Index, Shape
from .subject import Subject

Where = Callable[[StepKey, Shape], Block]
Cell = Callable[[Index], str]
Position = Tuple[int, int]  # (row, column) of a cell
OVERFLOW = "\x00overflow"  # the sheet of parts of sums that are too long for one cell; no workbook has one of that name


@dataclass(frozen=True)
class Step:
    key: StepKey
    name: str
    rule: str
    of: Item  # the operation, or the update, that it is part of
    block: Block
    formula: Cell
    aside: bool = False  # needed by the spreadsheet only: nobody does it by hand
    back: bool = False  # of the way back

    @property
    def shape(self) -> Shape:
        return self.block.shape

    @cached_property
    def positions(self) -> List[Position]:
        return [(row, column) for _, row, column in self.block.cells()]


SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Work:
    """All steps. `where` gives the place of a key's block; `sheet` is the one from which formulas look at cells."""

    def __init__(self, subject: Subject, where: Where, sheet: str, short: bool = True) -> None:
        """`short`: without the lines of an optimiser's rule that change nothing."""
        self.subject, self.where, self.sheet, self.short = subject, where, sheet, short
        self.steps: List[Step] = []
        self.blocks: Dict[StepKey, Block] = {}
        self.overflow: Dict[str, str] = {}  # formulas by their address on OVERFLOW
        self._scopes: Dict[Node, Scope] = {}
        self._symbols: Dict[Tuple[Item, str], str] = {}
        self._taken: Set[str] = {item.name for item in (*subject.graph.leaves, *subject.graph.nodes)}
        graph = subject.graph
        for leaf in graph.inputs:
            self.blocks[Value(leaf)] = where(Value(leaf), leaf.shape)
        for node in graph.nodes:
            self._forward(node)
        if graph.root in subject.run.gradients:
            self.blocks[Gradient(graph.root)] = where(Gradient(graph.root), graph.root.shape)
            for node in reversed(graph.nodes):
                self._backward(node)
            for leaf in graph.leaves:
                self._gather(leaf)
        for update in graph.step.updates if graph.step else ():
            self._update(graph.step, update)  # type: ignore[arg-type]

    # --- forward ----------------------------------------------------------------------------------------------------
    def _forward(self, node: Node) -> None:
        word, formula = self.subject.wording(node), FORMULAS[node.op]
        key = Value(node)
        scope = self._scopes[node] = self._scope(node, word, key, [self.view(Value(item)) for item in node.inputs])
        cell = formula.forward(scope)
        rule = formula.rule(word, [item.name for item in node.inputs], node.params)
        self._add(key, node.name, self._renamed(node, rule), node, node.shape, cell)
        scope.y = self.view(key)

    # --- backward ---------------------------------------------------------------------------------------------------
    def _backward(self, node: Node) -> None:
        self._gather(node)
        if not receives(node, node.needs) or Gradient(node) not in self.blocks:
            return
        scope, formula, word = self._scopes[node], FORMULAS[node.op], self.wording_back(node)
        scope.dy = self.view(Gradient(node))
        names = [item.name for item in node.inputs]
        for k, item in enumerate(node.inputs):
            share = Share(node, k)
            if share not in self.subject.run.shares:
                continue
            self._helps(share, word)
            scope.dx = View(self._nowhere(item.shape), self.sheet, numbers(self.subject.run.shares[share]))
            cell = formula.backward(scope, k)
            name = self._part_name(share) if len(self.subject.shares(item)) > 1 else self.subject.slope(item)
            rule = self._renamed(node, formula.rule_back(word, k, names, node.params))
            self._add(share, name, rule, node, item.shape, cell, back=True)

    def _part_name(self, share: Share) -> str:
        """Of one of several gradients that add up: `dE/dh through y`, or `dE/dh₁` where all come back through one y."""
        shares = self.subject.shares(share.item)
        slope = self.subject.slope(share.item)
        if any(other.node is not share.node for other in shares):
            return f"{slope} {share.way}"
        return slope + str(shares.index(share) + 1).translate(SUBSCRIPTS)

    def wording_back(self, node: Node) -> Wording:
        """The words of an operation whose gradient is that of the root: 1."""
        word = self.subject.wording(node)
        if node is self.subject.graph.root:
            word = word.with_arriving("1")
        return word

    def _gather(self, item: Item) -> None:
        """The gradient of an item: what came back to it, added up if that was more than one thing."""
        shares = [share for share in self.subject.shares(item) if share in self.blocks]
        if len(shares) == 1:
            self.blocks[Gradient(item)] = self.blocks[shares[0]]
        elif shares and item.requires_grad:
            views = [self.view(share) for share in shares]
            scope = self._scope(
                self.subject.graph.root, self.subject.wording(self.subject.graph.root), Value(item), views
            )
            finite = all(view.finite for view in views)
            rule = " + ".join(map(self._part_name, shares))

            def cell(i: Index) -> str:
                return scope.sum_of_cells([view[i] for view in views], finite)

            self._add(Gradient(item), self.subject.slope(item), rule, item, item.shape, cell, back=True)

    # --- an optimiser's step ----------------------------------------------------------------------------------------
    def _update(self, step: OptimizerStep, update: Update) -> None:
        if Gradient(update.parameter) not in self.blocks:
            return
        options = {name: constant(self.view(Value(leaf))[()]) for name, leaf in update.group.cells.items()}
        state = {symbol: operand(step.rule, symbol, self.view(Value(leaf))) for symbol, leaf in update.state.items()}
        p, g = self.view(Value(update.parameter)), self.view(Gradient(update.parameter))
        step.rule.step(_Lines(self, step.rule, update, block(p), block(g), options, state, update.group.off))

    # --- computing it -----------------------------------------------------------------------------------------------
    @cached_property
    def trees(self) -> Dict[Position, Tree]:
        """The formula of every cell, taken apart."""
        return {
            position: parse_formula(step.formula(index))
            for step in self.steps
            for (index, *_), position in zip(step.block.cells(), step.positions)
        }

    @cached_property
    def reads(self) -> Dict[Position, List[Position]]:
        """The cells that every cell reads."""
        return {position: self.places(tree) for position, tree in self.trees.items()}

    @cached_property
    def owners(self) -> Dict[Position, Tuple[StepKey, Index]]:
        """Whose number stands in a cell. A gradient that is what one operation hands on has its cells."""
        found: Dict[Position, Tuple[StepKey, Index]] = {}
        for key, place in self.blocks.items():
            for index, row, column in place.cells():
                found.setdefault((row, column), (key, index))
        return found

    def places(self, tree: Tree) -> List[Position]:
        """The cells that a formula reads; of a sum that is too long for one cell, those that its parts read."""
        found: List[Position] = []
        for reference in references(tree):
            if reference.first.sheet == OVERFLOW:
                found += self.places(self.spilt(reference.first.row))
            else:
                found += [(place.row, place.column) for place in reference.places()]
        return found

    def spilt(self, row: int) -> Tree:
        """A part of a sum that is too long for one cell."""
        return parse_formula(self.overflow[f"A{row}"])

    def inlined(self, formula: str) -> str:
        """A formula with the parts of its sums that are too long for one cell put back."""
        while f"'{OVERFLOW}'!" in formula:
            head, _, tail = formula.partition(f"'{OVERFLOW}'!")
            address = tail[: len(tail) - len(tail.lstrip("A0123456789"))]
            formula = f"{head}({self.overflow[address]}){tail[len(address) :]}"
        return formula

    def number(self, evaluator: Evaluator, position: Position) -> CellValue:
        """What the formula of a cell gives; "nan" where it gives no number."""
        try:
            return evaluator.value(self.trees[position])
        except SyntaxProblem:
            raise
        except (ArithmeticError, ValueError):
            return "nan"

    # --- what all of these need -------------------------------------------------------------------------------------
    def view(self, key: StepKey) -> View:
        array = None if isinstance(key, Inner) else self.subject.run.get(key)
        return View(self.blocks[key], self.sheet, None if array is None else numbers(array))

    def _add(
        self,
        key: StepKey,
        name: str,
        rule: str,
        of: Item,
        shape: Shape,
        cell: Cell,
        aside: bool = False,
        back: bool = False,
    ) -> Block:
        place = self.blocks[key] = self.where(key, tuple(shape))
        self.steps.append(Step(key, name, rule, of, place, cell, aside, back))
        return place

    def _helps(self, key: Union[Value, Gradient, Share], word: Wording) -> None:
        """Steps in between come from now on to the numbers of this key."""
        self._helped, self._word = key, word

    def _scope(self, node: Node, word: Wording, key: Union[Value, Share], operands: Sequence[View]) -> Scope:
        self._helps(key, word)
        waiting: List[Tuple[Inner, str, str, bool]] = []

        def place(equation: str, shape: Shape, aside: bool) -> View:
            symbol, _, rule = equation.partition(" = ")
            inner = Inner(self._helped, symbol)
            waiting.append((inner, self._symbol(node, symbol), self._renamed(node, self._word(rule)), aside))
            self.blocks[inner] = self.where(inner, tuple(shape))
            return View(self.blocks[inner], self.sheet)

        def write(view: View, cell: Cell) -> None:
            inner, name, rule, aside = waiting.pop()
            back = isinstance(inner.of, Share)
            self.steps.append(Step(inner, name, rule, node, view.block, cell, aside, back))

        y = View(self._nowhere(node.shape), self.sheet, self._values(Value(node)))
        return Scope(operands, y, node.params, place, write, self._spill)

    def _values(self, key: Key) -> Optional[Sequence[Any]]:
        array = self.subject.run.get(key)
        return None if array is None else numbers(array)

    def _nowhere(self, shape: Shape) -> Block:
        """The place of a block to which no formula refers before it has its own."""
        return Block(self.sheet, 1, 1, tuple(shape))

    def _spill(self, formula: str) -> str:
        address = f"A{len(self.overflow) + 1}"
        self.overflow[address] = formula.lstrip("=")
        return f"'{OVERFLOW}'!{address}"

    # --- names of steps in between ----------------------------------------------------------------------------------
    def _symbol(self, node: Node, symbol: str) -> str:
        """What a step in between is called: its symbol, unless something else has that name."""
        name = symbol if symbol not in self._taken else f"{symbol} of {node.name}"
        self._taken.add(symbol)
        self._symbols[node, symbol] = name
        return name

    def _renamed(self, node: Item, rule: str) -> str:
        """A rule that reads steps in between under the names they have here."""
        for (of, symbol), name in self._symbols.items():
            if of is node and name != symbol:
                rule = re.sub(rf"(?<![\w.]){re.escape(symbol)}(?![\w(])", name, rule)
        return rule


class Apart:
    """Each block at a place of its own, for a work that stands on no page."""

    def __init__(self, sheet: str) -> None:
        self.sheet, self.row = sheet, 1

    def __call__(self, key: StepKey, shape: Shape) -> Block:
        block = Block(self.sheet, self.row, 1, tuple(shape))
        self.row += block.height + 1
        return block


def operand(rule: Rule, symbol: str, view: View) -> Expression:
    """A number that counts something, or the numbers of a block."""
    return constant(view[()]) if symbol in rule.counts else block(view)


class _Lines(Working):
    """An optimiser's rule on Expressions: each line is a step."""

    def __init__(self, work: Work, rule: Rule, update: Update, *given: Any) -> None:
        super().__init__(*given)
        self.work, self.rule, self.update = work, rule, update

    def keep(self, maths: str, value: Expression) -> Expression:
        symbol, _, rule = maths.replace(" ← ", " = ").partition(" = ")
        line = self.update.lines[symbol]
        array = self.work.subject.run.values[line]
        place = self.work.where(Value(line), line.shape)
        cell = value.cell(View(place, self.work.sheet, numbers(array)))
        self.work.blocks[Value(line)] = place
        self.work.steps.append(Step(Value(line), symbol, rule, self.update, place, cell, back=True))
        return operand(self.rule, line.symbol, self.work.view(Value(line)))

    def decay(self, maths: str, value: Expression, otherwise: Expression) -> Expression:
        leaf = self.update.group.cells.get("weight_decay")
        off = leaf is None or not self.work.subject.run.values[leaf].tolist()
        return otherwise if off and self.work.short else self.keep(maths, value)

    def count(self, maths: str, value: Expression) -> Expression:
        return value if self.work.short else self.keep(maths, value)

    def either(self, flag: Expression, then: Expression, otherwise: Expression) -> Expression:
        return either(flag, then, otherwise)


__all__ = ["OVERFLOW", "Apart", "Leaf", "Step", "Where", "Work"]
