"""History: rows, columns, and a workbook with charts."""

from __future__ import annotations

import math

import openpyxl
import pytest

from saitama.tensor import Tensor
from saitama.training import History, export_histories


def history(epochs=3):
    made = History()
    for epoch in range(epochs):
        made.add_epoch(loss=1.0 / (epoch + 1), accuracy=0.5, val_loss=1.5 / (epoch + 1), lr=1e-4, grad_norm=0.1 + epoch)
    return made


def titles(sheet):
    return ["".join(run.t for run in chart.title.tx.rich.p[0].r) for chart in sheet._charts]


def test_rows_and_columns():
    made = history()
    assert made.epochs[1]["epoch"] == 2
    assert made["loss"] == [1.0, 0.5, 1 / 3]
    assert len(made) == 3
    made.add_epoch(loss=0.1, extra=2)
    assert math.isnan(made["extra"][0])
    assert math.isnan(made["lr"][3])
    with pytest.raises(KeyError, match="no epoch has 'losses'; there are: epoch, loss"):
        made["losses"]
    with pytest.raises(TypeError, match="loss is tensor"):
        made.add_epoch(loss=Tensor(1.0))


def test_the_workbook_has_exact_tables_and_a_chart_of_each_quantity(tmp_path):
    made = history()
    for step in range(5):
        made.add_step(loss=0.1 * step, lr=1e-4, grad_norm=1.0)
    made.export(tmp_path / "run.xlsx")
    book = openpyxl.load_workbook(tmp_path / "run.xlsx")
    assert book.sheetnames == ["Charts", "Epochs", "Steps"]
    rows = [[cell.value for cell in row] for row in book["Epochs"].iter_rows()]
    assert rows[0] == ["epoch", "loss", "accuracy", "val_loss", "lr", "grad_norm"]
    assert rows[1:] == [list(row.values()) for row in made.epochs]
    assert [cell.value for cell in book["Steps"][6]] == [5, 0.4, 1e-4, 1.0]
    per_step = ["Loss of each step", "Learning rate of each step", "Gradient norm of each step"]
    assert titles(book["Charts"]) == ["Loss", "Accuracy", "Learning rate", "Gradient norm", *per_step]
    loss = book["Charts"]._charts[0]
    assert loss.scatterStyle == "lineMarker"  # without it Excel offers to repair the file
    assert [series.tx.v for series in loss.series] == ["training", "validation"]
    assert [series.yVal.numRef.f for series in loss.series] == ["'Epochs'!$B$2:$B$4", "'Epochs'!$D$2:$D$4"]
    assert (loss.x_axis.scaling.min, loss.x_axis.scaling.max) == (0, 3)
    assert all(chart.x_axis.delete is False and chart.y_axis.delete is False for chart in book["Charts"]._charts)


def test_several_runs_share_their_charts(tmp_path):
    export_histories({"none": history(3), "drop/out": history(5), "empty": History()}, tmp_path / "runs.xlsx")
    book = openpyxl.load_workbook(tmp_path / "runs.xlsx")
    assert book.sheetnames == ["Charts", "Epochs none", "Epochs drop-out"]
    assert titles(book["Charts"]) == ["Loss", "Accuracy", "Loss (validation)", "Learning rate", "Gradient norm"]
    series = book["Charts"]._charts[0].series
    assert [line.tx.v for line in series] == ["none", "drop/out"]
    assert series[1].xVal.numRef.f == "'Epochs drop-out'!$A$2:$A$6"


def test_steps_alone_and_gaps(tmp_path):
    made = History()
    for _ in range(4):
        made.add_step(loss=1.0, tokens_per_s=5.0)
    made.steps[1]["val_loss"] = made.steps[3]["val_loss"] = 1.2
    made.export(tmp_path / "run.xlsx")
    book = openpyxl.load_workbook(tmp_path / "run.xlsx")
    assert titles(book["Charts"]) == ["Loss", "Tokens per second"]
    loss = book["Charts"]._charts[0]
    assert [series.tx.v for series in loss.series] == ["training", "validation"]
    assert loss.display_blanks == "span"  # the two points of the validation are one line
    assert [row[3].value for row in book["Steps"].iter_rows()] == ["val_loss", None, 1.2, None, 1.2]


def test_long_and_equal_names_of_runs(tmp_path):
    export_histories({"x" * 40 + "1": history(1), "x" * 40 + "2": history(1)}, tmp_path / "runs.xlsx")
    names = openpyxl.load_workbook(tmp_path / "runs.xlsx").sheetnames
    assert len(set(names)) == 3
    assert all(len(name) <= 31 for name in names)


def test_nan_and_infinity_are_text(tmp_path):
    made = History()
    made.add_epoch(loss=float("nan"), lr=float("inf"))
    made.export(tmp_path / "run.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "run.xlsx")["Epochs"]
    assert [sheet["B2"].value, sheet["C2"].value] == ["nan", "inf"]


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="nothing to write yet"):
        History().export(tmp_path / "run.xlsx")
    with pytest.raises(ValueError, match="is not an .xlsx name"):
        history().export(tmp_path / "run.csv")
    with pytest.raises(OSError, match="cannot write"):
        history().export(tmp_path / "none" / "run.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_its_state():
    other = History()
    other.load_state_dict(history().state_dict())
    assert other.epochs == history().epochs
