"""Which learning rate? A test of all of them, in one short run (Smith 2017, "Cyclical learning rates", section 3.3).

Every step is made with a larger rate than the one before. First nothing happens, as the steps are too small; then the
loss falls; then it rises, as the steps are too long. A good rate is where it falls fastest, well before it rises.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import chain, repeat
from math import isfinite
from typing import Any, Callable, List, Optional, Union

from saitama.nn import Module
from saitama.options import number, whole
from saitama.tensor import Tensor, get_rng_state, set_rng_state

SMOOTHING = 0.9  # the share of the past in the smoothed loss
BEYOND = 4.0  # times the least smoothed loss: enough seen


@dataclass(frozen=True)
class RateTest:
    """What happened at each rate.

    Attributes: rates, losses, smoothed: one number for each step. suggestion: the rate at which the smoothed loss fell
        fastest, by decade of the rate; None where it never fell.
    """

    rates: List[float]
    losses: List[float]
    smoothed: List[float]

    @property
    def suggestion(self) -> Optional[float]:
        wide = max(1, len(self.rates) // 12)  # losses are noisy: compare the means of so many before and after
        means = [sum(self.losses[i : i + wide]) / wide for i in range(len(self.losses) - wide + 1)]
        least = min(range(len(means)), key=means.__getitem__)
        falls = [(means[i + wide] - means[i], self.rates[i + wide]) for i in range(max(0, least - wide + 1))]
        fall, rate = min(falls, default=(0.0, 0.0))
        return rate if fall < 0 else None

    def export(self, path: Union[str, os.PathLike[str]]) -> None:
        """Write the numbers and a chart, the rate on a logarithmic axis, to an .xlsx workbook."""
        from saitama.spreadsheets.write.curves import Curve, CurveChart, Table, write_curves

        rows = [list(row) for row in zip(self.rates, self.losses, self.smoothed)]
        table = Table("Rates", ["learning rate", "loss", "smoothed loss"], rows, formats=["0.00E+00", "", ""])
        lines = [
            Curve("loss", "Rates", "learning rate", "loss", dots=False),
            Curve("smoothed", "Rates", "learning rate", "smoothed loss", dots=False),
        ]
        found = "the loss never fell" if self.suggestion is None else f"it fell fastest at {self.suggestion:.1e}"
        notes = [f"Every step with a larger rate: {found}. Choose a rate well before the loss rises."]
        most = 1.5 * self.smoothed[0]  # what explodes would make all else flat
        chart = CurveChart(
            "Loss over the learning rate", "learning rate", "loss", lines, log_x=True, least=0, most=most
        )
        write_curves(path, "Learning-rate range test", notes, [chart], [table])


def lr_find(
    model: Module,
    optimizer: Any,
    loss_function: Callable[[Any, Any], Tensor],
    loader: Any,
    *,
    start: float = 1e-6,
    end: float = 10.0,
    steps: int = 100,
    path: Union[None, str, os.PathLike[str]] = None,
) -> RateTest:
    """Train for some steps while the rate grows from `start` to `end` by the same factor each time.

    Args:
        loader: batches (x, y), gone through again as often as it takes.
        path: an .xlsx workbook for the chart.

    The test stops early where the loss is four times its least or no number at all. Afterwards model, optimiser and
    random numbers are as they were. Raises ValueError for rates or steps that cannot be, or a loader without batches.
    """
    for name, value in (("start", start), ("end", end)):
        number(f"lr_find: {name}", value, above=True)
    if not start < end:
        raise ValueError(f"lr_find: start {start:g} must be below end {end:g}")
    steps = whole("lr_find: steps", steps, 3)
    before, random, training = (model.state_dict(), optimizer.state_dict()), get_rng_state(), model.training
    options = [dict(group) for group in optimizer.param_groups]
    found = RateTest([], [], [])
    try:
        model.train()
        average, batches = 0.0, _endless(loader)
        for step in range(steps):
            rate = start * (end / start) ** (step / (steps - 1))
            for group in optimizer.param_groups:
                group["lr"] = rate
            x, y = next(batches)
            loss = loss_function(model(x), y)
            now = loss.item()
            if not isfinite(now):
                break
            average = SMOOTHING * average + (1 - SMOOTHING) * now
            found.rates.append(rate)
            found.losses.append(now)
            found.smoothed.append(average / (1 - SMOOTHING ** (step + 1)))  # the average began at 0
            if found.smoothed[-1] > BEYOND * min(found.smoothed):
                break
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    finally:
        model.load_state_dict(before[0])
        optimizer.load_state_dict(before[1])
        for group, saved in zip(optimizer.param_groups, options):
            group.update(saved)
        optimizer.zero_grad()
        model.train(training)
        set_rng_state(random)
    if len(found.rates) < 3:
        raise ValueError(f"lr_find: the loss was no number after {len(found.rates)} steps; choose a smaller start")
    if path is not None:
        found.export(path)
    return found


def _endless(loader: Any) -> Any:
    if not len(loader):
        raise ValueError("lr_find: the loader gave no batches")
    return chain.from_iterable(repeat(loader))
