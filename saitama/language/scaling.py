"""How the loss falls with the size of the model and with the work put into it: scaling laws (Kaplan et al. 2020).

Over many orders of magnitude the loss of a language model was found to be a power of its parameters N, if it is trained
to the end, and of the compute C, if that is spent on the best size:

    L(N) = (N_c / N)^a_N        L(C) = (C_c / C)^a_C        straight lines where both axes are logarithmic

Here a few small sizes are trained for the same time each, which is minutes instead of months. What comes out is small
and honest: the exponents are those of this text and these sizes, and not of language.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from math import ceil, exp, floor, log, log2
from time import perf_counter
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple, Union

from saitama.options import number

from .settings import Settings
from .trainer import LanguageModelTrainer

WIDTHS = (8, 16, 24, 32, 48, 64)
BASE = Settings(n_layer=2, n_head=2, block_size=32, batch_size=16, lr=4e-3, warmup=20, lr_schedule="constant")
POINTS = 10  # evaluations of each size
KAPLAN_N, KAPLAN_C = 0.076, 0.050  # the exponents of the paper, table 5 and equation 1.3


class Point(NamedTuple):
    """One evaluation."""

    step: int
    flop: float  # 6 N tokens: a forward pass takes 2 for each parameter and token, a backward pass 4
    loss: float


@dataclass
class Size:
    """A model and what it came to."""

    width: int
    parameters: int  # without the tables of tokens and positions, as in the paper
    steps: int
    tokens: int
    seconds: float
    points: List[Point] = field(default_factory=list)

    @property
    def loss(self) -> float:
        return self.points[-1].loss


class Fit(NamedTuple):
    """ln L = intercept - exponent ln X, by least squares; r2 is the share of the variance that the line explains."""

    exponent: float
    intercept: float
    r2: float

    def at(self, x: float) -> float:
        return exp(self.intercept - self.exponent * log(x))


def power_law(xs: Sequence[float], losses: Sequence[float]) -> Fit:
    """The straight line through the logarithms. Raises ValueError for fewer than two different x."""
    if len(set(xs)) < 2:
        raise ValueError("a line needs two different points at least; train more sizes, or for longer")
    u, v = [log(x) for x in xs], [log(loss) for loss in losses]
    mean_u, mean_v = sum(u) / len(u), sum(v) / len(v)
    across = sum((a - mean_u) ** 2 for a in u)
    slope = sum((a - mean_u) * (b - mean_v) for a, b in zip(u, v)) / across
    whole = sum((b - mean_v) ** 2 for b in v)
    return Fit(-slope, mean_v - slope * mean_u, slope * slope * across / whole if whole else 1.0)


def frontier(sizes: Sequence[Size]) -> List[Point]:
    """Of all points those that no other beats with as little compute or less."""
    best: List[Point] = []
    for point in sorted((point for size in sizes for point in size.points), key=lambda point: (point.flop, point.loss)):
        if not best or point.loss < best[-1].loss:
            best.append(point)
    return best


def trained_to_the_end(sizes: Sequence[Size]) -> List[Size]:
    """The sizes for which the time was long enough: those up to the one with the least loss."""
    ordered = sorted(sizes, key=lambda size: size.parameters)
    least = min(range(len(ordered)), key=lambda place: ordered[place].loss)
    return ordered[: least + 1]


def measure(
    text: str,
    seconds: float,
    widths: Sequence[int] = WIDTHS,
    base: Settings = BASE,
    tell: Optional[Callable[[Size], Any]] = None,
) -> List[Size]:
    """Train each width for about so many seconds. tell: called with each size when it is done.

    Raises ValueError for fewer than two widths, or a time that is not above 0.
    """
    if len(set(widths)) < 2:
        raise ValueError(f"scale: at least two different widths make a line, got {list(widths)}")
    number("scale: seconds", seconds, above=True)
    sizes = []
    for width in sorted(set(widths)):
        sizes.append(train(text, width, seconds, base))
        if tell is not None:
            tell(sizes[-1])
    return sizes


def train(text: str, width: int, seconds: float, base: Settings) -> Size:
    """One width: first a few steps to see how long one takes, then as many as the time allows."""
    trial = replace(base, n_embd=width, steps=5, evaluate_every=5)
    begin = perf_counter()
    LanguageModelTrainer(text, trial, progress=False).add_gradients()  # what is slow the first time
    probe = LanguageModelTrainer(text, trial, progress=False)
    begin = perf_counter()
    for _ in range(5):
        probe.optimizer.zero_grad()
        probe.add_gradients()
        probe.optimizer.step()
    steps = max(POINTS, int(seconds / ((perf_counter() - begin) / 5)))
    settings = replace(base, n_embd=width, steps=steps, evaluate_every=max(1, steps // POINTS))
    begin = perf_counter()
    trainer = LanguageModelTrainer(text, settings, progress=False)
    rows = trainer.fit().steps
    tables = (trainer.model.transformer.wte.weight, trainer.model.transformer.wpe.weight)
    parameters = trainer.model.num_parameters() - sum(table.numel() for table in tables)
    tokens = settings.batch_size * settings.accumulate * settings.block_size
    size = Size(width, parameters, steps, steps * tokens, perf_counter() - begin)
    for step, row in enumerate(rows, 1):
        if "val_loss" in row:
            size.points.append(Point(step, 6.0 * parameters * step * tokens, row["val_loss"]))
    return size


def fits(sizes: Sequence[Size]) -> Tuple[Optional[Fit], Optional[Fit]]:
    """Of the loss against parameters and against compute; None where there are too few points for a line."""
    ended, best = trained_to_the_end(sizes), frontier(sizes)
    by_size = power_law([s.parameters for s in ended], [s.loss for s in ended]) if len(ended) > 1 else None
    by_compute = power_law([p.flop for p in best], [p.loss for p in best]) if len(best) > 1 else None
    return by_size, by_compute


def write(sizes: Sequence[Size], path: Union[str, os.PathLike[str]], overwrite: Optional[bool] = None) -> None:
    """The tables, with the fits as live formulas, and two charts with both axes logarithmic, as an .xlsx workbook."""
    from saitama.spreadsheets.write.curves import Curve, CurveChart, Table, write_curves

    ordered, best = sorted(sizes, key=lambda size: size.parameters), frontier(sizes)
    ended = len(trained_to_the_end(sizes))
    by_size = [
        [s.width, s.parameters, s.steps, s.tokens, s.seconds, s.loss, "=LN(B{row})", "=LN(F{row})"]
        + (["=EXP($B${intercept}+$B${slope}*G{row})"] if number < ended > 1 else [None])
        for number, s in enumerate(ordered)
    ]
    by_compute = [
        [p.flop, p.loss, "=LN(A{row})", "=LN(B{row})", "=EXP($B${intercept}+$B${slope}*C{row})"] for p in best
    ]
    points = [[s.width, p.step, p.flop, p.loss] for s in ordered for p in s.points]
    starts = [sum(len(s.points) for s in ordered[:number]) for number in range(len(ordered) + 1)]
    names = ["width", "parameters", "steps", "tokens", "seconds", "loss", "ln parameters", "ln loss", "fitted loss"]
    note = "the line is through those sizes for which the time was long enough: up to the one with the least loss"
    tables = [
        Table("Sizes", names, by_size, note, with_fit(by_size, "G", "H", ended)),
        Table("Best", ["FLOP", "loss", "ln FLOP", "ln loss", "fitted loss"], by_compute,
              "of all evaluations those that no other beats with as little work",
              with_fit(by_compute, "C", "D", len(best))),
        Table("Points", ["width", "step", "FLOP", "loss"], points, "every evaluation, on text that was not trained on"),
    ]  # fmt: skip
    runs = [
        Curve(f"width {s.width}", "Points", "FLOP", "loss", first=a, last=b)
        for s, a, b in zip(ordered, starts, starts[1:])
    ]
    losses = [p.loss for p in best] + [s.loss for s in ordered]
    least, most = 2.0 ** floor(log2(min(losses))), 2.0 ** ceil(log2(max(losses)))
    charts = [
        CurveChart("Loss over compute", "FLOP", "loss, nats a character",
              [*runs, Curve("fit", "Best", "FLOP", "fitted loss", False)],
              log_x=True, log_y=2, least=least, most=most),
        CurveChart("Loss over parameters", "parameters", "loss, nats a character",
              [Curve("measured", "Sizes", "parameters", "loss"),
               *([Curve("fit", "Sizes", "parameters", "fitted loss", False, last=ended)] if ended > 1 else [])],
              log_x=True, log_y=2, least=least, most=most),
    ]  # fmt: skip
    notes = [
        "A few sizes of one model, trained for the same time each. Straight lines on logarithmic axes are powers.",
        f"Kaplan et al. (2020) found exponents of {KAPLAN_N} over parameters and {KAPLAN_C} over compute, on other",
        "text, from far larger models, over six orders of magnitude and more. These are of this text and these sizes.",
    ]
    write_curves(path, "Scaling", notes, charts, tables, overwrite)


def with_fit(rows: List[List[Any]], x: str, y: str, count: int) -> List[List[Any]]:
    """The lines below a table that fit its columns x and y, in the first `count` rows; {slope} and {intercept} in the
    rows are filled in with their places."""
    last, below = 3 + count, 4 + len(rows) + 1  # rows of the sheet: of the last number, of the first line below
    for row in rows:
        for place, cell in enumerate(row):
            if isinstance(cell, str):
                row[place] = cell.replace("{slope}", str(below)).replace("{intercept}", str(below + 1))
    if count < 2:
        return []
    both = f"{y}4:{y}{last},{x}4:{x}{last}"
    lines = [["slope", f"=SLOPE({both})"], ["intercept", f"=INTERCEPT({both})"], ["exponent", f"=-B{below}"]]
    return [*lines, ["R squared", f"=RSQ({both})"]]


__all__ = ["BASE", "Fit", "Point", "Size", "WIDTHS", "fits", "frontier", "measure", "power_law", "write"]
