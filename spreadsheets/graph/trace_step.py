"""The step of an optimiser, traced from its options and state as they are now."""

from __future__ import annotations

import inspect
from typing import Any, Dict, Mapping

from saitama import optim
from saitama.tensor.backend import K

from ..formulas import Rule
from .graph import Graph
from .items import Leaf
from .run import Run
from .step import Group, OptimizerStep, Update

OPTIMIZERS: Dict[str, Any] = {
    name: cls
    for name, cls in vars(optim).items()
    if isinstance(cls, type) and issubclass(cls, optim.Optimizer) and cls is not optim.Optimizer
}


def trace_step(optimizer: Any, graph: Graph, result: Run) -> OptimizerStep:
    """The step of `optimizer` with the gradients of `graph` in `result`, from its options and state as they are now."""
    kind = type(optimizer).__name__
    if not isinstance(optimizer, optim.Optimizer):
        raise TypeError(f"export: the optimizer is a {kind}; give one of saitama.optim: {', '.join(OPTIMIZERS)}")
    if OPTIMIZERS.get(kind) is not type(optimizer):
        raise TypeError(
            f"export: {kind} has no formulas, as its rule is its own; there are formulas for {', '.join(OPTIMIZERS)}"
        )
    step = OptimizerStep(kind, [], [])
    leaves = {leaf.source: leaf for leaf in graph.leaves}
    for number, given in enumerate(optimizer.param_groups):
        options = flat({name: given[name] for name in optimizer.defaults})
        live = step.rule.live(options)
        place = f" of group {number}" if len(optimizer.param_groups) > 1 else ""
        cells = {name: _number(name + place, options[name]) for name in live}
        group = Group(cells, {name: value for name, value in options.items() if name not in live})
        step.groups.append(group)
        for p in given["params"]:
            leaf = leaves.get(p)
            if leaf is None or leaf not in result.gradients:  # of no use here, or only compared
                step.unmoved.append(leaf.name if leaf else p.name or f"a parameter of shape {p.shape}")
                continue
            state = {
                symbol: _state(symbol, step.rule, leaf, optimizer.state.get(p)) for symbol in step.rule.symbols(live)
            }
            step.updates.append(Update(f"update {leaf.name}", leaf.shape, leaf.dtype, False, leaf, group, state))
    if not step.updates:
        raise ValueError(
            f"export: {graph.root.name} gives a gradient to none of the {len(step.unmoved)} parameters of this {kind}; "
            "give the optimizer of the model that computed it"
        )
    return step


def flat(options: Mapping[str, Any]) -> Dict[str, Any]:
    """The options one by one: betas=(a, b) becomes beta1 and beta2."""
    single: Dict[str, Any] = {}
    for name, value in options.items():
        if isinstance(value, (tuple, list)):
            single.update({f"{name[:-1]}{n}": part for n, part in enumerate(value, 1)})
        else:
            single[name] = value
    return single


def defaults(kind: str) -> Dict[str, Any]:
    """The options that an optimiser takes, and what they are if nothing is said."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(OPTIMIZERS[kind]).parameters.items()
        if name != "params"
    }


def _number(name: str, value: Any) -> Leaf:
    dtype = "bool" if isinstance(value, bool) else "float64"
    return Leaf(name, (), dtype, False, K.from_list([value], (), dtype))


def _state(symbol: str, rule: Rule, p: Leaf, state: Any) -> Leaf:
    """The state of a parameter by its symbol; zeros before the first step."""
    name = f"{symbol} of {p.name}"
    if symbol in rule.counts:
        count = int(bool(state)) if symbol == "started" else int((state or {}).get(rule.state[symbol], 0))
        return Leaf(name, (), "int64", False, K.from_list([count], (), "int64"))
    known = (state or {}).get(rule.state[symbol])
    return Leaf(name, p.shape, p.dtype, False, K.full(p.shape, 0, p.dtype) if known is None else known.array)
