"""How long calculating a workbook may take, said before it starts."""

from __future__ import annotations

from typing import List

import openpyxl
import pytest

from saitama.spreadsheets import recalculate
from saitama.spreadsheets.engines import forecast as module
from saitama.spreadsheets.engines.recalculate import ENGINES, installed_engines
from saitama.spreadsheets.read.workbook import open_workbook


def book(path, formulas: int):
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet()
    for number in range(formulas):
        sheet.append([number, f"=A{number + 1}+1"])
    workbook.save(path)
    return path


def test_each_engine_has_its_rate() -> None:
    assert set(module.RATES) == set(ENGINES)


def test_more_formulas_take_longer_and_little_is_not_worth_a_word(tmp_path, monkeypatch) -> None:
    few = open_workbook(book(tmp_path / "few.xlsx", 3))
    assert module.forecast(few, ["ironcalc"]) == ""
    monkeypatch.setattr(module, "RATES", {"ironcalc": (1.0, 20e6), "gnumeric": (1.0, 200e6)})
    assert module.forecast(few, ["ironcalc"]) == "3 formulas: ironcalc takes about 61 s"
    both = "3 formulas: ironcalc takes about 61 s, gnumeric takes about 10 minutes"
    assert module.forecast(few, ["ironcalc", "gnumeric"]) == both


@pytest.mark.skipif(not installed_engines(), reason="no program that calculates")
def test_it_is_told_before_the_engine_starts(tmp_path, monkeypatch) -> None:
    path, told = book(tmp_path / "a.xlsx", 2), []  # type: ignore[var-annotated]
    monkeypatch.setattr(module, "WORTH_A_WORD", 0.0)
    engine = installed_engines()[0]
    calculate = ENGINES[engine].calculate

    def late(*arguments):
        told.append("engine")
        return calculate(*arguments)

    monkeypatch.setattr(ENGINES[engine], "calculate", late)
    assert recalculate(path, tell=told.append).formulas == 2
    texts: List[str] = [f"2 formulas: {engine} takes about {module.seconds(2, engine):.0f} s", "engine"]
    assert told == texts
