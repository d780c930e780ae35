"""Run as a script between us and an engine: `python guard.py FOLDER BYTES COMMAND ...`. It imports nothing of ours.

It starts the engine with a limit to its memory, ends as the engine ends, and sees to it that nothing stays behind. Its
standard input is a pipe that nobody writes into: when that ends, whoever started us is gone, however that happened, or
has waited long enough. Then the engine is killed with all it started, and the folder of its files is deleted.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import Any, List, Optional


def main(folder: str, memory: int, command: List[str]) -> int:
    limit("RLIMIT_AS", memory)
    limit("RLIMIT_STACK", None)  # a chain of 100,000 formulas is that many calls deep in some engines
    limit("RLIMIT_CORE", 0)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: sys.exit(1))
    try:
        engine = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"{command[0]} cannot be started: {error.strerror or error}")
        return 1
    alone = threading.Event()

    def watch() -> None:
        os.read(0, 1)
        alone.set()
        kill(engine)

    threading.Thread(target=watch, daemon=True).start()
    try:
        return engine.wait()
    finally:
        kill(engine)  # by its group: what it left running
        for _ in range(50 if alone.is_set() else 0):  # what was just killed may still close its files
            shutil.rmtree(folder, ignore_errors=True)
            if not os.path.exists(folder):
                break
            time.sleep(0.1)


def limit(name: str, value: Optional[int]) -> None:
    """Set a limit that what we start inherits; None: as high as is allowed. Not every system has each of them."""
    try:
        import resource

        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        if value is not None and hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(kind, (hard if value is None else value, hard))
    except (ImportError, AttributeError, ValueError, OSError):
        pass


def kill(process: subprocess.Popen[Any]) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except OSError:
        pass


if __name__ == "__main__":
    code = main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
    if code < 0:  # the engine was ended by a signal: so are we, and it is seen
        if -code not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
