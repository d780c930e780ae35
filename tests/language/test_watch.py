"""What a person sees of a run, where there is no terminal."""

from __future__ import annotations

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
    assert lines[0] == "step  2 of 40   loss 1.500   lr 1.0e-03   150 tokens/s"  # both are of the steps since the last
    assert lines[19] == "step 40 of 40   loss 39.500   validation 7.000   lr 1.0e-03   150 tokens/s"
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
