"""Adam: each number has a step length of its own."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from saitama.tensor import Tensor, zeros
from saitama.tensor.backend import K

from .optimizer import Group, Optimizer, gradients


class Adam(Optimizer):
    """Steps of about lr, whatever the size of the gradients (Kingma and Ba 2015, algorithm 1).

    For each parameter p with gradient g, in its step number t:

        g ← g + weight_decay p
        m ← beta1 m + (1 - beta1) g               the mean of the gradients
        v ← beta2 v + (1 - beta2) g²              the mean of their squares
        m̂ = m / (1 - beta1^t),  v̂ = v / (1 - beta2^t)    corrected for their start at zero
        p ← p - lr m̂ / (sqrt(v̂) + eps)

    Spreadsheets often differ, and so can this: without the correction m̂ is m and v̂ is v, and with old moments m̂ and v̂
    are those of m and v before this step, which are updated for the next one all the same. Both start at 0, so the
    first step moves nothing (with eps = 0 it is 0 / 0).

    As code, for one number: `adam_step` in saitama/tensor/reference/optim.py.

    Args:
        params: see Optimizer.
        lr: the step length, at least 0.
        betas: (beta1, beta2), both in [0, 1).
        eps: keeps the division finite, at least 0.
        weight_decay: the strength of the L2 penalty weight_decay |p|²/2; for decoupled decay see AdamW.
        bias_correction: False to leave the start at zero uncorrected.
        old_moments: move p by the moments as they were before this step.

    State: step, exp_avg (m), exp_avg_sq (v).
    """

    STATE = {"step": int, "exp_avg": Tensor, "exp_avg_sq": Tensor}
    ADDED = {"bias_correction": True, "old_moments": False}
    decoupled = False

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: Tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        bias_correction: bool = True,
        old_moments: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**options, "bias_correction": bias_correction, "old_moments": old_moments})

    def check(self, group: Group) -> None:
        betas = group["betas"]
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise TypeError(f"{self._name}: betas must be two numbers (beta1, beta2), got {betas!r:.40}")
        for name, beta in zip(("beta1", "beta2"), betas):
            self.below_one(name, beta)
        self.yes_or_no("bias_correction", group["bias_correction"])
        self.yes_or_no("old_moments", group["old_moments"])

    def update(self, group: Group, params: List[Tensor]) -> None:
        # By step number: it is smaller for a parameter that had no gradient for a while.
        together: Dict[int, Dict[Tensor, Dict[str, Any]]] = {}
        for p in params:
            state = self.state.get(p) or {
                "step": 0,
                "exp_avg": zeros(p.shape, dtype=p.dtype),
                "exp_avg_sq": zeros(p.shape, dtype=p.dtype),
            }
            step = state["step"] + 1
            together.setdefault(step, {})[p] = {**state, "step": step}
        beta1, beta2 = group["betas"]
        for step, states in together.items():
            with self._changed(states):
                K.adam_step(
                    list(states),
                    gradients(states),
                    [state["exp_avg"] for state in states.values()],
                    [state["exp_avg_sq"] for state in states.values()],
                    step,
                    group["lr"],
                    beta1,
                    beta2,
                    group["eps"],
                    group["weight_decay"],
                    self.decoupled,
                    group["bias_correction"],
                    group["old_moments"],
                )
