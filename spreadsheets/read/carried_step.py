"""An optimiser's step that a workbook carries, beside the graph whose gradients it takes."""

from __future__ import annotations

from typing import Any, List, Mapping

from ..formulas import RULES
from ..graph.items import Leaf
from ..graph.keys import Start, Value
from ..graph.step import Group, OptimizerStep, Update
from ..graph.trace_step import OPTIMIZERS, defaults, flat
from .places import Carried


def read_step(carried: Carried, described: Mapping[str, Any], book: Any) -> None:
    """Add the step to a graph that was read. Any exception for what does not hold together."""
    kind = described["optimizer"]
    if kind not in OPTIMIZERS or kind not in RULES:
        raise ValueError(f"it uses the optimizer {str(kind)[:40]!r}, which this version does not have")
    step = carried.graph.step = OptimizerStep(kind, [], [])
    for given in described["groups"]:
        step.groups.append(_group(carried, step, given, book))
    moved: List[int] = []
    for given in described["updates"]:
        n, group = _position(given["parameter"], carried.graph.leaves), _position(given["group"], step.groups)
        if n in moved:
            raise ValueError("it updates a parameter twice")
        moved.append(n)
        step.updates.append(_update(carried, step, carried.graph.leaves[n], step.groups[group], given, book))


def _position(given: Any, among: List[Any]) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < len(among):
        raise ValueError(f"a step of number {str(given)[:40]} of {len(among)}")
    return given


def _group(carried: Carried, step: OptimizerStep, given: Mapping[str, Any], book: Any) -> Group:
    known, rule = flat(defaults(step.optimizer)), step.rule
    added = OPTIMIZERS[step.optimizer].ADDED
    off = {name: value for name, value in added.items() if name not in given["cells"]}
    off.update(given["off"])
    live = [name for name in known if name in given["cells"]]
    if (
        {*given["cells"], *off} != set(known)
        or set(live) & set(off)
        or not set(off) <= {*rule.switches, *rule.conventions}
    ):
        raise ValueError(f"{step.optimizer} takes the options {', '.join(known)}")
    if any(value not in (0, False) for name, value in off.items() if name not in rule.conventions):
        raise ValueError("an option that is off has a value")
    if any(not isinstance(off.get(name), bool) for name in rule.conventions):
        raise ValueError(f"{', '.join(rule.conventions)} of {step.optimizer} are true or false")
    cells = {}
    for name in live:
        dtype = "bool" if isinstance(known[name], bool) else "float64"
        cells[name] = Leaf(name, (), dtype, False)
        carried.place(Value(cells[name]), given["cells"][name], (), book)
    return Group(cells, off)


def _update(
    carried: Carried, step: OptimizerStep, p: Leaf, group: Group, given: Mapping[str, Any], book: Any
) -> Update:
    if p.dtype not in ("float64", "float32"):
        raise ValueError(f"a step of {p.name}, whose numbers are {p.dtype}")
    update = Update(f"update {p.name}", p.shape, p.dtype, False, p, group, {})
    symbols = step.rule.symbols(list(group.cells))
    if set(given["state"]) != set(symbols):
        raise ValueError(f"{step.optimizer} has the state {', '.join(symbols)}")
    for symbol in symbols:
        shape = step.rule.shape(symbol, p.shape)
        leaf = update.state[symbol] = Leaf(f"{symbol} of {p.name}", shape, _dtype(step, symbol, p), False)
        carried.place(Value(leaf), given["state"][symbol], shape, book)
    carried.place(Start(update), given.get("start"), p.shape, book)
    for symbol, places in given["lines"].items():
        line = update.line(symbol[:20], "", step.rule.shape(symbol, p.shape), _dtype(step, symbol, p))
        carried.place(Value(line), places, line.shape, book)
    return update


def _dtype(step: OptimizerStep, symbol: str, p: Leaf) -> str:
    return "int64" if symbol in step.rule.counts else p.dtype
