"""The child process that runs a learner's file: python -m saitama.exercises.child LEVEL FILE RESULTS.

It writes a line of JSON for everything that happens, so that whoever waits knows what was running when the time is up.
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Any, Dict

from .levels import level
from .trying import Try, Wrong

MEMORY = 4 << 30  # bytes of address space; saitama's own kernels reserve a part of it
PRINTED = 10 << 20  # bytes of a file


def limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (PRINTED, PRINTED))
    except (ImportError, ValueError, OSError):  # the time limit remains
        pass


def main(number: str, file: str, results: str) -> None:
    tasks = level(int(number)).code
    with open(results, "a", encoding="utf-8", buffering=1) as out:

        def say(**what: Any) -> None:
            out.write(json.dumps(what) + "\n")

        limit_memory()
        say(calling=f"running {Path(file).name}")
        try:
            names = run_file(file)
        except SystemExit:
            say(failed=f"{Path(file).name} ended the program while it was read: leave out exit() and quit()")
            return
        except BaseException as error:
            say(failed=where_it_failed(error, file))
            return
        for task in tasks:
            say(task=task.id)
            try:
                task.check(Try(names, Path(file).name, lambda text: say(calling=text)))
            except Wrong as wrong:
                say(id=task.id, ok=False, message=str(wrong))
            except SystemExit:
                say(id=task.id, ok=False, message="your code ended the program: return a result, or raise an error")
            except BaseException as error:  # of something of the learner's that no call had around it
                say(id=task.id, ok=False, message=where_it_failed(error, file))
            else:
                say(id=task.id, ok=True, message="")


def run_file(file: str) -> Dict[str, Any]:
    source = Path(file).read_bytes()
    names: Dict[str, Any] = {"__name__": "learner", "__file__": file}
    sys.path.insert(0, str(Path(file).resolve().parent))
    exec(compile(source, file, "exec"), names)
    return names


def where_it_failed(error: BaseException, file: str) -> str:
    """The error, with the line of the learner's file that it came from."""
    if isinstance(error, SyntaxError):
        return f"{Path(file).name}, line {error.lineno}: {error.msg}"
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    at = f"{Path(file).name}, line {lines[-1].lineno}: " if lines else ""
    return f"{at}{type(error).__name__}: {error}".splitlines()[0]


if __name__ == "__main__":
    main(*sys.argv[1:])
