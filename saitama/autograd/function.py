"""Level 4: an operation that remembers, and the recording of a graph of them.

After this file you can say what a graph is: nodes (operations), each knowing its inputs. There is nothing else to it.
"""

from __future__ import annotations

import weakref
from functools import wraps
from operator import attrgetter
from typing import Any, Callable, ClassVar, Dict, List, Optional, Tuple, Type, Union

from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

Source = Union["Function", Tensor]  # where a number comes from: the operation that made it, or the leaf itself
Gradients = Tuple[Optional[K.Array], ...]

OPS: Dict[str, Type[Function]] = {}


class Function(K.FunctionBase):
    """One operation: y = forward(inputs), and dL/dinputs = backward(dL/dy), written one under the other.

    `forward` keeps in `saved` what `backward` needs. A concrete class names its constructor's keyword arguments in
    `params`, so that a workbook can carry the graph.
    """

    __slots__ = ("saved",)

    params: ClassVar[Tuple[str, ...]] = ()
    differentiable: ClassVar[bool] = True
    waits: ClassVar[bool] = False  # of a part: what arrives at it waits for the other parts (slice_sums.py)
    recomputes: ClassVar[bool] = False  # whether it stands for operations that run again in the backward pass

    shape: Tuple[int, ...]  # of the output
    dtype: str
    inputs: Optional[Tuple[Any, ...]]  # each a Source, or in a replay an array; None once backward() has freed the node
    needs: Tuple[bool, ...]  # which inputs want a gradient
    seq: int  # order of creation: inputs come before outputs
    name: Optional[str]
    kept: Optional[weakref.ref]  # the output, if retain_grad() was called on it
    saved: Any
    operands: Tuple[Tensor, ...]  # where no gradient flows: origin.py; and how many steps are behind them
    depth: int
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

    @property
    def input_shapes(self) -> List[Tuple[int, ...]]:
        """The shapes of its inputs, which need not be saved."""
        return [x.shape for x in self.inputs or ()]

    def release(self) -> None:
        """Forget the inputs and what was saved, so that their memory is free."""
        self.inputs = None
        self.saved = None


# Called by backward() with its tensor, before the graph is walked and freed. While somebody watches, what is computed
# inside no_grad() keeps its origin too: a step of an optimiser that is written out, say.
watchers: List[Callable[[Tensor], None]] = []

# What runs an operation and makes its node is compiled, as everything goes through it; tensor/reference/record.py is
# the twin, to be read. `apply("Add", (a, b))` runs one by its name, `record(node, inputs, out)` makes `node` the origin
# of `out`.
apply, record, next_seq, is_grad_enabled = K.apply, K.record, K.next_seq, K.is_grad_enabled
K.connect(operations=OPS, watchers=watchers)


class no_grad:
    """`with no_grad():` or `@no_grad()`: operations inside are computed but not recorded."""

    mode = False

    def __init__(self) -> None:
        self.before: List[bool] = []  # a stack, so that one object can be entered again inside itself

    def __enter__(self) -> None:
        self.before.append(K.set_grad_enabled(self.mode))

    def __exit__(self, *exception: Any) -> None:
        K.set_grad_enabled(self.before.pop())

    def __call__(self, function: Any) -> Any:
        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return wrapped


class enable_grad(no_grad):
    """`with enable_grad():` records again inside no_grad()."""

    mode = True


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
