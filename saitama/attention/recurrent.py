"""What RNN, LSTM and GRU share: parameters, layers, and the walk through time.

A recurrent net is one cell, applied again and again: state_t = cell(x_t, state_(t-1)). Here the walk is a plain loop,
so the graph holds every time step, by name (h0, h1, ...), and backward() through it *is* backpropagation through time
(Werbos 1990): each step adds its share to the gradient of the one set of weights.
"""

from __future__ import annotations

from math import sqrt
from typing import Any, ClassVar, List, Optional, Sequence, Tuple

from saitama.nn import Module, Parameter, init
from saitama.regularization import dropout
from saitama.tensor import Tensor, stack, zeros
from saitama.tensor.dtype import is_float

State = Tuple[Tensor, ...]  # (h,), or (h, c) of an LSTM; each (B, H)
Weights = Tuple[Tensor, Tensor, Optional[Tensor], Optional[Tensor]]  # W_ih (G H, I), W_hh (G H, H), b_ih, b_hh (G H,)
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class Equations(Module):
    """One time step; RNN, LSTM and GRU each write theirs once, for the cell and for the whole net."""

    gates: ClassVar[int]  # G: how many blocks of H rows the weights have
    kept: ClassVar[Tuple[str, ...]] = ("h",)  # what the state consists of

    input_size: int
    hidden_size: int
    bias: bool

    def step(self, x: Tensor, state: State, weights: Weights) -> State:
        """The next state from the input x (B, I) and the last state, each (B, H)."""
        raise NotImplementedError

    def _sizes(self, input_size: int, hidden_size: int, bias: bool) -> None:
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            self._whole(name, size)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bool(bias)

    def _whole(self, name: str, size: Any) -> None:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{type(self).__name__}: {name} must be a whole number from 1 on, got {size!r}")

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
    ) -> None:
        self._sizes(input_size, hidden_size, bias)
        self._whole("num_layers", num_layers)
        if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
            raise ValueError(f"{type(self).__name__}: dropout must be a number from 0 to 1, got {dropout!r}")
        self.num_layers, self.batch_first, self.dropout = num_layers, bool(batch_first), float(dropout)
        for layer in range(num_layers):
            self._make(hidden_size if layer else input_size, f"_l{layer}", dtype)

    def forward(self, x: Tensor, state: Any = None) -> Tuple[Tensor, Any]:
        batch, time = self._check(x)
        shape = (self.num_layers, *batch, self.hidden_size)  # (L, B, H)
        first = self._state(state, shape, x.dtype)
        steps = [x[t] if time == 0 else x[:, t] for t in range(x.shape[time])]  # T times (B, I)
        last: List[State] = []
        for layer in range(self.num_layers):
            if layer:
                steps = [dropout(h, self.dropout, self.training) for h in steps]
            steps, end = self._layer(layer, steps, tuple(part[layer] for part in first))
            last.append(end)
        output = stack(steps, time)  # (T, B, H) or (B, T, H)
        return output, self._public([stack([end[place] for end in last]) for place in range(len(self.kept))])

    def _layer(self, layer: int, steps: Sequence[Tensor], state: State) -> Tuple[List[Tensor], State]:
        """One layer through time -> h of every step, and the state after the last."""
        weights = self._weights(f"_l{layer}")
        hidden: List[Tensor] = []
        for t, x in enumerate(steps):
            state = self.step(x, state, weights)
            for name, part in zip(self.kept, state):
                if part.node is not None:
                    part.name = f"{name}{t}_l{layer}"  # what graphs and workbooks call it
            hidden.append(state[0])
        return hidden, state

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
