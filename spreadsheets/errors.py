"""The one error a workbook can cause."""

from __future__ import annotations


class WorkbookError(ValueError):
    """A workbook cannot be used: one line that names the file, what is wrong with it and what to do."""


class WorkbookNotFound(WorkbookError, FileNotFoundError):
    """There is no file at this path."""
