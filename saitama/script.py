"""Running a user's script and taking a tensor out of it, for `saitama export SCRIPT.py[:NAME]`."""

from __future__ import annotations

import os
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Optional, Tuple, Union

from saitama.autograd.value import Value
from saitama.signals import TERMINATED
from saitama.tensor import Tensor

SHOWN = 12  # names in a message


def run_script(argument: str, seed: Optional[int] = None) -> Tuple[Union[Tensor, Value], Dict[str, Any]]:
    """Run SCRIPT.py of "SCRIPT.py[:NAME]" and return its tensor, or Value, NAME (default "loss") and all its names.

    A `seed` is a name that the script finds: for numbers that differ from one learner to the next.

    What is inside functions cannot be seen from outside: NAME is a name at the top level of the script.

    Raises FileNotFoundError for a missing script, ValueError with one line where it fails or has no such tensor.
    """
    match = re.fullmatch(r"(.+?\.py)(?::(\w+))?", argument)
    if not match:
        raise ValueError(f"{argument}: expected SCRIPT.py or SCRIPT.py:NAME")
    path, wanted = Path(match[1]), match[2] or "loss"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    names = _run(path, {} if seed is None else {"seed": seed})
    if wanted not in names:
        raise ValueError(f"{path} has no name {wanted!r} at its top level; {_others(path, wanted, names)}")
    if not isinstance(names[wanted], (Tensor, Value)):
        raise ValueError(f"{path}: {wanted} is of type {type(names[wanted]).__name__}, expected a Tensor or a Value")
    return names[wanted], names


def names_of(script: Union[str, os.PathLike[str]], given: Dict[str, Any]) -> Dict[str, Any]:
    """Run a script that finds the names `given`, and return all its names. Errors as run_script() raises them."""
    path = Path(script)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    return _run(path, given)


def _others(path: Path, wanted: str, names: Dict[str, Any]) -> str:
    """What there is instead, and what to do."""
    tensors = [name for name, value in names.items() if isinstance(value, (Tensor, Value))]
    if tensors:
        more = f" and {len(tensors) - SHOWN} more" if len(tensors) > SHOWN else ""
        return f"its tensors are {', '.join(tensors[:SHOWN])}{more}; choose one with {path}:NAME"
    if any(callable(value) and getattr(value, "__module__", "") == "__main__" for value in names.values()):
        return (
            "it makes no tensors there, and those inside functions cannot be seen: compute one outside of them, or "
            f"return it and end the script with `{wanted} = main()`"
        )
    return "it makes no tensors"


def _run(path: Path, given: Dict[str, Any]) -> Dict[str, Any]:
    """The script's names after it ran as a program; its own folder comes first in sys.path, as Python does it."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise type(error)(f"cannot read {path}: {error.strerror}") from error
    main = ModuleType("__main__")
    main.__file__ = str(path)
    vars(main).update(given)
    argv, search, before, folder = sys.argv, list(sys.path), sys.modules["__main__"], os.getcwd()
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules["__main__"] = main
    try:
        exec(compile(source, str(path), "exec"), vars(main))
    except SystemExit as error:
        if error.code == TERMINATED:
            raise
        if error.code not in (None, 0):  # sys.exit(main()) is how many a script ends, with one of these
            how = f"with exit code {error.code}" if isinstance(error.code, int) else f"({error.code})"
            raise ValueError(f"{path} ended itself {how} before it was done") from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an asyncio.CancelledError is no Exception
        raise ValueError(f"{_place(path, error)}: {type(error).__name__}: {error}") from error
    finally:
        sys.argv, sys.path[:], sys.modules["__main__"] = argv, search, before
        os.chdir(folder)  # what is written next is named from here
    return vars(main)


def _place(path: Path, error: BaseException) -> str:
    """Where in the script an error came from."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    line = frames[-1].lineno if frames else getattr(error, "lineno", None)
    return f"{path}, line {line}" if line else str(path)
