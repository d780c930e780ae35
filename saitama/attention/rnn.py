"""Level 9: the recurrent net of Elman (1990), "Finding structure in time".

dh_t/dh_(t-1) = diag(tanh'(a_t)) W_hh, so a gradient that goes back k steps is multiplied by k such matrices: it
vanishes or explodes with k (Hochreiter 1991; Bengio et al. 1994). examples/vanishing_gradient.py shows it.
"""

from __future__ import annotations

from typing import Any

from saitama.nn import functional as F
from saitama.tensor import Tensor
from saitama.tensor.dispatch import apply

from .recurrent import Cell, Equations, Recurrent, State, Weights, both, in_one_dtype


class ElmanEquations(Equations):
    gates = 1
    nonlinearity: str

    def step(self, x: Tensor, state: State, weights: Weights) -> State:
        W_ih, W_hh, b_ih, b_hh = weights
        (h,) = state
        a = F.linear(x, W_ih, b_ih) + F.linear(h, W_hh, b_hh)  # (B, H)
        return (a.tanh() if self.nonlinearity == "tanh" else a.relu(),)

    def steps(self, x: Tensor, state: State, weights: Weights) -> Tensor:
        W_ih, W_hh, b_ih, b_hh = weights
        a = F.linear(x, W_ih, both(b_ih, b_hh))  # (T, B, H)
        return apply("ElmanSteps", in_one_dtype(a, W_hh, *state), nonlinearity=self.nonlinearity)

    def _choose(self, nonlinearity: str) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f'{type(self).__name__}: nonlinearity must be "tanh" or "relu", got {nonlinearity!r}')
        self.nonlinearity = nonlinearity

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, nonlinearity={self.nonlinearity!r}"


class RNNCell(ElmanEquations, Cell):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu in place of tanh.

    Arguments, attributes and shapes: see Cell.
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", dtype: Any = None
    ) -> None:
        self._choose(nonlinearity)
        super().__init__(input_size, hidden_size, bias, dtype)


class RNN(ElmanEquations, Recurrent):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), or relu in place of tanh; h_(-1) = 0 unless given.

    Arguments, attributes and shapes: see Recurrent; nonlinearity is "tanh" or "relu". `output, h_n = rnn(x, h_0)`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        dtype: Any = None,
        unroll: bool = False,
    ) -> None:
        self._choose(nonlinearity)
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, dtype, unroll)
