"""`python -m benchmarks` runs every benchmark, `python -m benchmarks value matmul` those named."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from pathlib import Path
from typing import Dict, List

from benchmarks.report import line, summary
from benchmarks.timing import Result

HARNESS = {"__main__", "report", "timing", "peers"}


def names() -> List[str]:
    """The benchmarks there are: the modules of this folder, except the harness."""
    folder = str(Path(__file__).parent)
    return sorted(module.name for module in pkgutil.iter_modules([folder]) if module.name not in HARNESS)


def run(name: str) -> List[Result]:
    """The results of a benchmark, each printed as it comes; one that has only a `main()` prints by itself."""
    module = importlib.import_module(f"benchmarks.{name}")
    if not hasattr(module, "results"):
        module.main()
        return []
    print(f"\n{getattr(module, 'TITLE', name)}", flush=True)
    found = []
    for result in module.results():
        found.append(result)
        print("  " + line(result), flush=True)
    for text in summary(found):
        print("  " + text)
    return found


def main(chosen: List[str]) -> int:
    unknown = [name for name in chosen if name not in names()]
    if unknown:
        print(f"no benchmark called {', '.join(unknown)}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    if "OMP_WAIT_POLICY" not in os.environ:
        # Idle threads sleep instead of spinning, or the libraries measure each other. OpenMP reads this once, at start.
        os.environ["OMP_WAIT_POLICY"] = "passive"
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks", *chosen])
    results: Dict[str, List[Result]] = {name: run(name) for name in chosen or names()}
    return 0 if results else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
