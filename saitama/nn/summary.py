"""What a network is made of: a line for each module, with shapes, parameters, FLOP and memory."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from typing import Any, Dict, List, Sequence, Tuple

from saitama.autograd.cost import forward_cost, nbytes
from saitama.autograd.function import Function, enable_grad
from saitama.autograd.observe import Observer, observe
from saitama.tensor import Tensor, get_rng_state, memory_allocated, set_rng_state

from .calls import Calls, follow
from .module import Module

UNITS = ("", "k", "M", "G", "T")


@dataclass
class Layer:
    """A module as it was called. FLOP and memory are of the forward pass, with all that is below the module."""

    path: str
    kind: str
    depth: int
    inputs: str = ""
    output: str = ""
    parameters: int = 0
    flop: int = 0
    memory: int = 0  # bytes that the call left for the backward pass, its result included
    calls: int = 0


@dataclass
class Summary(Observer):
    """Attributes: layers, in the order of the modules; parameters, flop, memory: of all. print() shows a table."""

    layers: List[Layer] = field(default_factory=list)
    parameters: int = 0
    parameter_bytes: int = 0

    def __post_init__(self) -> None:
        self._calls = Calls()
        self._by_path: Dict[str, Layer] = {}
        self._held: List[int] = []

    @property
    def flop(self) -> int:
        return self.layers[0].flop

    @property
    def memory(self) -> int:
        return self.layers[0].memory

    # --- what is seen while the model runs ----------------------------------------------------------------------------
    def forward(self, node: Function, inputs: Sequence[Any], output: Any, seconds: float) -> None:
        flop, _ = forward_cost(node, inputs, output)
        for path in dict.fromkeys(self._calls.paths):
            self._by_path[path].flop += flop

    def began(self, path: str, module: Module) -> None:
        self._held.append(memory_allocated())

    def ended(self, path: str, module: Module, inputs: Tuple[Any, ...], output: Any) -> None:
        layer = self._by_path[path]
        layer.memory += memory_allocated() - self._held.pop()
        layer.inputs, layer.output = shapes(inputs), shapes(output)
        layer.calls += 1

    def __str__(self) -> str:
        head = ("layer", "kind", "input", "output", "parameters", "FLOP", "memory")
        rows = [
            (
                "  " * layer.depth + layer.path.rpartition(".")[2],
                layer.kind,
                layer.inputs if layer.calls else "not called",
                layer.output,
                f"{layer.parameters:,}",
                short(layer.flop),
                short(layer.memory, "B"),
            )
            for layer in self.layers
        ]
        widths = [max(map(len, column)) for column in zip(head, *rows)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in (head, *rows)]
        lines.insert(1, "-" * max(map(len, lines)))
        lines.append(
            f"{self.parameters:,} parameters ({short(self.parameter_bytes, 'B')}); a forward pass takes "
            f"{short(self.flop)}FLOP and leaves {short(self.memory, 'B')} for the backward pass"
        )
        return "\n".join(lines)

    __repr__ = __str__


def summary(model: Module, *inputs: Any, **options: Any) -> Summary:
    """Run model(*inputs, **options) once and tell of each module: shapes, parameters, FLOP and memory.

    The model is left as it was: mode, buffers, gradients and random numbers. Raises TypeError for anything but a
    Module, and whatever the model raises for these inputs.
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary: expected a Module, got a {type(model).__name__}")
    gc.collect()  # or what others left behind would be given back meanwhile, and be counted
    found = Summary()
    found.parameters = model.num_parameters()
    found.parameter_bytes = sum(nbytes(parameter.array) for parameter in model.parameters())
    found._calls.path(model)
    for path, module in found._calls.modules.items():
        own = path.count(".")
        layer = Layer(path, type(module).__name__, own, parameters=module.num_parameters())
        found._by_path[path] = layer
        found.layers.append(layer)
    buffers, random = [(buffer, buffer.array) for buffer in model.buffers()], get_rng_state()
    try:
        with enable_grad(), follow(found._calls, found.began, found.ended), observe(found):
            model(*inputs, **options)
    finally:
        for buffer, array in buffers:
            buffer.array = array
        set_rng_state(random)
    return found


def shapes(things: Any) -> str:
    """The shapes of the tensors among them."""
    if isinstance(things, Tensor):
        return str(things.shape)
    if isinstance(things, (tuple, list)):
        return ", ".join(str(thing.shape) for thing in things if isinstance(thing, Tensor)) or "-"
    return "-"


def short(number: float, unit: str = "") -> str:
    """Three digits: 12.3 M, 456 kB."""
    for prefix in UNITS:
        if abs(number) < 999.5 or prefix == UNITS[-1]:
            digits = f"{number:.3g}" if prefix else f"{number:g}"
            return f"{digits} {prefix}{unit}" if prefix or unit else digits
        number /= 1000
    raise AssertionError
