"""Where a NaN came from: the first tensor that went bad, by name."""

from __future__ import annotations

from math import isfinite
from typing import Any, List, Optional, Tuple

from saitama.autograd import no_grad
from saitama.autograd.function import Function
from saitama.autograd.replay import replay
from saitama.nn import Module
from saitama.tensor import Tensor, get_rng_state, set_rng_state
from saitama.tensor.backend import K
from saitama.tensor.dtype import is_float


class NonFiniteError(ArithmeticError):
    """A number that should be finite is NaN or infinite; the message names the first tensor that went bad."""


def first_bad(model: Module, x: Any, y: Any, loss: Tensor) -> str:
    """In words: the first tensor that is not finite on the way from the batch (x, y) to the loss."""
    for name, tensor in [("the inputs of the batch", x), ("the targets of the batch", y), *model.named_parameters()]:
        if isinstance(tensor, Tensor) and is_bad(tensor.array):
            kind = "" if name.startswith("the ") else "parameter "
            return f"{kind}{name} has {describe(tensor.array)}"
    for name, tensor in model.named_buffers():
        if is_bad(tensor.array):
            return f"buffer {name} has {describe(tensor.array)}"
    module = _first_bad_module(model, x)
    operation = _first_bad_operation(loss)
    return " ".join(filter(None, [module or "every module's output is finite, the loss is not;", operation]))


def first_bad_gradient(model: Module) -> Optional[str]:
    """In words: the last parameter, and so the first one reached by backward(), whose gradient is not finite."""
    for name, parameter in reversed(list(model.named_parameters())):
        if parameter.grad is not None and is_bad(parameter.grad.array):
            return f"the gradient of {name} has {describe(parameter.grad.array)}"
    return None


def is_bad(array: K.Array) -> bool:
    """Whether any number is NaN or infinite."""
    if not is_float(array.dtype) or not array.size:
        return False
    if isfinite(K.norm([array])):
        return False
    return bool(_bad_numbers(array))  # squares can overflow where the numbers themselves are finite


def describe(array: K.Array) -> str:
    """How many numbers are bad, and where the first one is."""
    bad = _bad_numbers(array)
    place, index = bad[0][0], []
    for size in reversed(array.shape):
        place, rest = divmod(place, size)
        index.append(rest)
    where = f" at {index[::-1]}" if index else ""
    return f"{bad[0][1]}{where} ({len(bad)} of its {array.size} numbers are not finite)"


def _bad_numbers(array: K.Array) -> List[Tuple[int, float]]:
    return [(place, each) for place, each in enumerate(array.reshape((array.size,)).tolist()) if not isfinite(each)]


def _first_bad_module(model: Module, x: Any) -> Optional[str]:
    """Run the model once more and look at every output. Random numbers and buffers are put back afterwards."""
    found: List[str] = []

    def look(name: str, module: Module) -> Any:
        def hook(_: Module, inputs: Any, output: Any) -> None:
            if not found and isinstance(output, Tensor) and is_bad(output.array):
                found.append(
                    f"the output of module {name or 'model'} ({type(module).__name__}) has {describe(output.array)};"
                )

        return module.register_forward_hook(hook)

    state, random = model.state_dict(), get_rng_state()
    handles = [look(name, module) for name, module in model.named_modules()]
    try:
        with no_grad():
            model(x)
    finally:
        for handle in handles:
            handle.remove()
        model.load_state_dict(state)
        set_rng_state(random)
    return found[0] if found else None


def _first_bad_operation(loss: Tensor) -> Optional[str]:
    if loss.node is None or loss.node.inputs is None:
        return None
    graph = replay(loss)
    for node in graph.nodes:
        if is_bad(graph.values[node]):
            made = f"{type(node).__name__} of {', '.join(_shape(source) for source in node.inputs or ())}"
            name = f" ({node.name})" if node.name else ""
            return f"the first operation that went bad is {made}{name}, which gave {describe(graph.values[node])}"
    return None


def _shape(source: Any) -> str:
    what = type(source).__name__ if isinstance(source, Function) else source.name or "tensor"
    return f"{what} {source.shape}"
