"""RMSprop: the gradient divided by its recent size."""

from __future__ import annotations

from typing import Any, Dict, List

from saitama.tensor import Tensor, zeros
from saitama.tensor.backend import K

from .optimizer import Group, Optimizer, gradients


class RMSprop(Optimizer):
    """Divide the gradient by the root of the mean of its squares (Tieleman and Hinton 2012, lecture 6.5).

    As in PyTorch, for each parameter p with gradient g:

        g ← g + weight_decay p
        s ← alpha s + (1 - alpha) g²              the mean of the squares
        a ← alpha a + (1 - alpha) g               centered: the mean, and s - a² takes the place of s (Graves 2013)
        u = g / (sqrt(s) + eps)
        b ← momentum b + u
        p ← p - lr b

    With old moments, as many spreadsheets have it, u is made of s and a as they were before this step. Both start at 0,
    so in the first step g is divided by eps alone: with eps = 1e-8 that moves p by 1e8 lr g. Give an eps of the size of
    the gradients, or a lr of 0 for the first step.

    As code, for one number: `rmsprop_step` in saitama/tensor/reference/optim.py.

    Args:
        params: see Optimizer.
        lr: the step length, at least 0.
        alpha: how slowly the means forget, in [0, 1].
        eps: keeps the division finite, at least 0.
        weight_decay: the strength of the L2 penalty weight_decay |p|²/2.
        momentum: the share of b that is kept, at least 0.
        centered: divide by the standard deviation of the gradient.
        old_moments: divide by the means as they were before this step; in the first step that is by eps alone.

    State: square_avg (s), with momentum momentum_buffer (b), and centered grad_avg (a).
    """

    STATE = {"square_avg": Tensor, "momentum_buffer": Tensor, "grad_avg": Tensor}
    OPTIONAL_STATE = {"momentum_buffer", "grad_avg"}
    ADDED = {"old_moments": False}

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        old_moments: bool = False,
    ) -> None:
        options = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered}
        super().__init__(params, {**options, "weight_decay": weight_decay, "old_moments": old_moments})

    def check(self, group: Group) -> None:
        self.at_least_zero("momentum", group["momentum"])
        self.at_least_zero("alpha", group["alpha"])
        if group["alpha"] > 1:
            raise ValueError(f"RMSprop: alpha must be a number in [0, 1], got {group['alpha']}")
        self.yes_or_no("old_moments", group["old_moments"])

    def update(self, group: Group, params: List[Tensor]) -> None:
        wanted = {"square_avg": True, "momentum_buffer": group["momentum"] > 0, "grad_avg": group["centered"]}
        states: List[Dict[str, Any]] = []
        for p in params:
            state = self.state.get(p, {})
            new = [name for name, present in wanted.items() if present and name not in state]
            states.append({**state, **{name: zeros(p.shape, dtype=p.dtype) for name in new}})
        fields: Any = [[state[name] for state in states] if present else None for name, present in wanted.items()]
        square, momenta, averages = fields
        with self._changed(dict(zip(params, states))):
            K.rmsprop_step(
                params,
                gradients(params),
                square,
                momenta,
                averages,
                group["lr"],
                group["alpha"],
                group["eps"],
                group["weight_decay"],
                group["momentum"],
                group["old_moments"],
            )
