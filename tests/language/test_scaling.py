"""Scaling laws: the fits, on numbers of which the answer is known, and a small run of it all."""

from __future__ import annotations

from dataclasses import replace

import openpyxl
import pytest

from saitama.cli import main
from saitama.language import scaling
from saitama.language.scaling import Point, Size, frontier, power_law, trained_to_the_end
from saitama.spreadsheets import recalculate

TEXT = "the quick brown fox jumps over the lazy dog. " * 20


def law(x):
    return 5.0 * x**-0.25


def sizes():
    """Five sizes exactly on L = 5 N^-1/4, whose points are on the same power of the compute / 1000, and one too
    large."""
    made = []
    for width in (8, 16, 32, 64, 128):
        n = width * 100
        size = Size(width, n, 10, 1000, 1.0)
        size.points = [Point(step, 1000.0 * n * step / 10, law(n * step / 10)) for step in (5, 10)]
        made.append(size)
    late = Size(256, 256 * 100, 10, 1000, 1.0, [Point(10, 1e9, 4.0)])
    return [*made, late]


def test_a_power_is_found_exactly():
    fit = power_law([10, 100, 1000], [law(x) for x in (10, 100, 1000)])
    assert fit.exponent == pytest.approx(0.25) and fit.r2 == pytest.approx(1.0)
    assert fit.at(500) == pytest.approx(law(500))
    with pytest.raises(ValueError, match="two different points"):
        power_law([10, 10], [1, 2])
    assert power_law([1, 2, 4], [3.0, 3.0, 3.0]).exponent == pytest.approx(0)


def test_what_counts_for_the_lines():
    made = sizes()
    assert [size.width for size in trained_to_the_end(made)] == [8, 16, 32, 64, 128]
    best = frontier(made)
    assert [point.loss for point in best] == sorted((point.loss for point in best), reverse=True)
    assert Point(10, 1e9, 4.0) not in best
    by_size, by_compute = scaling.fits(made)
    assert [by_size.exponent, by_compute.exponent] == pytest.approx([0.25, 0.25])


def test_the_workbooks_formulas_find_the_same(tmp_path):
    scaling.write(sizes(), tmp_path / "scale.xlsx")
    found = recalculate(tmp_path / "scale.xlsx", engine="ironcalc")
    assert found.errors == {}
    for sheet, rows in (("Sizes", 6), ("Best", len(frontier(sizes())))):
        labels = {found.values[sheet].get(f"A{row}"): row for row in range(4 + rows, 12 + rows)}
        assert found[f"{sheet}!B{labels['exponent']}"] == pytest.approx(0.25)
        assert found[f"{sheet}!B{labels['R squared']}"] == pytest.approx(1.0)
    assert found["Sizes!I4"] == pytest.approx(law(800))
    charts = openpyxl.load_workbook(tmp_path / "scale.xlsx")["Charts"]._charts
    assert [chart.x_axis.scaling.logBase for chart in charts] == [10, 10]
    assert [chart.y_axis.scaling.logBase for chart in charts] == [2, 2]
    assert len(charts[0].series) == 7


def test_a_small_run():
    base = replace(scaling.BASE, block_size=8, batch_size=2)
    told = []
    made = scaling.measure(TEXT, 0.05, [4, 8], base, tell=told.append)
    assert told == made and [size.width for size in made] == [4, 8]
    assert all(size.points[-1].step == size.steps >= scaling.POINTS for size in made)
    assert made[0].parameters < made[1].parameters
    assert made[0].points[-1].flop == 6 * made[0].parameters * made[0].tokens
    by_size, by_compute = scaling.fits(made)
    assert by_compute is not None


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT * 3)
    assert main(["scale", "text.txt", "--seconds", "0.05", "--widths", "4,8", "-o", "s.xlsx"]) == 0
    out = capsys.readouterr().out
    assert "width  parameters" in out and "compute" in out and "s.xlsx" in out
    mine = openpyxl.Workbook()
    mine.save(tmp_path / "mine.xlsx")
    assert main(["scale", "--seconds", "0.05", "-o", "mine.xlsx"]) == 2  # before anything is trained
    assert "mine.xlsx" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--widths", "8"], "expected two even numbers at least"),
        (["--widths", "8,9"], "expected two even numbers"),
        (["--seconds", "0"], "expected a number above 0"),
        (["-o", "scale.txt"], "ends with .xlsx"),
    ],
)
def test_bad_options(options, words, capsys):
    with pytest.raises(SystemExit):
        main(["scale", *options])
    assert words in capsys.readouterr().err


def test_bad_arguments():
    with pytest.raises(ValueError, match="two different widths"):
        scaling.measure(TEXT, 1.0, [8, 8])
    with pytest.raises(ValueError, match="seconds must be a number above 0"):
        scaling.measure(TEXT, 0, [8, 16])
