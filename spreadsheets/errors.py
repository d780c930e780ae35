"""The one error a workbook can cause."""

from __future__ import annotations

from saitama.messages import one_line


class WorkbookError(ValueError):
    """A workbook cannot be used: one line that names the file, what is wrong with it and what to do.

    Whatever texts the workbook brings into it, it stays one line of a length that can be read.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(one_line(message))


class WorkbookNotFound(WorkbookError, FileNotFoundError):
    """There is no file at this path."""
