"""Which numbers of a workbook cannot be decided, because another rounding makes others of them.

A spreadsheet program adds in another order than the framework, compares approximately and takes the difference of
nearly equal numbers for 0. Mostly that shows in the last digits. But where what is left of nearly equal numbers is
divided by, or asked for its sign, another number comes out, and neither is wrong: the gradient of a bias in front of a
batch normalisation is 0, and what is computed is what the additions left over, 1e-17 say. So the graph is computed
again in other ways, and as far as they are apart a cell is neither right nor wrong, but undecided. Check and verify
both ask here.
"""

from __future__ import annotations

from math import inf, isfinite, isnan, nan
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from saitama.tensor.backend import K

from .graph import Graph
from .items import Leaf, numbers
from .keys import Gradient, Key, Share, Value
from .rounding import Calculated, Nudged, number
from .run import Arithmetic, Run, run
from .take_step import take_step

SAMPLES = 8  # remainders are small multiples of one unit, so one sample may repeat them by chance
MARGIN = 4.0  # how much larger than in the samples a difference may turn out
LARGE, SMALL = 1e100, 1e-100  # beyond these, a square or a cube inside a formula may be no number


class Doubts:
    """The graph, computed in other ways from the same arrays."""

    def __init__(
        self,
        graph: Graph,
        base: Run,
        leaves: Mapping[Any, Any],
        given: Mapping[Key, Any],
        starts: Mapping[Leaf, Any],
        tolerance: Callable[[Key], Tuple[float, float]],
    ) -> None:
        self.graph, self.tolerance = graph, tolerance
        self.base = base.all()
        self.spread: Dict[Key, Any] = {}
        self._limits: Dict[Key, List[float]] = {}
        self._calculated: Dict[Key, Sequence[float]] = {}
        for seed in range(SAMPLES):
            self._add(_computed(graph, Nudged(seed), leaves, given, starts))
        doubles: List[Any] = [{key: _double(a) for key, a in some.items()} for some in (leaves, given, starts)]
        calculated = _computed(graph, Calculated(), *doubles)
        self.calculated = calculated.all()
        if graph.dtype == "float64":  # else the difference is that of the dtype
            self._add(calculated)
        self.poisoned = self._downstream(lambda array: not isfinite(_extent(array)[1]))
        self.extreme = self._downstream(lambda array: _extent(array)[0] < SMALL or _extent(array)[1] > LARGE)

    def _add(self, other: Run) -> None:
        """Widen the spread by another run. NaN where a number is finite in one of them only."""
        for key, array in other.all().items():
            known = self.base.get(key)
            if known is not None and known.size:
                apart = _apart(array, known)
                self.spread[key] = apart if key not in self.spread else K.maximum(self.spread[key], apart)

    def _downstream(self, found: Callable[[Any], bool]) -> Set[Key]:
        """What has such a number in it or depends on a tensor that has, in either way of computing."""
        reached: Set[Key] = {key for run in (self.base, self.calculated) for key, array in run.items() if found(array)}
        for node in self.graph.nodes:
            if any(Value(item) in reached for item in node.inputs):
                reached.add(Value(node))
        for node in reversed(self.graph.nodes):
            for k, item in enumerate(node.inputs):
                if Share(node, k) in reached or Gradient(node) in reached or Value(node) in reached:
                    reached |= {Share(node, k), Gradient(item)}
        for update in self.graph.step.updates if self.graph.step else ():
            read = [update.parameter, *update.state.values(), *update.lines.values()]
            if Gradient(update.parameter) in reached or any(Value(item) in reached for item in read):
                reached |= {Value(line) for line in update.lines.values()}
        return reached

    # --- what is asked ----------------------------------------------------------------------------------------------
    def moves(self, key: Key) -> List[float]:
        """For each number how far another rounding may move it."""
        spread = self.spread.get(key)
        return [] if spread is None else [inf if isnan(s) else MARGIN * s for s in map(float, numbers(spread))]

    def noise(self, leaf: Leaf, rtol: float) -> List[bool]:
        """For each number of a gradient whether rounding alone may move it by more than the relative tolerance."""
        key = Gradient(leaf)
        return [move > rtol * abs(g) for move, g in zip(self.moves(key), numbers(self.base[key]))]

    def limits(self, key: Key) -> List[float]:
        """For each number how far one in a cell may be from it and still not be wrong; 0 where that is no more than the
        tolerance."""
        if key not in self._limits:
            rtol, atol = self.tolerance(key)
            values = numbers(self.base[key]) if key in self.base else []
            pairs = zip(self.moves(key) or [0.0] * len(values), values)
            self._limits[key] = [rounded_up(m) if m > atol + rtol * abs(v) else 0.0 for m, v in pairs]
        return self._limits[key]

    def as_calculated(self, key: Key, n: int) -> float:
        """The n-th number of a tensor as a spreadsheet program calculates it."""
        if key not in self._calculated:
            self._calculated[key] = numbers(self.calculated[key]) if key in self.calculated else []
        return float(self._calculated[key][n]) if self._calculated[key] else nan

    def unclear(self, key: Key, n: int, true: float, found: Optional[float]) -> bool:
        """Whether `found` in a cell (None: an error) is as good as the framework's `true`, though it is another."""
        if found is None:
            return key in self.poisoned or key in self.extreme
        if isfinite(true) and isfinite(found):
            return abs(found - true) <= self.limits(key)[n]
        return key in self.extreme or same(found, self.as_calculated(key, n))


def same(found: float, calculated: float) -> bool:
    return (
        found == calculated or (isnan(found) and isnan(calculated)) or abs(found - calculated) <= 1e-5 * abs(calculated)
    )


def rounded_up(value: float) -> float:
    """To two digits, as Check writes it."""
    return float(f"{min(value, 1e300) * 1.05:.1E}")


def _computed(
    graph: Graph, arithmetic: Arithmetic, leaves: Mapping[Any, Any], given: Mapping[Key, Any], starts: Mapping[Any, Any]
) -> Run:
    result = run(graph, leaves, given, arithmetic)
    if graph.step:
        moved = getattr(arithmetic, "moved", lambda array: array)
        state = {leaf for update in graph.step.updates for leaf in (update.parameter, *update.state.values())}
        values = {key: moved(array) if key in state else array for key, array in result.values.items()}
        step = Run(values, result.gradients, result.shares)
        take_step(graph, step, {p: moved(array) for p, array in starts.items()})
        lines = {line for update in graph.step.updates for line in update.lines.values()}
        result.values.update((key, array) for key, array in step.values.items() if key in lines)
    return result


def _double(array: Any) -> Any:
    """float32 as float64; whole numbers stay what they are."""
    return K.cast(array, "float64") if array.dtype == "float32" else array


def _apart(a: Any, b: Any) -> Any:
    """|a - b|, 0 for the same infinity and for two NaN."""
    if b.dtype not in ("float64", "float32"):
        a, b = K.cast(a, "float64"), K.cast(b, "float64")
    zero, a_is_nan, b_is_nan = number(0, b), K.ne(a, a), K.ne(b, b)
    same = K.where(a_is_nan, b_is_nan, K.eq(a, b))
    return K.where(same, zero, K.abs(K.sub(a, b)))


def _extent(array: Any) -> Tuple[float, float]:
    """(the smallest size but 0, the largest) of its numbers; (1, 1) where there are none, NaN where one is."""
    if array.dtype not in ("float64", "float32") or not array.size:
        return 1.0, 1.0
    every, size = tuple(range(array.ndim)), K.abs(array)
    one, zero = number(1, array), number(0, array)
    smallest = K.min(K.where(K.eq(size, zero), one, size), every, False)
    return float(smallest.tolist()), float(K.max(size, every, False).tolist())


__all__ = ["Doubts"]
