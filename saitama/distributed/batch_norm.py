"""Batch normalisation over the whole batch, whichever ranks its rows are on."""

from __future__ import annotations

from typing import Any

from saitama.autograd.function import Function, Gradients, is_grad_enabled, record
from saitama.autograd.recompute import is_recomputing
from saitama.nn import Module
from saitama.regularization import BatchNorm1d
from saitama.tensor import Tensor
from saitama.tensor.backend import K
from saitama.tensor.random import batch_share

from .ranks import World, world


class SyncBatchNorm(BatchNorm1d):
    """BatchNorm1d whose means and variances are those of all ranks' rows together, inside a DistributedDataParallel.

    Outputs, gradients and running averages are those of a single process with the whole batch, but for the rounding of
    sums. It costs two small messages in the forward pass and two in the backward pass.
    """

    synchronised = True  # its running averages are the same on all ranks

    @classmethod
    def convert_sync_batchnorm(cls, module: Module) -> Module:
        """The module with every BatchNorm1d in it replaced, parameters and running averages kept. Names are
        PyTorch's."""
        if type(module) is BatchNorm1d:
            made = cls.__new__(cls)
            vars(made).update(vars(module))
            return made
        for name, child in list(module.named_children()):
            setattr(module, name, cls.convert_sync_batchnorm(child))
        return module

    def forward(self, x: Tensor) -> Tensor:
        share, here = batch_share.now, world()
        if share is None or here.size == 1 or not (self.training or not self.track_running_stats):
            return super().forward(x)
        self._check(x)
        N = share.total
        if N < 2:
            raise ValueError(f"SyncBatchNorm: a variance needs at least 2 rows, this batch has {N} on all ranks")
        rows = x if share.counts else x * 0.0  # (n, C); a row that was lent counts for nothing
        mean = all_reduce(rows.sum(0), here) / N  # (C,)
        d = x - mean
        squares = d * d if share.counts else d * d * 0.0
        var = all_reduce(squares.sum(0), here) / N  # (C,)
        if self.track_running_stats and not is_recomputing():
            self._average(mean.detach(), var.detach() * (N / (N - 1)))
        y = d / (var + self.eps).sqrt()  # (n, C)
        return y if self.weight is None or self.bias is None else y * self.weight + self.bias


class AllReduce(Function, abstract=True):
    """y = the sum of every rank's x;  dL/dx = the sum of every rank's dL/dy, as each y depends on each x."""

    __slots__ = ("world",)

    def __init__(self, world: World) -> None:
        self.world = world

    def forward(self, x: K.Array) -> K.Array:
        return self.world.sum_array(x)

    def backward(self, dy: K.Array) -> Gradients:
        return (self.world.sum_array(dy),)


def all_reduce(x: Tensor, world: World) -> Tensor:
    """The sum of every rank's x, with its derivative."""
    node: Any = AllReduce(world)
    y = Tensor._wrap(node.forward(x.array))
    if x.requires_grad and is_grad_enabled():
        record(node, (x,), y)
    return y
