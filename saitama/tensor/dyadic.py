"""Numbers for working by hand: halves, quarters, eighths, which binary and decimal digits both write exactly."""

from __future__ import annotations

from typing import Any, List, Optional

from .backend import K
from .creation import _made
from .random import randint
from .shape import check_shape, flat_sizes, whole
from .tensor import Tensor

MOST = 1_000_000  # numbers to choose from


def dyadic(
    *shape: Any,
    low: float = -2,
    high: float = 2,
    denominator: int = 4,
    zeros: bool = False,
    requires_grad: bool = False,
    name: Optional[str] = None,
) -> Tensor:
    """Random multiples of 1/denominator from low to high, in float64: 0.75, -1.5, 0.25.

    Sums and products of them are exact, so that whoever calculates by hand gets the true number to the last digit. All
    are different where there are enough, and none is 0 without `zeros`: what is equal or 0 hides who exchanged two
    numbers or forgot one. With `manual_seed(seed)` before, everyone's numbers are their own.

    Raises ValueError for a denominator that is no power of two and a range without numbers.
    """
    sizes = check_shape(flat_sizes(shape, "dyadic"), "dyadic")
    denominator = whole(denominator, "dyadic: denominator")
    if not (0 < denominator <= 2**20 and denominator & (denominator - 1) == 0):
        raise ValueError(f"dyadic: denominator is {denominator}; give a power of two, such as 4")
    if not abs(low) + abs(high) <= MOST:
        raise ValueError(f"dyadic: the range from {low!r} to {high!r} is too large; give one below {MOST:,}")
    first, last = -int(-low * denominator // 1), int(high * denominator // 1)
    numbers = [n for n in range(first, min(last, first + MOST) + 1) if n or zeros]
    if not numbers:
        raise ValueError(
            f"dyadic: there is no multiple of 1/{denominator} from {low} to {high}" + " but 0" * (not zeros)
        )
    count = 1
    for size in sizes:
        count *= size
    chosen = _different(numbers, count) if count <= len(numbers) else _any(numbers, count)
    made = _made(K.from_list([n / denominator for n in chosen], sizes, "float64"), requires_grad)
    made.name = name
    return made


def _any(numbers: List[int], count: int) -> List[int]:
    return [numbers[place] for place in randint(0, len(numbers), (count,)).tolist()]


def _different(numbers: List[int], count: int) -> List[int]:
    """The first `count` of the numbers shuffled (Fisher and Yates 1938)."""
    pool = list(numbers)
    for place in range(count):
        other = int(randint(place, len(pool), ()).item())
        pool[place], pool[other] = pool[other], pool[place]
    return pool[:count]
