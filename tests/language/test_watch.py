"""What a person sees of a run, where there is no terminal."""

from __future__ import annotations

import io
import re
import sys
from typing import Any

import pytest

from saitama.language.watch import Watch, readable


def show(shown: Any, steps: int) -> None:
    with Watch(steps, shown=shown) as watch:
        for step in range(1, steps + 1):
            row = {"step": step, "loss": float(step), "lr": 1e-3, "tokens_per_s": 100.0 if step % 2 else 300.0}
            if step < steps:
                watch.step(row)
            else:
                watch.step({**row, "val_loss": 7.0}, "one\n\ntwo\x1b[2J\n")


def test_twenty_lines_and_a_sample(capsys: Any) -> None:
    show(True, 40)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 20 + 3
    assert lines[0] == "step  2 of 40  loss 1.500  lr 1.0e-03  150 tokens/s"  # both are of the steps since the last
    assert lines[19] == "step 40 of 40  loss 39.500  validation 7.000  lr 1.0e-03  150 tokens/s"
    assert lines[20:] == ["    | one", "    | ", "    | two·[2J"]


def test_a_line_for_each_of_few_steps(capsys: Any) -> None:
    show(True, 3)
    lines = capsys.readouterr().out.splitlines()[:3]
    assert [line.split("loss ")[1][:5] for line in lines] == ["1.000", "2.000", "3.000"]


@pytest.mark.parametrize("shown", [False, None])
def test_nothing_where_nobody_watches(capsys: Any, shown: Any) -> None:
    show(shown, 40)
    assert capsys.readouterr().out == ""


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert readable("a\tb\x07é\x9b") == "a\tb·é·"


class Narrow(io.StringIO):
    """A terminal of so many columns."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_lines_break_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    terminal = Narrow()
    monkeypatch.setattr(sys, "stdout", terminal)
    sample = "one two three four five six seven eight nine ten eleven twelve thirteen\n\nx"
    with Watch(2000, shown=True) as watch:
        watch.step({"step": 2000, "loss": 1.5, "lr": 1e-3, "tokens_per_s": 1e5, "val_loss": 7.0}, sample)
    over = [line.split("\x1b[2K")[-1] for line in terminal.getvalue().split("\n")]  # the bar, which text replaces
    lines = [re.sub("\x1b\\[[0-9;?]*[A-Za-z]|\r", "", line).rstrip() for line in over]
    first = lines.index("step 2,000 of 2,000  loss 1.500  validation 7.000  lr")
    assert lines[first + 1 : first + 6] == [
        "  1.0e-03  100,000 tokens/s",
        "    | one two three four five six seven eight nine ten",
        "    | eleven twelve thirteen",
        "    |",
        "    | x",
    ]
