"""Fair timing of rivals: every rival is measured in turn, round after round, so that a machine that is slow for a
moment is slow for all.

    rivals = {"saitama": lambda: a @ b, "numpy": lambda: x @ y}
    times = alternate(rivals)
    print(table("matmul 384x384", times, baseline="saitama"))

Ratios are taken within each round (rival / baseline, so above 1 the baseline is the faster) and the median of the
rounds is reported: that is steadier than a ratio of two medians, because both numbers of a round saw the same machine.
"""

from __future__ import annotations

import gc
import statistics
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional

Times = Dict[str, List[float]]  # rival -> seconds per call, one for each round
PEAK = "peak"  # the rival that only adds products, in registers: what the machine could do in these very rounds
SHARED: Dict[str, float] = {"pause": 0.11, "settle": 0.02}  # for alternate(), where rivals share work among threads


class Result(NamedTuple):
    """A row of a benchmark's table. A benchmark is a module with a TITLE and a `results()` that yields these.

    What the case says is used: "float32" and "float64" name the dtype, "1 thread" and "2 threads" the number of them,
    for the share of the machine's peak (else float64 and all cores).
    """

    case: str  # "exp float32 (1e5)", "768x128 @ 128x384 float32, 2 threads"
    times: Times  # from alternate(); "saitama" is one of the rivals, or there is one rival; PEAK is no rival
    work: float = 0.0  # of one call, in billions of what `unit` counts (GFLOP or GB); 0: no rate
    unit: str = "GFLOP/s"  # or "GB/s"
    reach: Optional[float] = None  # the ratio saitama / fastest peer that is aimed at for this row


def alternate(
    rivals: Dict[str, Callable[[], Any]],
    *,
    rounds: int = 15,
    seconds_per_sample: float = 0.02,
    pause: float = 0.01,
    settle: float = 0.0,
) -> Times:
    """Seconds per call of each rival, once in each round. A sample repeats the call until it lasts about
    `seconds_per_sample`.

    The order of the rivals is reversed every second round, so none always runs just after the same neighbour. Before
    the first round each is called until it is warm. A sample starts with no garbage, and what lived before (imports) is
    not searched for any; collecting what a rival leaves behind while it runs is its own cost.

    pause: seconds in which nobody runs before another rival's turn, as threads without work spin for a while, on a core
    that the next would use: PyTorch's were seen to for 5 ms, those of NumPy's matrix products (OpenBLAS) for 104 ms.
    settle: seconds that a rival runs before its sample, untimed, until its threads are awake.
    """
    gc.collect()
    gc.freeze()
    repeats = {name: _repeats(call, seconds_per_sample) for name, call in rivals.items()}
    times: Times = {name: [] for name in rivals}
    order, last = list(rivals), ""
    for _ in range(rounds):
        for name in order:
            if name != last:
                time.sleep(pause)
            last = name
            end = time.perf_counter() + settle
            while time.perf_counter() < end:
                rivals[name]()
            times[name].append(_sample(rivals[name], repeats[name]) / repeats[name])
        order.reverse()
    gc.unfreeze()
    return times


def ratios(times: Times, rival: str, baseline: str) -> List[float]:
    """Per round, the rival's time divided by the baseline's: above 1 the baseline is faster."""
    return [t / b for t, b in zip(times[rival], times[baseline])]


def table(
    title: str, times: Times, *, baseline: Optional[str] = None, work: Optional[float] = None, unit: str = "GFLOP/s"
) -> str:
    """The result as text: median, fastest and slowest time, rate and ratio to the baseline (the first rival unless
    given).

    `work` is the work of one call in units of `unit`·seconds (2·384³/1e9 for a 384x384 matmul in GFLOP/s); without it
    no rate is shown.
    """
    baseline = next(iter(times)) if baseline is None else baseline
    width = max(len(name) for name in times)
    rate_heading = f"{unit:>9}  " if work else ""
    lines = [
        title,
        f"  {'':{width}}  {'median':>10}  {'fastest':>10}  {'slowest':>10}  {rate_heading}"
        f"time / {baseline}'s (from - to)",
    ]
    for name, samples in times.items():
        median = statistics.median(samples)
        ratio = ratios(times, name, baseline)
        spread = "1" if name == baseline else f"{statistics.median(ratio):.2f} ({min(ratio):.2f} - {max(ratio):.2f})"
        rate = f"{work / median:>9.1f}  " if work else ""
        columns = "  ".join(f"{duration(seconds):>10}" for seconds in (median, min(samples), max(samples)))
        lines.append(f"  {name:{width}}  {columns}  {rate}{spread}")
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Three significant digits with a readable unit: 1.23 ms."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _repeats(call: Callable[[], Any], seconds: float) -> int:
    """How often to repeat the call for a sample of about `seconds`. Doubling the count warms the caches on the way."""
    count = 1
    while True:
        elapsed = _sample(call, count)
        if elapsed >= seconds / 2:
            return max(1, round(count * seconds / elapsed))
        count *= 2


def _sample(call: Callable[[], Any], repeats: int) -> float:
    gc.collect()
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return time.perf_counter() - start
