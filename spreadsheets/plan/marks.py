"""Right or wrong while someone types: the formulas behind the ✓ and the ✗ beside a blank.

Against the learner's own numbers, the mark computes the step from what is given and what was typed before, so no cell
holds an answer. A number is right if it is what the step gives, rounded as it was typed: to its own decimals, or to as
many as other numbers of the page show (2.000 is stored as 2), and at least to two significant digits. Near is what may
come from numbers that were rounded more than once; verify computes how far that can go, and decides.
"""

from __future__ import annotations

from typing import Sequence

RIGHT, WRONG, NEAR, BROKEN = "✓", "✗", "≈", "?"
NEARLY = 20  # half units


def exponent(x: str) -> str:
    """The power of ten of a number that is not 0."""
    return f"INT(LOG10(ABS({x})))"


def digits(x: str) -> str:
    """How many significant digits a typed number has; blank for a blank or a text."""
    mantissa = f"ROUND(ABS({x})/10^{exponent(x)},14)"
    return f'IF(ISNUMBER({x}),IF({x}=0,1,LEN({mantissa}&"")-IF({mantissa}=INT({mantissa}),0,1)),"")'


def decimals(x: str, digits_of_x: str) -> str:
    """How many decimals it has."""
    return f'IF(ISNUMBER({x}),IF({x}=0,0,MAX(0,{digits_of_x}-1-{exponent(x)})),"")'


def half_a_unit(x: str, decimals_of_x: str, most_decimals: str, most_digits: str) -> str:
    """Half a unit of the last place that a typed number shows."""
    shown = f"MAX({decimals_of_x},MIN({most_decimals},{most_digits}-1-{exponent(x)}),1-{exponent(x)})"
    return f'IF(ISNUMBER({x}),0.5*10^-IF({x}=0,{most_decimals},{shown}),"")'


def own_mark(x: str, formula: str, typed_before: Sequence[str], half: str) -> str:
    """The mark of a typed number against the step's formula over the cells before; none while one of these is blank.
    Infinities are texts, here as in every cell."""
    away = f"ABS({x}-({formula}))"
    noise = f"1E-12*ABS({x})+1E-15"
    verdict = f'IF({away}<={half}+{noise},"{RIGHT}",IF({away}<={NEARLY}*{half}+{noise},"{NEAR}","{WRONG}"))'
    verdict = waits_for(typed_before, f'IFERROR({verdict},"{BROKEN}")')
    text = f'IFERROR(IF(AND(ISTEXT({x}),{x}=({formula})),"{RIGHT}","{WRONG}"),"{WRONG}")'
    return f'IF({x}="","",IF(ISNUMBER({x}),{verdict},{waits_for(typed_before, text)}))'


def waits_for(cells: Sequence[str], formula: str) -> str:
    """A formula that gives nothing while some of the cells are blank."""
    if not cells:
        return formula
    return f'IF({"+".join(f"COUNTBLANK({cell})" for cell in cells)}>0,"",{formula})'
