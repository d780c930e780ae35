"""Level 6: losses as modules. Each says how far outputs are from targets; training makes it small."""

from __future__ import annotations

from typing import Any

from saitama.tensor import Tensor

from . import functional as F
from .module import Module


class Loss(Module):
    """A loss with reduction "mean" (the default), "sum" or "none"."""

    def __init__(self, reduction: str = "mean") -> None:
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f'{type(self).__name__}: reduction must be "mean", "sum" or "none", got {reduction!r}')
        self.reduction = reduction

    def items(self, input: Tensor, target: Any) -> int:
        """How many numbers the mean is taken over: of batches of different sizes the larger counts for more."""
        return input.numel()

    def extra_repr(self) -> str:
        return f"reduction={self.reduction!r}"


class MSELoss(Loss):
    """(input - target)^2; two tensors of one shape."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, self.reduction)


class L1Loss(Loss):
    """|input - target|; two tensors of one shape."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.l1_loss(input, target, self.reduction)


class BCELoss(Loss):
    """-(t ln p + (1 - t) ln(1 - p)) for probabilities p and targets t in [0, 1] of one shape."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy(input, target, self.reduction)


class BCEWithLogitsLoss(Loss):
    """BCELoss of sigmoid(x), exact for any logit x."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(input, target, self.reduction)


class NLLLoss(Loss):
    """-log_probabilities[i, target[i]]; (N, C) and (N,) of int64."""

    def __init__(self, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.ignore_index = ignore_index

    def items(self, input: Tensor, target: Any) -> int:
        return F.kept_targets(input, target, self.ignore_index)

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.nll_loss(input, target, self.ignore_index, self.reduction)


class CrossEntropyLoss(Loss):
    """-log_softmax(logits)[target]; see functional.cross_entropy for shapes, probabilities as targets and smoothing."""

    def __init__(self, ignore_index: int = -100, label_smoothing: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = F.check_smoothing("CrossEntropyLoss", label_smoothing)

    def items(self, input: Tensor, target: Any) -> int:
        return F.kept_targets(input, target, self.ignore_index)

    def forward(self, input: Tensor, target: Any) -> Tensor:
        return F.cross_entropy(input, target, self.ignore_index, self.label_smoothing, self.reduction)
