"""The libraries to compare with, each optional, and how many threads they and saitama use."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
from typing import Any, Iterator, List, Optional, Set

MISSING: Set[str] = set()  # peers asked for and not installed


def peer(name: str) -> Optional[Any]:
    """The module `name` ("numpy", "torch", "micrograd.engine"), or None, said once, where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if name not in MISSING:
            MISSING.add(name)
            print(f"  without {name}, which is not installed", flush=True)
        return None


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Every library with `count` threads inside the block: `with threads(1): ...`."""
    import saitama

    setters, before = [saitama.set_num_threads], [saitama.get_num_threads()]
    torch, blas = peer("torch"), _openblas()
    if torch:
        setters.append(torch.set_num_threads)
        before.append(torch.get_num_threads())
    if blas:
        setters.append(blas[0])
        before.append(blas[1]())
    try:
        for setter in setters:
            setter(count)
        yield
    finally:
        for setter, old in zip(setters, before):
            setter(old)


def _openblas() -> Optional[List[Any]]:
    """[set, get] of the number of threads of NumPy's OpenBLAS, which has no Python interface for it; None elsewhere."""
    if peer("numpy") is None:
        return None
    try:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            paths = {row.split()[-1] for row in maps if "openblas" in row}
    except OSError:
        return None
    for path in paths:
        library = ctypes.CDLL(path)
        for name in ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}"):
            with contextlib.suppress(AttributeError):
                return [getattr(library, name.format(verb)) for verb in ("set_num_threads", "get_num_threads")]
    return None
