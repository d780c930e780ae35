"""An optimiser's step behind a graph: which parameters it updates, from which state, and every line of its rule.

Hyper-parameters and state are inputs of the workbook like the tensors of the graph: change one, and the step follows.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional

from saitama import optim
from saitama.autograd import no_grad
from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

from ..formulas import RULES, Rule, Working
from .trace import Graph, Item, Leaf, Run

OPTIMIZERS: Dict[str, Any] = {
    name: cls
    for name, cls in vars(optim).items()
    if isinstance(cls, type) and issubclass(cls, optim.Optimizer) and cls is not optim.Optimizer
}


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
class Step:
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


# --- from an optimiser ----------------------------------------------------------------------------------------------
def trace_step(optimizer: Any, graph: Graph) -> Step:
    """The step of `optimizer` with the gradients of `graph`, from its options and state as they are now."""
    kind = type(optimizer).__name__
    if not isinstance(optimizer, optim.Optimizer):
        raise TypeError(f"export: the optimizer is a {kind}; give one of saitama.optim: {', '.join(OPTIMIZERS)}")
    if OPTIMIZERS.get(kind) is not type(optimizer):
        raise TypeError(
            f"export: {kind} has no formulas, as its rule is its own; there are formulas for {', '.join(OPTIMIZERS)}"
        )
    step = Step(kind, [], [])
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
            if leaf is None or not leaf.requires_grad:
                step.unmoved.append(p.name or f"a parameter of shape {p.shape}")
                continue
            state = {
                symbol: _state(symbol, step.rule, leaf, optimizer.state.get(p)) for symbol in step.rule.symbols(live)
            }
            step.updates.append(Update(f"update {leaf.name}", leaf.shape, leaf.dtype, False, leaf, group, state))
    if not step.updates:
        raise ValueError(
            f"export: none of the {len(step.unmoved)} parameters of this {kind} is behind {graph.root.name}; give the "
            "optimizer of the model that computed it"
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


# --- computing it ---------------------------------------------------------------------------------------------------
def take_step(graph: Graph, result: Run, starts: Optional[Mapping[Leaf, Any]] = None) -> None:
    """Add every line of every update to `result`, as far as what it needs is there; from the gradients of `result`, or
    those of `starts`.

    The new parameter and state are what the framework's optimiser makes of copies; the lines between them are the
    rule's own, computed on the framework's kernels.
    """
    step = graph.step
    for update in step.updates if step else ():
        p, g = result.values.get(update.parameter), result.gradients.get(update.parameter)
        g = (starts or {}).get(update.parameter, g)
        inputs = [*update.group.cells.values(), *update.state.values()]
        if step is None or p is None or g is None or any(leaf not in result.values for leaf in inputs):
            continue
        options = {name: result.values[leaf].tolist() for name, leaf in update.group.cells.items()}
        state = {symbol: result.values[leaf] for symbol, leaf in update.state.items()}
        new = _optimised(step, {**update.group.off, **options}, p, g, state)
        numbers = {
            symbol: array.tolist() if symbol in step.rule.counts else Tensor._wrap(array)
            for symbol, array in state.items()
        }
        with no_grad():
            step.rule.step(_Computing(update, new, result, Tensor._wrap(p), Tensor._wrap(g), options, numbers))


class _Computing(Working):
    """A rule on Tensors: keeps each line's array, the optimiser's own where it has one."""

    def __init__(self, update: Update, new: Mapping[str, Any], result: Run, *given: Any) -> None:
        super().__init__(*given)
        self.update, self.new, self.result = update, new, result

    def keep(self, maths: str, value: Any) -> Any:
        symbol = maths.split()[0]
        if isinstance(value, int):
            array = K.from_list([value], (), "int64")
        else:
            value = Tensor._wrap(self.new.get(symbol, value.array))
            array = value.array
        self.result.values[self.update.line(symbol, maths, array.shape, array.dtype)] = array
        return value

    def either(self, flag: Any, then: Any, otherwise: Any) -> Any:
        return then if flag else otherwise


def _optimised(step: Step, options: Mapping[str, Any], p: Any, g: Any, state: Mapping[str, Any]) -> Dict[str, Any]:
    """{symbol: array} of the parameter and the state that the framework's optimiser has changed."""
    known = {
        name: tuple(options[f"{name[:-1]}{n}"] for n in (1, 2)) if isinstance(default, tuple) else options[name]
        for name, default in defaults(step.optimizer).items()
    }
    parameter = Tensor._wrap(p, requires_grad=True)
    parameter.grad = Tensor._wrap(g)
    optimizer = OPTIMIZERS[step.optimizer]([parameter], **known)
    names = {symbol: step.rule.state[symbol] for symbol in state if symbol != "started"}
    if names and ("started" not in state or state["started"].tolist()):
        optimizer.state[parameter] = {
            name: state[symbol].tolist() if symbol in step.rule.counts else Tensor._wrap(state[symbol])
            for symbol, name in names.items()
        }
    optimizer.step()
    after = optimizer.state.get(parameter, {})
    moved = {symbol: after[name].array for symbol, name in names.items() if isinstance(after.get(name), Tensor)}
    return {"p": parameter.array, **{symbol: array for symbol, array in moved.items() if array is not state[symbol]}}


__all__ = ["OPTIMIZERS", "Group", "Line", "Step", "Update", "defaults", "flat", "take_step", "trace_step"]
