"""Looking on while operations run: what a profiler needs, and nothing else has to pay for.

As long as nobody looks, no operation knows of this. While somebody does, forward() and backward() of every operation
are replaced by ones that tell him what went in, what came out and how long it took.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple, Type

from saitama.tensor.backend import K

from .function import OPS, Function


class Observer:
    """`forward` and `backward`, which a subclass defines, are called after each operation."""

    def forward(self, node: Function, inputs: Sequence[K.Array], output: K.Array, seconds: float) -> None:
        """An operation computed its output."""

    def backward(self, node: Function, dy: K.Array, gradients: Sequence[Any], seconds: float) -> None:
        """An operation handed its gradient on; None where nobody asked."""


_looking = threading.Lock()


@contextmanager
def observe(observer: Observer) -> Iterator[None]:
    """Tell the observer of every operation in the block. RuntimeError where another one is looking already."""
    if not _looking.acquire(blocking=False):
        raise RuntimeError("observe: another profile() or summary() is running; end it first")
    before: List[Tuple[Type[Function], Dict[str, Any]]] = []
    try:
        for operation in dict.fromkeys(OPS.values()):
            before.append((operation, {name: vars(operation)[name] for name in METHODS if name in vars(operation)}))
            timed = {name: make(observer, getattr(operation, name)) for name, make in METHODS.items()}
            for name, method in timed.items():
                setattr(operation, name, method)
        yield
    finally:
        for operation, methods in before:
            for name in METHODS:
                if name in methods:
                    setattr(operation, name, methods[name])
                else:
                    delattr(operation, name)
        _looking.release()


def _timed_forward(observer: Observer, method: Callable[..., K.Array]) -> Callable[..., K.Array]:
    def forward(node: Function, *inputs: K.Array) -> K.Array:
        begin = perf_counter()
        output = method(node, *inputs)
        observer.forward(node, inputs, output, perf_counter() - begin)
        return output

    return forward


def _timed_backward(observer: Observer, method: Callable[..., Any]) -> Callable[..., Any]:
    def backward(node: Function, dy: K.Array) -> Any:
        begin = perf_counter()
        gradients = method(node, dy)
        observer.backward(node, dy, gradients, perf_counter() - begin)
        return gradients

    return backward


METHODS: Dict[str, Any] = {"forward": _timed_forward, "backward": _timed_backward}
