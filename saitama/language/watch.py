"""What a person sees of a run: a bar on a terminal, lines in a file or a pipe, samples of what the model writes."""

from __future__ import annotations

from collections import deque
from typing import Any, Deque, Mapping, Optional

from saitama.terminal import put, wrapped
from saitama.training.progress import ProgressBar

LINES = 20  # between beginning and end, where there is no bar
MARGIN = "    | "  # in front of what the model writes


class Watch:
    """Shows the steps of a run.

    Args:
        total, done: steps in all, and those made before.
        shown: True, a bar on a terminal and lines elsewhere; None, a bar on a terminal only; False, nothing.
    """

    def __init__(self, total: int, done: int = 0, shown: Optional[bool] = None) -> None:
        self.total, self.lines = total, bool(shown)
        self.bar = ProgressBar("step", total, done, None if shown else shown, stays=False)
        self.every = max(1, total // LINES)
        self.losses: Deque[float] = deque(maxlen=self.every)  # of as many steps as there are between two lines
        self.seconds: Deque[float] = deque(maxlen=self.every)  # and how long each took for a token

    def __enter__(self) -> Watch:
        self.bar.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.bar.__exit__(*exception)

    @property
    def is_seen(self) -> bool:
        """Whether anybody sees what is shown."""
        return self.lines or self.bar.width is not None

    def step(self, row: Mapping[str, float], sample: str = "") -> None:
        """One step more. row: a row of the history; with "val_loss" and a sample where the model was evaluated."""
        self.losses.append(row["loss"])
        self.seconds.append(1 / row["tokens_per_s"])
        loss, speed = sum(self.losses) / len(self.losses), len(self.seconds) / sum(self.seconds)
        self.bar.show(int(row["step"]), [f"loss {loss:.3f}", f"{speed:,.0f} tokens/s"])
        evaluated, width = "val_loss" in row, self.bar.width
        if evaluated or (width is None and row["step"] % self.every == 0):
            digits = len(f"{self.total:,}")
            line = f"step {row['step']:{digits},.0f} of {self.total:,}  loss {loss:.3f}"
            line += f"  validation {row['val_loss']:.3f}" if evaluated else ""
            self._print(wrapped(f"{line}  lr {row['lr']:.1e}  {speed:,.0f} tokens/s", width))
        if sample:
            lines = [f"{MARGIN}{readable(line)}" for line in sample.strip("\n").split("\n")]
            self._print(wrapped("\n".join(lines), width, MARGIN.lstrip()))

    def _print(self, text: str) -> None:
        if self.bar.width is not None:
            self.bar.print(text)
        elif self.lines:
            put(text)


def readable(text: str) -> str:
    """Control characters, which a terminal might obey, as dots."""
    return "".join(character if character.isprintable() or character == "\t" else "·" for character in text)
