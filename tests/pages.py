"""Worksheets on one page, and what learners type into them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import openpyxl
from learner import Graph, Learner, Slip

from saitama.spreadsheets import worksheet
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook

Index = Tuple[int, ...]
Place = Tuple[str, int, int]  # sheet, row, column


def blanks(path: Any) -> Dict[str, Dict[Index, Place]]:
    """Where the blanks of each step are, by its name."""
    found: Dict[str, Dict[Index, Place]] = {}
    for places in read_graph(open_workbook(path)).places.values():
        if places.typed is not None:
            cells = {tuple(index): (places.sheet, row, column) for index, row, column in places.typed.cells()}
            found[places.called] = cells
    return found


def fill(path: Any, learner: Learner) -> Any:
    """Type a learner's numbers into the blanks of a page."""
    there = blanks(path)
    workbook = openpyxl.load_workbook(path)
    for step in learner.work.steps:
        for (index, *_), position in zip(step.block.cells(), step.positions):
            if step.name in there and position in learner.typed:
                put(workbook, there[step.name][tuple(index)], learner.typed[position].number)
    workbook.save(path)
    return path


def type_in(path: Any, values: Mapping[Tuple[str, Index], Any]) -> Any:
    """Type something into single blanks: ("h", (0, 1)) for h[0, 1]."""
    there = blanks(path)
    workbook = openpyxl.load_workbook(path)
    for (name, index), value in values.items():
        put(workbook, there[name][index], value)
    workbook.save(path)
    return path


def put(workbook: Any, place: Place, value: Any) -> None:
    sheet, row, column = place
    is_infinite = isinstance(value, float) and abs(value) == float("inf")
    workbook[sheet].cell(row, column).value = str(value) if is_infinite else value  # a cell has no other infinities


def handed_in(
    graph: Graph, path: Path, slips: Mapping[str, Slip], decimals: Optional[int] = 4, optimizer: Any = None, **how: Any
) -> Path:
    """A page, worked through by someone with these slips."""
    root, names = graph
    worksheet(root, path, names=names, optimizer=optimizer, **how)
    fill(path, Learner(root, names, slips, decimals, optimizer=optimizer))
    return path
