"""How long calculating a workbook may take, before it starts."""

from __future__ import annotations

from typing import Dict, Sequence, Tuple

from ..read.workbook import Book

# engine -> seconds to start, and microseconds of a formula, with reading its result and putting it into the file:
# measured on exports of 18,000 and 75,000 formulas on one core of a server. Another machine may take half or twice as
# long, and formulas over long ranges take longer.
RATES: Dict[str, Tuple[float, float]] = {
    "ironcalc": (0.4, 120.0),
    "libreoffice": (1.5, 150.0),
    "gnumeric": (0.5, 190.0),
}

WORTH_A_WORD = 5.0  # seconds


def seconds(formulas: int, engine: str) -> float:
    """What so many formulas take."""
    start, each = RATES[engine]
    return start + 1e-6 * each * formulas


def forecast(book: Book, engines: Sequence[str]) -> str:
    """`475,933 formulas: ironcalc takes about 58 s`; "" where it is done in a few seconds."""
    formulas = sum(cell.has_formula for sheet in book.values() for cell in sheet.values())
    if all(seconds(formulas, engine) < WORTH_A_WORD for engine in engines):
        return ""
    times = ", ".join(f"{engine} takes {about(seconds(formulas, engine))}" for engine in engines)
    return f"{formulas:,} formula{'' if formulas == 1 else 's'}: {times}"


def about(seconds: float) -> str:
    """As roughly as it is known."""
    return f"about {seconds:.0f} s" if seconds < 100 else f"about {seconds / 60:.0f} minutes"


__all__ = ["forecast", "seconds"]
