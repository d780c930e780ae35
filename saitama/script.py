"""Running a user's script and taking a tensor out of it, for `saitama export SCRIPT.py[:NAME]`."""

from __future__ import annotations

import re
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any, Dict, Tuple

from saitama.tensor import Tensor


def run_script(argument: str) -> Tuple[Tensor, Dict[str, Any]]:
    """Run SCRIPT.py of "SCRIPT.py[:NAME]" and return its tensor NAME (default "loss") and all its names.

    Raises FileNotFoundError for a missing script, ValueError with one line where it fails or has no such tensor.
    """
    match = re.fullmatch(r"(.+?\.py)(?::(\w+))?", argument)
    if not match:
        raise ValueError(f"{argument}: expected SCRIPT.py or SCRIPT.py:NAME")
    path, wanted = Path(match[1]), match[2] or "loss"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    names = _run(path)
    if wanted not in names:
        tensors = [name for name, value in names.items() if isinstance(value, Tensor)]
        known = f"its tensors are {', '.join(tensors)}" if tensors else "it makes no tensors"
        raise ValueError(f"{path} has no name {wanted!r}; {known}; choose one with {path}:NAME")
    if not isinstance(names[wanted], Tensor):
        raise ValueError(f"{path}: {wanted} is of type {type(names[wanted]).__name__}, expected a Tensor")
    return names[wanted], names


def _run(path: Path) -> Dict[str, Any]:
    """The script's names after it ran as a program; its own folder comes first in sys.path, as Python does it."""
    argv, search = sys.argv, list(sys.path)
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        return runpy.run_path(str(path), run_name="__main__")
    except SystemExit as error:
        raise ValueError(f"{path} ended itself with exit code {error.code} before it was done") from None
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
        line = frames[-1].lineno if frames else getattr(error, "lineno", None)
        where = f"{path}, line {line}" if line else str(path)
        raise ValueError(f"{where}: {type(error).__name__}: {error}") from error
    finally:
        sys.argv, sys.path[:] = argv, search
