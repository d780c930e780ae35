"""Gradient descent with momentum, written plainly: read this before SGD, which does the same in one kernel."""

from __future__ import annotations

from typing import Any, List

from saitama.autograd import no_grad
from saitama.tensor import Tensor

from .optimizer import Group, Optimizer


class Momentum(Optimizer):
    """v ← momentum v + g;  p ← p - lr v (Polyak 1964; as in SGD, lr stands outside v).

    Args:
        params: see Optimizer.
        lr: the step length, at least 0.
        momentum: the share of the velocity v that is kept, in [0, 1).

    State: velocity, which is v; zero at the start.
    """

    STATE = {"velocity": Tensor}

    def __init__(self, params: Any, lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def check(self, group: Group) -> None:
        self.below_one("momentum", group["momentum"])

    @no_grad()
    def update(self, group: Group, params: List[Tensor]) -> None:
        for p in params:
            g: Any = p.grad
            v = self.state[p]["velocity"] if p in self.state else g * 0
            v = group["momentum"] * v + g
            p -= group["lr"] * v
            self.state[p] = {"velocity": v}
