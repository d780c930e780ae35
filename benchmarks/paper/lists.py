"""Mathematics on nested lists of numbers."""

from __future__ import annotations

from typing import Any, Callable, Iterator, List, Sequence, Tuple

Nested = Any  # a number, or a list of Nested of equal shape
Shape = Tuple[int, ...]
Write = Callable[[float], float]  # what stays of a number that is written down


def exactly(x: float) -> float:
    return x


def depth(nested: Nested) -> int:
    return 1 + depth(nested[0]) if isinstance(nested, list) else 0


def shape_of(nested: Nested) -> Shape:
    return (len(nested), *shape_of(nested[0])) if isinstance(nested, list) else ()


def flat(nested: Nested) -> List[float]:
    return [x for part in nested for x in flat(part)] if isinstance(nested, list) else [nested]


def shaped(numbers: Sequence[float], shape: Shape) -> Nested:
    """Numbers, row by row, in a shape."""
    if not shape:
        return numbers[0]
    size = len(numbers) // shape[0]
    return [shaped(numbers[n * size : (n + 1) * size], shape[1:]) for n in range(shape[0])]


def arranged(nested: Nested, shape: Shape) -> Nested:
    """The same numbers in another shape."""
    return shaped(flat(nested), shape)


def each(f: Callable[..., float], *nested: Nested) -> Nested:
    """f of the numbers that stand in the same place."""
    if isinstance(nested[0], list):
        return [each(f, *parts) for parts in zip(*nested)]
    return f(*nested)


def spread(f: Callable[[float, float], float], a: Nested, b: Nested) -> Nested:
    """f of two numbers where one of the two lists may be smaller and is repeated."""
    if depth(a) < depth(b):
        return [spread(f, a, part) for part in b]
    if depth(a) > depth(b):
        return [spread(f, part, b) for part in a]
    if not isinstance(a, list):
        return f(a, b)
    size = max(len(a), len(b))
    long_a, long_b = (part * size if len(part) < size else part for part in (a, b))
    return [spread(f, x, y) for x, y in zip(long_a, long_b)]


def gathered(nested: Nested, shape: Shape) -> Nested:
    """The sum over what was repeated, to get back to a smaller shape."""
    while depth(nested) > len(shape):
        nested = added(nested)
    if not shape:
        return nested
    if shape[0] == 1 and len(nested) > 1:
        nested = [added(nested)]
    return [gathered(part, shape[1:]) for part in nested]


def added(parts: Sequence[Nested]) -> Nested:
    """The sum of several lists, number by number."""
    return each(lambda *numbers: sum(numbers), *parts)


def transposed(matrix: Nested) -> Nested:
    return [list(column) for column in zip(*matrix)]


def dot(a: Sequence[float], b: Sequence[float], write: Write = exactly) -> float:
    return sum(write(x * y) for x, y in zip(a, b))


def times(a: Nested, b: Nested, write: Write = exactly) -> Nested:
    """The product of two matrices."""
    columns = transposed(b)
    return [[dot(row, column, write) for column in columns] for row in a]


def places(nested: Nested, before: Tuple[int, ...] = ()) -> Iterator[Tuple[int, ...]]:
    """Every index."""
    if not isinstance(nested, list):
        yield before
        return
    for n, part in enumerate(nested):
        yield from places(part, (*before, n))


def at(nested: Nested, index: Sequence[int]) -> float:
    for i in index:
        nested = nested[i]
    return nested  # type: ignore[no-any-return]


def put(nested: Nested, index: Sequence[int], number: float) -> Nested:
    """The same with another number at one place."""
    if not index:
        return number
    return [put(part, index[1:], number) if n == index[0] else part for n, part in enumerate(nested)]
