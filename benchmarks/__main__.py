"""`python -m benchmarks` runs every benchmark, `python -m benchmarks value matmul` those named."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from typing import List


def names() -> List[str]:
    """The benchmarks there are: the modules of this folder, each with a `main()`, except the harness."""
    folder = str(Path(__file__).parent)
    return sorted(module.name for module in pkgutil.iter_modules([folder]) if module.name not in ("__main__", "timing"))


def main(chosen: List[str]) -> int:
    unknown = [name for name in chosen if name not in names()]
    if unknown:
        print(f"no benchmark called {', '.join(unknown)}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    for name in chosen or names():
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
