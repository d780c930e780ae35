"""The main job on its embedded default: what a newcomer runs first."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from available import needs_ironcalc
from openpyxl import load_workbook

from saitama import demo, spreadsheets
from saitama.cli import main
from saitama.spreadsheets.engines.recalculate import ENGINES
from saitama.spreadsheets.write.saving import check_replaceable


@needs_ironcalc
def test_everything_agrees_and_the_workbooks_are_there(tmp_path: Path, capsys: Any) -> None:
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 0
    out = capsys.readouterr().out
    assert "Everything agrees." in out and "Next:" in out
    assert sum(line.rstrip().endswith(" agree") for line in out.splitlines()) == len(demo.PUBLISHED)
    assert "0.298371109   0.298371109   0.298371109   0.298371109" in out
    names = sorted(path.name for path in (tmp_path / "demo").iterdir())
    assert names == ["by-hand-blank.xlsx", "by-hand-filled.xlsx", "network.xlsx"]
    blank = spreadsheets.verify(tmp_path / "demo" / "by-hand-blank.xlsx")
    assert {difference.kind for difference in blank.differences} == {"blank"}


@needs_ironcalc
def test_a_wrong_published_number_is_noticed(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(demo.PUBLISHED, "E", 0.298371108)
    assert main(["demo", "--out", str(tmp_path)]) == 1
    assert "Something differs" in capsys.readouterr().out


def test_a_wrong_derivative_by_hand_is_noticed(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    right = demo.two_layer_by_hand

    def forgetful(inputs: Any, W1: Any, b1: float, W2: Any, b2: float, targets: Any, lr: float) -> Any:
        return right(inputs, W1, b1, W2, b2, targets, lr * 1.001)

    monkeypatch.setattr(demo, "two_layer_by_hand", forgetful)
    assert main(["demo", "--out", str(tmp_path)]) == 1


@needs_ironcalc
def test_a_second_run_replaces_the_first_but_nobodys_work(tmp_path: Path, capsys: Any) -> None:
    assert main(["demo", "--out", str(tmp_path)]) == 0
    blank = tmp_path / "by-hand-blank.xlsx"
    for path in tmp_path.iterdir():
        check_replaceable(path, None)
    workbook = load_workbook(blank)
    workbook.worksheets[1]["Z99"] = "mine"
    workbook.save(blank)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert main(["demo", "--out", str(tmp_path)]) == 2
    assert (
        "by-hand-blank.xlsx was saved by another program since saitama wrote it; it is kept" in capsys.readouterr().err
    )
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert main(["demo", "--out", str(tmp_path), "--force"]) == 0
    check_replaceable(blank, None)


def test_without_an_engine_it_says_what_was_not_checked(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for engine in ENGINES.values():
        monkeypatch.setattr(engine, "is_available", lambda: False)
    assert main(["demo", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "workbook column left out: no engine" in out and "pip install 'saitama-dl[recalc]'" in out
    assert "Everything that was calculated agrees." in out and "Everything agrees" not in out
    assert "Not checked: the formulas of the workbooks, which nothing has calculated." in out


def test_without_an_engine_a_wrong_number_is_noticed_still(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for engine in ENGINES.values():
        monkeypatch.setattr(engine, "is_available", lambda: False)
    monkeypatch.setitem(demo.PUBLISHED, "E", 0.298371108)
    assert main(["demo", "--out", str(tmp_path)]) == 1
    assert "Something differs" in capsys.readouterr().out


def test_brackets_are_shown_as_they_are(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    main(["demo", "--out", "[b]x[/] :smile:"])
    out = capsys.readouterr().out
    assert "exported [b]x[/] :smile:/network.xlsx" in out.replace("\\", "/") and "\x1b" not in out


def test_it_uses_the_public_names_of_spreadsheets() -> None:
    source = Path(demo.__file__).read_text(encoding="utf-8")
    assert "saitama.spreadsheets." not in source
    used = set(re.findall(r"spreadsheets\.(\w+)", source))
    assert used and used <= set(spreadsheets.__all__)


def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert main(["demo", "--out", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err == (
        f"saitama: cannot make the folder {tmp_path / 'file'}: File exists; give another with --out\n"
    )
