"""How a code task tries what a learner wrote, and how it says what is wrong: which function, called with what, returned
what, expected what.

A Try is the learner's file. Each thing that is tried has words: Try.call("add", a, b) runs add(a, b) and, if that goes
wrong, can say so.
"""

from __future__ import annotations

import traceback
from math import isfinite
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

TOLERANCE = 1e-6  # relative, and absolute near 0
LONGEST = 100  # characters of a value that is shown
Note = Callable[[str], None]


class Wrong(Exception):
    """What is wrong, in a sentence or a few lines."""


class Try:
    """The names that a learner's file defines."""

    def __init__(self, names: Mapping[str, Any], file: str, note: Note = lambda text: None) -> None:
        self.names, self.file, self.note = names, file, note

    def get(self, *names: str) -> Any:
        """The first of these names that the file has."""
        for name in names:
            if name in self.names:
                return self.names[name]
        others = f" (or {', '.join(names[1:])})" if names[1:] else ""
        raise Wrong(f"{self.file} has no {names[0]}{others}: the task asks for it by this name")

    def call(self, name: str, *arguments: Any, **options: Any) -> Any:
        """The result of one of its functions."""
        return self.run(said(name, *arguments, **options), self.get(name), *arguments, **options)

    def run(self, what: str, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """The result of anything; Wrong where it raises. `what` is how it is written down."""
        self.note(what)
        try:
            return function(*arguments, **options)
        except Wrong:
            raise
        except MemoryError:
            raise Wrong(f"{what} took more memory than there is for it") from None
        except RecursionError:
            raise Wrong(f"{what} ended in a RecursionError: the recursion is too deep for Python; use a loop") from None
        except Exception as error:
            raise Wrong(f"{what} raised {type(error).__name__}: {error}{self._line(error)}") from None

    def _line(self, error: Exception) -> str:
        """The last line of the learner's file that an error came through."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == self.names.get("__file__")]
        return f" ({self.file}, line {lines[-1]})" if lines else ""

    def method(self, of: Any, shown: str, names: Sequence[str], *arguments: Any) -> Any:
        """The result of a method under the first of these names that there is; `shown` is how `of` is written down."""
        for name in names:
            method = getattr(of, name, None)
            if callable(method):
                return self.run(said(f"{shown}.{name}", *arguments), method, *arguments)
        others = f" (or {', '.join(names[1:])})" if names[1:] else ""
        raise Wrong(f"{shown} has no method {names[0]}(){others}")

    def refuses(
        self, what: str, why: str, function: Callable[..., Any], *arguments: Any, words: Sequence[str] = ()
    ) -> None:
        """That something is an error, and that its message has one of these words; Wrong where it is not."""
        self.note(what)
        try:
            result = function(*arguments)
        except (NameError, AttributeError, NotImplementedError, RecursionError, MemoryError) as error:
            raise Wrong(f"{what} raised {type(error).__name__}: {error}; expected an error that says: {why}") from None
        except Exception as error:
            if words and not all(word in str(error) for word in words):
                raise Wrong(
                    f"{what} is an error, as it should be, but its message {str(error)!r} does not name "
                    f"{' and '.join(words)}: {why}"
                ) from None
            return
        raise Wrong(f"{what} returned {show(result)}, expected an error: {why}")


# --- comparing --------------------------------------------------------------------------------------------------------
def expect(
    what: str,
    got: Any,
    want: Any,
    because: str = "",
    faults: Optional[Mapping[str, Any]] = None,
    verb: str = "returned",
) -> None:
    """That numbers are these, in this nesting. `faults`: what a known mistake would give, by what is said of it."""
    mine = numbers(got)
    right = numbers(want)
    if same(mine, right):
        return
    for sentence, wrong in (faults or {}).items():
        if same(mine, numbers(wrong)):
            because = sentence
            break
    if got is None:
        because = because or "is it written, and does it return its result?"
    elif not because and shape_of(mine) != shape_of(right):
        because = f"the shape is {shape_of(mine)}, expected {shape_of(right)}"
    elif not because and len(show(got)) == LONGEST:
        because = first_difference(mine, right)
    raise Wrong(f"{what} {verb} {show(got)}, expected {show(want)}" + (f": {because}" if because else ""))


def expect_gradients(
    what: str, rows: Sequence[Tuple[str, Any, Any]], approximate: Optional[Mapping[str, Any]] = None
) -> None:
    """That each gradient is right. rows: name, the learner's, the exact one; Wrong is a table of all of them."""
    lines: List[str] = []
    wrong: List[str] = []
    for name, got, want in rows:
        mine, right = numbers(got), numbers(want)
        apart = difference(mine, right)
        ok = same(mine, right)
        near = f", approximate {show((approximate or {})[name])}" if approximate and name in approximate else ""
        far = "another shape" if apart is None else f"{apart:.3g}"
        lines.append(
            f"{'right' if ok else 'wrong'}  {name}: yours {show(got)}, exact {show(want)}{near}, largest "
            f"difference {far}"
        )
        if not ok:
            wrong.append(name)
    if wrong:
        raise Wrong("\n    ".join([f"{what}: {', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} wrong", *lines]))


def same(a: Any, b: Any) -> bool:
    """Whether two nests of numbers have one shape and, but for rounding, the same numbers."""
    if isinstance(a, list) or isinstance(b, list):
        return isinstance(a, list) and isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if a is None or b is None:
        return a is b
    if not (isfinite(a) and isfinite(b)):
        return a == b or (a != a and b != b)
    return bool(abs(a - b) <= TOLERANCE * max(1.0, abs(b)))


def first_difference(a: Any, b: Any, place: str = "") -> str:
    """Where two nests of one shape part: `[0][2] is 1.5, expected 2.5`."""
    if isinstance(a, list) and isinstance(b, list):
        return next(
            (f for n, (x, y) in enumerate(zip(a, b)) for f in [first_difference(x, y, f"{place}[{n}]")] if f), ""
        )
    return "" if same(a, b) else f"{place} is {show(a)}, expected {show(b)}"


def difference(a: Any, b: Any) -> Optional[float]:
    """The largest difference; None where the shapes differ."""
    if isinstance(a, list) or isinstance(b, list):
        if not (isinstance(a, list) and isinstance(b, list) and len(a) == len(b)):
            return None
        apart = [difference(x, y) for x, y in zip(a, b)]
        return None if None in apart else max([x for x in apart if x is not None], default=0.0)
    return None if a is None or b is None else abs(a - b)


# --- reading what a learner returns -----------------------------------------------------------------------------------
def numbers(value: Any) -> Any:
    """A number, or lists of numbers, of whatever holds them: a list, a tuple, something with tolist(), to_data() or
    data. None for what holds none."""
    if value is None or isinstance(value, str):
        return None
    if isinstance(value, (list, tuple)):
        return [numbers(inner) for inner in value]
    for name in ("tolist", "to_list", "to_data", "data"):
        held = getattr(value, name, None)
        if held is not None:
            try:
                return numbers(held() if callable(held) else held)
            except Exception:
                continue
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def shape_of(nest: Any) -> Tuple[int, ...]:
    return (len(nest), *shape_of(nest[0])) if isinstance(nest, list) and nest else (0,) if nest == [] else ()


def show(value: Any) -> str:
    """A value as a message shows it."""
    held = value if isinstance(value, (str, bool, dict)) or value is None else numbers(value)
    if held is None or isinstance(value, (str, bool, dict)):
        text = repr(value)
    else:
        text = _numbers(held)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _numbers(held: Any) -> str:
    if isinstance(held, list):
        return f"[{', '.join(map(_numbers, held))}]"
    return "None" if held is None else f"{held:.6g}"


def said(name: str, *arguments: Any, **options: Any) -> str:
    """A call as one writes it."""
    parts = [*map(show, arguments), *(f"{key}={show(value)}" for key, value in options.items())]
    return f"{name}({', '.join(parts)})"


def central(f: Callable[[float], float], x: float, h: float = 1e-5) -> float:
    """The approximate derivative that a gradient is held against."""
    return (f(x + h) - f(x - h)) / (2 * h)


__all__ = [
    "Dict",
    "Try",
    "Wrong",
    "central",
    "difference",
    "expect",
    "expect_gradients",
    "numbers",
    "said",
    "shape_of",
    "show",
]
