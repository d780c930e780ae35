"""The bridge to spreadsheets: any computation as a workbook that a person can follow, change, fill in and have checked.

export(loss, "network.xlsx", names=locals())      every value and gradient, as live formulas
worksheet(loss, "exercise.xlsx")                  the same with blanks, to be filled in by hand
verify("exercise.xlsx")                           which cells are right, which are wrong, and why
compare("mine.xlsx", {"Sheet1!B2:D4": tensor})    a person's own layout
read_tensor("mine.xlsx", "Sheet1!B2:D4")          their numbers, as a Tensor
recalculate("network.xlsx")                       the formulas, evaluated by an independent engine
heat_map(weights, "attention.xlsx")               attention weights as coloured tables
scale_pages("scale.xlsx")                         level 14 by hand: accumulation, 16 bits, tiles, ranks and pipelines
"""

from __future__ import annotations

from .compare import compare
from .errors import WorkbookError, WorkbookNotFound
from .export import Exported, export
from .heat_map import heat_map
from .read_tensor import read_tensor
from .recalculate import recalculate
from .recalculation import Recalculation, ResultsDiffer
from .report import Comparison, Difference
from .scale import scale_pages
from .verify import Verification, verify
from .worksheet import worksheet

__all__ = [
    "Comparison",
    "Difference",
    "Exported",
    "Recalculation",
    "ResultsDiffer",
    "Verification",
    "WorkbookError",
    "WorkbookNotFound",
    "compare",
    "export",
    "heat_map",
    "read_tensor",
    "recalculate",
    "scale_pages",
    "verify",
    "worksheet",
]
