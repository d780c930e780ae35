"""Batch normalisation (Ioffe and Szegedy 2015): each feature is brought to mean 0 and variance 1 over the batch.

In training the statistics are the batch's own, and a running average of them is kept; in evaluation the running ones
are used, so that one example's output does not depend on the others. After this file you know why a model needs eval().
"""

from __future__ import annotations

from typing import Any, Optional

import saitama.autograd.ops.normalise  # noqa: F401  (makes the operation known)
from saitama.autograd import no_grad
from saitama.autograd.recompute import is_recomputing
from saitama.nn import Module, Parameter
from saitama.options import number, whole
from saitama.tensor import Tensor, ones, zeros
from saitama.tensor.dispatch import apply
from saitama.tensor.dtype import is_float
from saitama.tensor.methods import pair


class BatchNorm1d(Module):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, feature by feature; names and defaults are PyTorch's.

    Args:
        num_features: C.
        eps: keeps the square root away from 0.
        momentum: the share of the newest batch in the running averages; None weighs all batches alike.
        affine: whether there are weight (C,), ones at first, and bias (C,), zeros at first.
        track_running_stats: False uses the batch's statistics in evaluation too.

    Attributes:
        running_mean, running_var: (C,), buffers; running_var averages the unbiased variance (divided by N - 1), though
            y is computed from the biased one.
        num_batches_tracked: int64, how many batches went into them.

    Shape: x (N, C) -> (N, C). Raises ValueError for another shape, or one row only in training: its variance is 0.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: Optional[float] = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        dtype: Any = None,
    ) -> None:
        self.num_features = whole("BatchNorm1d: num_features", num_features)
        self.eps = float(number("BatchNorm1d: eps", eps))
        if momentum is not None:
            number("BatchNorm1d: momentum", momentum, most=1, wanted="None or a number from 0 to 1")
        self.momentum = momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(ones(num_features, dtype=dtype)) if affine else None  # (C,)
        self.bias = Parameter(zeros(num_features, dtype=dtype)) if affine else None  # (C,)
        if track_running_stats:
            self.register_buffer("running_mean", zeros(num_features, dtype=dtype))  # (C,)
            self.register_buffer("running_var", ones(num_features, dtype=dtype))  # (C,)
            self.register_buffer("num_batches_tracked", Tensor(0, dtype="int64"))

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def forward(self, x: Tensor) -> Tensor:
        self._check(x)
        if not self.training and self.track_running_stats:
            y = (x - self.running_mean) / (self.running_var + self.eps).sqrt()  # (N, C)
            return y if self.weight is None or self.bias is None else y * self.weight + self.bias
        if x.shape[0] < 2:
            raise ValueError(
                f"BatchNorm1d: a variance needs at least 2 rows, this batch has {len(x)}; give larger batches "
                "(DataLoader: drop_last=True), or call eval()"
            )
        if self.track_running_stats and not is_recomputing():
            self._track(x.detach())
        if self.weight is None or self.bias is None:
            return apply("BatchNorm", (x,), eps=self.eps)
        x, weight = pair(x, self.weight)
        return apply("BatchNorm", (x, weight, pair(x, self.bias)[1]), eps=self.eps)

    def _track(self, x: Tensor) -> None:
        """running = (1 - momentum) running + momentum newest."""
        with no_grad():
            mean = x.mean(0)  # (C,)
            self._average(mean, ((x - mean) ** 2).sum(0) / (x.shape[0] - 1))  # (C,), unbiased

    def _average(self, mean: Tensor, var: Tensor) -> None:
        with no_grad():
            seen = self.num_batches_tracked.item() + 1
            share = 1 / seen if self.momentum is None else self.momentum
            for running, newest in ((self.running_mean, mean), (self.running_var, var)):
                running.data = (running * (1 - share) + newest * share).to(running.dtype)
            self.num_batches_tracked.data = Tensor(seen, dtype="int64")

    def _check(self, x: Any) -> None:
        if not isinstance(x, Tensor) or not is_float(x.dtype):
            what = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(f"BatchNorm1d: expected a Tensor of floats, got {what}")
        if x.ndim != 2 or x.shape[1] != self.num_features:
            raise ValueError(f"BatchNorm1d: expected shape (N, {self.num_features}), got {x.shape}")

    def extra_repr(self) -> str:
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, " + (
            f"track_running_stats={self.track_running_stats}"
        )
