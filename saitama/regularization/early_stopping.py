"""Early stopping: training goes on while it helps on data that is not trained on, and the best weights are kept."""

from __future__ import annotations

from math import inf
from typing import Any, Dict, Optional

from saitama.nn import Module
from saitama.options import number, whole
from saitama.tensor import Tensor


class EarlyStopping:
    """Says when to stop, and gives back the weights of the best moment.

        stopping = EarlyStopping(patience=5)
        for epoch in range(1000):
            ...
            if stopping.step(validation_loss, model):
                break
        stopping.restore(model)

    Args:
        patience: stop when so many steps in a row brought nothing better; at least 1.
        min_delta: better means better by more than this; not negative.
        mode: "min" for a loss, "max" for an accuracy.
        restore_best: keep a copy of the best weights; needs the model at each step.

    Attributes:
        best: the best value so far, best_step: when it was (counted from 1), waited: steps since then,
        stopped: whether patience is at its end.
    """

    def __init__(self, patience: int = 5, min_delta: float = 0.0, mode: str = "min", restore_best: bool = True) -> None:
        self.patience = whole("EarlyStopping: patience", patience)
        self.min_delta = float(number("EarlyStopping: min_delta", min_delta))
        if mode not in ("min", "max"):
            raise ValueError(f'EarlyStopping: mode must be "min" (a loss) or "max" (an accuracy), got {mode!r}')
        self.mode, self.restore_best = mode, restore_best
        self.best = inf if mode == "min" else -inf
        self.best_step = self.steps = self.waited = 0
        self.best_weights: Optional[Dict[str, Tensor]] = None

    @property
    def stopped(self) -> bool:
        """Whether `patience` steps in a row brought nothing better."""
        return self.waited >= self.patience

    def step(self, value: Any, model: Optional[Module] = None) -> bool:
        """Tell it the newest value of what is watched (a number or a Tensor of one element); True says stop.

        NaN is never better. Raises TypeError where restore_best is set and no model is given.
        """
        if self.restore_best and not isinstance(model, Module):
            raise TypeError("EarlyStopping: give step(value, model) the model, or choose restore_best=False")
        number = float(value)
        self.steps += 1
        gain = self.best - number if self.mode == "min" else number - self.best
        if gain > self.min_delta:
            self.best, self.best_step, self.waited = number, self.steps, 0
            if self.restore_best and model is not None:
                self.best_weights = model.state_dict()  # no copy: training replaces arrays, it does not change them
        else:
            self.waited += 1
        return self.stopped

    def restore(self, model: Module) -> bool:
        """Give the model the best weights. False, and no change, where none were kept."""
        if self.best_weights is None:
            return False
        model.load_state_dict(self.best_weights)
        return True

    def state_dict(self) -> Dict[str, Any]:
        """What a checkpoint keeps."""
        names = ("best", "best_step", "steps", "waited", "best_weights")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Go on from a state_dict()."""
        own = self.state_dict()
        if set(state) != set(own):
            raise ValueError(f"EarlyStopping: expected a state with {', '.join(own)}; got {', '.join(map(str, state))}")
        vars(self).update(state)

    def __repr__(self) -> str:
        return (
            f"EarlyStopping(patience={self.patience}, min_delta={self.min_delta}, mode={self.mode!r}, best={self.best})"
        )
