"""The gradients of all ranks added up while the backward pass still runs.

Parameters are taken in buckets, the last layers' first, as their gradients are ready first. When all gradients of a
bucket are complete, MPI is told to add it up, and the backward pass goes on. At its end what is still under way is
waited for. A large gradient is sent from its own memory; small ones are packed together, as each message costs time
of its own. All ranks send their buckets in the same order, whatever their graphs look like.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any, Callable, Dict, List, Optional, Sequence

from saitama.autograd.cost import nbytes
from saitama.autograd.listener import Listener
from saitama.nn import Parameter
from saitama.tensor import Tensor
from saitama.tensor.backend import K
from saitama.training.clipping import scale_gradients


class Bucket:
    """Some parameters of one dtype, whose gradients travel together."""

    def __init__(self) -> None:
        self.parameters: List[Parameter] = []
        self.bytes = 0
        self.missing = 0  # gradients that are not complete yet
        self.request: Any = None
        self.sent: Optional[K.Array] = None  # what MPI reads: it must live until the request is done
        self.total: Optional[K.Array] = None

    def add(self, parameter: Parameter) -> None:
        self.parameters.append(parameter)
        self.bytes += nbytes(parameter.array)

    def pack(self) -> K.Array:
        """All gradients in a row, zeros where there is none."""
        rows = [_flat(p.grad.array if p.grad is not None else K.full(p.shape, 0, p.dtype)) for p in self.parameters]
        return rows[0] if len(rows) == 1 else K.concat(rows, 0)

    def unpack(self) -> List[K.Array]:
        """The sums, in the shapes of the parameters."""
        assert self.total is not None  # once it has been sent
        arrays, start = [], 0
        for p in self.parameters:
            size = p.numel()
            part = self.total if len(self.parameters) == 1 else K.slice(self.total, (start,), (1,), (size,))
            arrays.append(part.reshape(p.shape))
            start += size
        return arrays


class Reducer(Listener):
    """Adds up the gradients of `parameters` over the ranks in every backward pass that `arm` announces.

    Attributes: seconds: what that took, waiting included; waited: the waiting alone; bytes: of gradients, so far.
    """

    def __init__(self, world: Any, parameters: Dict[str, Parameter], most: int) -> None:
        self.world, self.names = world, {p: name for name, p in parameters.items()}
        self.buckets = make_buckets(list(parameters.values()), most)
        self.bucket_of = {p: bucket for bucket in self.buckets for p in bucket.parameters}
        self.sync, self.average = True, True
        self.armed = False
        self.together: Callable[[], object] = lambda: None  # waits until all ranks are in this backward pass
        self.launched = 0  # buckets on their way
        self.seconds, self.waited, self.bytes = 0.0, 0.0, 0

    def arm(self) -> None:
        """The next backward pass is that of a forward pass that all ranks made."""
        self.armed = True

    # --- while the backward pass runs ---------------------------------------------------------------------------------
    def wants(self, leaves: Sequence[Tensor]) -> bool:
        if not self.sync or not any(leaf in self.bucket_of for leaf in leaves):
            return False  # it stays at home, or is another model's
        if not self.armed:
            raise RuntimeError(
                "backward: a DistributedDataParallel adds its gradients up once for each forward pass through it; "
                "call the DistributedDataParallel, not the module inside, and backward() once, or use no_sync()"
            )
        self.together = self.world.announce("backward")  # nobody waits here for a slower rank: done() does
        self.armed, self.launched = False, 0
        for bucket in self.buckets:
            bucket.missing = len(bucket.parameters)
        return True

    def ready(self, leaf: Tensor) -> None:
        bucket = self.bucket_of.get(leaf)  # type: ignore[call-overload]
        if bucket is None:
            return
        begin = perf_counter()
        bucket.missing -= 1
        while self.launched < len(self.buckets) and not self.buckets[self.launched].missing:
            self._launch()
        if self.launched:  # MPI gets on with all that is under way, but only while it is asked for something
            self.buckets[self.launched - 1].request.Test()
        self.seconds += perf_counter() - begin

    def done(self) -> None:
        begin = perf_counter()
        while self.launched < len(self.buckets):
            self._launch()
        waiting = perf_counter()
        self.together()
        parameters = list(self.names)
        own = [float(p.grad is not None) for p in parameters]
        counts = self.world.sum(own)
        if any(0 < count < self.world.size for count in counts):
            self._complain(parameters, own, counts)
        for bucket in self.buckets:
            self.world.wait(bucket.request)
        self.waited += perf_counter() - waiting
        nowhere = {p for p, count in zip(parameters, counts) if not count}
        for bucket in self.buckets:
            for p, array in zip(bucket.parameters, bucket.unpack()):
                p._grad = None if p in nowhere else Tensor._wrap(array)
            bucket.request = bucket.sent = bucket.total = None
        if self.average:
            scale_gradients(parameters, 1.0 / self.world.size)
        self.seconds += perf_counter() - begin

    def _launch(self) -> None:
        bucket = self.buckets[self.launched]
        self.launched += 1
        bucket.sent = bucket.pack()
        bucket.total = K.full(bucket.sent.shape, 0, bucket.sent.dtype)
        bucket.request = self.world.start_sum(bucket.sent, bucket.total)
        self.bytes += bucket.bytes

    def _complain(self, parameters: Sequence[Parameter], own: Sequence[float], counts: Sequence[float]) -> None:
        """All ranks come here, as all have the same counts."""
        place = next(i for i, count in enumerate(counts) if 0 < count < self.world.size)
        without = [str(rank) for rank, had in enumerate(self.world.gather(own[place])) if not had]
        for bucket in self.buckets:
            self.world.wait(bucket.request)
        raise RuntimeError(
            f"backward: {self.names[parameters[place]]} took no part in the loss on rank {', '.join(without)}, but on "
            f"the others; every rank must use the same parameters in a step (add 0 times what is left out)"
        )


def make_buckets(parameters: Sequence[Parameter], most: int) -> List[Bucket]:
    """The parameters from the last to the first, neighbours of one dtype together, up to `most` bytes."""
    buckets: List[Bucket] = []
    for parameter in reversed(parameters):
        last = buckets[-1] if buckets else None
        if last is None or last.parameters[0].dtype != parameter.dtype or last.bytes + nbytes(parameter.array) > most:
            buckets.append(Bucket())
        buckets[-1].add(parameter)
    return buckets


def _flat(array: K.Array) -> K.Array:
    return array.reshape((array.size,))
