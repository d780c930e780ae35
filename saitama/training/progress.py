"""The line a person watches while a model trains; nothing where no person watches."""

from __future__ import annotations

from typing import Any, Mapping, Optional


class ProgressBar:
    """A bar of all batches, with the numbers of the last epoch beside it.

    Args:
        total: how many batches there will be; done: how many have been.
        shown: True or False; None shows it only where the output is a terminal.
    """

    def __init__(self, total: int, done: int = 0, shown: Optional[bool] = None) -> None:
        self.bar: Any = None
        if shown is False:
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console()
        if shown or console.is_terminal:
            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[numbers]}"),
                console=console,
            )
            self.task = self.bar.add_task("training", total=total, completed=done, numbers="")

    def __enter__(self) -> ProgressBar:
        if self.bar is not None:
            self.bar.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        if self.bar is not None:
            self.bar.stop()

    def advance(self, batches: int = 1) -> None:
        """One batch more, or several."""
        if self.bar is not None:
            self.bar.advance(self.task, batches)

    def epoch(self, number: int, epochs: int, values: Mapping[str, float]) -> None:
        """Show the numbers of an epoch that is done."""
        if self.bar is not None:
            numbers = "  ".join(f"{name} {value:.4g}" for name, value in values.items() if name != "epoch")
            self.bar.update(self.task, description=f"epoch {number}/{epochs}", numbers=numbers)
