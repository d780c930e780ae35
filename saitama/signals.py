"""The end of a program that is asked to end: in order, so that no temporary file and no engine is left behind."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

TERMINATED = 143  # what a shell reports after SIGTERM


def end_in_order() -> None:
    """Make SIGTERM unwind the program as Ctrl-C does, where nobody handles it yet: Python alone would just stop."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the second one stops at once
    sys.exit(TERMINATED)
