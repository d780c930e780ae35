"""One cycle: up to a large lr, down to a tiny one, with the momentum going the other way."""

from __future__ import annotations

from math import cos, pi
from typing import Any, Dict, List, Optional, Sequence, Union

from ..optimizer import Optimizer
from .scheduler import LRScheduler, number, whole


class OneCycleLR(LRScheduler):
    """From max_lr / div_factor up to max_lr in the first pct_start of the steps, then down to the start /
    final_div_factor (Smith and Topin 2018; both phases along half a cosine, or straight: anneal_strategy="linear").

    Args:
        optimizer: its own lr does not matter.
        max_lr: the peak, one number or one for each group.
        total_steps: all steps of the run, or give epochs and steps_per_epoch. One step too many raises ValueError.
        pct_start: the share of the steps that goes up, in [0, 1].
        cycle_momentum: whether momentum (Adam: beta1) goes from max_momentum down to base_momentum and up again.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: Union[float, Sequence[float]],
        total_steps: Optional[int] = None,
        epochs: Optional[int] = None,
        steps_per_epoch: Optional[int] = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR: give total_steps, or both epochs and steps_per_epoch")
            total_steps = whole(self, "epochs", epochs) * whole(self, "steps_per_epoch", steps_per_epoch)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f'OneCycleLR: anneal_strategy must be "cos" or "linear", got {anneal_strategy!r}')
        self.total_steps = whole(self, "total_steps", total_steps)
        self.pct_start = number(self, "pct_start", pct_start, high=1)
        self.anneal_strategy, self.cycle_momentum = anneal_strategy, cycle_momentum
        self.base_momentum = number(self, "base_momentum", base_momentum, high=1)
        self.max_momentum = number(self, "max_momentum", max_momentum, high=1)
        self.div_factor = number(self, "div_factor", div_factor, above=True)
        self.final_div_factor = number(self, "final_div_factor", final_div_factor, above=True)
        groups = optimizer.param_groups
        peaks: List[float] = list(max_lr) if isinstance(max_lr, (list, tuple)) else [max_lr] * len(groups)  # type: ignore[list-item]
        if len(peaks) != len(groups):
            raise ValueError(f"OneCycleLR: {len(peaks)} values of max_lr for {len(groups)} groups of parameters")
        for peak in peaks:
            number(self, "max_lr", peak)
        if cycle_momentum and not all("betas" in group or group.get("momentum") for group in groups):
            raise ValueError("OneCycleLR: cycle_momentum needs an optimiser with momentum; or set cycle_momentum=False")
        if last_epoch == -1:
            for group, peak in zip(groups, peaks):
                group["initial_lr"] = peak / div_factor
        super().__init__(optimizer, last_epoch)

    def rate(self, initial: float, t: int) -> float:
        return self._cycle(t, initial, initial * self.div_factor, initial / self.final_div_factor)

    def _cycle(self, t: int, start: float, peak: float, end: float) -> float:
        """From start to peak to end."""
        turn, last = self.pct_start * self.total_steps - 1, self.total_steps - 1
        if t > last:
            raise ValueError(f"OneCycleLR: the cycle has {self.total_steps} steps, and this would be step {t + 1}")
        if t <= turn:
            return self._anneal(start, peak, t / turn if turn else 1.0)
        return self._anneal(peak, end, (t - turn) / (last - turn))

    def _anneal(self, start: float, end: float, share: float) -> float:
        if self.anneal_strategy == "linear":
            return start + (end - start) * share
        return end + (start - end) * (1 + cos(pi * share)) / 2

    def _set(self, t: int) -> None:
        super()._set(t)
        if self.cycle_momentum:
            momentum = self._cycle(t, self.max_momentum, self.base_momentum, self.max_momentum)
            for group in self.optimizer.param_groups:
                group.update(_with_momentum(group, momentum))


def _with_momentum(group: Dict[str, Any], momentum: float) -> Dict[str, Any]:
    return {"betas": (momentum, *group["betas"][1:])} if "betas" in group else {"momentum": momentum}
