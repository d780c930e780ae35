"""What RNN, LSTM and GRU share: parameters, layers, and the walk through time.

A recurrent net is one cell, applied again and again: state_t = cell(x_t, state_(t-1)). Backpropagation through time
(Werbos 1990) is backward() through that walk: each step adds its share to the gradient of the one set of weights.

Each cell writes its equations twice: `step` is one time step in operations that read like the paper; `steps` is the
whole walk as one compiled operation, many times as fast, whose workbook still shows every gate of every step. With
unroll=True a net walks by `step`, and its graph holds every time step by name (h0_l0, h1_l0, ...).
"""

from __future__ import annotations

from functools import reduce
from math import sqrt
from typing import Any, ClassVar, List, Optional, Sequence, Tuple

from saitama.nn import Module, Parameter, init
from saitama.options import number, whole
from saitama.regularization import dropout
from saitama.tensor import Tensor, stack, zeros
from saitama.tensor.dtype import is_float, promote

State = Tuple[Tensor, ...]  # (h,), or (h, c) of an LSTM; each (B, H)
Weights = Tuple[Tensor, Tensor, Optional[Tensor], Optional[Tensor]]  # W_ih (G H, I), W_hh (G H, H), b_ih, b_hh (G H,)
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def both(b_ih: Optional[Tensor], b_hh: Optional[Tensor]) -> Optional[Tensor]:
    """The two biases as the one that a gate sees."""
    return None if b_ih is None or b_hh is None else b_ih + b_hh


def in_one_dtype(*tensors: Tensor) -> State:
    """All in the widest of their dtypes: an operation asks for a single one."""
    dtype = reduce(promote, [tensor.dtype for tensor in tensors])
    return tuple(tensor if tensor.dtype == dtype else tensor.to(dtype) for tensor in tensors)


class Equations(Module):
    """One time step, for the cell, and all of them, for the net."""

    gates: ClassVar[int]  # G: how many blocks of H rows the weights have
    kept: ClassVar[Tuple[str, ...]] = ("h",)  # what the state consists of

    input_size: int
    hidden_size: int
    bias: bool

    def step(self, x: Tensor, state: State, weights: Weights) -> State:
        """The next state from the input x (B, I) and the last state, each (B, H)."""
        raise NotImplementedError

    def steps(self, x: Tensor, state: State, weights: Weights) -> Tensor:
        """The state after every step: x (T, B, I) -> h (T, B, H), or h and c (T, 2, B, H)."""
        raise NotImplementedError

    def _sizes(self, input_size: int, hidden_size: int, bias: bool) -> None:
        self.input_size = whole(f"{type(self).__name__}: input_size", input_size)
        self.hidden_size = whole(f"{type(self).__name__}: hidden_size", hidden_size)
        self.bias = bool(bias)

    def _make(self, inputs: int, suffix: str, dtype: Any) -> None:
        """The weights of one layer, uniform in +-1/sqrt(H), under PyTorch's names."""
        rows, bound = self.gates * self.hidden_size, 1 / sqrt(self.hidden_size)
        for name, shape in zip(NAMES, ((rows, inputs), (rows, self.hidden_size), (rows,), (rows,))):
            wanted = self.bias or name.startswith("weight")
            parameter = init.uniform_(Parameter(zeros(shape, dtype=dtype)), -bound, bound) if wanted else None
            setattr(self, name + suffix, parameter)

    def _weights(self, suffix: str) -> Weights:
        w_ih, w_hh, b_ih, b_hh = [getattr(self, name + suffix) for name in NAMES]
        return w_ih, w_hh, b_ih, b_hh

    def _floats(self, what: str, value: Any) -> None:
        if not isinstance(value, Tensor) or not is_float(value.dtype):
            kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
            raise TypeError(f"{type(self).__name__}: {what} must be a Tensor of floats, got {kind}")

    def _state(self, state: Any, shape: Tuple[int, ...], dtype: str) -> State:
        """The state as a tuple, each part of `shape`; zeros for None."""
        if state is None:
            return tuple(zeros(shape, dtype=dtype) for _ in self.kept)
        parts = (state,) if len(self.kept) == 1 else state
        if not isinstance(parts, (tuple, list)) or len(parts) != len(self.kept):
            got = type(state).__name__ + (f" of {len(state)}" if isinstance(state, (tuple, list)) else "")
            raise TypeError(f"{type(self).__name__}: the state must be a pair ({', '.join(self.kept)}), got a {got}")
        for name, part in zip(self.kept, parts):
            self._floats(f"the state {name}", part)
            if part.shape != shape:
                raise ValueError(f"{type(self).__name__}: the state {name} has shape {part.shape}, expected {shape}")
        return tuple(parts)

    def _public(self, state: Sequence[Tensor]) -> Any:
        return state[0] if len(self.kept) == 1 else tuple(state)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}, bias={self.bias}"


class Cell(Equations):
    """One time step as a module: `for x_t in x: h = cell(x_t, h)`.

    Attributes: weight_ih (G H, I), weight_hh (G H, H), bias_ih and bias_hh (G H,) or None; names and order of the
    gates are PyTorch's.

    Shape: x (B, I) or (I,), state (B, H) or (H,), zeros if None -> the next state in the same shape. Raises ValueError
    for other shapes, TypeError for anything but tensors of floats.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, dtype: Any = None) -> None:
        self._sizes(input_size, hidden_size, bias)
        self._make(input_size, "", dtype)

    def forward(self, x: Tensor, state: Any = None) -> Any:
        self._floats("x", x)
        if x.ndim not in (1, 2) or x.shape[-1] != self.input_size:
            raise ValueError(f"{type(self).__name__}: expected x of shape (B, {self.input_size}), got {x.shape}")
        parts = self._state(state, (*x.shape[:-1], self.hidden_size), x.dtype)
        return self._public(self.step(x, parts, self._weights("")))


class Recurrent(Equations):
    """The cell over a whole sequence, in one layer or several, each reading what the one below it says.

    Args:
        input_size, hidden_size: I and H.
        num_layers: L.
        bias: whether there are bias_ih and bias_hh.
        batch_first: x and the output are (B, T, ...) instead of (T, B, ...).
        dropout: the probability of a zero in what one layer hands up to the next; what a layer hands on through time
            is left alone, so its memory is (Zaremba, Sutskever and Vinyals 2014).
        unroll: make every time step of operations of its own, to be seen in the graph and given hooks; the same
            numbers, slower.

    Attributes: weight_ih_l0 (G H, I), weight_hh_l0 (G H, H), bias_ih_l0, bias_hh_l0 (G H,), then those of layer 1
        (whose I is H), and so on: PyTorch's names and order of the gates, so a state_dict moves both ways.

    Shape: x (T, B, I), or (T, I) without a batch; state (L, B, H), zeros if None -> output (T, B, H): h of the last
    layer at every step; and the last state of every layer (L, B, H). Raises ValueError for other shapes or no time
    steps, TypeError for anything but tensors of floats.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        dtype: Any = None,
        unroll: bool = False,
    ) -> None:
        self._sizes(input_size, hidden_size, bias)
        self.num_layers = whole(f"{type(self).__name__}: num_layers", num_layers)
        self.dropout = float(number(f"{type(self).__name__}: dropout", dropout, most=1))
        self.batch_first, self.unroll = bool(batch_first), bool(unroll)
        for layer in range(num_layers):
            self._make(hidden_size if layer else input_size, f"_l{layer}", dtype)

    def forward(self, x: Tensor, state: Any = None) -> Tuple[Tensor, Any]:
        batch, time = self._check(x)
        H, layers = self.hidden_size, range(self.num_layers)
        parts = self._state(state, (self.num_layers, *batch, H), x.dtype)
        walk = self._unrolled if self.unroll else self._fused
        h = x if batch else x.reshape((x.shape[0], 1, x.shape[1]))
        h = h.transpose(0, 1) if time else h  # (T, B, I)
        last: List[State] = []
        for layer in layers:
            first = tuple(part[layer].reshape((h.shape[1], H)) for part in parts)  # (B, H) each
            h = dropout(h, self.dropout, self.training) if layer else h
            h, end = walk(layer, h, first)  # (T, B, H)
            last.append(tuple(part.reshape((*batch, H)) for part in end))
        output = h.transpose(0, 1) if time else h
        output = output if batch else output.reshape((x.shape[0], H))
        return output, self._public([stack([last[layer][n] for layer in layers]) for n in range(len(self.kept))])

    def _fused(self, layer: int, x: Tensor, state: State) -> Tuple[Tensor, State]:
        """One layer through time in one operation -> h of every step (T, B, H), and the state after the last."""
        y = self.steps(x, state, self._weights(f"_l{layer}"))
        self._call(y, f"{''.join(self.kept)}_l{layer}")
        if len(self.kept) == 1:
            return y, (y[-1],)
        return y[:, 0], tuple(y[-1, n] for n in range(len(self.kept)))

    def _unrolled(self, layer: int, x: Tensor, state: State) -> Tuple[Tensor, State]:
        """The same, step by step."""
        hidden: List[Tensor] = []
        for t in range(x.shape[0]):
            state = self.step(x[t], state, self._weights(f"_l{layer}"))
            for name, part in zip(self.kept, state):
                self._call(part, f"{name}{t}_l{layer}")
            hidden.append(state[0])
        return stack(hidden), state

    @staticmethod
    def _call(tensor: Tensor, name: str) -> None:
        if tensor.node is not None:
            tensor.name = name  # what graphs and workbooks call it

    def _check(self, x: Any) -> Tuple[Tuple[int, ...], int]:
        """The batch axes, () or (B,), and the axis of time."""
        self._floats("x", x)
        time = int(self.batch_first and x.ndim == 3)
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size:
            axes = "(B, T" if self.batch_first else "(T, B"
            raise ValueError(f"{type(self).__name__}: expected x of shape {axes}, {self.input_size}), got {x.shape}")
        if not x.shape[time]:
            raise ValueError(f"{type(self).__name__}: x of shape {x.shape} has no time steps; give at least one")
        return (x.shape[1 - time : 2 - time] if x.ndim == 3 else ()), time

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, num_layers={self.num_layers}, batch_first={self.batch_first}" + (
            f", dropout={self.dropout}" if self.dropout else ""
        )


def detach_state(state: Any) -> Any:
    """The state without its history: truncated backpropagation through time (Williams and Peng 1990).

    A long text is read in pieces. The state goes on from piece to piece, the gradient stops at the border:

        state = None
        for x, target in pieces:
            output, state = rnn(x, detach_state(state))
            loss(output, target).backward()

    Takes a Tensor, a tuple or list of states, or None, and gives the same kind. TypeError for anything else.
    """
    if state is None or isinstance(state, Tensor):
        return None if state is None else state.detach()
    if isinstance(state, (tuple, list)):
        return type(state)(detach_state(part) for part in state)
    raise TypeError(f"detach_state: expected a Tensor or a tuple of them, got a {type(state).__name__}")
