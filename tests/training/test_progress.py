"""The line a person watches: it fits the terminal, and shows names as they are."""

from __future__ import annotations

import io
import re
import sys
from typing import List

import pytest

from saitama.training.progress import ProgressBar, shown_numbers


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def last_line(monkeypatch: pytest.MonkeyPatch, columns: int, numbers: List[str]) -> str:
    """What stands there at the end."""
    terminal = Terminal()
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        patch.setenv("TERM", "xterm")
        patch.setattr(sys, "stdout", terminal)
        with ProgressBar("epoch 3/60", total=780) as bar:
            bar.show(39, numbers)
    plain = re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    return re.split("[\r\n]+", plain.rstrip())[-1].rstrip()


NUMBERS = ["loss 0.01802", "val_loss 0.01716", "[red]slow 1", "grad_norm 0.1201", "lr 0.01"]


def test_the_line_fits_and_no_number_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in (60, 80, 100, 140):
        line = last_line(monkeypatch, columns, NUMBERS)
        assert line.startswith("epoch 3/60 ") and " 39/780 " in line and len(line) <= columns
        shown = [number for number in NUMBERS if number in line]
        assert shown and shown == NUMBERS[: len(shown)] and line.endswith(shown[-1])
    assert shown == NUMBERS  # brackets too


def test_losses_come_first() -> None:
    row = {"epoch": 3, "accuracy": 0.5, "loss": 1.0, "lr": 1e-3, "val_loss": 2.0}
    assert shown_numbers(row) == ["loss 1", "val_loss 2", "accuracy 0.5", "lr 0.001"]


def test_nothing_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    for shown in (None, False):
        with ProgressBar("step", 2, shown=shown) as bar:
            bar.advance()
            bar.print("text")
            assert bar.width is None
    assert capsys.readouterr().out == ""
