"""What a benchmark found, as text: a line for each result as it comes, and what the whole module amounts to.

A line holds the median time of each rival, the ratio saitama / fastest peer (below 1 saitama is the faster) with the
middle half of its rounds, and, where the work of a call is known, saitama's rate, or that of the only rival.
"""

from __future__ import annotations

import math
import statistics
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from benchmarks.timing import PEAK, Result, duration, ratios

OURS = "saitama"
NOISY = 0.25  # the middle half of the rounds is wider than this share of their median


class Ratio(NamedTuple):
    """saitama's time over that of `peer`, the fastest of the others: the median and the quartiles of the rounds."""

    peer: str
    median: float
    low: float
    high: float

    @property
    def slower(self) -> bool:
        return round(self.median, 2) > 1

    @property
    def noisy(self) -> bool:
        return self.high - self.low > NOISY * self.median


class Quantity(NamedTuple):
    """What is compared: its unit in a table, how many of them a second or a byte is, and how a line shows it."""

    unit: str
    scale: float
    text: Callable[[float], str]


QUANTITIES = {
    "time": Quantity("µs", 1e6, duration),
    "memory": Quantity("MB", 1e-6, lambda nbytes: f"{nbytes / 1e6:.1f} MB"),
}


class Report(NamedTuple):
    """A module's results."""

    name: str
    title: str
    results: List[Result]
    quantity: Quantity
    points: Dict[str, Tuple[str, float]]  # case -> (curve, size) for a chart of the cost against the size; or empty

    @property
    def mean(self) -> Optional[float]:
        """The geometric mean of the ratios saitama / fastest peer; None where no result has a peer."""
        found = [one.median for one in map(ratio, self.results) if one]
        return math.exp(statistics.fmean(map(math.log, found))) if found else None


def medians(result: Result) -> Dict[str, float]:
    """Of each rival: seconds a call (or what else the module measures)."""
    return {name: statistics.median(samples) for name, samples in result.times.items()}


def ratio(result: Result) -> Optional[Ratio]:
    """saitama against its fastest peer; None where saitama ran alone."""
    seconds = medians(result)
    peers = [name for name in seconds if name not in (OURS, PEAK)]
    if OURS not in seconds or not peers:
        return None
    peer = min(peers, key=seconds.__getitem__)
    return Ratio(peer, *_quartiles(ratios(result.times, OURS, peer)))


def _quartiles(rounds: List[float]) -> Tuple[float, float, float]:
    """(median, low, high): the middle half lies between the last two."""
    ordered, quarter = sorted(rounds), len(rounds) // 4
    return statistics.median(ordered), ordered[quarter], ordered[-1 - quarter]


def judged(result: Result) -> str:
    """Whose rate counts: saitama's, or that of the only one."""
    names = [name for name in result.times if name != PEAK]
    return names[0] if len(names) == 1 else OURS


def quartiles(result: Result) -> Tuple[float, ...]:
    """(median, low, high) of the rounds of saitama, or of the only one; () where it is not among several."""
    return _quartiles(result.times[judged(result)]) if judged(result) in result.times else ()


def rate(result: Result) -> Optional[float]:
    """Work per second in `result.unit`; None where the work of a call is not known."""
    name = judged(result)
    return result.work / medians(result)[name] if result.work and name in result.times else None


def share(result: Result, peak: Optional[float]) -> Optional[float]:
    """The rate as a share of the machine's: of what it did in the same rounds where that was measured (PEAK), else of
    `peak`, from before the first benchmark."""
    if PEAK in result.times and judged(result) in result.times:
        return statistics.median(ratios(result.times, PEAK, judged(result)))
    speed = rate(result)
    return speed / peak if speed is not None and peak else None


def missed(result: Result) -> bool:
    found = ratio(result)
    return found is not None and result.reach is not None and round(found.median, 2) > result.reach


def line(result: Result, quantity: Quantity, peak: Optional[float]) -> str:
    """One result: `768x128 @ 128x384 float32  saitama 1.2 ms  torch 1.5 ms   0.80 (0.78 - 0.83)  63 GFLOP/s, 55%`."""
    values = "  ".join(f"{name} {quantity.text(value):>7}" for name, value in medians(result).items())
    parts = [f"{result.case:<44} {values:<48}"]
    found = ratio(result)
    if found:
        parts.append(f"{found.median:5.2f} ({found.low:.2f} - {found.high:.2f}){' noisy' if found.noisy else ''}")
    speed = rate(result)
    if speed is not None:
        part = share(result, peak)
        parts.append(f"{speed:.3g} {result.unit}" + (f", {part:.0%} of peak" if part is not None else ""))
    if missed(result):
        parts.append(f"* above {result.reach:g}")
    return "  ".join(parts)


def summary(report: Report) -> Iterator[str]:
    """What a module amounts to: the geometric mean, the rows where a peer is faster and those that miss their reach."""
    ratios_of = [(result, ratio(result)) for result in report.results]
    found: List[Tuple[Result, Ratio]] = [(result, one) for result, one in ratios_of if one]
    if not found:
        return
    values = [one.median for _, one in found]
    yield (
        f"saitama / fastest peer: geometric mean {report.mean:.2f}, "
        f"from {min(values):.2f} to {max(values):.2f} over {len(values)} row{'s' * (len(values) > 1)}"
    )
    bounds = [ratios(result.times, PEAK, one.peer) for result, one in found if PEAK in result.times]
    if bounds:
        mean = math.exp(statistics.fmean(math.log(statistics.median(rounds)) for rounds in bounds))
        yield f"{PEAK} / fastest peer: geometric mean {mean:.2f}, below which nobody can be by much"
    slower = [f"{result.case} ({one.median:.2f} of {one.peer})" for result, one in found if one.slower]
    yield f"slower than a peer: {'; '.join(slower) if slower else 'none'}"
    if any(result.reach is not None for result, _ in found):
        late = [f"{result.case} ({one.median:.2f} > {result.reach:g})" for result, one in found if missed(result)]
        yield f"short of the reach: {'; '.join(late) if late else 'none'}"
    if any(one.noisy for _, one in found):
        yield f"noisy (rounds differ by over {NOISY:.0%}): " + "; ".join(r.case for r, one in found if one.noisy)
