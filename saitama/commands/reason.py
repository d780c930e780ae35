"""Why a command failed, in the one line that a person reads."""

from __future__ import annotations

import argparse
import traceback
from pathlib import Path

from saitama.messages import of_error, one_line

TOLD = (ValueError, TypeError, LookupError, OSError, RuntimeError, ImportError, ArithmeticError)  # with a reason


def reason(error: Exception, options: argparse.Namespace) -> str:
    """What the error says; with the file that the command was about, where the error itself cannot know it."""
    about = f"{subject(options)}: " if subject(options) else ""
    if isinstance(error, MemoryError):
        return one_line(f"{about}there is not enough memory{f' ({error})' if str(error) else ''}")
    if isinstance(error, OSError) and error.filename is None and error.strerror is not None:
        return one_line(f"{about}{error.strerror}")
    if isinstance(error, TOLD):
        return of_error(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}, line {frame.lineno}"
    return one_line(f"{about}unexpected {type(error).__name__}: {error} ({where}); please report this fault of saitama")


def subject(options: argparse.Namespace) -> str:
    """The file or folder that a command was given; of several the first."""
    given = vars(options)
    texts = given.get("text")
    if isinstance(texts, list) and texts:
        return str(texts[0])
    names = ("file", "script", "folder", "model", "out", "output")
    return next((str(given[name]) for name in names if given.get(name)), "")
