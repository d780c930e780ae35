"""What this machine can do at most, so that a rate can be read as a share of it: `python -m benchmarks.machine`.

Fused multiply-adds a second by dtype, and bytes read and copied a second where the numbers fit in a cache of the first,
second or third level or only in memory; for one core and for all. The kernels are in peaks.c, compiled when they are
needed; without a C compiler there are no peaks.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from benchmarks.timing import PEAK, Result, Times, alternate

DTYPES = ("float64", "float32")
# Bytes that a core works on.
FOOTPRINTS = {"16 KB": 1 << 14, "256 KB": 1 << 18, "4 MB": 1 << 22, "12 MB": 12 << 20, "256 MB": 1 << 28}
SECONDS = 0.02  # of a sample
SAMPLES = 5  # of which the fastest counts: nothing makes a machine faster than it is
LEAST = 0.5  # GFLOP of a core that is compared with others: beside them, to start a thread takes no time
DRIFT = 0.1  # peaks before and after that differ by more speak of a busy machine

Key = Tuple[str, int]  # ("float64" or "read 16 KB" or "copy 16 KB", cores)


class Peaks(NamedTuple):
    """GFLOP/s or GB/s by what was measured and on how many cores."""

    rates: Dict[Key, float]

    def of(self, result: Result) -> Optional[float]:
        """The peak for a result, by what its case says of dtype and threads and, for GB/s, by the bytes it moves: the
        rate of a copy that moves as many."""
        cores = core_counts()
        named = re.search(r"(\d+) threads?", result.case)
        count = min(int(named.group(1)), cores[-1]) if named else cores[-1]
        if result.unit == "GFLOP/s":
            return self.rates.get(("float32" if "float32" in result.case else "float64", count))
        fitting = [name for name, nbytes in FOOTPRINTS.items() if result.work * 1e9 / count <= nbytes]
        return self.rates.get((f"copy {[*fitting, list(FOOTPRINTS)[-1]][0]}", count))


def core_counts() -> List[int]:
    """1 and all."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return sorted({1, usable})


def measure() -> Optional[Peaks]:
    """About three seconds of work; None without a C compiler."""
    library = _library()
    if library is None:
        return None
    rates: Dict[Key, float] = {}
    for cores in core_counts():
        for dtype in DTYPES:
            rates[dtype, cores] = _fastest([_chains(library, dtype) for _ in range(cores)])
        for name, nbytes in FOOTPRINTS.items():
            blocks = [_Blocks(nbytes) for _ in range(cores)]
            for kind in ("read", "copy"):
                rates[f"{kind} {name}", cores] = _fastest([block.call(library, kind) for block in blocks])
    return Peaks(rates)


def alternate_with_peak(
    calls: Dict[str, Callable[[], Any]], dtype: str, work: float, cores: int, **options: Any
) -> Times:
    """alternate(), where the same `work` in GFLOP takes turns with the others as multiply-adds that never leave the
    registers, on all of so many cores (PEAK): on a machine whose other users come and go, a peak from another minute
    says little. Without a C compiler there is none."""
    library, cores = _library(), min(cores, core_counts()[-1])
    if library is None:
        return alternate(calls, **options)
    chains = [_chains(library, dtype) for _ in range(cores)]
    rounds = round(LEAST * 1e9 / chains[0](1))
    done = 1e-9 * cores * chains[0](rounds)
    times = alternate({**calls, PEAK: lambda: _sample(chains, rounds)}, **options)
    times[PEAK] = [seconds * work / done for seconds in times[PEAK]]
    return times


@functools.lru_cache(maxsize=None)
def _library() -> Optional[ctypes.CDLL]:
    """peaks.c, compiled once; it stays loaded when its file is gone."""
    with tempfile.TemporaryDirectory() as folder:
        library = compiled("peaks.c", folder)
    if library is not None:
        for name in (*(f"multiply_adds_{dtype}" for dtype in DTYPES), "read_bytes", "copy_bytes"):
            getattr(library, name).restype = ctypes.c_double
    return library


def drift(before: Peaks, after: Peaks) -> float:
    """The largest relative change of a multiply-add peak: how much the machine itself changed in between."""
    keys = [key for key in before.rates if key[0] in DTYPES and key in after.rates]
    return max(abs(after.rates[key] / before.rates[key] - 1) for key in keys)


def crowded(peaks: Peaks) -> bool:
    """Whether the cores together did not do what they do alone, so that someone else must have had some of them."""
    cores = core_counts()[-1]
    return any(peaks.rates[dtype, cores] < 0.7 * cores * peaks.rates[dtype, 1] for dtype in DTYPES)


def load() -> Optional[float]:
    """Processes that ran in the last minute, on average; None where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def description() -> Dict[str, str]:
    """Processor, system, and the versions of what is compared."""
    from importlib import metadata

    import saitama
    from saitama.tensor.backend import K

    kernels = K.info()
    found = {
        "processor": _processor(),
        "cores": str(core_counts()[-1]),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "saitama": f"{saitama.__version__}, {kernels['backend']} kernels, {kernels.get('simd', '')}, "
        f"{kernels.get('compiler', '')}, {kernels['threads']} threads",
    }
    for name in ("numpy", "torch", "micrograd"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _processor() -> str:
    try:
        for row in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if row.startswith("model name"):
                return row.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def compiled(source: str, folder: str, *flags: str) -> Optional[ctypes.CDLL]:
    """A C source of this folder as a library, built for what the kernels use; None where that does not work."""
    from saitama.tensor.backend import K

    march = "x86-64-v3" if K.info().get("simd") == "AVX2" else "native"
    path, built = Path(__file__).with_name(source), Path(folder, source).with_suffix(".so")
    command = [os.environ.get("CC", "cc"), *f"-O3 -march={march} -ffp-contract=fast -shared -fPIC".split(), *flags]
    try:
        subprocess.run([*command, str(path), "-o", str(built)], check=True, capture_output=True)
        return ctypes.CDLL(str(built))
    except (OSError, subprocess.CalledProcessError):
        return None


def _chains(library: ctypes.CDLL, dtype: str) -> Callable[[int], float]:
    """A call that does so many thousand rounds of multiply-adds and gives their FLOP."""
    function, result = getattr(library, f"multiply_adds_{dtype}"), ctypes.c_double()
    return lambda count: float(function(ctypes.c_long(1000 * count), ctypes.byref(result)))


class _Blocks:
    """Memory that one core works on, aligned and touched."""

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes
        self.memory = [ctypes.create_string_buffer(b"\1" * size, size + 64) for size in (nbytes, nbytes // 2)]
        self.starts = [ctypes.addressof(one) + -ctypes.addressof(one) % 64 for one in self.memory]

    def call(self, library: ctypes.CDLL, kind: str) -> Callable[[int], float]:
        function, result = getattr(library, f"{kind}_bytes"), ctypes.c_double()
        source, target = (ctypes.c_void_p(start) for start in self.starts)
        nbytes = ctypes.c_long(self.nbytes)
        return lambda count: float(function(ctypes.c_long(count), source, target, nbytes, ctypes.byref(result)))


def _fastest(calls: List[Callable[[int], float]]) -> float:
    """Billions a second of all the calls side by side, each on a thread of its own: the best of the samples."""
    count = 1
    while _sample(calls, count)[1] < SECONDS and count < 1 << 40:
        count *= 2
    return max(work / seconds for work, seconds in (_sample(calls, count) for _ in range(SAMPLES))) / 1e9


def _sample(calls: List[Callable[[int], float]], count: int) -> Tuple[float, float]:
    """(work, seconds). ctypes lets the other threads run while it calls."""
    done: List[float] = []
    workers = [threading.Thread(target=lambda call: done.append(call(count)), args=(call,)) for call in calls[1:]]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    done.append(calls[0](count))
    for worker in workers:
        worker.join()
    return sum(done), time.perf_counter() - start


def table(peaks: Peaks) -> List[str]:
    """The peaks as lines of text."""
    cores = core_counts()
    lines = [f"{'':12}" + "".join(f"{f'{count} core' + 's' * (count > 1):>12}" for count in cores)]
    for what in dict.fromkeys(name for name, _ in peaks.rates):
        unit = "GFLOP/s" if what in DTYPES else "GB/s"
        lines.append(f"{what:12}" + "".join(f"{peaks.rates[what, count]:12.1f}" for count in cores) + f"  {unit}")
    return lines


def main() -> Any:
    peaks = measure()
    for key, value in description().items():
        print(f"{key:12}{value}")
    print("\n".join(table(peaks)) if peaks else "no peaks: they need a C compiler (CC chooses one)")


if __name__ == "__main__":
    main()
