"""What is said when something goes wrong: one line that a person can read, whatever the text behind it holds."""

from __future__ import annotations

MOST = 290  # characters; with "saitama: " in front it stays below 300


def one_line(text: object, most: int = MOST) -> str:
    """The text without line breaks and without characters that a terminal would obey; where it is too long, its middle
    is left out: what it is about stands in front, what to do at the end."""
    line = " ".join(str(text).split())
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)
    return line if len(line) <= most else f"{line[: most // 2 - 2]} … {line[len(line) + 1 - most // 2 :]}"


def of_error(error: BaseException) -> str:
    """The message of an error in one line; its kind where it has no message."""
    text = error.args[0] if isinstance(error, KeyError) and len(error.args) == 1 else error  # not between quotes
    return one_line(text) or type(error).__name__
