"""The shape of an optimiser's rule, and the table of them all."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple, Type, TypeVar

from ..layout import Shape


class Working:
    """What a rule computes with: the parameter `p`, its gradient `g`, the options, and the state by its symbols.

    The rule says each line with `keep`, which gives what later lines refer to.
    """

    def __init__(
        self, p: Any, g: Any, options: Mapping[str, Any], state: Mapping[str, Any], off: Mapping[str, Any]
    ) -> None:
        """`off`: the options that have no cells."""
        self.p, self.g, self.state, self._options, self._off = p, g, state, options, off

    def options(self, *names: str) -> List[Any]:
        """Those of the cells; None for one that has none."""
        return [self._options.get(name) for name in names]

    def has(self, convention: str) -> bool:
        return bool(self._off[convention])

    def keep(self, maths: str, value: Any) -> Any:
        """One line of the rule, as it stands in the paper and as it is computed. Its first word is its symbol."""
        raise NotImplementedError

    def decay(self, maths: str, value: Any, otherwise: Any) -> Any:
        """A line that only weight decay makes: a page for hand calculation leaves it out where that is 0."""
        return self.keep(maths, value)

    def count(self, maths: str, value: Any) -> Any:
        """A line that nothing else reads: a page for hand calculation leaves it out."""
        return self.keep(maths, value)

    def either(self, flag: Any, then: Any, otherwise: Any) -> Any:
        """`then` where the flag is not 0."""
        raise NotImplementedError


class Rule:
    """How one optimiser is written into a workbook.

    `state` maps symbols to the names that the framework has for them ("started": whether it has a state at all).
    `switches` are options that add lines to the rule, with the state that they bring: one that is off at the export is
    left out of the workbook. `conventions` are options that say which lines the rule has; they get no cell. `divides`:
    whether the step divides the gradient by its own size, so that even rounding noise becomes a step.
    """

    words: str = ""
    paper: str = ""
    state: Dict[str, str] = {}
    switches: Dict[str, Tuple[str, ...]] = {}
    conventions: Tuple[str, ...] = ()
    divides: bool = False
    counts: Tuple[str, ...] = ("t", "started")  # single whole numbers; all else has the parameter's shape

    def live(self, options: Mapping[str, Any]) -> List[str]:
        """The options that get a cell."""
        shown = [name for name in options if name not in self.conventions]
        return [name for name in shown if options[name] or name not in self.switches]

    def symbols(self, live: Sequence[str]) -> List[str]:
        """The state that the rule has with these options."""
        without = {symbol for option, brought in self.switches.items() if option not in live for symbol in brought}
        return [symbol for symbol in self.state if symbol not in without]

    def shape(self, symbol: str, parameter: Shape) -> Shape:
        return () if symbol in self.counts else parameter

    def step(self, w: Working) -> None:
        """Every line of the rule, in order; the last one is the new parameter p."""
        raise NotImplementedError


RULES: Dict[str, Rule] = {}

R = TypeVar("R", bound=Type[Rule])


def rule(optimizer: str) -> Callable[[R], R]:
    """Register a class as the rule of the optimiser class named `optimizer`."""

    def register(cls: R) -> R:
        RULES[optimizer] = cls()
        return cls

    return register
