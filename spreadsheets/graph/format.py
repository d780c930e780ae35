"""The hidden sheet on which a workbook carries its graph: its name, its versions and its limits."""

from __future__ import annotations

SHEET = "Graph"
FORMATS = (1, 2, 3)  # 2: with the step of an optimiser; 3: a worksheet's layout and steps in between
MAX_TEXT = 10_000_000  # characters
MAX_NODES = 2_000  # operations: a workbook has a sheet for each
