"""Build saitama's kernels from a copy of setup.py, on kernels that compile in a second."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
X86 = platform.machine() in ("x86_64", "AMD64")
COMPILER = (sysconfig.get_config_var("CC") or "cc").split()[0]
needs_compiler = pytest.mark.skipif(shutil.which(COMPILER) is None, reason="there is no C compiler")
needs_x86 = pytest.mark.skipif(not X86 or os.name != "posix", reason="names instruction sets of x86")

IN_PLACE = ["setup.py", "build_ext", "--inplace"]
EDITABLE = ["-c", "import setuptools.build_meta as backend; backend.build_editable('.')"]  # as pip install -e does
WHEEL = ["-c", "import setuptools.build_meta as backend; backend.build_wheel('.')"]  # as pip install does


def small_checkout(folder: Path) -> Path:
    """setup.py with all it reads, a kernel of one line, and of saitama what chooses the kernels."""
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for name in ("source_tree.py", "tensor/cpu.py", "tensor/backend.py"):
        (folder / "saitama" / name).parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(ROOT / "saitama" / name, folder / "saitama" / name)
    (folder / "saitama" / "__init__.py").write_text('__version__ = "0.1.0"\n')
    (folder / "saitama" / "tensor" / "__init__.py").touch()
    (folder / "kernels").mkdir()
    shutil.copy(ROOT / "kernels" / "cpuid.c", folder / "kernels")
    (folder / "kernels" / "kernels.pyx").write_text("# cython: language_level=3\ninclude 'answer.pxi'\n")
    (folder / "kernels" / "answer.pxi").write_text("def answer():\n    return 42\n")
    return folder


def without_ours(**environment: str) -> Dict[str, str]:
    """The environment with no other SAITAMA_ variables than these."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("SAITAMA_")}
    return {**ours, **environment}


def build(checkout: Path, how: Sequence[str] = IN_PLACE, **environment: str) -> Tuple[int, str, Any]:
    """(exit code, output, build record)."""
    result = subprocess.run(
        [sys.executable, *how],
        cwd=checkout,
        env=without_ours(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    record = checkout / "saitama" / "_build.json"
    return result.returncode, result.stdout, json.loads(record.read_text()) if record.exists() else None


def answer(checkout: Path) -> Optional[int]:
    """What the compiled kernel of the checkout says; None if there is none."""
    if not list((checkout / "saitama").glob("kernels.*")):
        return None
    code = "import sys; sys.path.insert(0, 'saitama'); import kernels; print(kernels.answer())"
    return int(subprocess.run([sys.executable, "-c", code], cwd=checkout, stdout=subprocess.PIPE, check=True).stdout)


def emulator(model: str) -> List[str]:
    """The command that runs a program on an emulated processor; skips where there is none."""
    program = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
    if program is None:
        pytest.skip("there is no qemu-x86_64 (Debian and Ubuntu: qemu-user)")
    return [program, "-cpu", model]
