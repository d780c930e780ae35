"""What computing a graph takes, worked out from its shapes: a small file can ask for more than a machine has.

Numbers are those that are kept (values, gradients, and what each operation hands on) or that an operation needs beside
them for a moment; work is counted in multiply-adds. Both are counted for the part of a graph that can be computed.
"""

from __future__ import annotations

from typing import Any, Callable, Collection, Dict, Sequence, Tuple

from saitama.tensor.backend import K

from ..formulas.scope import broadcast_shape
from ..layout import Shape, size_of
from .graph import Graph
from .items import Item, Node

Demand = Tuple[int, int]  # numbers, work

MAX_NUMBERS = 10_000_000  # of one operation
MAX_NUMBERS_IN_ALL = 25_000_000  # 200 MB
# A second or two of the compiled kernels; the pure-Python ones take some hundred times as long.
MAX_WORK = 1_000_000_000 if K.__name__ == "saitama.kernels" else 5_000_000  # of one operation
MAX_WORK_IN_ALL = 4 * MAX_WORK


class TooMuch(ValueError):
    """A graph asks for more than is computed here."""


def check_demand(graph: Graph, given: Collection[Item], pinned: Collection[Item]) -> None:
    """Raise TooMuch where an operation or the whole graph asks for too much.

    given: the inputs that have numbers. pinned: operations whose numbers stand in for those that cannot be computed.
    """
    known = set(given)
    numbers = sum(2 * size_of(item.shape) for item in known)
    work = 0
    for node in graph.nodes:
        if all(item in known for item in node.inputs):
            more, steps = demand(node)
            what = f"operation {node.number}, {node.op},"
            _check(what, more, MAX_NUMBERS, "numbers")
            _check(what, steps, MAX_WORK, "multiply-adds")
            numbers, work = numbers + more, work + steps
        elif node in pinned:
            numbers += size_of(node.shape)
        else:
            continue
        known.add(node)
    for update in graph.step.updates if graph.step else ():
        if update.parameter in known:
            numbers, work = numbers + 12 * size_of(update.shape), work + 24 * size_of(update.shape)
    _check("it", numbers, MAX_NUMBERS_IN_ALL, "numbers in all")
    _check("it", work, MAX_WORK_IN_ALL, "multiply-adds in all")


def _check(what: str, asked: int, most: int, of_what: str) -> None:
    if asked > most:
        amount = f"{asked:,}" if asked < 10**15 else f"{float(asked):.0e}"
        raise TooMuch(f"{what} asks for {amount} {of_what}, at most {most:,} are computed")


def demand(node: Node) -> Demand:
    """What one operation takes, forward and backward."""
    shapes = [item.shape for item in node.inputs]
    numbers, work = DEMANDS.get(node.op, _elementwise)(shapes, node.params, node.shape)
    return numbers, work + numbers


def _elementwise(shapes: Sequence[Shape], params: Dict[str, Any], y: Shape) -> Demand:
    """y and its gradient, each operand's share of it before it is summed to the operand's shape, and after."""
    return size_of(y) * (2 + len(shapes)) + sum(map(size_of, shapes)), 0


def _concat(shapes: Sequence[Shape], params: Dict[str, Any], y: Shape) -> Demand:
    return 3 * size_of(y), 0


def _matmul(shapes: Sequence[Shape], params: Dict[str, Any], y: Shape) -> Demand:
    a, b = shapes
    A, B = a if len(a) > 1 else (1, *a), b if len(b) > 1 else (*b, 1)
    batch = size_of(broadcast_shape(A[:-2], B[:-2]))
    m, k, n = A[-2], A[-1], B[-1]
    shared = 1 if len(B) == 2 else batch
    return 2 * (batch * (m * k + m * n) + shared * k * n), 3 * batch * m * k * n


def _linear(shapes: Sequence[Shape], params: Dict[str, Any], y: Shape) -> Demand:
    x, w = shapes[:2]
    return 2 * (size_of(x) + size_of(w) + size_of(y)), 3 * size_of(x) * w[0]


def _attention(shapes: Sequence[Shape], params: Dict[str, Any], y: Shape) -> Demand:
    """Every score costs a row of q and of v, and backward five times that; the weights are never kept."""
    q, k, v = shapes[:3]
    batch = size_of(broadcast_shape(q[:-2], k[:-2], v[:-2]))
    heads = max(1, int(params["num_heads"]))
    rows = q[-2] * q[-1] + k[-2] * k[-1] + v[-2] * v[-1] + q[-2] * v[-1]
    mask = sum(map(size_of, shapes[3:]))
    return 2 * batch * rows + mask, 4 * batch * q[-2] * k[-2] * (q[-1] + v[-1] + 10 * heads)


def _recurrent(shapes: Sequence[Shape], params: Dict[str, Any], y: Shape) -> Demand:
    a, w = shapes[:2]  # (T, B, gates H), (gates H, H)
    numbers = 3 * size_of(a) + 2 * sum(map(size_of, shapes)) + 2 * size_of(y)
    return numbers, 3 * size_of(a) * w[1]


DEMANDS: Dict[str, Callable[[Sequence[Shape], Dict[str, Any], Shape], Demand]] = {
    "Attention": _attention,
    "Concat": _concat,
    "ElmanSteps": _recurrent,
    "GRUSteps": _recurrent,
    "LSTMSteps": _recurrent,
    "Linear": _linear,
    "MatMul": _matmul,
}
