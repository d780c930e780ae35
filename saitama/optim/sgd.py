"""Stochastic gradient descent, plain and with momentum."""

from __future__ import annotations

from typing import Any, List, Optional

from saitama.tensor import Tensor, zeros
from saitama.tensor.backend import K

from .optimizer import Group, Optimizer, gradients


class SGD(Optimizer):
    """p ← p - lr g, or with momentum: a ball that rolls down the loss and keeps some of its speed.

    As in PyTorch (Sutskever et al. 2013, equations 1 to 4, with lr outside the velocity), for each parameter p with
    gradient g:

        g ← g + weight_decay p
        v ← momentum v + (1 - dampening) g        the first v is g
        p ← p - lr v                              or, nesterov:  p ← p - lr (g + momentum v)

    As code, for one number: `sgd_step` in saitama/tensor/reference/optim.py.

    Args:
        params: see Optimizer.
        lr: the step length, at least 0.
        momentum: the share of v that is kept, at least 0.
        dampening: the share of g that is left out of v.
        weight_decay: the strength of the L2 penalty weight_decay |p|²/2.
        nesterov: look ahead along v; needs momentum > 0 and dampening 0.

    State: momentum_buffer, which is v.
    """

    STATE = {"momentum_buffer": Tensor}

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
            },
        )

    def check(self, group: Group) -> None:
        self.at_least_zero("momentum", group["momentum"])
        self.at_least_zero("dampening", group["dampening"])
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("SGD: nesterov needs momentum > 0 and dampening 0")

    def update(self, group: Group, params: List[Tensor]) -> None:
        if group["momentum"] == 0:
            return self._step(group, params, None, group["dampening"])
        later = [p for p in params if p in self.state]
        if later:
            self._step(group, later, [self.state[p]["momentum_buffer"] for p in later], group["dampening"])
        first = [p for p in params if p not in self.state]
        if first:
            buffers = [zeros(p.shape, dtype=p.dtype) for p in first]
            with self._changed({p: {"momentum_buffer": v} for p, v in zip(first, buffers)}):
                self._step(group, first, buffers, 0.0)

    def _step(self, group: Group, params: List[Tensor], buffers: Optional[List[Tensor]], dampening: float) -> None:
        K.sgd_step(
            params,
            gradients(params),
            buffers,
            group["lr"],
            group["momentum"],
            dampening,
            group["nesterov"],
            group["weight_decay"],
        )
