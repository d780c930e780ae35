"""Which gradients are still multiplied by a loss scale (see saitama.training.GradScaler).

Clipping or a step would take such a gradient for what it is not, without a sign of it but bad training. So whoever is
about to use gradients asks first.
"""

from __future__ import annotations

from typing import Dict, Iterable

from saitama.tensor import Tensor

scaled: Dict[Tensor, float] = {}  # parameter -> the factor its gradient carries


def check_unscaled(what: str, parameters: Iterable[Tensor]) -> None:
    """Raise RuntimeError if a parameter's gradient carries a factor."""
    for parameter in parameters if scaled else ():
        if parameter in scaled and parameter.grad is not None:
            raise RuntimeError(
                f"{what}: the gradients are still multiplied by the scaler's {scaled[parameter]:g}; call "
                "scaler.unscale_(optimizer) before clipping, and scaler.step(optimizer) instead of optimizer.step()"
            )
