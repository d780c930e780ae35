"""The bridge to spreadsheets: any computation as a workbook that a person can follow, change, fill in and have checked.

export(loss, "network.xlsx", names=locals())      every value and gradient, as live formulas
worksheet(loss, "exercise.xlsx")                  a page with blanks, to be filled in by hand
pages([PageOf(...), ...], "level.xlsx")           several such pages in one workbook
verify("exercise.xlsx")                           which numbers are right, whose error is which, and why
compare("mine.xlsx", {"Sheet1!B2:D4": tensor})    a person's own layout
read_tensor("mine.xlsx", "Sheet1!B2:D4")          their numbers, as a Tensor
recalculate("network.xlsx")                       the formulas, evaluated by an independent engine
heat_map(weights, "attention.xlsx")               attention weights as coloured tables
scale_pages("scale.xlsx")                         level 14 by hand: accumulation, 16 bits, tiles, ranks and pipelines

Two ways lead through it: graph -> plan -> write, and read -> judge.
"""

from __future__ import annotations

from .engines.recalculate import installed_engines, recalculate
from .engines.recalculation import Recalculation, ResultsDiffer
from .errors import WorkbookError, WorkbookNotFound
from .export import Exported, export
from .judge.compare import compare
from .judge.report import Comparison, Difference, Verification
from .judge.verify import verify
from .pages import PageOf, pages
from .read.read_tensor import read_tensor
from .scale import scale_pages
from .worksheet import worksheet
from .write.heat_map import heat_map
from .write.saving import check_replaceable, write_workbook

__all__ = [
    "Comparison",
    "Difference",
    "Exported",
    "PageOf",
    "Recalculation",
    "ResultsDiffer",
    "Verification",
    "WorkbookError",
    "WorkbookNotFound",
    "check_replaceable",
    "compare",
    "export",
    "heat_map",
    "installed_engines",
    "pages",
    "read_tensor",
    "recalculate",
    "scale_pages",
    "verify",
    "worksheet",
    "write_workbook",
]
