"""The line a person watches while a large workbook is written and checked."""

from __future__ import annotations

import io
import sys
from typing import List

import pytest

from saitama import Tensor
from saitama.spreadsheets import export, recalculate, verify
from saitama.spreadsheets import waiting as module
from saitama.spreadsheets.engines.recalculate import installed_engines

calculates = pytest.mark.skipif(not installed_engines(), reason="no program that calculates")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal_of(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = Terminal()
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", stream)
    return stream


def loss() -> Tensor:
    x = Tensor([[0.5] * 40] * 30, requires_grad=True, name="x")
    return (x * x).sum()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> List[List[float]]:
    """What every bar was told, after its total."""
    from saitama.training.progress import ProgressBar

    bars: List[List[float]] = []

    class Told(ProgressBar):
        def __init__(self, label: str, total: int, *more: object, **how: object) -> None:
            bars.append([total])
            super().__init__(label, total, *more, **how)  # type: ignore[arg-type]

        def advance(self, count: float = 1) -> None:
            bars[-1].append(count)
            super().advance(count)

    monkeypatch.setattr("saitama.training.progress.ProgressBar", Told)
    return bars


@calculates
def test_a_large_workbook_has_a_line_that_reaches_its_end(tmp_path, told, monkeypatch) -> None:
    terminal = terminal_of(monkeypatch)
    monkeypatch.setattr(module, "LONG", 1_000)
    path = tmp_path / "a.xlsx"
    export(loss(), path)
    assert "cells" in terminal.getvalue()
    (total, *steps), *others = told
    assert not others and total == pytest.approx(sum(steps), rel=0.2)  # the steps count labels too
    recalculate(path, output=path)
    verify(path)
    assert "reading, MB" in terminal.getvalue() and "checking, tensors" in terminal.getvalue()
    (_, *read), (tensors, *checked) = told[1:]
    assert sum(read) > 0 and checked.count(1) == tensors == 8


@pytest.mark.parametrize("long", [1_000, module.LONG])
def test_it_is_silent_where_it_is_short_where_it_is_not_wanted_and_where_nobody_watches(
    tmp_path, monkeypatch, long
) -> None:
    terminal = terminal_of(monkeypatch)
    monkeypatch.setattr(module, "LONG", long)
    path = tmp_path / "a.xlsx"
    export(loss(), path, progress=None if long > 1_000 else False)
    verify(path, progress=None if long > 1_000 else False)
    assert terminal.getvalue() == ""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    export(loss(), path)
    verify(path)
    assert sys.stdout.getvalue() == ""  # type: ignore[attr-defined]
