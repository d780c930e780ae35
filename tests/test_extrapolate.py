"""The arithmetic of many machines: its limits, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def many(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))  # benchmarks are not installed
    from benchmarks import extrapolate

    return extrapolate


def test_a_ring(many):
    network = many.Network(latency=1e-3, bandwidth=1e6)
    assert many.ring(1e6, 1, network) == 0.0
    assert many.ring(1e6, 2, network) == pytest.approx(2 * (0.5 + 1e-3))
    assert many.ring(1e6, 4, network) == pytest.approx(6 * (0.25 + 1e-3))


def test_one_machine_is_perfect_and_infinitely_fast_networks_nearly(many):
    work, fast = many.Work(1.0, 1e6, 64), many.Network(0.0, 1e18)
    for weak in (False, True):
        assert many.efficiency(work, 1, fast, weak, 0.0) == 1.0
        assert many.efficiency(work, 64, fast, weak, 0.0) == pytest.approx(1.0)
    assert many.efficiency(many.Work(1.0, 1e6, 12), 64, fast, False, 0.0) == pytest.approx(12 / 64)  # most have nothing


def test_overlap_hides_all_but_the_last_bucket(many):
    work, network = many.Work(10.0, 100e6, 8), many.Network(0.0, 100e6)
    alone = many.step(work, 2, network, True, 0.0)
    assert alone == pytest.approx(10.0 + 1.0)
    hidden = many.step(work, 2, network, True, 1.0)
    assert hidden == pytest.approx(10.0 + many.BUCKET / 100e6)


def test_the_page_says_what_the_command_prints(many):
    page = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if "bit/s |" in line]
    assert len(rows) == 12
    for row in rows:
        what, network, *cells = [cell.strip() for cell in row.strip("|").split("|")]
        name, _, kind = what.rpartition(", ")
        for machines, cell in zip((2, 8, 64), cells):
            pair = (many.NETWORKS[network], kind == "weak")
            values = [many.efficiency(many.WORKS[name], machines, *pair, overlap) for overlap in (0.0, 1.0)]
            assert cell == f"{values[0]:.0%} to {values[1]:.0%}", row
