"""What an engine that recalculates workbooks gives back, and how a program is run that may hang or eat all memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from shutil import rmtree
from typing import Dict, Iterator, Mapping, NamedTuple, Optional, Sequence

from saitama.locking import folder_lock

from ..errors import WorkbookError
from ..read.workbook import Book, Position, Value, open_workbook

MEMORY = 4 << 30  # bytes that an engine may take, or half of what the machine has
_FOLDER = "saitama-recalc-"
_GUARD = Path(__file__).with_name("guard.py")
_OUT_OF_MEMORY = ("memory allocation of", "MemoryError", "bad_alloc", "failed to allocate", "annot allocate memory")


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


@contextmanager
def engine_folder() -> Iterator[Path]:
    """A folder for the files of one engine. Those that killed processes left behind are deleted first."""
    for old in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        try:
            if time.time() - old.stat().st_mtime > 60:  # a younger one may not have its lock yet
                with folder_lock(old) as is_free:
                    if is_free:
                        rmtree(old, ignore_errors=True)
        except OSError:  # gone by now, or somebody else's
            continue
    with tempfile.TemporaryDirectory(prefix=_FOLDER) as name, folder_lock(Path(name)):
        yield Path(name)


def run(command: Sequence[str], timeout: float, folder: Path, env: Optional[Mapping[str, str]] = None) -> str:
    """Run a command to its end and return what it printed.

    After `timeout` seconds, and when this process ends in whatever way, it is killed with all it started and `folder`
    is deleted; guard.py sees to that. Raises EngineFailure where it cannot be started, fails, takes too long or more
    memory than MEMORY.
    """
    printed = folder / "printed.txt"  # a file, as a full pipe would block
    memory = _memory()
    guard = [sys.executable, "-I", "-S", str(_GUARD), str(folder), str(memory)]
    with open(printed, "wb") as output:
        try:
            process = subprocess.Popen(
                [*guard, *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                start_new_session=True,  # Ctrl-C is for us, and the guard ends when we do
            )
        except OSError as error:
            raise EngineFailure(f"{guard[0]} cannot be started: {error.strerror or error}") from error
        assert process.stdin is not None
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise EngineFailure(f"it took more than {timeout:g} seconds and was stopped") from None
        finally:
            process.stdin.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    text = printed.read_bytes().decode(errors="replace").strip()
    if code and any(words in text for words in _OUT_OF_MEMORY):
        raise EngineFailure(f"it needs more than the {memory / (1 << 30):.1f} GB of memory that it may take")
    if code < 0:
        raise EngineFailure(f"it crashed (signal {-code})")
    if code > 0:
        raise EngineFailure(text.splitlines()[-1] if text else f"it failed with exit code {code}")
    return text


def results(path: Path) -> tuple[Book, Dict[str, Dict[Position, Result]]]:
    """The workbook that an engine wrote, and all it found in its cells. Raises EngineFailure."""
    if not path.exists():  # some exit with 0 even then
        raise EngineFailure("it could not open the file")
    try:
        book = open_workbook(path)
        return book, {title: {at: _result(cell.value, cell.kind) for at, cell in book[title].items()} for title in book}
    except WorkbookError as error:
        raise EngineFailure(f"its result cannot be read ({error})") from error


def _result(value: Value, kind: str) -> Result:
    if isinstance(value, float) and not isfinite(value):  # of more bits than a double has
        return Result("#NUM!", True)
    return Result(value, kind == "error")


def _memory() -> int:
    try:
        return min(MEMORY, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    except (AttributeError, ValueError, OSError):
        return MEMORY
