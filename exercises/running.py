"""A learner's file, run in a process of its own: an endless loop is a message, and so is a program that ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Union

from .levels import Level
from .task import CodeTask

SECONDS = 30.0


@dataclass(frozen=True)
class CodeResult:
    task: CodeTask
    solved: bool
    message: str  # why not
    begun: bool = True


def run_code(level: Level, file: Union[str, os.PathLike[str]], seconds: float = SECONDS) -> List[CodeResult]:
    """Every code task of the level, tried on this file. FileNotFoundError where there is none."""
    path = Path(file)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    if path.read_text(encoding="utf-8", errors="replace").strip() == skeleton(level).strip():
        return [CodeResult(task, False, "not begun", False) for task in level.code]
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results")
        ended = _child(level, path.resolve(), results, Path(folder, "printed"), seconds)
        told = (
            [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()] if results.exists() else []
        )
    return _results(level, told, ended, seconds)


def _child(level: Level, path: Path, results: Path, printed: Path, seconds: float) -> str:
    """ "" where it ended by itself, "time", or how it died."""
    command = [sys.executable, "-m", "saitama.exercises.child", str(level.number), str(path), str(results)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([_root(), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    with open(printed, "wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=os.name != "nt",
        )
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        return "time"
    finally:
        _kill(process)
    return "" if code == 0 else f"ended with code {code}"


def _kill(process: Any) -> None:
    """The child and what it started."""
    if process.poll() is None or os.name != "nt":
        try:
            os.killpg(process.pid, 9) if os.name != "nt" else process.kill()
        except (ProcessLookupError, PermissionError):
            pass
    process.wait()


def _root() -> str:
    import saitama

    return str(Path(saitama.__file__).resolve().parent.parent)


def _results(level: Level, told: List[Dict[str, Any]], ended: str, seconds: float) -> List[CodeResult]:
    failed = next((line["failed"] for line in told if "failed" in line), "")
    by_id = {line["id"]: line for line in told if "id" in line}
    calling = next((line["calling"] for line in reversed(told) if "calling" in line), "your file")
    why = ""
    if ended == "time":
        why = f"{calling} did not end within {seconds:g} seconds: is there a loop that never stops?"
    elif ended:
        why = f"{calling}: the program {ended}: it may have taken too much memory"
    found = []
    for task in level.code:
        line = by_id.get(task.id)
        if line is not None:
            found.append(CodeResult(task, line["ok"], line["message"]))
        else:
            found.append(CodeResult(task, False, failed or why or "was not reached"))
            failed = failed and "was not tried, as the file cannot be run"
            why = why and "was not reached, as an earlier task did not end"
    return found


def skeleton(level: Level) -> str:
    """The file that a learner starts from."""
    words = [f'"""Level {level.number}: {level.title}. Write what is missing, save, and `saitama learn` tries it.', ""]
    for task in level.code:
        words += textwrap.wrap(f"{task.id}: {level.text.tasks.get(task.id, task.title)}", 96, subsequent_indent="    ")
    return "\n".join([*words, '"""', "", *level.text.signature.rstrip().splitlines(), ""])


__all__ = ["CodeResult", "run_code", "skeleton"]
