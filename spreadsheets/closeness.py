"""Whether two numbers are the same within a tolerance."""

from __future__ import annotations

import math


def is_close(found: float, true: float, rtol: float, atol: float) -> bool:
    """|found - true| <= atol + rtol |true|; NaN is close to NaN only, an infinity to itself only."""
    if found == true or (math.isnan(found) and math.isnan(true)):
        return True
    return math.isfinite(found) and math.isfinite(true) and abs(found - true) <= atol + rtol * abs(true)
