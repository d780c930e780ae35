"""Adam with decoupled weight decay."""

from __future__ import annotations

from typing import Any, Tuple

from .adam import Adam


class AdamW(Adam):
    """Adam whose weight decay stands beside the gradient, not in it (Loshchilov and Hutter 2019, algorithm 2).

        p ← p - lr weight_decay p                 and then Adam's step without a penalty

    In Adam the penalty's gradient is divided by sqrt(v̂) like the rest, so large gradients shield a weight from its
    decay; here every weight shrinks by the same factor. Arguments and state are Adam's; weight_decay is 0.01 by
    default.
    """

    decoupled = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: Tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        bias_correction: bool = True,
        old_moments: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, bias_correction, old_moments)
