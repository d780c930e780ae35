"""saitama/kernels.pyi, what both backends have: written from the pure-Python kernels, and true of the compiled ones."""

from __future__ import annotations

import inspect
import runpy
from pathlib import Path
from types import ModuleType
from typing import Any, List, Tuple

from twin_cases import Twins

from saitama.tensor import reference

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "stub"


def test_it_is_what_the_twins_say() -> None:
    stub = runpy.run_path(str(SCRIPT))
    written = stub["STUB"].read_text(encoding="utf-8")
    assert written == stub["contract"](), "saitama/kernels.pyi is not what the kernels say: run scripts/stub"


def parameters(module: ModuleType, name: str) -> List[Tuple[str, Any]]:
    signature = inspect.signature(getattr(module, name))
    return [(parameter.name, parameter.default) for parameter in signature.parameters.values()]


def test_both_backends_have_the_same_parameters(twins: Twins) -> None:
    ours, theirs = twins
    for name in reference.KERNELS:
        assert parameters(ours, name) == parameters(theirs, name), name
