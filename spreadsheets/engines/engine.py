"""What an engine that recalculates workbooks gives back, and how a process is run that may hang."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Mapping, NamedTuple, Optional, Sequence

from ..read.workbook import Position, Value


class Result(NamedTuple):
    """The value of one cell; for an error, its code such as "#NAME?"."""

    value: Value
    is_error: bool


@dataclass(frozen=True)
class Calculated:
    """All cells that an engine found something in: title -> (row, column) -> result."""

    version: str
    sheets: Dict[str, Dict[Position, Result]]


class EngineFailure(Exception):
    """An engine could not recalculate a file; the message says why, without the file's name."""


def run(command: Sequence[str], timeout: float, folder: Path, env: Optional[Mapping[str, str]] = None) -> str:
    """Run a command to its end and return what it printed. After `timeout` seconds it is killed with all it started.

    Raises EngineFailure where it cannot be started, fails or takes too long.
    """
    printed = folder / "printed.txt"  # a file, as a full pipe would block
    with open(printed, "wb") as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                start_new_session=True,  # a process group of its own, to be killed as one
            )
        except OSError as error:
            raise EngineFailure(f"{command[0]} cannot be started: {error.strerror or error}") from error
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise EngineFailure(f"it took more than {timeout:g} seconds and was stopped") from None
        finally:
            if process.returncode is None:
                _kill(process)
    text = printed.read_bytes().decode(errors="replace").strip()
    if code < 0:
        raise EngineFailure(f"it crashed (signal {-code})")
    if code > 0:
        raise EngineFailure(text.splitlines()[-1] if text else f"it failed with exit code {code}")
    return text


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except OSError:
        process.kill()
    process.wait()
