"""Gradient descent with momentum, written plainly: read this before SGD, which does the same in one kernel."""

from __future__ import annotations

from typing import Any, List

from saitama.autograd import no_grad
from saitama.tensor import Tensor, zeros

from .optimizer import Group, Optimizer


class Momentum(Optimizer):
    """v ← momentum v + g;  p ← p - lr v (Polyak 1964; as in SGD, lr stands outside v).

    Papers and spreadsheets have it in other ways, too:

        dampening:    v ← momentum v + (1 - dampening) g     with dampening = momentum a running mean of the gradients
        lr_inside:    v ← momentum v - lr g;  p ← p + v      (Sutskever et al. 2013, equations 1 and 2)
        old_moments:  p moves by v as it was before this step

    Args:
        params: see Optimizer.
        lr: the step length, at least 0.
        momentum: the share of the velocity v that is kept, in [0, 1).
        dampening: the share of g that is left out of v, from the first step on (SGD's first v is g).
        lr_inside: v is the step itself.
        old_moments: p is moved before v is updated.

    State: velocity, which is v; zero at the start.
    """

    STATE = {"velocity": Tensor}
    ADDED = {"dampening": 0.0, "lr_inside": False, "old_moments": False}

    def __init__(
        self,
        params: Any,
        lr: float = 0.01,
        momentum: float = 0.9,
        dampening: float = 0.0,
        lr_inside: bool = False,
        old_moments: bool = False,
    ) -> None:
        options = {"lr": lr, "momentum": momentum, "dampening": dampening}
        super().__init__(params, {**options, "lr_inside": lr_inside, "old_moments": old_moments})

    def check(self, group: Group) -> None:
        self.below_one("momentum", group["momentum"])
        self.at_least_zero("dampening", group["dampening"])
        self.yes_or_no("lr_inside", group["lr_inside"])
        self.yes_or_no("old_moments", group["old_moments"])

    @no_grad()
    def update(self, group: Group, params: List[Tensor]) -> None:
        for p in params:
            g: Any = p.grad
            old = self.state[p]["velocity"] if p in self.state else zeros(p.shape, dtype=p.dtype)
            share = (-group["lr"] if group["lr_inside"] else 1.0) * (1 - group["dampening"])
            v = group["momentum"] * old + share * g
            step = old if group["old_moments"] else v
            p += step if group["lr_inside"] else -group["lr"] * step
            self.state[p] = {"velocity": v}
