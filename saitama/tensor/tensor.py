"""Level 1: the Tensor, numbers with a shape. (Its arithmetic is in methods.py, its derivatives in saitama.autograd.)

After this file you can make a tensor, ask for its shape, dtype and numbers, and know where its gradient will be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Optional, Tuple

from . import dispatch
from .backend import K
from .dtype import check_dtype, is_float
from .methods import Methods
from .parse import parse
from .printing import to_string
from .shape import axis

if TYPE_CHECKING:
    from saitama.autograd.function import Function


class Tensor(Methods):
    """Numbers in a row, read through a shape, that remember how they were computed.

    Args:
        data: a number, nested lists of equal lengths, an object with the buffer protocol (array.array, memoryview, a
            NumPy array), or a Tensor (its numbers are shared, its history is not).
        dtype: "float64" (the default for Python numbers), "float32", "int64" or "bool".
        requires_grad: whether `backward()` shall compute the derivative with respect to this tensor; floats only.
        name: what workbooks, graphs and messages call it.

    A Tensor has no units. Its numbers are never changed by an operation: each gives a new Tensor.

    Raises:
        TypeError: for data that is not numeric; ValueError: for ragged lists; OverflowError: for a number that the
            dtype cannot hold. The message names the offending position.
    """

    __slots__ = ()

    node: Optional[Function]  # the operation that made this tensor; None for a leaf
    origin: Optional[Function]  # the operation behind a small result through which no gradient flows
    _grad: Optional[Tensor]
    _name: Optional[str]
    _requires_grad: bool  # read directly where operations are recorded: the property takes longer

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool = False, name: Optional[str] = None) -> None:
        if isinstance(data, Tensor):
            self.array = data.array if dtype is None else K.cast(data.array, check_dtype(dtype))
        else:
            self.array = parse(data, dtype)
        if name is not None:
            self.name = name
        if requires_grad:
            self.requires_grad_()

    _wrap = staticmethod(K.wrap)  # a leaf Tensor around an Array, without a copy

    def __reduce__(self) -> Tuple[Any, ...]:
        """How copy, deepcopy and pickle make an equal leaf; it shares nothing with this one."""
        if self.node is not None:
            raise RuntimeError(
                f"copy, pickle: {type(self.node).__name__} made this tensor, it belongs to a graph; use .detach()"
            )
        flat = self.array.reshape((self.numel(),)).tolist()
        return _restore, (type(self), flat, self.shape, self.dtype, self.requires_grad, self.name, self.grad)

    # --- what it is ---------------------------------------------------------------------------------------------------
    @property
    def shape(self) -> Tuple[int, ...]:
        """Sizes of the axes, outermost first: (rows, columns) for a matrix, () for a scalar."""
        return self.array.shape

    @property
    def dtype(self) -> str:
        """ "float64", "float32", "int64" or "bool"."""
        return self.array.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.array.ndim

    def dim(self) -> int:
        """The number of axes."""
        return self.array.ndim

    def numel(self) -> int:
        """The number of elements: the product of the shape."""
        return self.array.size

    def size(self, dim: Optional[int] = None) -> Any:
        """The shape, or the size of one axis."""
        return self.shape if dim is None else self.shape[axis(dim, self.ndim, "size")]

    @property
    def name(self) -> Optional[str]:
        """What workbooks and graphs call it."""
        return self._name if self.node is None else self.node.name

    @name.setter
    def name(self, name: Optional[str]) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name: expected a str or None, got {name!r}")
        if self.node is None:
            self._name = name
        else:
            self.node.name = name  # kept with the graph, where it outlives this object

    @property
    def is_leaf(self) -> bool:
        """Whether a person made it, rather than an operation."""
        return self.node is None

    # --- its numbers --------------------------------------------------------------------------------------------------
    def tolist(self) -> Any:
        """The numbers as nested Python lists; a plain number for a scalar."""
        return self.array.tolist()

    def item(self) -> Any:
        """The number in a tensor of one element, of any shape. Raises ValueError for more or none."""
        return self.array.item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        if self.numel() != 1:
            raise ValueError(
                f"bool: a tensor of shape {self.shape} is neither true nor false; reduce it to one element"
            )
        return bool(self.item())

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len: a scalar has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return to_string(self)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)  # f"{loss:.4f}"

    # --- its gradient -------------------------------------------------------------------------------------------------
    @property
    def requires_grad(self) -> bool:
        """Whether backward() reaches it: asked for on a leaf, inherited by what is computed from one."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, requires_grad: bool) -> None:
        self.requires_grad_(requires_grad)

    @property
    def grad(self) -> Optional[Tensor]:
        """dL/dself after backward(), for leaves and where retain_grad() was called; assign None to start again."""
        return self._grad

    @grad.setter
    def grad(self, grad: Optional[Tensor]) -> None:
        if grad is not None and not (isinstance(grad, Tensor) and grad.shape == self.shape):
            what = f"a tensor of shape {grad.shape}" if isinstance(grad, Tensor) else repr(grad)
            raise TypeError(f"grad: expected None or a tensor of shape {self.shape}, got {what}")
        self._grad = grad

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        """Add dself/dleaf to `.grad` of every leaf that requires it, by the chain rule from here back to the leaves.

        Args:
            gradient: the derivative of whatever follows with respect to self; 1 when self has one element.
            retain_graph: keep what a second backward() needs; else it is freed on the way.

        Threads that go backward through graphs of their own may share leaves: each adds all of its gradients.

        Raises RuntimeError when nothing requires a gradient or the graph was freed, ValueError when self has several
        elements and no gradient is given, or one of another shape.
        """
        dispatch.backward(self, gradient, retain_graph)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for (or stop asking for) the derivative with respect to this leaf. Returns self."""
        if requires_grad and not is_float(self.dtype):
            raise TypeError(f"requires_grad: only floats have derivatives, this tensor is {self.dtype}")
        if self.node is not None and bool(requires_grad) != self.requires_grad:
            raise RuntimeError("requires_grad: only a leaf can be switched on or off; use .detach() to make one")
        self._requires_grad = bool(requires_grad)
        return self

    def retain_grad(self) -> None:
        """Keep `.grad` on this tensor too, though an operation made it."""
        if not self.requires_grad:
            raise RuntimeError(
                "retain_grad: this tensor does not require a gradient; set requires_grad=True on an input"
            )
        if self.node is not None:
            self.node.retain(self)

    def detach(self) -> Tensor:
        """The same numbers without their history: a leaf that does not require a gradient."""
        return Tensor._wrap(self.array)

    @property
    def data(self) -> Tensor:
        """The same numbers without their history; assign to replace the numbers of a leaf."""
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        if self.node is not None:
            raise RuntimeError("data: only the numbers of a leaf can be replaced; use .detach() to make one")
        new = value if isinstance(value, Tensor) else Tensor(value, dtype=self.dtype)
        if new.shape != self.shape or new.dtype != self.dtype:
            raise ValueError(f"data: expected {self.dtype} of shape {self.shape}, got {new.dtype} of shape {new.shape}")
        self.array = new.array


K.connect(tensor=Tensor)


def _restore(cls: Any, flat: Any, shape: Any, dtype: str, requires_grad: bool, name: Any, grad: Any) -> Tensor:
    """The leaf that `Tensor.__reduce__` took apart."""
    tensor = Tensor._wrap(K.from_list(flat, shape, dtype), requires_grad, cls)
    tensor.name = name
    tensor.grad = grad
    return tensor
