"""A sheet filled in: step by step, each from the learner's own numbers before it."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from saitama.spreadsheets.graph.items import Leaf, Node
from saitama.spreadsheets.graph.items import numbers as numbers_of
from saitama.spreadsheets.graph.keys import Gradient, Inner, Share, StepKey, Value
from saitama.spreadsheets.graph.step import Update
from saitama.spreadsheets.judge.causes import Typed
from saitama.spreadsheets.layout import Block
from saitama.spreadsheets.plan.work import Step

from .lists import Nested, Write, exactly, flat, shaped
from .networks import Network
from .steps import STEPS, Desk
from .writing import Writing

CONSTANTS = ("eps", "scale")


class Sheet:
    """`mine` holds the numbers that the learner goes on with, `shown` what stands on the page."""

    def __init__(self, network: Network, writing: Writing) -> None:
        self.network, self.work, self.writing = network, network.work, writing
        self.mine: Dict[Block, Nested] = {}
        self.shown: Dict[Block, Nested] = {}
        self.typed: Dict[Tuple[int, int], Typed] = {}
        self.meant: Dict[Block, Nested] = {}  # what would be right, of blocks with a slip
        steps = {step.block for step in self.work.steps}
        for key, block in self.work.blocks.items():
            if block not in steps:
                array = self.work.subject.run.get(key)  # type: ignore[arg-type]
                given = shaped([1.0] if array is None else list(numbers_of(array)), block.shape)
                self.mine[block] = self.shown[block] = given
        self.given: Set[Block] = set(self.mine)

    # --- filling in -------------------------------------------------------------------------------------------------
    def fill(self, step: Step, numbers: Nested, blank: bool = False, as_is: bool = False) -> None:
        """Write a step down. `blank`: go on with it, but leave its cells empty; `as_is`: these are the digits."""
        if step.aside or self.is_constant(step):
            self.mine[step.block] = self.shown[step.block] = numbers
            self.given.add(step.block)
            return
        written = numbers if as_is else shaped([self.writing.written(x) for x in flat(numbers)], step.shape)
        self.shown[step.block] = written
        self.mine[step.block] = numbers if self.writing.kept else written
        if not blank:
            for (_, row, column), x in zip(step.block.cells(), flat(written)):
                self.typed[row, column] = Typed(x)

    def right(self, step: Step) -> Nested:
        """What a step gives from the learner's own numbers."""
        if self.is_constant(step):
            return step.of.params[step.key.name]  # type: ignore[union-attr]
        return by_hand(self.desk(step, self.mine, self.writing.on_the_way))

    @staticmethod
    def is_constant(step: Step) -> bool:
        return isinstance(step.key, Inner) and step.key.name in CONSTANTS

    # --- what lies in front of one ----------------------------------------------------------------------------------
    def desk(self, step: Step, source: Dict[Block, Nested], write: Write = exactly) -> Desk:
        of, (symbol, k) = step.of, which(step)
        if isinstance(of, Update):
            return self._update(step, of, source, write)
        blocks = self.work.blocks
        if isinstance(step.key, Gradient):
            shares = [share for share in self.work.subject.shares(step.key.item) if share in blocks]
            return Desk(("paths", "", -1), [source[blocks[s]] for s in shares], None, None, {}, {}, step.shape, write)
        assert isinstance(of, Node)
        x = [source[blocks[Value(item)]] for item in of.inputs]
        kept = {
            key.name: source[block]
            for key, block in blocks.items()
            if isinstance(key, Inner) and node_of(key) is of and block in source
        }
        back = isinstance(step.key, Share) or (isinstance(step.key, Inner) and isinstance(step.key.of, Share))
        y = source[blocks[Value(of)]] if back else None
        dy = source[blocks[Gradient(of)]] if back else None
        return Desk((of.op, symbol, k), x, y, dy, kept, of.params, step.shape, write)

    def _update(self, step: Step, of: Update, source: Dict[Block, Nested], write: Write) -> Desk:
        optimizer = self.work.subject.graph.step
        assert optimizer is not None
        blocks = self.work.blocks
        kept: Dict[str, Nested] = {name: source[blocks[Value(leaf)]] for name, leaf in of.group.cells.items()}
        for symbol, leaf in of.state.items():
            kept[symbol if symbol == "started" else f"{symbol} before"] = source[blocks[Value(leaf)]]
        kept["p before"] = source[blocks[Value(of.parameter)]]
        kept["g"] = source[blocks[Gradient(of.parameter)]]
        for symbol, line in of.lines.items():
            if Value(line) in blocks and blocks[Value(line)] in source:
                kept[symbol] = source[blocks[Value(line)]]
        return Desk((optimizer.optimizer, *which(step)), [], None, None, kept, {}, step.shape, write)

    # --- which numbers a step reads -----------------------------------------------------------------------------------
    def before(self, step: Step) -> Iterator[Tuple[Block, Any]]:
        """The blocks of numbers that were written down before a step, with the operation that made them."""
        for other in self.work.steps:
            if other.key == step.key:
                return
            if other.block not in self.given:
                yield other.block, other


def node_of(key: StepKey) -> Optional[Node]:
    of = key.of if isinstance(key, Inner) else key
    return of.node if isinstance(of, Share) else of.item if isinstance(of.item, Node) else None


def by_hand(desk: Desk) -> Nested:
    return STEPS[(desk.op, desk.step, desk.k)](desk)


def which(step: Step) -> Tuple[str, int]:
    """The symbol of a step and the operand whose gradient it is, or -1."""
    key = step.key
    of = key.of if isinstance(key, Inner) else key
    symbol = key.name if isinstance(key, Inner) else step.name if isinstance(step.of, Update) else ""
    return symbol, of.k if isinstance(of, Share) else -1


def fill_all(sheet: Sheet) -> List[Step]:
    """Everything right, without a blank."""
    for step in sheet.work.steps:
        sheet.fill(step, sheet.right(step))
    return sheet.work.steps


__all__ = ["Leaf", "Sheet", "by_hand", "fill_all", "which"]
