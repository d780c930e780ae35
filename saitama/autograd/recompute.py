"""Level 14: activation checkpointing (Chen et al. 2016, "Training deep nets with sublinear memory cost").

The backward pass needs the numbers of the forward pass. Of L layers that is L times the memory of one. checkpoint()
keeps only what goes into a layer, and computes the layer again when its gradient is due: L inputs and the insides of
one layer, for one forward pass more.

    x = checkpoint(block, x)                 # instead of block(x): the same numbers, the same gradients, to the bit
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, Callable, Iterator, List, Sequence, Tuple

from saitama.tensor.backend import K
from saitama.tensor.dispatch import precision
from saitama.tensor.random import batch_share, get_rng_state, set_rng_state
from saitama.tensor.tensor import Tensor

from .function import Function, Source, ancestors, enable_grad, is_grad_enabled, next_seq


def checkpoint(function: Callable[..., Any], *args: Any, preserve_rng_state: bool = True, **kwargs: Any) -> Any:
    """function(*args, **kwargs), of which only the inputs are kept; it runs again in the backward pass.

    Args:
        function: a Module, or anything that makes a Tensor, or a tuple of some, from Tensors. It must do the same the
            second time: what it reads besides its arguments (parameters, say) must not change before backward().
        preserve_rng_state: whether the second run draws the random numbers of the first, so that dropout leaves out
            the same ones.

    Running averages of a batch normalisation inside are updated once. The operations inside are not kept, so a workbook
    cannot show them. Raises TypeError for another kind of result, RuntimeError in the backward pass if the second run
    gives other shapes.
    """
    if not callable(function):
        raise TypeError(f"checkpoint: expected a function or a Module, got a {type(function).__name__}")
    if not is_grad_enabled():
        return function(*args, **kwargs)
    node = Recomputed(lambda: function(*args, **kwargs), preserve_rng_state)
    result = function(*args, **kwargs)
    outputs = node.outputs_of(result)
    node.remember(outputs)
    if not outputs:
        return result  # no gradient will ask for it
    again_made = {id(y): node.output(number, y) for number, y in enumerate(outputs)}
    made = [again_made.get(id(y), y) for y in several(result)]
    return made[0] if isinstance(result, Tensor) else type(result)(made)


class Recomputed(Function, abstract=True):
    """Stands for the operations between its inputs and its outputs. What it keeps is a call that makes them anew."""

    __slots__ = ("began", "call", "found", "preserve", "surroundings")
    recomputes = True

    def __init__(self, call: Callable[[], Any], preserve_rng_state: bool) -> None:
        self.call, self.preserve = call, preserve_rng_state
        self.surroundings = get_rng_state(), batch_share.now, precision.dtype
        self.began = next_seq()

    def outputs_of(self, result: Any) -> List[Tensor]:
        """The tensors of a result that operations since `began` made, and that a gradient can arrive at."""
        tensors = [y for y in several(result) if isinstance(y, Tensor) and y.node is not None and y.requires_grad]
        return [y for y in tensors if y.node.seq > self.began]  # type: ignore[union-attr]

    def remember(self, outputs: Sequence[Tensor]) -> None:
        """Where the operations behind the outputs got their numbers from: then they can be forgotten."""
        sources: List[Source] = []
        for node in ancestors_of(outputs, self.began):
            for source, need in zip(node.inputs or (), node.needs):
                if need and (isinstance(source, Tensor) or source.seq < self.began):
                    sources.append(source)
        self.found = [source for source in sources if isinstance(source, Tensor)]
        self.inputs = tuple(dict.fromkeys(sources))
        self.needs = (True,) * len(self.inputs)
        self.seq, self.shape, self.dtype = next_seq(), (), ""
        self.name = self.kept = self.calls = None

    def output(self, number: int, y: Tensor) -> Tensor:
        """The output once more, made by nothing but this."""
        node = RecomputedOutput(number)
        node.inputs, node.needs, node.seq = (self,), (True,), next_seq()
        node.name, node.kept, node.calls, node.shape, node.dtype = y.name, None, None, y.shape, y.dtype
        again = y.detach()
        again.node, again._requires_grad = node, True
        return again

    def run_again(
        self, arrived: Sequence[Tuple[Any, K.Array]]
    ) -> Tuple[List[Function], List[Tuple[Function, K.Array]]]:
        """The operations, recorded anew, and the gradients that start from the outputs among them."""
        self.began = next_seq()
        with self._as_it_was(), enable_grad():
            outputs = self.outputs_of(self.call())
        if any(node.number >= len(outputs) or outputs[node.number].shape != dy.shape for node, dy in arrived):
            shapes = [y.shape for y in outputs]
            raise RuntimeError(
                f"checkpoint: the second run gave {shapes}, a gradient of shape {arrived[0][1].shape} is for what the "
                "first one gave; the function must do the same both times"
            )
        gradients = [(outputs[node.number].node, dy) for node, dy in arrived]
        return ancestors_of([outputs[node.number] for node, _ in arrived], self.began), gradients

    def leaves(self) -> List[Tensor]:
        return self.found

    def release(self) -> None:
        super().release()
        self.call, self.found = list, []  # nothing that keeps anything alive

    def forward(self, *arrays: K.Array) -> K.Array:
        raise RuntimeError(
            "this graph passes through a checkpoint(), whose operations are not kept; compute it without (a GPT: with "
            "checkpoint_blocks=False) to see them"
        )

    @contextmanager
    def _as_it_was(self) -> Iterator[None]:
        """The random numbers, the share of the batch and the precision of the first run; and BatchNorm looks on."""
        now, before = get_rng_state(), (batch_share.now, precision.dtype)
        random, batch_share.now, precision.dtype = self.surroundings
        if self.preserve:
            set_rng_state(random)
        again.running += 1
        try:
            yield
        finally:
            again.running -= 1
            batch_share.now, precision.dtype = before
            if self.preserve:
                set_rng_state(now)


class RecomputedOutput(Function, abstract=True):
    """One output of a Recomputed; what arrives at it is collected there."""

    __slots__ = ("number",)
    waits = True  # until all outputs have been visited

    def __init__(self, number: int) -> None:
        self.number = number

    forward = Recomputed.forward


class Again(threading.local):
    """How many checkpoints are running a second time, one inside the other."""

    running = 0


again = Again()


def is_recomputing() -> bool:
    """Whether this is the second run of something: then no running average counts it again."""
    return again.running > 0


def several(result: Any) -> Sequence[Any]:
    """The parts of a result."""
    if isinstance(result, Tensor):
        return (result,)
    if type(result) in (tuple, list):
        return result
    raise TypeError(f"checkpoint: the function gave a {type(result).__name__}; expected a Tensor, or a tuple of some")


def ancestors_of(outputs: Sequence[Tensor], began: int) -> List[Function]:
    """The operations since `began` that the gradients of these outputs pass through, in their order."""
    nodes = [
        node for y in outputs if y.node is not None for node in ancestors(y.node, differentiable=True, since=began)
    ]
    return sorted(set(nodes), key=attrgetter("seq"))
