"""Ctrl-C without half a step: the wish to stop is noted, and granted between two batches."""

from __future__ import annotations

import signal
import threading
from typing import Any


class Interrupt:
    """`with Interrupt() as interrupt:` sets `interrupt.asked` at the first Ctrl-C; the second one stops at once.

    Outside the main thread, where Python delivers no signals, and where a program handles Ctrl-C itself, nothing
    changes.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> Interrupt:
        ours = threading.current_thread() is threading.main_thread()
        if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _note(self, number: int, frame: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
