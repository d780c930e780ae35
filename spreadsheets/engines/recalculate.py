"""Evaluate a workbook's formulas with an independent engine, and lose nothing that the file holds."""

from __future__ import annotations

import os
import time
from typing import Callable, Dict, List, NamedTuple, Optional, Set, Tuple

from saitama.files import atomic_path

from ..address import cell_name, quote_title
from ..errors import WorkbookError
from ..read.package import Package
from ..read.safety import PathLike
from ..read.workbook import Book, Value
from ..write.saving import check_replaceable
from . import gnumeric_engine, ironcalc_engine, libreoffice_engine
from .agreement import STORED, Disagreement, Results, disagreements, stored_results
from .cached_values import write_with_values
from .called_functions import Formulas, is_what_if, missing
from .engine import Calculated, EngineFailure, Result, engine_folder
from .engine_copy import engine_copy
from .forecast import forecast
from .recalculation import Recalculation, ResultsDiffer

ENGINES = {engine.NAME: engine for engine in (ironcalc_engine, libreoffice_engine, gnumeric_engine)}  # the best first
ALL = "all"


def installed_engines() -> List[str]:
    """The names of the engines that can recalculate here, in the order in which they are tried."""
    return [name for name, engine in ENGINES.items() if engine.is_available()]


class _Attempt(NamedTuple):
    engine: str
    version: str
    seconds: float
    results: Results
    differences: List[Disagreement]  # from what the file holds


def recalculate(
    path: PathLike,
    *,
    engine: Optional[str] = None,
    output: Optional[PathLike] = None,
    overwrite: Optional[bool] = None,
    timeout: float = 300.0,
    tell: Optional[Callable[[str], None]] = None,
) -> Recalculation:
    """Evaluate all formulas of the workbook at `path` with "ironcalc", "libreoffice", "gnumeric" or "all" of them.

    engine: without one, the first that is installed is taken if it has all functions and differs nowhere from the
        results that the file holds; else the others are tried too, and the one that differs least is taken.
    output: a copy of the workbook to write, in which only calculated values have changed; it may be `path` itself.
    overwrite: None keeps what somebody has: an `output` that is another workbook, unless saitama wrote it and nobody
        touched it since; and in `path` itself every result that it holds, so that only formulas without one get theirs,
        and nothing is written where results differ. True writes in any case, False only where there is no file.
    timeout: in seconds, for each engine, which may take no more than 4 GB of memory either.
    tell: a function that is told, before an engine starts, how many formulas there are and how long each engine may
        take, where that is more than a few seconds.

    Raises WorkbookError where the workbook cannot be used, no engine is installed or none can load it, and its kind
    ResultsDiffer where results would have been lost; FileExistsError where `output` is kept, and OSError where it
    cannot be written.
    """
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not timeout > 0:
        raise ValueError(f"recalculate: timeout is {timeout!r}; give a number of seconds above 0")
    in_place = output is not None and os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path)
    if output is not None and (not in_place or overwrite is False):
        check_replaceable(output, overwrite)
    before = _state(path)
    book = Book(Package(path))
    _refuse_what_engines_misread(book)
    formulas = Formulas(book)
    stored = stored_results(book)
    names = _choose(engine)
    text = forecast(book, names if engine == ALL else names[:1])
    if tell is not None and text:
        tell(text)
    attempts, lacks, failures = _calculate(book, names, timeout, formulas, stored, engine == ALL)
    best = min(attempts, key=lambda attempt: (len(attempt.differences), len(lacks[attempt.engine])))
    everyone = {STORED: stored, **{attempt.engine: attempt.results for attempt in attempts}}
    notes = [*formulas.notes(), *(f"{name} gave up: {why}" for name, why in failures.items())]
    if any(is_what_if(cell) for sheet in book.values() for cell in sheet.values()):
        notes.append("what-if tables keep the results that they have: no engine here calculates them")
    found = _as_recalculation(book, best, disagreements(everyone) if engine == ALL else best.differences, lacks, notes)
    if output is None:
        return found
    if in_place and found.differences and not overwrite:
        raise ResultsDiffer(found)
    results = best.results if overwrite else _new(best, stored)
    if in_place and _state(path) != before:
        raise WorkbookError(f"{book.path} was changed while it was calculated, and is kept as it is now: do it again")
    if in_place and not any(results.values()):
        return found
    if not in_place:
        check_replaceable(output, overwrite)  # again, as somebody may have saved it meanwhile
    with atomic_path(output) as temporary:
        write_with_values(book.package, results, temporary)
    return found


def _new(attempt: _Attempt, stored: Results) -> Results:
    """The results that are not stored, or differ from what is: numbers that agree keep the digits that they have."""
    differing: Set[str] = {difference.cell for difference in attempt.differences}
    return {
        title: {
            position: result
            for position, result in results.items()
            if position not in stored[title]
            or (differing and f"{quote_title(title)}!{cell_name(*position)}" in differing)
        }
        for title, results in attempt.results.items()
    }


def _state(path: PathLike) -> object:
    """Something that changes when the file is written."""
    try:
        status = os.stat(path)
        return status.st_ino, status.st_size, status.st_mtime_ns
    except (OSError, ValueError):  # Package says what is wrong with it
        return None


def _choose(engine: Optional[str]) -> List[str]:
    if engine not in (None, ALL, *ENGINES):
        known = ", ".join(map(repr, [*ENGINES, ALL]))
        raise ValueError(f"recalculate: engine {engine!r} is not known: give {known} or None")
    names = [name for name in installed_engines() if engine in (None, ALL, name)]
    if not names:
        wanted = "no engine that recalculates workbooks" if engine in (None, ALL) else f"the engine {engine!r}"
        verb = "is installed" if engine in (None, ALL) else "is not installed"
        raise WorkbookError(
            f"{wanted} {verb}: `pip install 'saitama-dl[recalc]'` (IronCalc, with Python 3.10 or later) or install "
            "LibreOffice or Gnumeric"
        )
    return names


def _calculate(
    book: Book, names: List[str], timeout: float, formulas: Formulas, stored: Results, everyone: bool
) -> Tuple[List[_Attempt], Dict[str, Tuple[str, ...]], Dict[str, str]]:
    """What engines give, up to the first that has nothing against it; what each lacks, and why others failed."""
    attempts: List[_Attempt] = []
    lacks: Dict[str, Tuple[str, ...]] = {}
    failures: Dict[str, str] = {}
    copy = engine_copy(book.package)
    for name in names:
        with engine_folder() as folder:
            source = folder / "workbook.xlsx"
            source.write_bytes(copy)
            start = time.perf_counter()
            try:
                calculated = ENGINES[name].calculate(source, folder, timeout)
            except EngineFailure as failure:
                failures[name] = str(failure)
                continue
            seconds = time.perf_counter() - start
            lacks[name] = missing(ENGINES[name], formulas.foreign, folder, timeout)
        results = _results_of_formulas(book, calculated)
        differences = disagreements({STORED: stored, name: results})
        attempts.append(_Attempt(name, calculated.version, seconds, results, differences))
        if not everyone and not differences and not lacks[name]:
            break
    if not attempts:
        told = "; ".join(f"{name}: {why}" for name, why in failures.items())
        raise WorkbookError(f"{book.path} cannot be recalculated: {told}")
    return attempts, lacks, failures


def _results_of_formulas(book: Book, calculated: Calculated) -> Results:
    """The engine's result for every formula cell. One that it has nothing for is an error, not a blank."""
    nothing = Result("#N/A", True)
    sheets = {title.casefold(): cells for title, cells in calculated.sheets.items()}
    results: Results = {}
    for title, sheet in book.items():
        found = sheets.get(title.casefold(), {})
        here = results[title] = {}
        for position, cell in sheet.items():
            if cell.has_formula and not is_what_if(cell):
                result = found.get(position, nothing)
                here[position] = nothing if result.value is None else result
    return results


def _as_recalculation(
    book: Book,
    best: _Attempt,
    differences: List[Disagreement],
    lacks: Dict[str, Tuple[str, ...]],
    notes: List[str],
) -> Recalculation:
    values: Dict[str, Dict[str, Value]] = {}
    errors: Dict[str, str] = {}
    stored = 0
    for title, sheet in book.items():
        here = values[title] = {}
        for position, cell in sheet.items():
            result = best.results[title].get(position)
            here[cell_name(*position)] = cell.value if result is None else result.value
            stored += result is not None and cell.kind != "not calculated"
            if result is not None and result.is_error:
                errors[f"{quote_title(title)}!{cell_name(*position)}"] = str(result.value)
    count = sum(map(len, best.results.values()))
    missing = {name: functions for name, functions in lacks.items() if functions}
    about = (book.path, best.engine, best.version, best.seconds, count, values, errors, differences, missing)
    return Recalculation(*about, tuple(notes), stored)


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
