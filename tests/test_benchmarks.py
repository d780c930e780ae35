"""The harness of the benchmarks, on results that are made up: no test measures time."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, List

import pytest
from openpyxl import load_workbook

SLOW = "8x8 @ 8x8 float64, 1 thread"
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))  # benchmarks are not installed


def module(name: str) -> Any:
    return importlib.import_module(f"benchmarks.{name}")


def results() -> List[Any]:
    make = module("timing").Result
    return [
        make("exp float32 (1e3)", {"saitama": [1e-6] * 3, "numpy": [2e-6] * 3, "torch": [4e-6] * 3}, 1e-6, "GB/s"),
        make(SLOW, {"saitama": [3e-6, 8e-6, 4e-6], "torch": [1e-6, 2e-6, 2e-6]}, 1e-4, reach=0.9),
        make("alone", {"saitama": [1e-3]}),
    ]


def test_the_ratio_is_to_the_fastest_peer_within_a_round() -> None:
    report = module("report")
    fast, slow, alone = results()
    assert report.ratio(fast) == ("numpy", 0.5, 0.5, 0.5)
    assert report.ratio(slow) == ("torch", 3, 2, 4)  # of 3, 4 and 2, though the ratio of the medians is 2
    assert report.ratio(alone) is None
    assert [report.missed(result) for result in results()] == [False, True, False]
    assert report.rate(fast) == pytest.approx(1.0)
    assert report.rate(fast._replace(times={"a step": [5e-7]})) == pytest.approx(2.0)  # of the only rival


def test_a_peak_of_the_same_rounds_counts_and_is_no_peer() -> None:
    report, (fast, _, alone) = module("report"), results()
    assert report.share(fast, 4.0) == pytest.approx(0.25) and report.share(fast, None) is None
    measured = fast._replace(times={**fast.times, "peak": [5e-7, 2e-7, 8e-7]})
    assert report.share(measured, 4.0) == pytest.approx(0.5)  # of 0.5, 0.2 and 0.8
    assert report.ratio(measured) == report.ratio(fast)
    whole = report.Report("made", "Made up", [measured], report.QUANTITIES["time"], {})
    assert "peak / fastest peer: geometric mean 0.25, below which nobody can be by much" in "\n".join(
        report.summary(whole)
    )
    step = alone._replace(times={"a step": [4e-7], "peak": [1e-7]}, work=1e-6)
    assert report.share(step, None) == pytest.approx(0.25) and report.rate(step) == pytest.approx(2.5)
    assert "25% of peak" in report.line(step, report.QUANTITIES["time"], None)


def test_what_is_printed() -> None:
    report = module("report")
    seconds = report.QUANTITIES["time"]
    line = report.line(results()[1], seconds, 100.0)
    for part in ("8x8 @ 8x8", "saitama    4 us", "3.00 (2.00 - 4.00) noisy", "25 GFLOP/s, 25% of peak", "* above 0.9"):
        assert part in line
    whole = report.Report("made", "Made up", results(), seconds, {})
    assert whole.mean == pytest.approx(1.5**0.5)
    text = "\n".join(report.summary(whole))
    assert "geometric mean 1.22, from 0.50 to 3.00 over 2 rows" in text
    assert "slower than a peer: 8x8 @ 8x8 float64, 1 thread (3.00 of torch)" in text
    assert "short of the reach: 8x8 @ 8x8 float64, 1 thread (3.00 > 0.9)" in text


def test_the_workbook_has_tables_and_charts(tmp_path: Path) -> None:
    report, machine, path = module("report"), module("machine"), tmp_path / "run.xlsx"
    cores = machine.core_counts()
    names = [*machine.DTYPES, *(f"{kind} {size}" for kind in ("read", "copy") for size in machine.FOOTPRINTS)]
    peaks = machine.Peaks({(name, count): 100.0 * count for name in names for count in cores})
    points = {result.case: ("line", float(place + 1)) for place, result in enumerate(results())}
    made = report.Report("made", "Made up", results(), report.QUANTITIES["time"], points)
    module("workbook").write([made], {"processor": "one"}, peaks, str(path))
    book = load_workbook(path)
    assert book.sheetnames == ["Summary", "made", "Machine"]
    sheet = book["made"]
    assert [cell.value for cell in sheet[6]][:11] == [
        *(SLOW, pytest.approx(4), None, pytest.approx(2)),
        *(3, 2, 4, "torch", 0.9, pytest.approx(25), "GFLOP/s"),
    ]
    assert len(sheet._charts) == 2 and len(book["Machine"]._charts) == 1
    assert "=GEOMEAN(E5:E7)" in [cell.value for cell in sheet["E"]]
    with pytest.raises(ValueError, match=r"\.xlsx"):
        module("workbook").write([made], {}, None, str(tmp_path / "run.csv"))


def test_every_benchmark_can_be_run() -> None:
    names = module("__main__").names()
    assert {"value", "mlp", "sizes", "memory"} <= set(names)
    for name in names:
        assert hasattr(module(name), "results") or hasattr(module(name), "main"), name


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_packing_turns_what_is_transposed(tmp_path: Path, dtype: str) -> None:
    packing, K = module("packing"), importlib.import_module("saitama.tensor.backend").K
    library = packing.library(str(tmp_path))
    if library is None or K.info()["backend"] != "compiled":
        pytest.skip("needs a C compiler, Python's headers and the compiled kernels")
    n, k = 77, 41  # columns and numbers are left over
    b = K.normal((n, k), dtype, 1, 0)
    turned = K.transpose(b, (1, 0))
    packers = [packing.packer(library, dtype, ("b", *operand, n, k)) for operand in ((b, k, 1), (turned, 1, n))]
    for packer in packers:
        packer()
    panels = [list(packer.args[-1]) for packer in packers]
    assert panels[0] == panels[1]
    assert sorted(x for x in panels[0] if x != 0) == sorted(x for row in b.tolist() for x in row)


def test_every_step_to_the_matmul_kernel_gives_its_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, K = module("matmul_steps"), importlib.import_module("saitama.tensor.backend").K
    library = module("machine").compiled("matmul_steps.c", str(tmp_path), "-Wall", "-Wextra", "-Wno-unknown-pragmas")
    if library is None or K.info()["backend"] != "compiled":
        pytest.skip("needs a C compiler and the compiled kernels")
    n = 384  # two runs along k
    a, b = (K.normal((n, n), "float64", seed, 0) for seed in (1, 2))
    for name in (*steps.STEPS[n], "threaded"):
        steps.step(library, name, a, b, 3)  # checks
    monkeypatch.setattr(steps, "TOLERANCE", 0.0)  # which nothing is below
    with pytest.raises(ValueError, match="reordered of 384x384 is .* off the kernel's result"):
        steps.step(library, "reordered", a, b, 1)


def test_an_unknown_benchmark_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        module("__main__").main(["nonsense"])
    assert "no benchmark called nonsense; there are: " in capsys.readouterr().err


def test_a_workbook_that_somebody_made_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.xlsx"
    path.write_text("my notes")
    with pytest.raises(SystemExit) as stop:
        module("__main__").main(["value", "--output", str(path)])  # before anything is measured
    assert stop.value.code == 2
    assert "run.xlsx is not a workbook that saitama wrote; it is kept" in capsys.readouterr().err
    assert path.read_text() == "my notes"


# --- slips and their reasons ------------------------------------------------------------------------------------------
def test_a_planted_slip_is_found_and_named() -> None:
    reasons = module("reasons")
    for slug in ("sign", "missing-derivative", "digits"):
        for sheet, slips in reasons.planted(slug, 2, seed=3):
            outcome = list(reasons.outcome_of(sheet, slips, slug))
            assert outcome[0] in (reasons.FOUND, reasons.HIDDEN)
            assert reasons.OTHER not in outcome and reasons.ALARM not in outcome
    assert not [sheet for sheet in reasons.right_sheets(9, seed=3) if list(reasons.judged(sheet).slips())]


def test_a_sheet_is_judged_alike_in_memory_and_in_a_file(tmp_path: Path) -> None:
    reasons, write = module("reasons"), module("paper.workbooks").write
    from saitama.spreadsheets import verify

    for slug in ("sign", "mask"):
        ((sheet, _),) = reasons.planted(slug, 1, seed=5)
        own = [cell for cell in reasons.judged(sheet).cells if cell.cause == "own"]
        found = [one for one in verify(write(sheet, tmp_path / f"{slug}.xlsx")).differences if one.cause == "own"]
        assert [cell.typed.number for cell in own] == [float(one.found) for one in found]


def test_the_table_counts_what_became_of_each_slip() -> None:
    reasons = module("reasons")
    counts = reasons.Counter({reasons.FOUND: 8, reasons.MISSED: 2, reasons.HIDDEN: 10, reasons.NAMED: 6})
    counts.update({reasons.LISTED: 1, reasons.UNKNOWN: 1})
    (_, row, total, *_) = reasons.table({"sign": counts}, {"alone": counts})
    assert row.split() == ["sign", "20", "50.0%", "80.0%", "87.5%", "75.0%", "1", "0", "0"]
    assert total.split()[1:] == row.split()[1:]


def test_options_of_one_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        module("__main__").main(["value", "--sheets", "3"])
    assert "--sheets and --seed are for `reasons` alone" in capsys.readouterr().err
