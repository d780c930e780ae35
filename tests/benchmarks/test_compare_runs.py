"""`python -m benchmarks compare`: what became slower between two runs, on results that are made up."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Dict, List

import pytest
from openpyxl import Workbook, load_workbook

ROOT = Path(__file__).resolve().parents[2]
FACTS = {"processor": "one", "cores": "2", "system": "Linux", "numpy": "2.4"}
STEADY = [0.98, 0.99, 1.0, 1.0, 1.0, 1.01, 1.02]
NOISY = [0.5, 0.7, 0.9, 1.0, 1.3, 1.6, 2.0]


@pytest.fixture(autouse=True)
def checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))  # benchmarks are not installed


def module(name: str) -> Any:
    return importlib.import_module(f"benchmarks.{name}")


def times(ours: float, rounds: List[float], **peers: float) -> Dict[str, List[float]]:
    """saitama's rounds around `ours`; those of the peers never change."""
    return {
        "saitama": [ours * part for part in rounds],
        **{name: [value] * len(rounds) for name, value in peers.items()},
    }


def write(path: Path, cases: Dict[str, Dict[str, List[float]]], facts: Dict[str, str] = FACTS) -> str:
    report = module("report")
    results = [module("timing").Result(case, rounds) for case, rounds in cases.items()]
    made = report.Report("made", "Made up", results, report.QUANTITIES["time"], {})
    module("workbook").write([made], facts, None, str(path), True)
    return str(path)


def compare(*paths: str) -> int:
    code: int = module("__main__").main(["compare", *paths])
    return code


def test_what_became_slower_and_faster_and_what_is_noise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {
        "slower": times(1e-6, STEADY, numpy=2e-6),
        "faster": times(1e-6, STEADY, numpy=2e-6),
        "steady": times(1e-6, STEADY, numpy=2e-6),
        "noisy": times(1e-6, NOISY, numpy=2e-6),
        "a machine that was slow": times(1e-6, STEADY, numpy=2e-6),
        "gone": times(1e-6, STEADY),
    }
    after = {
        "slower": times(1.2e-6, STEADY, numpy=2e-6),
        "faster": times(0.8e-6, STEADY, numpy=2e-6),
        "steady": times(1.04e-6, STEADY, numpy=2e-6),
        "noisy": times(1.2e-6, NOISY, numpy=2e-6),
        "a machine that was slow": times(3e-6, STEADY, numpy=6e-6),
    }
    paths = write(tmp_path / "before.xlsx", before), write(tmp_path / "after.xlsx", after)
    assert compare(*paths) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "slower: 1" and lines[1].split()[:4] == ["made:", "slower", "1.20", "times"]
    assert "0.5 (0.495 - 0.505) -> 0.6 (0.594 - 0.606) of numpy" in lines[1]
    assert lines[2] == "faster: 1" and lines[3].split()[:4] == ["made:", "faster", "0.80", "times"]
    assert lines[4] == "3 of 5 cases as before, within the noise; 1 are in one run only"
    assert compare(paths[1], paths[0]) == 1  # the other way round, what was faster became slower
    assert "made: faster" in capsys.readouterr().out.split("faster: 1")[0]
    assert compare(paths[0], paths[0]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["slower: none", "faster: none"]


@pytest.mark.parametrize("peers", [{}, {"torch": 2e-6}])
def test_without_a_common_peer_our_own_time_counts(
    peers: Dict[str, float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = write(tmp_path / "before.xlsx", {"exp": times(1e-6, STEADY, numpy=2e-6 if peers else 2e-6)})
    after = write(tmp_path / "after.xlsx", {"exp": times(1.5e-6, STEADY, **peers)})
    assert compare(before, after) == 1
    assert " 1.50 times  1 (0.99 - 1.01) -> 1.5 (1.49 - 1.51) of its time" in capsys.readouterr().out


def test_another_machine_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = {"exp": times(1e-6, STEADY)}
    before = write(tmp_path / "before.xlsx", cases)
    after = write(tmp_path / "after.xlsx", cases, {**FACTS, "processor": "another"})
    assert compare(before, after) == 2
    assert capsys.readouterr().err == ("compare: the runs are of different machines: processor is one and another\n")
    newer = write(tmp_path / "newer.xlsx", cases, {**FACTS, "numpy": "3.0"})  # which is part of what is compared
    assert compare(before, newer) == 0


def test_runs_without_a_common_case_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write(tmp_path / "one.xlsx", {"exp": times(1e-6, STEADY)})
    two = write(tmp_path / "two.xlsx", {"log": times(1e-6, STEADY)})
    assert compare(one, two) == 2
    assert capsys.readouterr().err.startswith("compare: the runs have no case in common")


def test_other_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = write(tmp_path / "good.xlsx", {"exp": times(1e-6, STEADY)})
    other = tmp_path / "other.xlsx"
    Workbook().save(other)
    text = tmp_path / "text.xlsx"
    text.write_text("no workbook")
    old = tmp_path / "old.xlsx"
    book = load_workbook(good)
    for cell in book["made"][4]:
        if cell.value == "ours from":
            cell.value = None
    book.save(old)
    damaged = tmp_path / "damaged.xlsx"
    book = load_workbook(good)
    for cell in book["made"][5][1:]:
        cell.value = "x"
    book.save(damaged)
    for bad, says in (
        (other, "holds no benchmarks"),
        (text, "text.xlsx"),
        (tmp_path / "nowhere.xlsx", "nowhere.xlsx"),
        (old, "has no column 'ours from'"),
        (damaged, "no case in common"),
    ):
        assert compare(good, str(bad)) == 2
        error = capsys.readouterr().err
        assert error.startswith("compare: ") and says in error and error.count("\n") == 1


def test_a_median_of_zero_is_no_crash(tmp_path: Path) -> None:
    before = write(tmp_path / "before.xlsx", {"exp": times(0.0, STEADY)})
    after = write(tmp_path / "after.xlsx", {"exp": times(1e-6, STEADY)})
    assert compare(before, after) == 1
