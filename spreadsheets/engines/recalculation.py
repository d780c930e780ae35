"""What came of calculating a workbook again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Tuple

from ..address import cell_name, parse_address
from ..errors import WorkbookError
from ..read.workbook import Value
from .agreement import STORED, Disagreement


@dataclass(frozen=True)
class Recalculation:
    """A workbook's values as an engine calculated them. Constants are those of the file, exactly."""

    path: str
    engine: str  # "ironcalc", "libreoffice" or "gnumeric"
    version: str
    seconds: float
    formulas: int  # how many cells were calculated
    values: Dict[str, Dict[str, Value]]  # sheet title -> "B2" -> value
    errors: Dict[str, str] = field(
        default_factory=dict
    )  # "Sheet1!B2" -> "#NAME?", where a formula's result is an error
    differences: List[Disagreement] = field(default_factory=list)  # from the stored results, and among engines
    missing: Dict[str, Tuple[str, ...]] = field(default_factory=dict)  # engine -> functions that it lacks
    notes: Tuple[str, ...] = ()  # what else there is to know: volatile functions, engines that failed
    stored: int = 0  # how many formulas had a result before

    @property
    def lacks(self) -> Tuple[str, ...]:
        """The functions that the engine of these values does not have."""
        return self.missing.get(self.engine, ())

    @property
    def what_differs(self) -> str:
        """How many results differ, and the first of them; "" where none does."""
        if not self.differences:
            return ""
        whose = "from the stored ones" if all(STORED in one.results for one in self.differences) else "among engines"
        count = f"{len(self.differences):,} of {self.formulas:,} results"
        return f"{count} differ {whose}, the first {self.differences[0]}"

    def __getitem__(self, address: str) -> Value:
        """The value of one cell, `recalculation["Sheet1!B2"]`; None for a blank."""
        block = parse_address(address)
        if block.shape != (1, 1):
            raise ValueError(f"{address!r} is a block: give the address of one cell")
        titles = {title.casefold(): title for title in self.values}
        title = titles.get(block.sheet.casefold()) if block.sheet is not None else None
        if block.sheet is None and len(titles) == 1:
            title = next(iter(self.values))
        if title is None:
            raise KeyError(f"{address!r}: name one of the sheets {', '.join(map(repr, self.values))}")
        return self.values[title].get(cell_name(block.top, block.left))


class ResultsDiffer(WorkbookError):
    """Results differ from those that the file holds, which were kept. `recalculation` has the new ones."""

    def __init__(self, recalculation: Recalculation) -> None:
        engine = recalculation.engine
        lacks = f", which lacks {', '.join(recalculation.lacks[:5])}" if recalculation.lacks else ""
        super().__init__(
            f"{recalculation.path} was left as it is: {recalculation.what_differs}; "
            f"give overwrite=True (--force) to store the results of {engine}{lacks}"
        )
        self.recalculation = recalculation
