"""Data parallelism: every rank has the whole model and a part of the batch.

    model = DistributedDataParallel(model)
    loader = DataLoader(dataset, batch_size=64, sampler=DistributedSampler(dataset))
    for x, y in loader:                        # this rank's part of 64 examples
        loss = loss_function(model(x), y)
        optimizer.zero_grad()
        loss.backward()                        # afterwards every rank has the gradient of the whole batch
        optimizer.step()                       # and makes the same step

All start from rank 0's numbers, get the same gradients and make the same steps, so all stay equal to the last bit.
"""

from __future__ import annotations

import weakref
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

from saitama.autograd.function import Function, Gradients, is_grad_enabled, record
from saitama.nn import Module
from saitama.nn.state import LoadResult
from saitama.options import number
from saitama.tensor import Tensor, get_rng_state, set_rng_state
from saitama.tensor.backend import K
from saitama.tensor.random import BatchShare, batch_share

from .buckets import Reducer
from .memory import memory
from .ranks import World, world

BUCKET_MB = 0.125  # small enough that a weight matrix mostly travels alone, without being packed; messages cost little


class DistributedDataParallel(Module):
    """A model of which every rank has a copy, and whose gradients are averaged over all examples of all ranks.

    Args:
        module: the model; the ranks must have made the same one. Rank 0's parameters and buffers replace the others'.
        bucket_cap_mb: gradients travel in buckets of up to so many megabytes.

    Ranks may have different numbers of examples, or none: the mean is over all examples of all ranks. (Of a loss that
    is the mean of something else, use Trainer.) Dropout leaves out what it would leave out in a single
    process with the whole batch, where the batch is the first axis; random numbers stay the same on all ranks. A
    BatchNorm normalises each rank's part by itself, and its running averages are rank 0's: convert the model with
    SyncBatchNorm.convert_sync_batchnorm() to have it see the whole batch. state_dict() has the names of the module.

    In a world of one it is the module. Raises ValueError, on every rank, where the ranks have different models;
    RuntimeError in the backward pass for a parameter that took part in the loss on some ranks only.
    """

    module: Module

    def __init__(self, module: Module, bucket_cap_mb: float = BUCKET_MB) -> None:
        if not isinstance(module, Module):
            raise TypeError(f"DistributedDataParallel: expected a Module, got a {type(module).__name__}")
        number("DistributedDataParallel: bucket_cap_mb", bucket_cap_mb, above=True, infinite=True)
        self.module, self.world = module, world()
        check_same_model(self.world, module)
        share_state(self.world, module)
        self._asked = [(name, p, p.requires_grad) for name, p in module.named_parameters()]
        trained = {name: p for name, p, asked in self._asked if asked}
        if not trained:
            raise ValueError("DistributedDataParallel: no parameter of this model asks for a gradient")
        self._weigh = True
        self._reducer: Optional[Reducer] = None
        if self.world.size > 1:
            self._reducer = Reducer(self.world, trained, int(bucket_cap_mb * 2**20))
            self._reducer.listen()
            weakref.finalize(self, self._reducer.leave)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module gives for this rank's part of the batch."""
        if self._reducer is None or not is_grad_enabled():  # without gradients a rank may run it alone
            return self.module(*inputs, **options)
        self._check_frozen()
        rows = next((len(x) for x in (*inputs, *options.values()) if isinstance(x, Tensor) and x.ndim), 1)
        share, inputs = self._take_share(rows, inputs)
        if self._reducer.sync:
            self._reducer.arm()
        before, batch_share.now = batch_share.now, share
        try:
            outputs = self.module(*inputs, **options)
        finally:
            batch_share.now = before
        weight = rows * self.world.size / share.total if self._weigh else 1.0
        return each_tensor(outputs, lambda y: weighted(y, weight) if rows else y[:0] if y.ndim and len(y) == 1 else y)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Forward and backward passes in the block add to this rank's gradients alone; the next one outside adds
        all up."""
        with self._mode(sync=False, average=True, weigh=True):
            yield

    @contextmanager
    def adding_up(self, last: bool) -> Iterator[None]:
        """For who weighs the losses himself (see training.Accumulation): gradients are added up over the ranks, in the
        last of several passes, and not averaged."""
        with self._mode(sync=last, average=False, weigh=False):
            yield

    @contextmanager
    def _mode(self, sync: bool, average: bool, weigh: bool) -> Iterator[None]:
        reducer = self._reducer
        if reducer is None:
            yield
            return
        before = reducer.sync, reducer.average, self._weigh
        reducer.sync, reducer.average, self._weigh = sync, average, weigh
        try:
            yield
        finally:
            reducer.sync, reducer.average, self._weigh = before

    @property
    def communication(self) -> Dict[str, float]:
        """What adding up the gradients has taken so far: seconds, seconds of these in waiting, bytes."""
        reducer = self._reducer
        found = (0.0, 0.0, 0) if reducer is None else (reducer.seconds, reducer.waited, reducer.bytes)
        return dict(zip(("seconds", "waited", "bytes"), found))

    def check_synchronised(self) -> None:
        """Raise ValueError, on every rank, unless the parameters of all ranks are the same to the bit."""
        from .memory import checksum

        self.world.check_same("the parameters", checksum(self.module.parameters()))

    # --- as if it were the module -------------------------------------------------------------------------------------
    @property
    def training(self) -> bool:  # type: ignore[override]
        return self.module.training

    def _walk(self, prefix: str) -> Iterator[Tuple[str, Module]]:
        return self.module._walk(prefix)

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> LoadResult:
        """As the module does."""
        return self.module.load_state_dict(state, strict)

    # --- inside -------------------------------------------------------------------------------------------------------
    def _take_share(self, rows: int, inputs: Tuple[Any, ...]) -> Tuple[BatchShare, Tuple[Any, ...]]:
        """Which rows of the batch are this rank's; and, for a rank without any, a row of rank 0's to go along with.

        Rank 0's random numbers are everybody's, so whoever drew some in between is back in step.
        """
        state = get_rng_state()
        given = self.world.exchange("forward", rows, state["seed"], state["position"])
        counts = [numbers[0] for numbers in given]
        set_rng_state({"seed": given[0][1], "position": given[0][2]})
        self._share_buffers()
        if 0 in counts:
            if not counts[0]:
                raise ValueError("DistributedDataParallel: rank 0 has no examples; a DistributedSampler gives it some")
            lent = self.world.broadcast([_row(x) for x in inputs] if self.world.first else None)
            if not rows:
                return BatchShare(0, 1, sum(counts), False), tuple(map(_from_row, lent))
        return BatchShare(sum(counts[: self.world.rank]), rows, sum(counts)), inputs

    def _share_buffers(self) -> None:
        """Rank 0's running averages, before they go on."""
        for module in self.module.modules():
            for name in vars(module).get("_buffers", ()) if not getattr(module, "synchronised", False) else ():
                buffer = vars(module)[name]
                buffer.array = self.world.broadcast_array(buffer.array)

    def _check_frozen(self) -> None:
        for name, p, asked in self._asked:
            if p.requires_grad != asked:
                what = "frozen" if asked else "unfrozen"
                raise RuntimeError(
                    f"{name} was {what} after DistributedDataParallel was made, which waits for the gradients of then: "
                    "make it anew, on all ranks"
                )


class GradientWeight(Function, abstract=True):
    """y = x;  dL/dx = weight dL/dy."""

    __slots__ = ("weight",)

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def forward(self, x: K.Array) -> K.Array:
        return x

    def backward(self, dy: K.Array) -> Gradients:
        return (K.mul(dy, K.full((), self.weight, dy.dtype)),)


def weighted(y: Tensor, weight: float) -> Tensor:
    """y, whose gradient counts `weight` times: the share of the examples that this rank has, times the ranks."""
    if weight == 1.0 or not y.requires_grad:
        return y
    node, out = GradientWeight(weight), Tensor._wrap(y.array)
    record(node, (y,), out)
    return out


def each_tensor(outputs: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same output with every tensor in it changed."""
    if isinstance(outputs, Tensor):
        return change(outputs)
    if type(outputs) in (tuple, list):
        return type(outputs)(each_tensor(part, change) for part in outputs)
    return outputs


def check_same_model(world: World, module: Module) -> None:
    """Raise ValueError, on every rank, that names the first part in which the models differ."""
    own: List[str] = [
        f"{name} {p.dtype} {p.shape}{'' if p.requires_grad else ' frozen'}" for name, p in module.named_parameters()
    ]
    own += [f"buffer {name} {b.dtype} {b.shape}" for name, b in module.named_buffers()]
    given = world.gather(own)
    for rank, theirs in enumerate(given):
        if theirs != given[0]:
            longest = max(len(theirs), len(given[0]))
            padded = [parts + ["nothing more"] * (longest - len(parts)) for parts in (given[0], theirs)]
            ours, other = next((a, b) for a, b in zip(*padded) if a != b)
            raise ValueError(f"the ranks disagree on the model: rank 0 has {ours}, rank {rank} has {other}")


def share_state(world: World, module: Module) -> None:
    """Give every rank the parameters, buffers and random numbers of rank 0."""
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.array = world.broadcast_array(tensor.array)
    set_rng_state(world.broadcast(get_rng_state()))


def _row(x: Any) -> Any:
    """The first row of a tensor as something to send; anything else as it is."""
    if not (isinstance(x, Tensor) and x.ndim):
        return x
    row = x.detach()[:1]
    return ("row", row.dtype, row.shape, bytes(memory(row.array)))


def _from_row(sent: Any) -> Any:
    if not (isinstance(sent, tuple) and sent[:1] == ("row",)):
        return sent
    _, dtype, shape, numbers = sent
    array = K.full(shape, 0, dtype)
    memory(array)[:] = numbers
    return Tensor._wrap(array)
