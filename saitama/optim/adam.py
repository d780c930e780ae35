"""Adam: each number has a step length of its own."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from saitama.tensor import Tensor, zeros
from saitama.tensor.backend import K

from .optimizer import Group, Optimizer, gradients, replace

AT_ONCE = 8  # parameters for one call: what the next ones need is then already there, in place of the old numbers


class Adam(Optimizer):
    """Steps of about lr, whatever the size of the gradients (Kingma and Ba 2015, algorithm 1).

    For each parameter p with gradient g, in its step number t:

        g ← g + weight_decay p
        m ← beta1 m + (1 - beta1) g               the mean of the gradients
        v ← beta2 v + (1 - beta2) g²              the mean of their squares
        m̂ = m / (1 - beta1^t),  v̂ = v / (1 - beta2^t)    corrected for their start at zero
        p ← p - lr m̂ / (sqrt(v̂) + eps)

    Args:
        params: see Optimizer.
        lr: the step length, at least 0.
        betas: (beta1, beta2), both in [0, 1).
        eps: keeps the division finite, at least 0.
        weight_decay: the strength of the L2 penalty weight_decay |p|²/2; for decoupled decay see AdamW.

    State: step, exp_avg (m), exp_avg_sq (v).
    """

    STATE = {"step": int, "exp_avg": Tensor, "exp_avg_sq": Tensor}
    decoupled = False

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: Tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def check(self, group: Group) -> None:
        betas = group["betas"]
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise TypeError(f"{self._name}: betas must be two numbers (beta1, beta2), got {betas!r:.40}")
        for name, beta in zip(("beta1", "beta2"), betas):
            self.below_one(name, beta)

    def update(self, group: Group, params: List[Tensor]) -> None:
        together: Dict[int, List[Tensor]] = {}  # by step number: one that had no gradient for a while lags behind
        for p in params:
            state = self.state.get(p)
            if state is None:
                first, second = zeros(p.shape, dtype=p.dtype), zeros(p.shape, dtype=p.dtype)
                state = self.state[p] = {"step": 0, "exp_avg": first, "exp_avg_sq": second}
            state["step"] += 1
            together.setdefault(state["step"], []).append(p)
        for step, members in together.items():
            for start in range(0, len(members), AT_ONCE):
                some = members[start : start + AT_ONCE]
                self._step(group, step, some, [self.state[p] for p in some])

    def _step(self, group: Group, step: int, params: List[Tensor], states: List[Dict[str, Any]]) -> None:
        m, v = [state["exp_avg"] for state in states], [state["exp_avg_sq"] for state in states]
        beta1, beta2 = group["betas"]
        new, new_m, new_v = K.adam_step(
            [p.array for p in params],
            gradients(params),
            [m_p.array for m_p in m],
            [v_p.array for v_p in v],
            step,
            group["lr"],
            beta1,
            beta2,
            group["eps"],
            group["weight_decay"],
            self.decoupled,
        )
        replace(params, new)
        replace(m, new_m)
        replace(v, new_v)
