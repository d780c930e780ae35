"""What a command tells the program that called it."""

from __future__ import annotations

RIGHT = 0  # done, and all right
DIFFERS = 1  # something is not as it should be; nothing else has this code
UNUSABLE = 2  # it cannot be done; one line on standard error says why
INTERRUPTED = 130  # what a shell reports after Ctrl-C
