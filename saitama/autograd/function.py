"""Level 4: an operation that remembers, and the recording of a graph of them.

After this file you can say what a graph is: nodes (operations), each knowing its inputs. There is nothing else to it.
"""

from __future__ import annotations

import threading
import weakref
from functools import wraps
from itertools import count
from operator import attrgetter
from typing import Any, ClassVar, Dict, List, Optional, Sequence, Tuple, Type, Union

from saitama.tensor import dispatch
from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

Source = Union["Function", Tensor]  # where a number comes from: the operation that made it, or the leaf itself
Gradients = Tuple[Optional[K.Array], ...]

OPS: Dict[str, Type[Function]] = {}
sequence = count()


class Function:
    """One operation: y = forward(inputs), and dL/dinputs = backward(dL/dy), written one under the other.

    `forward` keeps in `saved` what `backward` needs. A concrete class names its constructor's keyword arguments in
    `params`, so that a workbook can carry the graph.
    """

    __slots__ = ("calls", "dtype", "inputs", "kept", "name", "needs", "saved", "seq", "shape")

    params: ClassVar[Tuple[str, ...]] = ()
    differentiable: ClassVar[bool] = True
    waits: ClassVar[bool] = False  # of a part: what arrives at it waits for the other parts (slice_sums.py)
    recomputes: ClassVar[bool] = False  # whether it stands for operations that run again in the backward pass

    shape: Tuple[int, ...]  # of the output
    dtype: str
    inputs: Optional[Tuple[Source, ...]]  # None once backward() has freed the node
    needs: Tuple[bool, ...]  # which inputs want a gradient
    seq: int  # order of creation: inputs come before outputs
    name: Optional[str]
    kept: Optional[weakref.ref]  # the output, if retain_grad() was called on it
    saved: Any
    calls: Any  # (module, seq when it began, calls before) of the modules that returned its output, the last one first

    def __init_subclass__(cls, abstract: bool = False) -> None:
        if not abstract:
            OPS[cls.__name__] = cls

    def forward(self, *arrays: Any) -> K.Array:
        """The output array; anything the derivative needs goes into self.saved."""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self, dy: Any) -> Gradients:
        """For each input dL/dinput, or None where self.needs says that nobody asks."""
        raise NotImplementedError(f"{type(self).__name__}.backward")

    def retain(self, tensor: Tensor) -> None:
        """Have backward() write this operation's output gradient into tensor.grad."""
        self.kept = weakref.ref(tensor)

    def run_again(self, arrived: Any) -> Any:
        """Of an operation that recomputes: the operations it stands for, and the gradients that start from them."""
        raise NotImplementedError(f"{type(self).__name__}.run_again")

    def leaves(self) -> List[Tensor]:
        """The leaves that its backward() hands a gradient to, as often as it does."""
        return [x for x, need in zip(self.inputs or (), self.needs) if need and isinstance(x, Tensor)]

    def release(self) -> None:
        """Forget the inputs and what was saved, so that their memory is free."""
        self.inputs = None
        self.saved = None


class GradMode(threading.local):
    """Whether operations are recorded, for each thread of its own."""

    enabled = True


grad_mode = GradMode()


def apply(name: str, inputs: Sequence[Tensor], **params: Any) -> Tensor:
    """Run the operation called `name` on the inputs, and record it if a derivative may be asked for later."""
    node = OPS[name](**params)
    if len(inputs) == 2:  # f(*list) takes twice as long as f(a, b)
        a, b = inputs
        array = node.forward(a.array, b.array)
    elif len(inputs) == 1:
        array = node.forward(inputs[0].array)
    else:
        array = node.forward(*[tensor.array for tensor in inputs])
    out = Tensor._wrap(array)
    for tensor in inputs:
        if tensor._requires_grad or tensor.node is not None:
            if grad_mode.enabled:
                record(node, inputs, out)
            break
    else:
        if array.size <= MOST_NUMBERS and grad_mode.enabled:
            keep_origin(node, inputs, out)
    return out


def record(node: Function, inputs: Sequence[Tensor], out: Tensor) -> None:
    """Make `node` the origin of `out`. Comparisons are recorded too: a workbook stays live through them."""
    if len(inputs) == 2:  # the usual cases are written out, as in apply(): it saves time
        a, b = inputs
        node.inputs, node.needs = (a.node or a, b.node or b), (a._requires_grad, b._requires_grad)
    elif len(inputs) == 1:
        (a,) = inputs
        node.inputs, node.needs = (a.node or a,), (a._requires_grad,)
    else:
        node.inputs = tuple([tensor.node or tensor for tensor in inputs])
        node.needs = tuple([tensor._requires_grad for tensor in inputs])
    node.seq = next(sequence)
    node.name = node.kept = node.calls = None
    array = out.array
    node.shape, node.dtype = array.shape, array.dtype
    out.node = node
    out._requires_grad = node.differentiable and True in node.needs


class no_grad:
    """`with no_grad():` or `@no_grad()`: operations inside are computed but not recorded."""

    mode = False

    def __init__(self) -> None:
        self.before: List[bool] = []  # a stack, so that one object can be entered again inside itself

    def __enter__(self) -> None:
        self.before.append(grad_mode.enabled)
        grad_mode.enabled = self.mode

    def __exit__(self, *exception: Any) -> None:
        grad_mode.enabled = self.before.pop()

    def __call__(self, function: Any) -> Any:
        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return wrapped


class enable_grad(no_grad):
    """`with enable_grad():` records again inside no_grad()."""

    mode = True


def is_grad_enabled() -> bool:
    """Whether operations are being recorded in this thread."""
    return grad_mode.enabled


def ancestors(*nodes: Function, differentiable: bool = False, since: int = -1) -> List[Function]:
    """The nodes and every operation they were computed from, or only those its gradient passes through, or that came
    after `since` in the sequence, in the order in which they were computed. RuntimeError if one was freed."""
    found, seen = list(dict.fromkeys(nodes)), set(nodes)
    for current in found:  # the list grows while it is walked
        inputs = current.inputs
        if inputs is None:
            raise RuntimeError(
                "the graph was freed by an earlier backward(): call backward(retain_graph=True) the first time if you "
                "need it twice, or compute the forward pass again"
            )
        for source, need in zip(inputs, current.needs):
            if (need or not differentiable) and isinstance(source, Function) and source not in seen:
                if source.seq > since:
                    seen.add(source)
                    found.append(source)
    found.sort(key=_seq)
    return found


_seq = attrgetter("seq")
from .origin import MOST_NUMBERS, keep_origin  # noqa: E402  (which builds on this file)

dispatch.apply = apply
