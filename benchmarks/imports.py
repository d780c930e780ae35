"""What it costs to start: `import saitama` against `import torch`, in fresh Pythons, less the start of an empty one.

Aimed at: at most 5% of PyTorch, and at most 60 ms.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Dict, Iterator, List

from benchmarks.peers import peer
from benchmarks.timing import Result

TITLE = "Starting up"
ROUNDS = 7


def seconds(code: str) -> float:
    """Wall time of a fresh interpreter that runs `code`."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def alternate_starts(codes: Dict[str, str]) -> Dict[str, List[float]]:
    """Seconds over an empty Python of each, in every round but the first, which reads the files from disk."""
    times: Dict[str, List[float]] = {name: [] for name in codes}
    for number in range(ROUNDS + 1):
        empty = seconds("")
        for name, code in codes.items():
            taken = seconds(code) - empty
            if number:
                times[name].append(taken)
    return times


def results() -> Iterator[Result]:
    against = {"saitama": "import saitama"}
    if peer("torch"):
        against["torch"] = "import torch"
    yield Result("import, over an empty Python", alternate_starts(against), reach=0.05)
    allowed = {**alternate_starts({"saitama": "import saitama"}), "60 ms": [0.060] * ROUNDS}
    yield Result("import, against the 60 ms it may take", allowed, reach=1.0)
    parts = {"saitama": "import saitama, saitama.nn, saitama.optim, saitama.transformer"}
    if peer("torch"):
        parts["torch"] = "import torch, torch.nn, torch.optim"
    yield Result("import with nn, optim and transformer", alternate_starts(parts))
