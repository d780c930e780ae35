"""Where results of one formula differ: those that the file holds, and those of one engine or several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional

from ..address import cell_name, quote_title
from ..closeness import is_close
from ..read.workbook import Book, Position
from .engine import Result

RTOL, ATOL = 1e-9, 1e-12  # how far apart two programs may be in a number that is the same
STORED = "stored"

Results = Dict[str, Dict[Position, Result]]  # sheet title -> (row, column) -> result


@dataclass(frozen=True)
class Disagreement:
    """One formula whose results differ, by whose they are: "stored" in the file, or an engine's name."""

    cell: str  # "Sheet1!B2"
    results: Dict[str, Result]

    def __str__(self) -> str:
        values = {name: result.value for name, result in self.results.items()}
        digits = ".10g" if len({f"{v:.10g}" if isinstance(v, float) else v for v in values.values()}) > 1 else ".17g"
        return f"{self.cell}: " + ", ".join(f"{name} {_shown(value, digits)}" for name, value in values.items())


def stored_results(book: Book) -> Results:
    """What the file holds for its formulas; nothing for those that were never calculated."""
    return {
        title: {
            position: Result(cell.value, cell.kind == "error")
            for position, cell in sheet.items()
            if cell.has_formula and cell.kind != "not calculated"
        }
        for title, sheet in book.items()
    }


def disagreements(given: Mapping[str, Results]) -> List[Disagreement]:
    """The formulas for which any two of `given`, by whose they are, differ."""
    found: List[Disagreement] = []
    titles = dict.fromkeys(title for results in given.values() for title in results)
    for title in titles:
        sheets = {name: results.get(title, {}) for name, results in given.items()}
        for position in dict.fromkeys(position for sheet in sheets.values() for position in sheet):
            here = {name: sheet[position] for name, sheet in sheets.items() if position in sheet}
            first, *others = here.values()
            if not all(agree(first, other) for other in others):
                found.append(Disagreement(f"{quote_title(title)}!{cell_name(*position)}", here))
    return found


def agree(a: Result, b: Result) -> bool:
    """Whether two programs say the same: numbers nearly, errors of any kind, TRUE and 1."""
    if a.is_error or b.is_error:
        return a.is_error and b.is_error
    x, y = _number(a), _number(b)
    if x is None or y is None:
        return a.value == b.value
    return is_close(x, y, RTOL, ATOL)


def _number(result: Result) -> Optional[float]:
    return float(result.value) if isinstance(result.value, (bool, int, float)) else None


def _shown(value: object, digits: str) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return format(value, digits) if isinstance(value, float) else str(value)[:40]


__all__ = ["Disagreement", "agree", "disagreements", "stored_results"]
