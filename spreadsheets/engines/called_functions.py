"""Which functions the formulas of a workbook call, which of them an engine lacks, and which are new each time."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any, Dict, Iterable, List, Set, Tuple

from openpyxl import Workbook

from ..address import cell_name, quote_title
from ..read.workbook import Book, Cell, SharedFormula
from .engine import EngineFailure

# What every engine has, so that it need not be asked: the functions of our own formulas, and the most common others.
COMMON = frozenset(
    "ABS AND AVERAGE CHOOSE COLUMN COLUMNS COS COUNT COUNTA COUNTIF DEVSQ ERF EXACT EXP FALSE HLOOKUP IF IFERROR INDEX "
    "INT ISBLANK ISERROR ISNUMBER ISTEXT LEFT LEN LN LOG LOG10 LOOKUP MATCH MAX MEDIAN MID MIN MMULT MOD NA NORMSDIST "
    "NOT OR PI POWER PRODUCT RAND RIGHT ROUND ROUNDDOWN ROUNDUP ROW ROWS SIGN SIN SQRT STDEV STDEVP SUBTOTAL SUM SUMIF "
    "SUMPRODUCT SUMSQ SUMXMY2 TAN TANH TEXT TRANSPOSE TRUE TRUNC VALUE VAR VARP VLOOKUP".split()
)
VOLATILE = frozenset("RAND RANDBETWEEN RANDARRAY NOW TODAY OFFSET INDIRECT CELL INFO".split())
_NOT_THERE = ("#NAME?", "#N/IMPL!")

_QUOTED = re.compile(r'"(?:[^"]|"")*"' + r"|'(?:[^']|'')*'")
_CALL = re.compile(r"([^\W\d][\w.]*)\(")
_NAME = re.compile(r"""<(?:[\w.-]+:)?definedName\s[^<>]*?\bname="(?P<name>[^"]*)"[^<>]*>(?P<text>[^<]*)<""")
_ITERATES = re.compile(r"""<(?:[\w.-]+:)?calcPr\s[^<>]*?\biterate="(?:1|true)\"""")
_PREFIX = re.compile(r"^(?:_xlfn\.|_xlws\.)+", re.I)

_probed: Dict[Tuple[str, str], bool] = {}  # (engine, function) -> does the engine lack it?


class Formulas:
    """The calls in a workbook's formulas and defined names, each function with the first place that calls it."""

    def __init__(self, book: Book) -> None:
        self.names, self.iterates = _workbook_part(book)
        self.called: Dict[str, str] = {}
        for title, sheet in book.items():
            for position, cell in sheet.items():
                source = cell.source
                text = source.text if isinstance(source, SharedFormula) else source
                if text is not None and "(" in text and not is_what_if(cell):
                    for function in calls(text):
                        if function not in self.called:
                            self.called[function] = f"{quote_title(title)}!{cell_name(*position)}"
        for name, text in self.names.items():
            for function in calls(text):
                self.called.setdefault(function, f"the name {name[:40]}")

    @property
    def foreign(self) -> List[str]:
        """The functions that an engine may lack; not those that the workbook defines itself, by LAMBDA."""
        own = {name.upper() for name in self.names}
        return [function for function in self.called if plain(function) not in COMMON and function not in own]

    def notes(self) -> List[str]:
        """What makes results differ although no engine is wrong."""
        notes = []
        volatile = [f"{plain(name)} in {place}" for name, place in self.called.items() if plain(name) in VOLATILE]
        if volatile:
            notes.append(f"volatile functions may give something new at each calculation: {', '.join(volatile)}")
        if self.iterates:
            notes.append("iterative calculation is switched on: where engines stop, results may differ")
        return notes


def calls(formula: str) -> Set[str]:
    """The functions that a formula calls, as it writes them, in capitals; not the parameters of LAMBDA and LET."""
    names = {name.upper() for name in _CALL.findall(_QUOTED.sub("''", formula))}
    return {name for name in names if not name.startswith("_XLPM.")}


def plain(function: str) -> str:
    """`_XLFN._XLWS.SORT` -> `SORT`."""
    return _PREFIX.sub("", function)


def missing(engine: Any, functions: Iterable[str], folder: Path, timeout: float) -> Tuple[str, ...]:
    """Those of `functions` that an engine lacks. It is asked to calculate each, without arguments, once."""
    unknown = [name for name in functions if (engine.NAME, name) not in _probed]
    if unknown:
        workbook = Workbook()
        for row, name in enumerate(unknown, 1):
            workbook.active.cell(row, 1, f"={name}()")
        inner = folder / "functions"
        inner.mkdir()
        workbook.save(inner / "functions.xlsx")
        try:
            (cells,) = engine.calculate(inner / "functions.xlsx", inner, timeout).sheets.values()
        except EngineFailure:  # then its results have to speak for themselves
            return ()
        for row, name in enumerate(unknown, 1):
            result = cells.get((row, 1))
            _probed[engine.NAME, name] = result is not None and result.is_error and result.value in _NOT_THERE
    return tuple(dict.fromkeys(plain(name) for name in functions if _probed[engine.NAME, name]))


def _workbook_part(book: Book) -> Tuple[Dict[str, str], bool]:
    """The defined names with their formulas, and whether formulas that depend on themselves are iterated."""
    xml = book.package.read(book.package.workbook).decode("utf-8", errors="replace")
    names = {unescape(found["name"]): unescape(found["text"]) for found in _NAME.finditer(xml)}
    return names, bool(_ITERATES.search(xml))


def is_what_if(cell: Cell) -> bool:
    """Whether a cell is of a what-if table, which has a formula in name only."""
    return isinstance(cell.source, str) and (cell.source == "=" or cell.source.startswith("=TABLE("))
