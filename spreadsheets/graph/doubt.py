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
from .keys import Gradient, Key, Share, StepKey, Value
from .rounding import AsCalculated, Nudged, number
from .run import Run, run
from .take_step import take_step

SAMPLES = 8  # remainders are small multiples of one unit, so one sample may repeat them by chance
MARGIN = 4.0  # how much larger than in the samples a difference may turn out
EXTREMES = {"float64": (1e-150, 1e150), "float32": (1e-18, 1e18)}  # beyond these, a square does not fit the dtype


class Doubts:
    """The graph, computed in other ways from the same arrays."""

    def __init__(
        self,
        graph: Graph,
        base: Run,
        leaves: Mapping[Any, Any],
        given: Mapping[StepKey, Any],
        starts: Mapping[Leaf, Any],
        tolerance: Callable[[Key], Tuple[float, float]],
    ) -> None:
        self.graph, self.tolerance = graph, tolerance
        self.base = base.all()
        self.spread: Dict[Key, Any] = {}
        self._limits: Dict[Key, List[float]] = {}
        self._calculated: Dict[Key, Sequence[float]] = {}
        self.tiny: Set[Key] = set()
        self.huge: Set[Key] = set()
        nudged = [Nudged(seed) for seed in range(SAMPLES)]
        samples = [(nudge, run(graph, leaves, given, nudge)) for nudge in nudged]
        doubles: List[Any] = [{key: _double(a) for key, a in some.items()} for some in (leaves, given, starts)]
        calculated = run(graph, doubles[0], doubles[1], AsCalculated())
        for _, sample in samples:
            self._add(sample.all())
        if graph.dtype == "float64":  # else the difference is that of the dtype
            self._add(calculated.all())
        if graph.step:
            for nudge, sample in samples:
                self._add(self._lines(sample, self._starts(sample, starts), nudge.moved))
            lines = self._lines(calculated, self._starts(calculated, doubles[2]), _double)
            if graph.dtype == "float64":
                self._add(lines)
            calculated.values.update((key.item, array) for key, array in lines.items())
        self.calculated = calculated.all()
        small, large = EXTREMES[graph.dtype]
        sizes = [(key, *_extent(array)) for known in (self.base, self.calculated) for key, array in known.items()]
        self.tiny = self._downstream({key for key, least, _ in sizes if least < small})
        self.huge = self._downstream({key for key, _, most in sizes if large < most < inf})
        self.not_finite = self._downstream({key for key, _, most in sizes if not isfinite(most)})
        self._limits.clear()

    def _starts(self, sample: Run, starts: Mapping[Leaf, Any]) -> Dict[Leaf, Any]:
        """The gradients that the step starts from: where they are in doubt, those of the sample."""
        found = {}
        for p, start in starts.items():
            doubtful = [limit > 0 for limit in self.limits(Gradient(p))]
            where = K.from_list(doubtful, p.shape, "bool")
            found[p] = K.where(where, sample.gradients[p], start) if p in sample.gradients else start
        return found

    def _lines(self, sample: Run, starts: Mapping[Leaf, Any], moved: Callable[[Any], Any]) -> Dict[Key, Any]:
        """The lines of the step, from what it reads moved a little."""
        updates = self.graph.step.updates if self.graph.step else ()
        state = {leaf for update in updates for leaf in (update.parameter, *update.state.values())}
        values = {key: moved(array) if key in state else array for key, array in sample.values.items()}
        step = Run(values, sample.gradients)
        take_step(self.graph, step, {p: moved(array) for p, array in starts.items()})
        return {Value(line): step.values[line] for u in updates for line in u.lines.values() if line in step.values}

    def _add(self, other: Mapping[Key, Any]) -> None:
        """Widen the spread by another run. NaN where a number is finite in one of them only."""
        for key, array in other.items():
            known = self.base.get(key)
            if known is not None and known.size:
                apart = _apart(array, known)
                self.spread[key] = apart if key not in self.spread else K.maximum(self.spread[key], apart)

    def _downstream(self, reached: Set[Key]) -> Set[Key]:
        """These tensors, and what depends on one of them."""
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
        if spread is None or key in self.huge:
            return [inf if key in self.huge else 0.0] * (self.base[key].size if key in self.base else 0)
        return [inf if isnan(s) else MARGIN * s for s in map(float, numbers(spread))]

    def noise(self, leaf: Leaf, divides: bool) -> List[bool]:
        """For each number of a gradient whether rounding alone may move it by more than the relative tolerance, and by
        more than the absolute one too, unless the step `divides` it by its size."""
        key = Gradient(leaf)
        rtol, atol = self.tolerance(key)
        moves = zip(self.moves(key), numbers(self.base[key]))
        return [move > rtol * abs(g) and (divides or move > atol) for move, g in moves]

    def limits(self, key: Key) -> List[float]:
        """For each number how far one in a cell may be from it and still not be wrong; 0 where that is no more than the
        tolerance."""
        if key not in self._limits:
            rtol, atol = self.tolerance(key)
            values = numbers(self.base[key]) if key in self.base else []
            pairs = zip(self.moves(key), values)
            limits = [rounded_up(m) if m > atol + rtol * abs(v) or key in self.huge else 0.0 for m, v in pairs]
            if self.graph.dtype == "float32" and key in self.tiny:  # what does not fit float32 does fit a cell
                apart = [abs(self.as_calculated(key, n) - v) for n, v in enumerate(values)]
                limits = [max(m, rounded_up(d) if isfinite(d) else m) for m, d in zip(limits, apart)]
            self._limits[key] = limits
        return self._limits[key]

    def as_calculated(self, key: Key, n: int) -> float:
        """The n-th number of a tensor as a spreadsheet program calculates it."""
        if key not in self._calculated:
            self._calculated[key] = numbers(self.calculated[key]) if key in self.calculated else []
        return float(self._calculated[key][n]) if self._calculated[key] else nan

    def unclear(self, key: Key, n: int, true: float, found: Optional[float]) -> bool:
        """Whether `found` in a cell (None: an error) is as good as the framework's `true`, though it is another."""
        if found is None:
            return self.errors(key)
        if isfinite(true) and isfinite(found):
            return abs(found - true) <= self.limits(key)[n]
        return key in self.huge or same(found, self.as_calculated(key, n))

    def errors(self, key: Key) -> bool:
        """Whether an error may stand for a number: after an overflow, or where a square is too small for one."""
        return key in self.not_finite or key in self.huge or key in self.tiny


def same(found: float, calculated: float) -> bool:
    if not (isfinite(found) and isfinite(calculated)):
        return found == calculated or (isnan(found) and isnan(calculated))
    return abs(found - calculated) <= 1e-5 * abs(calculated)


def rounded_up(value: float) -> float:
    """To two digits, as Check writes it."""
    return float(f"{min(value, 1e300) * 1.05:.1E}")


def _double(array: Any) -> Any:
    """Floats as float64, without a negative zero; whole numbers stay what they are."""
    if array.dtype not in ("float64", "float32"):
        return array
    double = K.cast(array, "float64")
    return K.add(double, number(0, double))


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
