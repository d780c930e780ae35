"""Tensor's arithmetic: each method names one operation, checks its operands and lets autograd run and record it."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Optional, Sequence, Tuple, Union

from . import dispatch
from .backend import K
from .dtype import FLOATS, check_dtype, get_default_dtype, is_float, promote
from .indexing import index
from .parse import EXACT
from .shape import axes, axis, axis_of_any, flat_sizes, resolve_shape

if TYPE_CHECKING:
    from .tensor import Tensor

Dim = Union[None, int, Sequence[int]]


def as_tensor(value: Any, like: Any = None) -> Any:
    """`value` itself if it is a Tensor; else a leaf. A number takes the dtype of the Tensor `like` if it can."""
    if isinstance(value, Methods):
        return value
    from .tensor import Tensor

    if isinstance(value, bool) or not isinstance(value, Real):
        return Tensor(value)
    dtype = like.array.dtype if isinstance(like, Methods) else "bool"
    if not (is_float(dtype) or dtype == "int64" and isinstance(value, Integral)):
        dtype = get_default_dtype()
    if isinstance(value, float) or -EXACT <= value <= EXACT:  # type: ignore[operator]
        return Tensor._wrap(K.full((), value, dtype))  # type: ignore[arg-type]
    return Tensor(value, dtype=dtype)  # which refuses an integer that the dtype cannot hold


def floating(x: Any) -> Any:
    """x, or x as the default float dtype where it holds integers or bools."""
    return x if x.array.dtype in FLOATS else dispatch.apply("Cast", (x,), dtype=get_default_dtype())


def pair(a: Any, b: Any) -> Tuple[Any, Any]:
    """Two operands in the one float dtype in which they meet."""
    if not (isinstance(a, Methods) and isinstance(b, Methods)):
        a, b = as_tensor(a, like=b), as_tensor(b, like=a)
    dtype = a.array.dtype
    if dtype == b.array.dtype and dtype in FLOATS:
        return a, b
    dtype = promote(dtype, b.array.dtype)
    return _to(a, dtype), _to(b, dtype)


K.connect(pair=pair, floating=floating)


def _to(x: Any, dtype: str) -> Any:
    return x if x.array.dtype == dtype else dispatch.apply("Cast", (x,), dtype=dtype)


def alike(a: Any, b: Any) -> Tuple[Any, Any]:
    """Two operands in one dtype, whichever: for what only compares or chooses. Integers and bools meet floats as
    floats, and each other as integers, of which none is rounded."""
    a, b = as_tensor(a, like=b), as_tensor(b, like=a)
    if a.array.dtype == b.array.dtype:
        return a, b
    if a.array.dtype in FLOATS or b.array.dtype in FLOATS:
        return pair(a, b)
    return _to(a, "int64"), _to(b, "int64")


def _compare(name: str, a: Any, b: Any) -> Tensor:
    return dispatch.apply(name, alike(a, b))


class Methods(K.TensorBase):
    """The operations of a Tensor. Binary ones broadcast as NumPy and PyTorch do, and take Python numbers too."""

    __slots__ = ()
    __array_ufunc__ = None  # so that a NumPy array on the left leaves the operation to us

    # --- arithmetic ---------------------------------------------------------------------------------------------------
    def add(self, other: Any) -> Tensor:
        """self + other, element by element."""
        return dispatch.binary("Add", self, other)

    def sub(self, other: Any) -> Tensor:
        """self - other."""
        return dispatch.binary("Sub", self, other)

    def mul(self, other: Any) -> Tensor:
        """self * other, element by element (the Hadamard product; for the matrix product see matmul)."""
        return dispatch.binary("Mul", self, other)

    def div(self, other: Any) -> Tensor:
        """self / other. Division by zero gives inf or nan, as IEEE 754 says."""
        return dispatch.binary("Div", self, other)

    def pow(self, other: Any) -> Tensor:
        """self ** other, element by element."""
        return dispatch.binary("Pow", self, other)

    def neg(self) -> Tensor:
        """-self."""
        return dispatch.unary("Neg", self)

    def matmul(self, other: Any) -> Tensor:
        """The matrix product, (..., m, k) @ (..., k, n) -> (..., m, n); a vector is a row on the left, a column on the
        right, and loses that axis again. Batch axes broadcast. Raises ValueError where the inner sizes differ."""
        return dispatch.product("MatMul", K.meet(self, other))

    def maximum(self, other: Any) -> Tensor:
        """The larger of the two, element by element; at a tie each gets half of the gradient. Integers stay exact."""
        return dispatch.apply("Maximum", alike(self, other))

    def minimum(self, other: Any) -> Tensor:
        """The smaller of the two, element by element; at a tie each gets half of the gradient. Integers stay exact."""
        return dispatch.apply("Minimum", alike(self, other))

    subtract, multiply, divide = sub, mul, div
    __matmul__ = matmul  # the other signs, from + to **, are TensorBase's, where they are compiled

    def __rmatmul__(self, other: Any) -> Tensor:
        return dispatch.product("MatMul", K.meet(other, self))

    # --- comparisons: bool tensors, no gradient -----------------------------------------------------------------------
    def eq(self, other: Any) -> Tensor:
        """self == other, element by element."""
        return _compare("Eq", self, other)

    def ne(self, other: Any) -> Tensor:
        """self != other."""
        return _compare("Ne", self, other)

    def lt(self, other: Any) -> Tensor:
        """self < other."""
        return _compare("Lt", self, other)

    def le(self, other: Any) -> Tensor:
        """self <= other."""
        return _compare("Le", self, other)

    def gt(self, other: Any) -> Tensor:
        """self > other."""
        return _compare("Gt", self, other)

    def ge(self, other: Any) -> Tensor:
        """self >= other."""
        return _compare("Ge", self, other)

    __lt__, __le__, __gt__, __ge__ = lt, le, gt, ge
    __hash__ = object.__hash__

    def __eq__(self, other: Any) -> Any:
        return NotImplemented if other is None or isinstance(other, str) else _compare("Eq", self, other)

    def __ne__(self, other: Any) -> Any:
        return NotImplemented if other is None or isinstance(other, str) else _compare("Ne", self, other)

    # --- functions of one element -------------------------------------------------------------------------------------
    def exp(self) -> Tensor:
        """e to the power of each element."""
        return dispatch.unary("Exp", self)

    def log(self) -> Tensor:
        """The natural logarithm; -inf at 0, nan below."""
        return dispatch.unary("Log", self)

    def sqrt(self) -> Tensor:
        """The square root; nan below 0."""
        return dispatch.unary("Sqrt", self)

    def tanh(self) -> Tensor:
        """The hyperbolic tangent, between -1 and 1."""
        return dispatch.unary("Tanh", self)

    def sigmoid(self) -> Tensor:
        """1 / (1 + e^-x), between 0 and 1."""
        return dispatch.unary("Sigmoid", self)

    def relu(self) -> Tensor:
        """max(0, x)."""
        return dispatch.unary("ReLU", self)

    def abs(self) -> Tensor:
        """|x|."""
        return dispatch.unary("Abs", self)

    def gelu(self, approximate: str = "none") -> Tensor:
        """x Phi(x) (Hendrycks and Gimpel 2016); approximate="tanh" uses their tanh formula."""
        return dispatch.apply("GELU", (floating(self),), approximate=approximate)

    __abs__ = abs

    def softmax(self, dim: int = -1) -> Tensor:
        """e^x / sum(e^x) along one axis: positive numbers that sum to 1."""
        return self._along("Softmax", "softmax", dim)

    def log_softmax(self, dim: int = -1) -> Tensor:
        """log(softmax(x)), computed without leaving the range of the floats."""
        return self._along("LogSoftmax", "log_softmax", dim)

    def _along(self, name: str, op: str, dim: int) -> Tensor:
        x = floating(self)
        place = axis_of_any(dim, x.array.ndim, op)
        if x.array.ndim:
            return dispatch.apply(name, (x,), dim=place)
        return dispatch.apply(name, (x.reshape(1),), dim=place).reshape(())  # a single number as a row of one

    # --- reductions ---------------------------------------------------------------------------------------------------
    def sum(self, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """The sum over one axis, several, or all; of integers and bools an exact int64, or an OverflowError."""
        return self._reduce("Sum", dim, keepdim)

    def mean(self, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """The mean over one axis, several, or all; nan of nothing. Of integers and bools the default float dtype."""
        if self.array.dtype == "int64":  # by an exact sum
            return _to(self._reduce("Mean", dim, keepdim), get_default_dtype())
        return floating(self)._reduce("Mean", dim, keepdim)

    def max(self, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """The largest element, in the tensor's own dtype; its gradient goes to the first one. ValueError for none."""
        return self._reduce("Max", dim, keepdim)

    def min(self, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """The smallest element, in the tensor's own dtype; its gradient goes to the first one. ValueError for none."""
        return self._reduce("Min", dim, keepdim)

    def argmax(self, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """The position (int64) of the first largest element, counted row by row in the reduced part."""
        return self._reduce("ArgMax", dim, keepdim)

    def argmin(self, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """The position (int64) of the first smallest element."""
        return self._reduce("ArgMin", dim, keepdim)

    def _reduce(self, name: str, dim: Dim, keepdim: bool) -> Tensor:
        dims = axes(dim, self.array.ndim, name.lower())
        return dispatch.apply(name, (self,), dim=dims, keepdim=bool(keepdim))

    # --- the same numbers in another arrangement ----------------------------------------------------------------------
    def reshape(self, *shape: Any) -> Tensor:
        """The same numbers, row by row, in another shape; one size may be -1. ValueError if they do not fit."""
        return dispatch.apply(
            "Reshape", (self,), shape=resolve_shape(flat_sizes(shape, "reshape"), self.array, "reshape")
        )

    view = reshape

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """The axes from start_dim to end_dim as one."""
        shape, ndim = self.array.shape, self.array.ndim
        start, end = axis_of_any(start_dim, ndim, "flatten"), axis_of_any(end_dim, ndim, "flatten")
        if start > end:
            raise ValueError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
        merged = 1
        for size in shape[start : end + 1]:
            merged *= size
        return self.reshape(*shape[:start], merged, *shape[end + 1 :])

    def squeeze(self, dim: Optional[int] = None) -> Tensor:
        """Without the axes of size 1, or without the given one if its size is 1."""
        shape = self.array.shape
        drop = range(len(shape)) if dim is None else (axis_of_any(dim, len(shape), "squeeze"),)
        return self.reshape(tuple(size for place, size in enumerate(shape) if size != 1 or place not in drop))

    def unsqueeze(self, dim: int) -> Tensor:
        """With a new axis of size 1 at position dim."""
        shape = list(self.array.shape)
        shape.insert(axis(dim, len(shape) + 1, "unsqueeze"), 1)
        return self.reshape(tuple(shape))

    def permute(self, *dims: Any) -> Tensor:
        """The axes in another order: permute(2, 0, 1) makes the last axis the first."""
        ndim = self.array.ndim
        order = tuple(axis(dim, ndim, "permute") for dim in flat_sizes(dims, "permute"))
        if sorted(order) != list(range(ndim)):
            raise ValueError(f"permute: {order} does not name each of the {ndim} axes once")
        return dispatch.apply("Transpose", (self,), dims=order)

    def transpose(self, dim0: int = -2, dim1: int = -1) -> Tensor:
        """Two axes exchanged; the last two by default."""
        ndim = self.array.ndim
        if ndim < 2 and (dim0, dim1) == (-2, -1):
            raise ValueError(f"transpose: shape {self.array.shape} has no two axes to exchange; use unsqueeze() first")
        order = list(range(ndim))
        first, second = axis_of_any(dim0, ndim, "transpose"), axis_of_any(dim1, ndim, "transpose")
        if ndim:
            order[first], order[second] = order[second], order[first]
        return dispatch.apply("Transpose", (self,), dims=tuple(order))

    @property
    def T(self) -> Tensor:
        """The transposed matrix."""
        if self.array.ndim != 2:
            raise ValueError(f"T: shape {self.array.shape} is not a matrix; use transpose(dim0, dim1) or permute(...)")
        return dispatch.apply("Transpose", (self,), dims=(1, 0))

    def expand(self, *shape: Any) -> Tensor:
        """Broadcasting made visible: axes of size 1 repeated up to `shape`, new axes in front; -1 keeps a size."""
        sizes, own = flat_sizes(shape, "expand"), self.array.shape
        new = len(sizes) - len(own)
        sizes = tuple(own[i - new] if size == -1 and i >= new else size for i, size in enumerate(sizes))
        return dispatch.apply("Expand", (self,), shape=sizes)

    def __getitem__(self, key: Any) -> Tensor:
        return index(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("a Tensor's numbers are not changed in place; build the new tensor with where() or cat()")

    def gather(self, dim: int, index: Any) -> Tensor:
        """out[i][j] = self[index[i][j]][j] for dim 0, and so on (torch.gather); index is int64."""
        place, picks = axis_of_any(dim, self.array.ndim, "gather"), as_tensor(index)
        if self.array.ndim:
            return dispatch.apply("Gather", (self, picks), dim=place)
        return self.reshape(1).gather(0, picks.reshape(-1)).reshape(picks.shape)  # a single number as a row of one

    # --- dtype --------------------------------------------------------------------------------------------------------
    def to(self, dtype: Any) -> Tensor:
        """The same numbers in another dtype; floats to int64 drop the fraction."""
        return _to(self, check_dtype(dtype))

    def float(self) -> Tensor:
        """As float32, PyTorch's name for it."""
        return self.to("float32")

    def double(self) -> Tensor:
        """As float64."""
        return self.to("float64")

    def long(self) -> Tensor:
        """As int64."""
        return self.to("int64")

    # --- in place, for the update of a parameter ----------------------------------------------------------------------
    def __iadd__(self, other: Any) -> Any:
        return self._assign(self.add(other))

    def __isub__(self, other: Any) -> Any:
        return self._assign(self.sub(other))

    def __imul__(self, other: Any) -> Any:
        return self._assign(self.mul(other))

    def __itruediv__(self, other: Any) -> Any:
        return self._assign(self.div(other))

    def __ipow__(self, other: Any) -> Any:
        return self._assign(self.pow(other))

    def _assign(self, new: Any) -> Any:
        """`w -= lr * g` replaces the numbers of the leaf w. What was computed from the old ones keeps the old ones."""
        me: Any = self
        if new.node is not None and me.node is None and me.requires_grad:
            raise RuntimeError("in place: a leaf that requires a gradient can be updated only under `with no_grad():`")
        if new.node is not None or me.node is not None:
            return new  # as part of a graph, `x += 1` is x = x + 1
        me.data = new
        return self
