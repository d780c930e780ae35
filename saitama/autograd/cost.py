"""What an operation costs, from its shapes alone: floating-point operations (FLOP), and bytes that have to be moved.

A multiply-add is two. Of everything else each number computed or summed is one, whether a sum or an exponential: of a
network that matters, nearly all are in the products. Bytes are those of inputs and outputs, each read or written once:
what no cleverness inside the operation can avoid.
"""

from __future__ import annotations

from math import prod
from typing import Any, Callable, Dict, Sequence, Tuple

from .function import Function

ITEMSIZE = {"float64": 8, "float32": 4, "int64": 8, "bool": 1}
VIEWS = ("Reshape", "RoundGradient")  # whose output has the input's own memory
MOVES = (*VIEWS, "Transpose", "Expand", "Cast", "Concat", "Slice", "Take", "Gather")
EACH = {"Softmax": 4, "LogSoftmax": 4, "CrossEntropy": 4, "LayerNorm": 7, "BatchNorm": 7}  # for a number, where not 1


def nbytes(array: Any) -> int:
    """Bytes of an array's numbers; 0 for None."""
    return 0 if array is None else array.size * ITEMSIZE[array.dtype]


def forward_cost(node: Function, inputs: Sequence[Any], output: Any) -> Tuple[int, int]:
    """(FLOP, bytes) of y = forward(inputs), of arrays or anything with size, shape and dtype."""
    name = type(node).__name__
    flop = 0
    if name in PRODUCTS:
        flop = PRODUCTS[name](node, inputs, output) + output.size
    elif name not in MOVES:
        flop = EACH.get(name, 1) * max(x.size for x in (output, *inputs))
    return flop, 0 if name in VIEWS else sum(map(nbytes, (*inputs, output)))


def backward_cost(node: Function, inputs: Sequence[Any], dy: Any, gradients: Sequence[Any]) -> Tuple[int, int]:
    """(FLOP, bytes) of backward(dy), as above; None among the gradients where nobody asked.

    The derivative of a product is a product of its own size for each factor. Attention makes its scores once more, so
    that is five products for the forward pass's two.
    """
    name, wanted = type(node).__name__, [dx for dx in gradients if dx is not None]
    if name in PRODUCTS:
        product = PRODUCTS[name](node, inputs, dy)
        asked = sum(dx is not None for dx in gradients[:2])
        flop = 5 * product // 2 if name == "Attention" else product * asked
        if name == "Linear" and any(dx is not None for dx in gradients[2:]):
            flop += dy.size  # the gradient of the bias is a sum over the rows
    else:
        flop = 0 if name in MOVES else sum(EACH.get(name, 1) * dx.size for dx in wanted)
    return flop, 0 if name in VIEWS else sum(map(nbytes, (dy, *inputs, *wanted)))


def _matmul(node: Any, inputs: Sequence[Any], output: Any) -> int:
    """Y (..., m, n) = A (..., m, k) B: k multiply-adds for each number of Y."""
    return 2 * output.size * int(inputs[0].shape[-1])


def _attention(node: Any, inputs: Sequence[Any], output: Any) -> int:
    """Each query meets its keys twice: in q k^T, and in P v."""
    (*batch, T, width), S = inputs[0].shape, inputs[1].shape[-2]
    meetings = sum(min(i + 1, S) for i in range(T)) if node.is_causal else T * S
    return 2 * prod(batch) * meetings * int(width + inputs[2].shape[-1])


def _recurrent(node: Any, inputs: Sequence[Any], output: Any) -> int:
    """W (G H, H) times h, for every step and row of a (T, B, G H)."""
    return 2 * inputs[0].size * int(inputs[1].shape[1])


PRODUCTS: Dict[str, Callable[[Any, Sequence[Any], Any], int]] = {
    "MatMul": _matmul,
    "Linear": _matmul,
    "Attention": _attention,
    "ElmanSteps": _recurrent,
    "LSTMSteps": _recurrent,
    "GRUSteps": _recurrent,
}
