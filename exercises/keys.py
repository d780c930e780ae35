"""Single keys from a terminal, without waiting for Enter, and the terminal as it was afterwards."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import Callable, Iterator, Optional

Press = Callable[[float], Optional[str]]  # waits so many seconds for a key


@contextmanager
def keys() -> Iterator[Press]:
    """For the block, a function that waits for a key; None where none came in time, "" where there will be no more."""
    if sys.platform == "win32":
        yield _windows
        return
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)  # Ctrl-C still interrupts
        yield _unix
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _unix(seconds: float) -> Optional[str]:
    import select

    if not select.select([sys.stdin.fileno()], [], [], seconds)[0]:
        return None
    typed = os.read(sys.stdin.fileno(), 64).decode(errors="replace")
    return "" if not typed or typed == "\x04" else "?" if typed.startswith("\x1b") else typed[0].lower()


def _windows(seconds: float) -> Optional[str]:
    import msvcrt

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if msvcrt.kbhit():  # type: ignore[attr-defined]
            return str(msvcrt.getwch()).lower()  # type: ignore[attr-defined]
        time.sleep(0.05)
    return None


__all__ = ["Press", "keys"]
