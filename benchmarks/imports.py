"""What it costs to start: `import saitama` against `import torch`, in fresh Pythons, less the start of an empty one.

Aimed at: at most 5% of PyTorch, and at most 40 ms, as the least of ten: what a quiet machine takes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Dict, Iterator

from benchmarks.peers import peer
from benchmarks.timing import Result, Times

TITLE = "Starting up"
ROUNDS = 10


def seconds(code: str, cache: str) -> float:
    """Wall time of a fresh interpreter that runs `code` and keeps its bytecode in the folder `cache`."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env={**environment, "PYTHONPYCACHEPREFIX": cache})
    return time.perf_counter() - start


def alternate_starts(codes: Dict[str, str]) -> Times:
    """Seconds over an empty Python of each, in every round but the first, which compiles the sources to bytecode."""
    times: Times = {name: [] for name in codes}
    with tempfile.TemporaryDirectory() as cache:
        for number in range(ROUNDS + 1):
            empty = seconds("", cache)
            for name, code in codes.items():
                taken = seconds(code, cache) - empty
                if number:
                    times[name].append(taken)
    return times


def results() -> Iterator[Result]:
    against = {"saitama": "import saitama"}
    if peer("torch"):
        against["torch"] = "import torch"
    yield Result("import, over an empty Python", alternate_starts(against), reach=0.05)
    least = {"saitama": [min(alternate_starts({"saitama": "import saitama"})["saitama"])], "40 ms": [0.040]}
    yield Result("import, against the 40 ms it may take", least, reach=1.0)
    whole = "import saitama, saitama.nn, saitama.optim, saitama.transformer, saitama.training"
    yield Result("import with nn, optim, transformer, training", alternate_starts({"saitama": whole}))
