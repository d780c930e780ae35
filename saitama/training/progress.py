"""The line a person watches while a model trains; nothing where no person watches."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

LEAST_BAR = 10  # columns


class ProgressBar:
    """One line at the bottom of a terminal: a label, a bar, how much is done, the time left, and numbers beside it.

        with ProgressBar("step", total=2000) as bar:
            bar.show(120, ["loss 1.234", "20,000 tokens/s"])

    Of the numbers as many are shown as there is room for, from the first.

    Args:
        total: how much there is to do; done: how much has been done.
        shown: True or False; None shows it only where the output is a terminal.
        stays: whether the line stays at the end.
    """

    def __init__(self, label: str, total: int, done: int = 0, shown: Optional[bool] = None, stays: bool = True) -> None:
        self.bar: Any = None
        self.label, self.total, self.done = label, total, float(done)
        if shown is False:
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.console = Console(highlight=False, markup=False, emoji=False)
        if shown or self.console.is_terminal:
            self.bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(None),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[numbers]}", markup=False),
                console=self.console,
                transient=not stays,
            )
            self.task = self.bar.add_task(label, total=total, completed=done, numbers="")

    def __enter__(self) -> ProgressBar:
        if self.bar is not None:
            self.bar.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        if self.bar is not None:
            self.bar.stop()

    def advance(self, count: float = 1) -> None:
        """One more is done, or several."""
        self.show(self.done + count)

    def show(self, done: float, numbers: Optional[Sequence[str]] = None, label: Optional[str] = None) -> None:
        """How much is done; the numbers and the label stay as they were where none are given."""
        self.done, self.label = done, label or self.label
        if self.bar is not None:
            fields = {} if numbers is None else {"numbers": self._fitting(numbers)}
            self.bar.update(self.task, completed=done, description=self.label, **fields)

    def print(self, text: str) -> None:
        """A text above the line."""
        if self.bar is not None:
            self.console.print(text, soft_wrap=True)

    @property
    def width(self) -> Optional[int]:
        """Of the terminal, in columns; None where no line is shown."""
        return None if self.bar is None else int(self.console.width)

    def _fitting(self, numbers: Sequence[str]) -> str:
        count = len(f"{self.total}/{self.total}")
        room = self.console.width - len(self.label) - LEAST_BAR - count - len("0:00:00") - 4  # spaces between them
        text = ""
        for number in numbers:
            longer = f"{text}  {number}" if text else number
            if len(longer) > room:
                break
            text = longer
        return text


def shown_numbers(values: Mapping[str, float]) -> Sequence[str]:
    """The numbers of an epoch as the line shows them, losses first."""
    names = sorted((name for name in values if name != "epoch"), key=lambda name: name not in ("loss", "val_loss"))
    return [f"{name} {values[name]:.4g}" for name in names]
