"""Evaluate a workbook's formulas with an independent engine."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional

from saitama.files import atomic_path

from . import ironcalc_engine, libreoffice_engine
from .address import cell_name, parse_address, quote_title
from .cached_values import write_with_values
from .engine import Calculated, EngineFailure, Result
from .errors import WorkbookError
from .package import Package
from .reading import Book, Position, Value
from .safety import PathLike

ENGINES = {engine.NAME: engine for engine in (ironcalc_engine, libreoffice_engine)}  # in the order of preference


def installed_engines() -> List[str]:
    """The names of the engines that can recalculate here, in the order in which they are tried."""
    return [name for name, engine in ENGINES.items() if engine.is_available()]


@dataclass(frozen=True)
class Recalculation:
    """A workbook's values as an engine calculated them. Constants are those of the file, exactly."""

    path: str
    engine: str  # "ironcalc" or "libreoffice"
    version: str
    seconds: float
    formulas: int  # how many cells were calculated
    values: Dict[str, Dict[str, Value]]  # sheet title -> "B2" -> value
    errors: Dict[str, str] = field(
        default_factory=dict
    )  # "Sheet1!B2" -> "#NAME?", where a formula's result is an error

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


def recalculate(
    path: PathLike, *, engine: Optional[str] = None, output: Optional[PathLike] = None, timeout: float = 300.0
) -> Recalculation:
    """Evaluate all formulas of the workbook at `path` with "ironcalc" or "libreoffice".

    Without `engine`, the first that is installed and can load the file is taken. With `output`, which may be `path`
    itself, a copy of the workbook is written in which only the calculated values have changed. `timeout` is in
    seconds, for each engine.

    Raises WorkbookError where the workbook cannot be used, no engine is installed or none can load it, and OSError
    where `output` cannot be written (the old file is kept).
    """
    book = Book(Package(path))
    _refuse_what_engines_misread(book)
    name, calculated, seconds = _calculate(book.package, _choose(engine), timeout)
    results = _results_of_formulas(book, calculated)
    if output is not None:
        with atomic_path(output) as temporary:
            write_with_values(book.package, results, temporary)
    values: Dict[str, Dict[str, Value]] = {}
    errors: Dict[str, str] = {}
    for title, sheet in book.items():
        here = values[title] = {}
        for position, cell in sheet.items():
            result = results[title].get(position)
            here[cell_name(*position)] = cell.value if result is None else result.value
            if result is not None and result.is_error:
                errors[f"{quote_title(title)}!{cell_name(*position)}"] = str(result.value)
    return Recalculation(book.path, name, calculated.version, seconds, sum(map(len, results.values())), values, errors)


def _choose(engine: Optional[str]) -> List[str]:
    if engine is not None and engine not in ENGINES:
        raise ValueError(f"recalculate: engine {engine!r} is not known: give 'ironcalc', 'libreoffice' or None")
    names = [name for name in installed_engines() if engine in (None, name)]
    if not names:
        wanted = "no engine that recalculates workbooks" if engine is None else f"the engine {engine!r}"
        verb = "is installed" if engine is None else "is not installed"
        raise WorkbookError(f"{wanted} {verb}: `pip install 'saitama-dl[recalc]'` (IronCalc) or install LibreOffice")
    return names


def _calculate(package: Package, names: List[str], timeout: float) -> tuple[str, Calculated, float]:
    """The first engine that succeeds, its results and the seconds it took. Engines see a copy of the checked bytes."""
    failures = []
    for name in names:
        with tempfile.TemporaryDirectory(prefix="saitama-") as folder:
            source = Path(folder) / "workbook.xlsx"
            source.write_bytes(package.data)
            start = time.perf_counter()
            try:
                return name, ENGINES[name].calculate(source, Path(folder), timeout), time.perf_counter() - start
            except EngineFailure as failure:
                failures.append(f"{name}: {failure}")
    raise WorkbookError(f"{package.path} cannot be recalculated: {'; '.join(failures)}")


def _results_of_formulas(book: Book, calculated: Calculated) -> Dict[str, Dict[Position, Result]]:
    """The engine's result for every formula cell. One that it has nothing for is an error, not a blank."""
    nothing = Result("#N/A", True)
    sheets = {title.casefold(): cells for title, cells in calculated.sheets.items()}
    results: Dict[str, Dict[Position, Result]] = {}
    for title, sheet in book.items():
        found = sheets.get(title.casefold(), {})
        here = results[title] = {}
        for position, cell in sheet.items():
            if cell.has_formula:
                result = found.get(position, nothing)
                here[position] = nothing if result.value is None else result
    return results


def _refuse_what_engines_misread(book: Book) -> None:
    """A number cell that holds NaN counts as 0 in some engines, and the results would be quietly wrong."""
    for title, sheet in book.items():
        for (row, column), cell in sheet.items():
            if not cell.has_formula and (
                (cell.kind == "number" and (cell.value != cell.value or abs(float(cell.value or 0)) == float("inf")))
                or (cell.kind == "error" and not str(cell.value).startswith("#"))
            ):
                raise WorkbookError(
                    f"{book.path}: {quote_title(title)}!{cell_name(row, column)} holds {cell.value} as a number, "
                    "which no spreadsheet program can read: write it as text"
                )
