"""What a person sees of a run: a bar on a terminal, lines in a file or a pipe, samples of what the model writes."""

from __future__ import annotations

from collections import deque
from typing import Any, Deque, Mapping, Optional

LINES = 20  # between beginning and end, where there is no bar


class Watch:
    """Shows the steps of a run.

    Args:
        total, done: steps in all, and those made before.
        shown: True, a bar on a terminal and lines elsewhere; None, a bar on a terminal only; False, nothing.
    """

    def __init__(self, total: int, done: int = 0, shown: Optional[bool] = None) -> None:
        self.total, self.lines = total, False
        self.bar: Any = None
        self.every = max(1, total // LINES)
        self.losses: Deque[float] = deque(maxlen=self.every)  # of as many steps as there are between two lines
        self.seconds: Deque[float] = deque(maxlen=self.every)  # and how long each took for a token
        if shown is False:
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(highlight=False, markup=False, emoji=False)
        self.lines = bool(shown)
        if console.is_terminal:
            left, numbers = TimeRemainingColumn(), TextColumn("{task.fields[numbers]}")
            self.bar = Progress(
                TextColumn("step"),
                BarColumn(None),
                MofNCompleteColumn(),
                left,
                numbers,
                console=console,
                transient=True,
            )
            self.task = self.bar.add_task("", total=total, completed=done, numbers="")

    def __enter__(self) -> Watch:
        if self.bar is not None:
            self.bar.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        if self.bar is not None:
            self.bar.stop()

    def step(self, row: Mapping[str, float], sample: str = "") -> None:
        """One step more. row: a row of the history; with "val_loss" and a sample where the model was evaluated."""
        self.losses.append(row["loss"])
        self.seconds.append(1 / row["tokens_per_s"])
        loss, speed = sum(self.losses) / len(self.losses), len(self.seconds) / sum(self.seconds)
        if self.bar is not None:
            numbers = f"loss {loss:.3f}  {speed:,.0f} tokens/s"
            self.bar.update(self.task, completed=row["step"], numbers=numbers)
        evaluated = "val_loss" in row
        if evaluated or (self.bar is None and row["step"] % self.every == 0):
            width = len(f"{self.total:,}")
            line = f"step {row['step']:{width},.0f} of {self.total:,}   loss {loss:.3f}"
            line += f"   validation {row['val_loss']:.3f}" if evaluated else ""
            self._print(f"{line}   lr {row['lr']:.1e}   {speed:,.0f} tokens/s")
        if sample:
            self._print("\n".join(f"    | {readable(line)}" for line in sample.strip("\n").split("\n")))

    def _print(self, text: str) -> None:
        if self.bar is not None:
            self.bar.console.print(text, soft_wrap=True)
        elif self.lines:
            print(text, flush=True)


def readable(text: str) -> str:
    """Control characters, which a terminal might obey, as dots."""
    return "".join(character if character.isprintable() or character == "\t" else "·" for character in text)
