"""A graph of a few examples of a batch, whose numbers and gradients are still those of all of them.

Every tensor that has a row for each example is split in two: the examples that are shown, and the rest, which gets no
cells. Where an operation adds over the examples (the mean of a loss), it is done for both parts, and the two results
are put together: (3 of 8) · shown + (5 of 8) · rest. So the gradient of a weight is the sum of what comes back through
the examples that are shown, live, and of what comes back through the rest, as a value.

Nothing is known here of single operations: that a result has a row for each example, and which axis that is, is found
by computing both parts and comparing with the whole. It is done with the graph's numbers and with others, drawn at
random, as zeros and small numbers agree with everything.
"""

from __future__ import annotations

from dataclasses import replace
from math import isclose, isfinite
from random import Random
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple, Union

from saitama.autograd.function import OPS
from saitama.tensor.backend import K

from ..layout import Shape, size_of
from .graph import Graph
from .items import Item, Leaf, Node, numbers
from .run import Run

Batch = Union[None, int, slice, Sequence[int]]

REST = "of the rest"
CLOSE = {"float64": 1e-9, "float32": 1e-4}


class Split(NamedTuple):
    graph: Graph
    rest: Set[Item]  # what shall have no cells
    words: str  # for Start: what is shown, and what stands as a value


class Axis(NamedTuple):
    """Where the examples of a tensor lie: `factor` neighbours along the axis belong to each."""

    number: int
    factor: int


def chosen(batch: Batch, count: int) -> List[int]:
    """The numbers of the examples, in order; ValueError, TypeError where these are none."""
    if isinstance(batch, slice):
        try:
            found = list(range(count)[batch])
        except (TypeError, ValueError) as error:
            raise type(error)(f"export: batch is {batch!r}: {error}") from None
    else:
        found = [batch] if isinstance(batch, (int, float, str)) else list(batch or [])
        if not all(isinstance(i, int) and not isinstance(i, bool) for i in found):
            raise TypeError(f"export: batch is {batch!r}; give a number, a slice or a list of numbers")
        outside = [i for i in found if not -count <= i < count]
        if outside:
            raise ValueError(f"export: batch: there is no example {outside[0]}; there are {count}, from 0 on")
    found = sorted({i % count for i in found}) if count else []
    if not found:
        raise ValueError(f"export: batch is {batch!r}, which is none of the {count} examples")
    return found


def split(graph: Graph, result: Run, batch: Batch) -> Split:
    """The graph of the examples that `batch` chooses. Raises ValueError, in one line, where no input has a row for each
    example, or where an operation mixes examples in another way than by adding them up."""
    data = [leaf for leaf in graph.leaves if leaf.shape and not leaf.requires_grad]
    if not data:
        raise ValueError("export: batch: no input has a row for each example (an input that asks for no gradient)")
    count = data[0].shape[0]
    shown = chosen(batch, count)
    rest = [i for i in range(count) if i not in set(shown)]
    if not rest:
        return Split(graph, set(), "")
    return _Splitting(graph, result, count, (shown, rest)).split()


class _Splitting:
    def __init__(self, graph: Graph, result: Run, count: int, parts: Tuple[List[int], List[int]]) -> None:
        self.graph, self.result, self.count, self.parts = graph, result, count, parts
        self.axes: Dict[Item, Axis] = {}  # of the old items
        self.sides: Dict[Item, Tuple[Item, Item]] = {}  # of an old one, the new ones: shown, and of the rest
        self.values: Dict[Item, Any] = {}  # of the new ones
        self.leaves: List[Leaf] = []
        self.nodes: List[Node] = []
        self.rest: Set[Item] = set()
        self.used: Set[Item] = set()  # by operations so far
        self.firsts: List[int] = []  # the number of the first new node of each old one

    def split(self) -> Split:
        for leaf in self.graph.leaves:
            self._leaf(leaf)
        for node in self.graph.nodes:
            self.firsts.append(len(self.nodes) + 1)
            self._node(node)
        self.firsts.append(len(self.nodes) + 1)
        if not self.axes or self.graph.root in self.axes:
            raise ValueError("export: batch: the result is not a sum or a mean over the examples")
        parts = [
            replace(part, first=self.firsts[part.first - 1], last=self.firsts[part.last] - 1)
            for part in self.graph.parts
        ]
        shown, rest = map(len, self.parts)
        words = (
            f"shows {shown:,} of {self.count:,} examples; what the other {rest:,} add stands as the framework's "
            "values, which do not follow a change of an input"
        )
        return Split(Graph(self.leaves, self.nodes, parts), self.rest, words)

    def _leaf(self, leaf: Leaf) -> None:
        if leaf.requires_grad or leaf.shape[:1] != (self.count,):
            self.leaves.append(leaf)
            self.sides[leaf] = leaf, leaf
            self.values[leaf] = leaf.array
            return
        self._divide(leaf, Axis(0, 1))

    def _divide(self, leaf: Leaf, axis: Axis) -> None:
        self.axes[leaf] = axis
        arrays = [taken(leaf.array, self.axes[leaf], self.count, part) for part in self.parts]
        self.sides[leaf] = first, second = (
            Leaf(leaf.name, arrays[0].shape, leaf.dtype, False, arrays[0], leaf.source),
            Leaf(f"{leaf.name} {REST}", arrays[1].shape, leaf.dtype, False, arrays[1], None),
        )
        self.leaves += [first, second]
        self.values.update(zip(self.sides[leaf], arrays))
        self.rest.add(second)

    def _node(self, node: Node) -> None:
        if not any(item in self.axes for item in node.inputs):
            new = self._add(node, node.name, node.params, [self.sides[item][0] for item in node.inputs])
            self.sides[node] = new, new
        elif not self._divided(node) and not (self._divides_operands(node) and self._divided(node)):
            raise ValueError(
                f"export: batch: {node.name} ({node.op}) mixes the examples, so no few of them can be shown alone; "
                "leave batch out, or export a smaller batch"
            )
        self.used.update(node.inputs)

    def _divides_operands(self, node: Node) -> bool:
        """Whether an input has several rows for each example, the tokens of a text one after the other; then it is
        divided."""
        found = [
            leaf
            for leaf in dict.fromkeys(node.inputs)
            if isinstance(leaf, Leaf) and leaf in self.leaves and leaf not in self.used and not leaf.requires_grad
            if leaf.shape and leaf.shape[0] and leaf.shape[0] % self.count == 0
        ]
        for leaf in found:
            self.leaves.remove(leaf)
            self._divide(leaf, Axis(0, leaf.shape[0] // self.count))
        return bool(found)

    def _divided(self, node: Node) -> bool:
        """Whether the operation can be done for both parts."""
        drawn = {item: drawn_like(self.result.values[item]) for item in node.inputs}
        wholes = [self.result.values[node], self._forward(node, node.params, [drawn[item] for item in node.inputs])]
        for params in self._params(node):
            parts = [self._forward(node, params[side], self._side(node, side)) for side in (0, 1)]
            others = [self._forward(node, params[side], self._side(node, side, drawn)) for side in (0, 1)]
            if wholes[1] is None or None in parts or None in others:
                continue
            tried = list(zip(wholes, (parts, others)))
            axis = self._axis(tried)
            weights = None if axis else self._weights(tried)
            if axis is None and weights is None:
                continue
            operands = [[self.sides[item][side] for item in node.inputs] for side in (0, 1)]
            if axis is not None:
                self.axes[node] = axis
                first = self._add(node, node.name, params[0], operands[0], parts[0])
                second = self._add(node, f"{node.name} {REST}", params[1], operands[1], parts[1])
                self.sides[node] = first, second
                self.rest.add(second)
                return True
            first = self._add(node, f"{node.name} of {len(self.parts[0])}", params[0], operands[0], parts[0])
            second = self._add(node, f"{node.name} {REST}", params[1], operands[1], parts[1])
            self._together(node, [first, second], weights or ())
            return True
        return False

    def _together(self, node: Node, both: List[Item], weights: Sequence[float]) -> None:
        """The result for all examples from those of the two parts."""
        for side, weight in enumerate(weights):
            part, array = self.parts[side], K.full((), weight, node.dtype)
            share = Leaf(f"{len(part)} of {self.count}", (), node.dtype, False, array)
            self.leaves.append(share)
            self.values[share] = array
            both[side] = self._make("Mul", f"{both[side].name}, weighted", {}, [both[side], share])
        new = self._make("Add", node.name, {}, both)
        self.sides[node] = new, new

    # --- computing --------------------------------------------------------------------------------------------------
    def _side(self, node: Node, side: int, drawn: Optional[Dict[Item, Any]] = None) -> List[Any]:
        """The operands of one part, from the graph's numbers or from others."""
        if drawn is None:
            return [self.values[self.sides[item][side]] for item in node.inputs]
        return [
            taken(drawn[item], self.axes[item], self.count, self.parts[side]) if item in self.axes else drawn[item]
            for item in node.inputs
        ]

    def _forward(self, node: Node, params: Dict[str, Any], arrays: Sequence[Any]) -> Any:
        try:
            return OPS[node.op](**params).forward(*arrays)
        except (ValueError, TypeError, IndexError):  # shapes that do not go together
            return None

    def _params(self, node: Node) -> Iterator[Tuple[Dict[str, Any], Dict[str, Any]]]:
        """What the operation may be told of the two parts: a shape among its parameters has their sizes."""
        names = [name for name in ("shape", "sizes") if name in node.params]
        if not names:
            yield node.params, node.params
        for place in range(max((len(node.params[name]) for name in names), default=0)):
            both = []
            for part in self.parts:
                params = dict(node.params)
                for name in names:
                    sizes = list(params[name])
                    if place < len(sizes) and sizes[place] % self.count == 0:
                        sizes[place] = sizes[place] // self.count * len(part)
                    params[name] = type(node.params[name])(sizes)
                both.append(params)
            if both[0] != node.params:
                yield both[0], both[1]

    def _axis(self, tried: Sequence[Tuple[Any, Sequence[Any]]]) -> Optional[Axis]:
        """The axis along which each whole falls into its parts."""
        shape, (one, other) = tuple(tried[0][0].shape), tried[0][1]
        for number, n in enumerate(shape):
            axis = Axis(number, n // self.count)
            shapes = [shape_of(shape, axis, len(examples)) for examples in self.parts]
            if n and n % self.count == 0 and shapes == [tuple(one.shape), tuple(other.shape)]:
                if all(
                    same(part, taken(whole, axis, self.count, examples))
                    for whole, parts in tried
                    for part, examples in zip(parts, self.parts)
                ):
                    return axis
        return None

    def _weights(self, tried: Sequence[Tuple[Any, Sequence[Any]]]) -> Optional[Sequence[float]]:
        """() where each whole is the sum of its parts, their weights where it is their mean; None where it is
        neither."""
        if any(part.shape != whole.shape or whole.dtype not in CLOSE for whole, parts in tried for part in parts):
            return None
        if all(same(K.add(*parts), whole) for whole, parts in tried):
            return ()
        weights = [len(part) / self.count for part in self.parts]

        def mean(parts: Sequence[Any]) -> Any:
            return K.add(*[K.mul(part, K.full((), w, part.dtype)) for part, w in zip(parts, weights)])

        return weights if all(same(mean(parts), whole) for whole, parts in tried) else None

    # --- making -----------------------------------------------------------------------------------------------------
    def _add(self, old: Node, name: str, params: Dict[str, Any], operands: List[Item], array: Any = None) -> Node:
        return self._make(old.op, name, params, operands, old, array)

    def _make(
        self,
        op: str,
        name: str,
        params: Dict[str, Any],
        operands: List[Item],
        old: Optional[Node] = None,
        array: Any = None,
    ) -> Node:
        if array is None:
            array = OPS[op](**params).forward(*[self.values[item] for item in operands])
        needs = old.needs if old is not None else tuple(item.requires_grad for item in operands)
        grad = old.requires_grad if old is not None else any(needs)
        number = len(self.nodes) + 1
        node = Node(name, tuple(array.shape), array.dtype, grad, op, params, tuple(operands), needs, number)
        self.nodes.append(node)
        self.values[node] = array
        return node


def shape_of(shape: Shape, axis: Axis, examples: int) -> Shape:
    return (*shape[: axis.number], examples * axis.factor, *shape[axis.number + 1 :])


def taken(array: Any, axis: Axis, count: int, examples: Sequence[int]) -> Any:
    """The rows of some examples."""
    shape, flat = tuple(array.shape), numbers(array)
    run = axis.factor * size_of(shape[axis.number + 1 :])  # numbers of an example that lie side by side
    starts = range(0, size_of(shape), run * count)
    found = [x for start in starts for i in examples for x in flat[start + i * run : start + (i + 1) * run]]
    kept = [bool(x) for x in found] if array.dtype == "bool" else found
    return K.from_list(kept, shape_of(shape, axis, len(examples)), array.dtype)


def drawn_like(array: Any) -> Any:
    """Other numbers of the same shape, from which logarithms and roots can be taken; integers stay, as they count."""
    if array.dtype not in CLOSE:
        return array
    draw = Random(array.size).uniform
    return K.from_list([draw(0.5, 1.5) for _ in range(array.size)], tuple(array.shape), array.dtype)


def same(a: Any, b: Any) -> bool:
    """Whether two arrays hold the same numbers, to a rounding as large as that of their largest; NaN is NaN."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    xs, ys, rtol = numbers(a), numbers(b), CLOSE.get(a.dtype, 0.0)
    off = rtol * max((abs(x) for x in (*xs, *ys) if isfinite(x)), default=0.0)
    return all(x == y or isclose(x, y, rel_tol=rtol, abs_tol=off) or (x != x and y != y) for x, y in zip(xs, ys))


def check_whole(whole: Graph, before: Run, parts: Graph, after: Run) -> None:
    """ValueError unless the result and the gradients of the split graph are those of the whole batch."""
    pairs = [(whole.root.name, before.values[whole.root], after.values[parts.root])]
    pairs += [
        (f"the gradient of {leaf.name}", before.gradients[leaf], after.gradients.get(leaf))
        for leaf in whole.leaves
        if leaf.requires_grad and leaf in before.gradients
    ]
    for name, all_of_it, together in pairs:
        if together is None or not same(all_of_it, together):
            raise ValueError(
                f"export: batch: {name}, put together from the examples, is not that of the whole batch; "
                "leave batch out"
            )


__all__ = ["Batch", "Split", "check_whole", "split"]
