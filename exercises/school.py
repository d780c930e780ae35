"""A class: everyone's workbooks, each with its own numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List, Optional

from saitama.files import make_folder
from saitama.spreadsheets.grade.class_list import read_table
from saitama.training.progress import ProgressBar

from .levels import LEVELS, level
from .workbook import write_level

MOST_NAMES = 2_000


def names_in(path: Path) -> List[str]:
    """The names in a CSV file: the column called name, learner or student, else the first; ValueError for none, and
    for two that are alike."""
    names = [row["name"] for row in read_table(path, ("name",))]
    if not names:
        raise ValueError(f"{path}: there are no names in it: give a line for each learner, or a column called name")
    if len(names) > MOST_NAMES:
        raise ValueError(f"{path}: {len(names):,} names are more than the {MOST_NAMES:,} of a class")
    taken: Dict[str, str] = {}
    for name in names:
        key = file_name(name).casefold()
        if key in taken:
            raise ValueError(f"{path}: {name!r} and {taken[key]!r} would have the same file: tell them apart")
        taken[key] = name
    return names


def file_name(learner: str) -> str:
    """A learner's name as a file can have it."""
    return re.sub(r"[^\w.-]+", "_", " ".join(learner.split())).strip("._")[:80] or "learner"


def write_class(names: Path, folder: Path, number: Optional[int] = None) -> List[Path]:
    """FOLDER/level01/Ada_Lovelace.xlsx and so on, for one level or for all; those that were written. A workbook that
    somebody has worked in is an error, and is kept; a folder that cannot be made is an OSError."""
    learners = names_in(names)
    written = []
    numbers = [number] if number else list(LEVELS)
    with ProgressBar("workbooks", len(learners) * len(numbers), stays=False) as bar:
        for n in numbers:
            of = level(n)
            into = make_folder(folder / f"level{n:02d}", "-o")
            for learner in learners:
                path = into / f"{file_name(learner)}.xlsx"
                write_level(of, learner, path)
                written.append(path)
                bar.advance()
    return written


__all__ = ["file_name", "names_in", "write_class"]
