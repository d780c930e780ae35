"""What a run that did not come to its end had marked: a line a file, beside the marks, which stay as they were."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from saitama.files import read_file

from ..read.safety import PathLike
from .crew import Job
from .marked import Marked

MOST_BYTES = 1_000_000_000


class Unfinished:
    """For one output; nothing is kept where there is none."""

    def __init__(self, output: Optional[PathLike]) -> None:
        self.path = None if output is None else Path(f"{os.fspath(output)}.unfinished")
        self.is_kept = True  # until something cannot be written
        self.count = 0  # of the files that are in it

    def read(self) -> Dict[Tuple[str, str], Marked]:
        """By file and key. A line that is damaged or cut off is passed over."""
        found: Dict[Tuple[str, str], Marked] = {}
        for line in self._lines():
            try:
                file, key, plain = json.loads(line)
                found[file, key] = Marked.from_dict(plain)
            except (ValueError, TypeError, LookupError, RecursionError):
                continue
        self.count = len(found)
        return found

    def _lines(self) -> List[bytes]:
        if self.path is None or not self.path.exists():
            return []
        try:
            return read_file(self.path, MOST_BYTES).splitlines()
        except (OSError, ValueError, MemoryError):
            return []

    def add(self, job: Job, marked: Marked) -> None:
        """Keep it at once. A disk that is full costs only this."""
        if self.path is None or not job.key or not self.is_kept:
            return
        line = "\n" + json.dumps([job.file, job.key, marked.as_dict()])  # begins anew after one that was cut off
        try:
            with open(self.path, "a", encoding="ascii") as file:
                file.write(line)
            self.count += 1
        except OSError:
            self.count, self.is_kept = 0, False

    def delete(self) -> None:
        """The marks are written."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
