"""What a benchmark found, as text: a line for each result as it comes, and what the whole module amounts to.

A line holds the median time of each rival, the ratio saitama / fastest peer (below 1 saitama is the faster) with the
middle half of its rounds, and, where the work of a call is known, saitama's rate.
"""

from __future__ import annotations

import math
import statistics
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from benchmarks.timing import Result, duration, ratios

OURS = "saitama"
NOISY = 0.25  # the middle half of the rounds is wider than this share of their median


class Ratio(NamedTuple):
    """saitama's time over that of `peer`, the fastest of the others: the median and the quartiles of the rounds."""

    peer: str
    median: float
    low: float
    high: float

    @property
    def noisy(self) -> bool:
        return self.high - self.low > NOISY * self.median


def medians(result: Result) -> Dict[str, float]:
    """Seconds per call of each rival."""
    return {name: statistics.median(samples) for name, samples in result.times.items()}


def ratio(result: Result) -> Optional[Ratio]:
    """saitama against its fastest peer; None where saitama ran alone."""
    seconds = medians(result)
    peers = [name for name in seconds if name != OURS]
    if OURS not in seconds or not peers:
        return None
    peer = min(peers, key=seconds.__getitem__)
    rounds = sorted(ratios(result.times, OURS, peer))
    quarter = len(rounds) // 4
    return Ratio(peer, statistics.median(rounds), rounds[quarter], rounds[-1 - quarter])


def rate(result: Result) -> Optional[float]:
    """saitama's work per second in `result.unit`; None where the work of a call is not known."""
    return result.work / medians(result)[OURS] if result.work and OURS in result.times else None


def missed(result: Result) -> bool:
    found = ratio(result)
    return found is not None and result.reach is not None and found.median > result.reach


def line(result: Result) -> str:
    """One result: `768x128 @ 128x384 float32    saitama 1.2 ms  torch 1.5 ms   0.80 (0.78 - 0.83)  63 GFLOP/s`."""
    times = "  ".join(f"{name} {duration(seconds):>7}" for name, seconds in medians(result).items())
    parts = [f"{result.case:<44} {times:<48}"]
    found = ratio(result)
    if found:
        parts.append(f"{found.median:5.2f} ({found.low:.2f} - {found.high:.2f}){' noisy' if found.noisy else ''}")
    speed = rate(result)
    if speed is not None:
        parts.append(f"{speed:.3g} {result.unit}")
    if missed(result):
        parts.append(f"above the {result.reach:g} aimed at")
    return "  ".join(parts)


def geometric_mean(results: List[Result]) -> Optional[float]:
    """Of the ratios saitama / fastest peer; None where no result has a peer."""
    found = [one.median for one in map(ratio, results) if one]
    return math.exp(statistics.fmean(map(math.log, found))) if found else None


def summary(results: List[Result]) -> Iterator[str]:
    """What a module amounts to: the geometric mean, the rows where a peer is faster and those that miss their reach."""
    found: List[Tuple[Result, Ratio]] = [(result, one) for result, one in ((r, ratio(r)) for r in results) if one]
    if not found:
        return
    values = [one.median for _, one in found]
    yield (
        f"saitama / fastest peer: geometric mean {geometric_mean(results):.2f}, "
        f"from {min(values):.2f} to {max(values):.2f} over {len(values)} rows"
    )
    slower = [f"{result.case} ({one.median:.2f} of {one.peer})" for result, one in found if one.median > 1]
    yield f"slower than a peer: {'; '.join(slower) if slower else 'none'}"
    if any(result.reach is not None for result, _ in found):
        late = [f"{result.case} ({one.median:.2f} > {result.reach:g})" for result, one in found if missed(result)]
        yield f"short of the reach: {'; '.join(late) if late else 'none'}"
    if any(one.noisy for _, one in found):
        yield f"noisy (rounds differ by over {NOISY:.0%}): " + "; ".join(r.case for r, one in found if one.noisy)
