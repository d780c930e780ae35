"""An optimiser's step computed: every line of every update."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from saitama.autograd import no_grad
from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

from ..formulas import Working
from .graph import Graph
from .items import Leaf
from .run import Run
from .step import OptimizerStep, Update
from .trace_step import OPTIMIZERS, defaults


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
            step.rule.step(
                _Computing(update, new, result, Tensor._wrap(p), Tensor._wrap(g), options, numbers, update.group.off)
            )


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


def _optimised(
    step: OptimizerStep, options: Mapping[str, Any], p: Any, g: Any, state: Mapping[str, Any]
) -> Dict[str, Any]:
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
