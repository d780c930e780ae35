"""The libraries to compare with, each optional, and how many threads they and saitama use."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
from typing import Any, Iterator, List, Optional, Set

MISSING: Set[str] = set()  # peers asked for and not installed
ONLY_AVX2 = {  # what keeps each library (OpenBLAS, MKL, oneDNN, PyTorch) from more, as it has it in its documentation
    "OPENBLAS_CORETYPE": "Haswell",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
}


def hold_to(simd: str) -> Optional[str]:
    """Before a peer is imported: hold all to what the kernels were built for, and say so; None where nothing is held.

    Kernels for AVX2 on a processor with AVX-512 stand for a machine that has no more, and so must all others.
    """
    from saitama.tensor.cpu import processor_features

    if simd != "AVX2" or "avx512f" not in (processor_features() or ()):
        return None
    for name, value in ONLY_AVX2.items():
        os.environ.setdefault(name, value)
    return "the peers and the peaks are held to AVX2, as the kernels were built for no more"


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
