"""Programs that several ranks run. Only where mpi4py is not installed are they left out."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Sequence

import pytest

PROGRAMS = Path(__file__).parent / "programs"
needs_mpi = pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="mpi4py is not installed")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_collection_modifyitems(items: Sequence[Any]) -> None:
    for item in items:
        if "mpi" in getattr(item, "fixturenames", ()):
            item.add_marker(needs_mpi)


@pytest.fixture
def mpi(tmp_path: Path) -> Run:
    """mpi(4, "program.py", "argument") runs a program of programs/ on 4 ranks; launched=True by `saitama launch`."""

    def run(ranks: int, name: str, *arguments: str, launched: bool = False, timeout: float = 90) -> Any:
        from saitama.distributed.launch import find_starter

        environment: Dict[str, str] = {**os.environ, "OMP_NUM_THREADS": "1"}
        program = [str(PROGRAMS / name), *arguments] if name.endswith(".py") else ["-m", "saitama", name, *arguments]
        if launched:
            what = [name, *arguments] if program[0] == "-m" else program
            command = [sys.executable, "-m", "saitama", "launch", "-n", str(ranks), *what]
        else:
            command = find_starter().command(ranks, None, [sys.executable, *program])
        options: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": tmp_path}
        return subprocess.run(command, env=environment, timeout=timeout, **options)

    return run
