"""What a person reads in a terminal: lines that break between words, where the terminal would break them anywhere.

In a file or a pipe a line stays a line, for the programs that read it.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from typing import Any, Optional

NARROWEST = 20  # columns; a narrower terminal breaks lines as it likes


def say(text: str = "", hang: Optional[str] = "  ", error: bool = False) -> None:
    """Print a text for a person; `hang` stands before what a line goes on with, below its own indentation;
    None prints it as it is.

    A reader who has seen enough, `head` say, stops nothing: a verdict is still found, and told by the exit code.
    """
    stream = sys.stderr if error else sys.stdout
    try:
        put(text if hang is None else wrapped(text, columns(stream), hang), stream)
    except BrokenPipeError:
        detach(stream)


def put(text: str, stream: Any = None, end: str = "\n") -> None:
    """Print a text at once, to standard output if no stream is given.

    Raises BrokenPipeError where nobody reads it any more, OSError with one line where it cannot be written.
    """
    try:
        print(text, end=end, file=stream, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        detach(stream or sys.stdout)
        name = "error" if stream is sys.stderr else "output"
        raise OSError(f"cannot write to standard {name}: {error.strerror or error}") from error


def flush() -> None:
    """Have standard output write what it holds; OSError as put() raises it."""
    try:
        put("", end="")
    except BrokenPipeError:
        detach(sys.stdout)


def columns(stream: Any) -> Optional[int]:
    """The width of the terminal behind a stream; None where there is none."""
    try:
        return shutil.get_terminal_size().columns if stream.isatty() else None
    except ValueError:  # it is closed
        return None


def wrapped(text: str, width: Optional[int], hang: str = "  ") -> str:
    """The text with its lines broken between words to at most `width` columns. A longer word stays whole."""
    if width is None or width < NARROWEST:
        return text
    return "\n".join("\n".join(_broken(line, width, hang)) for line in text.split("\n"))


def _broken(line: str, width: int, hang: str) -> Any:
    indent = line[: len(line) - len(line.lstrip())]
    how: Any = {"break_long_words": False, "break_on_hyphens": False, "replace_whitespace": False}
    return textwrap.wrap(line, width, subsequent_indent=indent + hang, expand_tabs=False, **how) or [""]


def styled(text: str, style: str) -> str:
    """The text in colour, where standard output is a terminal that has it."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(Text(text, style), soft_wrap=True, end="")
    return captured.get()


# --- streams that refuse ----------------------------------------------------------------------------------------------
def prepare() -> None:
    """Make standard output and error take any text: a letter that the terminal does not know is shown by its code, and
    a stream that is closed takes and forgets."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us, as `>&-` does
            setattr(sys, name, open(os.devnull, "w"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def detach(stream: Any) -> None:
    """What is still to be written to a stream that refuses it goes nowhere: Python would fail over it at its end."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # it has no file behind it
        pass
