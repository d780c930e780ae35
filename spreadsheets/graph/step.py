"""An optimiser's step behind a graph: which parameters it updates, from which state, and every line of its rule.

Hyper-parameters and state are inputs of the workbook like the tensors of the graph: change one, and the step follows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List

from ..formulas import RULES, Rule
from .items import Item, Leaf


@dataclass
class Group:
    """The options of one parameter group: those that have cells, and those that are off and left out."""

    cells: Dict[str, Leaf]
    off: Dict[str, Any]


@dataclass(eq=False)
class Line(Item):
    """What one line of the rule computes for one parameter."""

    symbol: str = ""
    maths: str = ""


@dataclass(eq=False)
class Update(Item):
    """The step of one parameter: its state by symbol, and the lines of the rule by theirs."""

    parameter: Leaf
    group: Group
    state: Dict[str, Leaf]
    lines: Dict[str, Line] = field(default_factory=dict)

    def line(self, symbol: str, maths: str, shape: Any, dtype: str) -> Line:
        if symbol not in self.lines:
            self.lines[symbol] = Line(f"{self.name}: {symbol}", tuple(shape), dtype, False, symbol, maths)
        return self.lines[symbol]


@dataclass
class OptimizerStep:
    """All updates of one call of optimizer.step()."""

    optimizer: str
    groups: List[Group]
    updates: List[Update]
    unmoved: List[str] = field(default_factory=list)  # parameters to which no gradient flows

    @property
    def rule(self) -> Rule:
        return RULES[self.optimizer]

    @property
    def inputs(self) -> List[Leaf]:
        """Hyper-parameters, then the state of each parameter."""
        cells = [leaf for group in self.groups for leaf in group.cells.values()]
        return cells + [leaf for update in self.updates for leaf in update.state.values()]
