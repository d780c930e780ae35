"""When a number that a person typed is right.

Nobody types 17 digits. A typed number is right if it equals the true value rounded to as many decimals as were typed,
but never to fewer than two significant digits of the true value:

    true value   typed      decimals judged   right?
    0.3775       0.38       2                 yes
    0.3775       0.37       2                 no
    0.3775       0.4        2 (1 typed)       no: one significant digit says too little
    0.2995       0.3        2 (1 typed)       yes: 0.30, whose zero a spreadsheet drops
    0.000012     1.2e-5     6                 yes
    1234.5       1235       0                 yes; 1200 is not
    3.7e-9       0          10 (0 typed)      no

The decimals are those of the shortest decimal text that gives the cell's double, as a spreadsheet keeps no others. A
percentage is judged by the fraction it stands for: 38% is 0.38. A tie may be rounded either way. The true value was
itself computed in floating point, so a difference of its rounding noise is forgiven; this is what a number pasted with
all its digits is judged by, and what makes 0 right where the framework has 1e-17 for a difference that cancels.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Dict, Tuple

# Rounding noise of a value of each dtype after a long computation: (relative, absolute).
NOISE: Dict[str, Tuple[float, float]] = {
    "float64": (1e-12, 1e-15),
    "float32": (1e-6, 1e-8),
    "int64": (0.0, 0.0),
    "bool": (0.0, 0.0),
}


def decimals_typed(typed: float) -> int:
    """How many decimals a finite number has: 0.38 has 2, 1.2e-5 has 6, 1200 has 0."""
    return max(0, -int(Decimal(repr(float(typed))).normalize().as_tuple().exponent))


def decimals_needed(true: float, significant: int = 2) -> int:
    """How many decimals show so many significant digits of a finite number: 0.3775 needs 2 for two, 1234.5 needs 0."""
    return max(0, significant - 1 - Decimal(repr(float(true))).adjusted()) if true else 0


def decimals_judged(typed: float, true: float) -> int:
    """The number of decimals at which the typed number must agree with the true one."""
    return max(decimals_typed(typed), decimals_needed(true))


def is_right(typed: float, true: float, dtype: str = "float64") -> bool:
    """Whether `typed` is `true` as a person may write it; `dtype` is the true value's, and sets the noise forgiven.

    NaN is right only for NaN, an infinity only for the same infinity.
    """
    if typed == true or (math.isnan(typed) and math.isnan(true)):
        return True
    if not (math.isfinite(typed) and math.isfinite(true)):
        return False
    half_a_unit = 0.5 * 10.0 ** -decimals_judged(typed, true)
    relative, absolute = NOISE[dtype]
    return abs(typed - true) <= half_a_unit + relative * abs(true) + absolute


def rounded_like(true: float, typed: float) -> str:
    """The true value with the decimals that `typed` is judged by: what a person should have written."""
    return f"{true:.{decimals_judged(typed, true)}f}"
