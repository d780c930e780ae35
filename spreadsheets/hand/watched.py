"""The graphs between what was bound and what is checked, kept while a script computes.

backward() frees a graph on its way and an optimiser changes its parameters, so both are watched: what was there before
is traced when they begin.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple, Union

from saitama.autograd import function as functions_of
from saitama.autograd.function import Function, ancestors
from saitama.optim import optimizer as optimizers
from saitama.tensor.tensor import Tensor

from ..graph.graph import Graph
from ..graph.items import Item, Leaf
from ..graph.keys import Gradient, StepKey, Value
from ..graph.run import run
from ..graph.step import Update
from ..graph.take_step import take_step
from ..graph.trace import trace
from ..graph.trace_step import trace_step

Source = Union[Function, Tensor]  # where numbers come from


@dataclass(eq=False)
class Traced:
    """A graph whose gradients were computed. `given`: the inputs that an earlier one has made. A parameter is what the
    step before has made of it, and so is an optimiser's state."""

    graph: Graph
    items: Dict[Source, Item]
    functions: List[Function]
    gradients: Dict[Tensor, StepKey] = field(default_factory=dict)  # tensors found in .grad
    optimizer: Any = None
    lines: Dict[Update, Dict[str, Tensor]] = field(default_factory=dict)
    given: Dict[Leaf, Tuple[Traced, StepKey]] = field(default_factory=dict)

    def collect(self) -> None:
        """Note the tensors that are gradients by now; the next backward() or zero_grad() takes them away."""
        for leaf in self.graph.leaves:
            grad = leaf.source._grad if isinstance(leaf.source, Tensor) else None
            if grad is not None:
                self.gradients[grad] = Gradient(leaf)
        for function in self.functions:
            kept = function.kept() if function.kept is not None else None
            if kept is not None and kept._grad is not None:
                self.gradients[kept._grad] = Gradient(self.items[function])

    def at_present(self, tensor: Tensor) -> Optional[StepKey]:
        """What a tensor that no operation made is in this graph now: a gradient, a parameter after a step, a state."""
        if tensor in self.gradients:
            return self.gradients[tensor]
        for known, key in self.gradients.items():  # a copy by detach(); several gradients may share their numbers
            if known.array is tensor.array:
                return key
        for update in self.graph.step.updates if self.graph.step else ():
            parameter = update.parameter.source
            if parameter.array is tensor.array and tensor.array is not update.parameter.array:
                return self._line(update, "p")
            for symbol, name in self.graph.step.rule.state.items():  # type: ignore[union-attr]
                kept = self.optimizer.state.get(parameter, {}).get(name)
                if isinstance(kept, Tensor) and kept.array is tensor.array:
                    return self._line(update, symbol)
        return None

    def _line(self, update: Update, symbol: str) -> Optional[StepKey]:
        return Value(update.lines[symbol]) if symbol in self.lines_of(update) else None

    def key_of(self, source: Source) -> Optional[StepKey]:
        """What a source is in this graph; None where it is not part of it."""
        item = self.items.get(source)
        if isinstance(source, Function):
            return None if item is None else Value(item)
        if source in self.gradients:
            return self.gradients[source]
        return Value(item) if isinstance(item, Leaf) and source.array is item.array else None

    def lines_of(self, update: Update) -> Dict[str, Tensor]:
        """The lines of an update as tensors, known from then on as what they are."""
        if update not in self.lines:
            result = run(self.graph, {leaf: leaf.array for leaf in self.graph.inputs})
            take_step(self.graph, result)
            self.lines[update] = {
                symbol: Tensor._wrap(result.values[line])
                for symbol, line in update.lines.items()
                if line in result.values
            }
            self.gradients.update(
                (tensor, Value(update.lines[symbol])) for symbol, tensor in self.lines[update].items()
            )
        return self.lines[update]


class Watch:
    """Keeps the graphs of all backward passes and steps that start from tensors of one sheet."""

    def __init__(self) -> None:
        self.bound: List[Tensor] = []
        self.traced: List[Traced] = []
        self._follow(functions_of.watchers, "before_backward")
        self._follow(optimizers.watchers, "before_step")

    def _follow(self, watchers: List[Any], method: str) -> None:
        """Have a method called, as long as this object is there."""
        reference = weakref.ref(self)

        def call(*arguments: Any) -> None:
            watch = reference()
            if watch is not None:
                getattr(watch, method)(*arguments)

        watchers.append(call)
        weakref.finalize(self, _forget, watchers, call)

    def before_backward(self, root: Tensor) -> None:
        self.collect()
        if root.node is None:
            return
        functions = ancestors(root.node)
        sources = {source for function in functions for source in function.inputs or ()}
        if not any(tensor in sources for tensor in self.bound):
            return
        names = {tensor.name or f"input{n}": tensor for n, tensor in enumerate(self.bound)}
        graph = trace(root, names, forward=True)
        items: Dict[Source, Item] = dict(zip(functions, graph.nodes))
        items.update((leaf.source, leaf) for leaf in graph.leaves)
        traced = Traced(graph, items, functions)
        for leaf in graph.leaves:
            self._link(traced, leaf, leaf.source)
        self.traced.append(traced)

    def _link(self, traced: Traced, leaf: Leaf, tensor: Any) -> None:
        """Note which earlier graph has made the numbers of an input."""
        for earlier in reversed(self.traced):
            key = earlier.at_present(tensor) if isinstance(tensor, Tensor) and earlier is not traced else None
            if key is not None:
                traced.given[leaf] = earlier, key
                return

    def before_step(self, optimizer: Any) -> None:
        self.collect()
        parameters = {p for group in optimizer.param_groups for p in group["params"]}
        for traced in reversed(self.traced):
            if traced.graph.step is None and any(leaf.source in parameters for leaf in traced.graph.leaves):
                try:
                    now = run(traced.graph, {leaf: leaf.array for leaf in traced.graph.inputs})
                    traced.graph.step, traced.optimizer = trace_step(optimizer, traced.graph, now), optimizer
                except (TypeError, ValueError):
                    return  # one whose rule has no formulas: its numbers are compared all the same
                self._link_state(traced, optimizer)
                return

    def _link_state(self, traced: Traced, optimizer: Any) -> None:
        """An optimiser's state is what an earlier step has left, or what a script has taken from the sheet."""
        step = traced.graph.step
        for update in step.updates if step else ():
            kept = optimizer.state.get(update.parameter.source, {})
            for symbol, leaf in update.state.items():
                leaf.source = kept.get(step.rule.state[symbol])  # type: ignore[union-attr]
                self._link(traced, leaf, leaf.source)

    def collect(self) -> None:
        if self.traced:
            self.traced[-1].collect()

    def present(self, tensor: Tensor) -> Tensor:
        """A tensor that stands for this one as it is now, where an optimiser or a backward() will change it: what an
        operation made, and what nothing is known of, stands for itself."""
        self.collect()
        if tensor.node is not None or tensor.origin is not None:
            return tensor
        for traced in reversed(self.traced):
            key = traced.at_present(tensor)
            if key is not None:
                stand_in = Tensor._wrap(tensor.array)
                traced.gradients[stand_in] = key
                return stand_in
        return next((one for one in self.bound if one.array is tensor.array), tensor)


def _forget(watchers: List[Any], call: Any) -> None:
    if call in watchers:
        watchers.remove(call)


def source_of(tensor: Tensor) -> Source:
    return tensor if tensor.node is None else tensor.node


def made_by(source: Source) -> Optional[Tuple[Function, List[Source]]]:
    """The operation behind a source and what it was computed from; None for a leaf, or where that was freed."""
    if isinstance(source, Function):
        return None if source.inputs is None else (source, list(source.inputs))
    if source.origin is None:
        return None
    return source.origin, [source_of(tensor) for tensor in source.origin.operands]


__all__ = ["Source", "Traced", "Watch", "made_by", "source_of"]
