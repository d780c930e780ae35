"""Loss scaling (Micikevicius et al. 2018, section 3.2): gradients too small for float16 are computed larger.

A gradient below 3e-8 is 0 in float16, and most are small. The gradient of S L is S times as large all the way back,
so the loss is multiplied by S before backward(), and the gradients are divided by it afterwards, in float32. S
should be as large as it can be: it grows until a gradient becomes infinite. Then that step is left out, and S halved.

    scaler = GradScaler()
    with autocast("float16"):
        loss = loss_function(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)                    # only where gradients are looked at, as clipping does
    clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)                        # or not, where a gradient is infinite
    scaler.update()
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from saitama.autograd.function import ancestors
from saitama.optim.loss_scale import scaled
from saitama.optim.optimizer import Optimizer
from saitama.options import number, whole
from saitama.tensor import Tensor

from .clipping import scale_gradients
from .finite import is_bad

READY, UNSCALED, STEPPED = "ready", "unscaled", "stepped"  # what has been done for an optimiser since update()


class GradScaler:
    """Multiplies losses by a factor that adapts; names and defaults are PyTorch's.

    Args:
        init_scale: the factor S at first.
        growth_factor: S is multiplied by it after growth_interval steps in a row without infinities; above 1.
        backoff_factor: S is multiplied by it after a step with infinities; between 0 and 1.
        enabled: False makes every method do nothing more than the optimiser itself would.

    While gradients are multiplied, clip_grad_norm_(), clip_grad_value_(), grad_norm() and optimizer.step() refuse them.
    """

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self.enabled = bool(enabled)
        self.factor, self.growth_tracker = float(number("GradScaler: init_scale", init_scale, above=True)), 0
        self.growth_factor = float(number("GradScaler: growth_factor", growth_factor, 1.0, above=True))
        backoff_factor = number("GradScaler: backoff_factor", backoff_factor, most=1.0, above=True, below=True)
        self.backoff_factor = float(backoff_factor)
        self.growth_interval = whole("GradScaler: growth_interval", growth_interval)
        self._stages: Dict[Optimizer, str] = {}
        self._found: Dict[Optimizer, bool] = {}  # whether its gradients hold an infinity or NaN

    def get_scale(self) -> float:
        """S, or 1 where the scaler is not enabled."""
        return self.factor if self.enabled else 1.0

    def scale(self, loss: Tensor) -> Tensor:
        """S times the loss. Its backward() gives the leaves S times their gradients."""
        if not self.enabled:
            return loss
        larger = loss * self.factor
        if larger.requires_grad and larger.node is not None:
            leaves = (leaf for node in ancestors(larger.node, differentiable=True) for leaf in node.leaves())
            scaled.update(dict.fromkeys(leaves, self.factor))
        return larger

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients of this optimiser's parameters by S, and note whether all are finite.

        Raises RuntimeError where that has been done since the last update().
        """
        if not self.enabled:
            return
        stage = self._stages.get(optimizer, READY)
        if stage != READY:
            done = "unscale_()" if stage == UNSCALED else "step()"
            raise RuntimeError(f"GradScaler.unscale_: {done} was called for this optimiser since the last update()")
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        for p in parameters:
            scaled.pop(p, None)
        scale_gradients(parameters, 1.0 / self.factor)
        self._found[optimizer] = any(is_bad(p.grad.array) for p in parameters)
        self._stages[optimizer] = UNSCALED

    def found_inf(self, optimizer: Optimizer) -> bool:
        """Whether unscale_() met an infinity or NaN, so that step() will leave this one out."""
        return self._found.get(optimizer, False)

    def step(self, optimizer: Optimizer) -> bool:
        """optimizer.step(), on gradients divided by S, unless one of them is infinite or NaN. Returns whether it was.

        Raises RuntimeError where that has been done since the last update().
        """
        if not self.enabled:
            optimizer.step()
            return True
        if self._stages.get(optimizer, READY) == STEPPED:
            raise RuntimeError("GradScaler.step: step() was called for this optimiser since the last update()")
        if self._stages.get(optimizer, READY) == READY:
            self.unscale_(optimizer)
        self._stages[optimizer] = STEPPED
        if not self._found[optimizer]:
            optimizer.step()
        return not self._found[optimizer]

    def update(self) -> None:
        """Halve S if a step was left out, double it after enough steps that were not. Once after all steps.

        Raises RuntimeError where no gradient was looked at since the last update().
        """
        if not self.enabled:
            return
        if not self._found:
            raise RuntimeError("GradScaler.update: no gradients were looked at; call step(optimizer) before")
        self.factor, self.growth_tracker = self.rule(any(self._found.values()))
        self._stages.clear()
        self._found.clear()
        scaled.clear()

    def rule(self, infinite: bool) -> Any:
        """S and the number of good steps in a row, after one more step."""
        if infinite:
            return self.factor * self.backoff_factor, 0
        if self.growth_tracker + 1 == self.growth_interval:
            return self.factor * self.growth_factor, 0
        return self.factor, self.growth_tracker + 1

    def state_dict(self) -> Dict[str, Any]:
        """What a checkpoint keeps; nothing where the scaler is not enabled."""
        return {name: getattr(self, attribute) for name, attribute in STATE.items()} if self.enabled else {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state_dict(). Raises ValueError for the state of something else."""
        if not self.enabled:
            return
        if set(state) != set(STATE):
            names: List[str] = sorted(map(str, state))
            raise ValueError(f"GradScaler: expected a state with {', '.join(STATE)}; got {', '.join(names) or 'none'}")
        for name, attribute in STATE.items():
            setattr(self, attribute, state[name])


STATE = {  # PyTorch's names
    "scale": "factor",
    "growth_factor": "growth_factor",
    "backoff_factor": "backoff_factor",
    "growth_interval": "growth_interval",
    "_growth_tracker": "growth_tracker",
}
