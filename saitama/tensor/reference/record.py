"""Operations on tensors: everything but the arithmetic, from the method of a tensor to the node that remembers it.

`apply_binary("Add", a, b)` looks up the class of the operation, has its forward() compute, and wraps the array that
comes out in a tensor. `record` makes the node of the graph where a derivative may be asked for later; otherwise
`keep_origin` keeps the steps behind a small result, so that they can be written out.
"""

from __future__ import annotations

import threading
from itertools import count
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from .array import FLOATS, Array, Exporter, full
from .kernel import kernel

ORIGIN_NUMBERS = 1_024  # of an operand or a result that is kept without a gradient
ORIGIN_STEPS = 64  # operations that are kept, one after the other
EXACT = 2**53  # integers up to here are float64 numbers


class FunctionBase:
    """Base class of Function: what an operation remembers."""

    __slots__ = ("calls", "depth", "dtype", "inputs", "kept", "name", "needs", "operands", "seq", "shape")

    def __new__(cls, *args: Any, **params: Any) -> Any:  # which __init__ checks
        node: Any = super().__new__(cls)
        node.inputs = node.needs = node.name = node.kept = node.calls = node.shape = node.dtype = None
        node.operands, node.seq, node.depth = None, 0, 0
        return node

    def __init__(self) -> None:
        """An operation without parameters."""


class TensorBase(Exporter):
    """Base class of Tensor: an array, and how it was made."""

    __slots__ = ("__weakref__", "_grad", "_name", "_requires_grad", "node", "origin")
    node: Optional[FunctionBase]
    origin: Optional[FunctionBase]

    def __new__(cls, *args: Any, **options: Any) -> Any:
        tensor: Any = super().__new__(cls)
        tensor._grad = tensor._name = tensor.node = tensor.origin = tensor.array = None
        tensor._requires_grad = False
        return tensor

    def __neg__(self) -> Any:
        return apply_unary("Neg", self)

    def __add__(self, other: Any) -> Any:
        return apply_binary("Add", self, other)

    def __radd__(self, other: Any) -> Any:
        return apply_binary("Add", other, self)

    def __sub__(self, other: Any) -> Any:
        return apply_binary("Sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return apply_binary("Sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return apply_binary("Mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return apply_binary("Mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return apply_binary("Div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return apply_binary("Div", other, self)

    def __pow__(self, other: Any) -> Any:
        return apply_binary("Pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return apply_binary("Pow", other, self)


class Mode(threading.local):
    """Whether operations are recorded, for each thread of its own."""

    enabled = True


_mode = Mode()
_seq = count(1)
_known: Dict[str, Any] = {"tensor": TensorBase, "operations": {}, "watchers": []}


@kernel
def connect(
    tensor: Any = None,
    operations: Optional[Dict[str, Any]] = None,
    watchers: Optional[Sequence[Any]] = None,
    pair: Optional[Callable[[Any, Any], Tuple[Any, Any]]] = None,
    floating: Optional[Callable[[Any], Any]] = None,
) -> None:
    """Make known what is built on the kernels: the class of tensors, the operations by name, and what else is below.

    pair: brings two operands to one float dtype; floating: one operand. watchers: while there are any, the steps inside
    no_grad() are kept too.
    """
    given = {"tensor": tensor, "operations": operations, "watchers": watchers, "pair": pair, "floating": floating}
    _known.update({name: value for name, value in given.items() if value is not None})


@kernel
def set_grad_enabled(mode: bool) -> bool:
    """Whether operations are recorded from here on, in this thread. Returns whether they were."""
    before, _mode.enabled = _mode.enabled, bool(mode)
    return before


@kernel
def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread."""
    return _mode.enabled


@kernel
def next_seq() -> int:
    """A number larger than all before: operations are numbered in the order in which they were made."""
    return next(_seq)


@kernel
def wrap(array: Array, requires_grad: bool = False, cls: Any = None) -> Any:
    """A leaf Tensor (or one of the class given) around an Array, without a copy."""
    if cls is not None and not (isinstance(cls, type) and issubclass(cls, TensorBase)):
        raise TypeError(f"wrap: expected a class of tensors, got {cls!r}")
    cls = cls or _known["tensor"]
    tensor = cls.__new__(cls)
    tensor.array, tensor._requires_grad = array, requires_grad
    return tensor


@kernel
def meet(a: Any, b: Any) -> Tuple[Any, Any]:
    """Two operands in the one float dtype in which they meet; a number takes that of the tensor."""
    if _is_float(a) and _is_float(b) and a.array.dtype == b.array.dtype:
        return a, b
    if _is_float(a) and _is_number(b):
        return a, wrap(full((), b, a.array.dtype))
    if _is_float(b) and _is_number(a):
        return wrap(full((), a, b.array.dtype)), b
    return _known["pair"](a, b)


def _is_float(x: Any) -> bool:
    return isinstance(x, TensorBase) and x.array is not None and x.array.dtype in FLOATS


def _is_number(x: Any) -> bool:
    return type(x) is float or type(x) is int and -EXACT <= x <= EXACT


@kernel
def apply_binary(name: str, a: Any, b: Any) -> Any:
    """Run the operation called `name` on two operands, which meet in one float dtype."""
    return apply(name, meet(a, b))


@kernel
def apply_unary(name: str, x: Any) -> Any:
    """Run the operation called `name` on one operand, as floats."""
    return apply(name, (x if _is_float(x) else _known["floating"](x),))


@kernel
def apply(name: str, inputs: Sequence[Any], **params: Any) -> Any:
    """Run the operation called `name` on tensors, and record it if a derivative may be asked for later."""
    _check_tensors(name, inputs)
    node = _known["operations"][name](**params)
    out = wrap(node.forward(*[tensor.array for tensor in inputs]))
    if any(tensor._requires_grad or tensor.node is not None for tensor in inputs):
        if _mode.enabled:
            record(node, inputs, out)
        elif _known["watchers"]:
            keep_origin(node, inputs, out)
    elif _mode.enabled or _known["watchers"]:
        keep_origin(node, inputs, out)
    return out


@kernel
def record(node: Any, inputs: Sequence[Any], out: Any) -> None:
    """Make `node` the origin of `out`. Comparisons are recorded too: a workbook stays live through them."""
    _check_tensors("record", (*inputs, out))
    node.inputs = tuple(tensor.node or tensor for tensor in inputs)
    node.needs = tuple(tensor._requires_grad for tensor in inputs)
    node.seq = next_seq()
    node.name = node.kept = node.calls = None
    node.shape, node.dtype = out.array.shape, out.array.dtype
    out.node = node
    out._requires_grad = node.differentiable and True in node.needs


def keep_origin(node: Any, inputs: Sequence[Any], out: Any) -> None:
    """Remember how `out`, which is small, was made, unless an operand is large or too many steps are behind it."""
    known = [tensor.origin for tensor in inputs if tensor.origin is not None]
    depth = 1 + max([origin.depth for origin in known], default=0)
    given = [tensor.array.size for tensor in inputs if tensor.origin is None]
    if depth <= ORIGIN_STEPS and max([out.array.size, *given]) <= ORIGIN_NUMBERS:
        node.seq, node.depth, node.operands = next_seq(), depth, tuple(inputs)
        out.origin = node


def _check_tensors(name: str, inputs: Sequence[Any]) -> None:
    for x in inputs:
        if not isinstance(x, TensorBase):
            raise TypeError(f"{name}: expected Tensors, got {type(x).__name__}")
        if x.array is None:
            raise TypeError(f"{name}: a Tensor without numbers")
