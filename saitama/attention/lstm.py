"""Level 9: long short-term memory (Hochreiter and Schmidhuber 1997), with the forget gate of Gers et al. (2000).

The cell c is changed by adding, not by multiplying with a matrix: dc_t/dc_(t-1) = f_t, as far as it does not pass
through the gates. While the forget gate f is near 1, a gradient goes back through time as it is.
"""

from __future__ import annotations

from saitama.nn import functional as F
from saitama.tensor import Tensor
from saitama.tensor.dispatch import apply

from .recurrent import Cell, Equations, Recurrent, State, Weights, both, in_one_dtype


class LSTMEquations(Equations):
    gates = 4  # input, forget, candidate, output: PyTorch's order
    kept = ("h", "c")

    def step(self, x: Tensor, state: State, weights: Weights) -> State:
        W_ih, W_hh, b_ih, b_hh = weights
        h, c = state  # (B, H) each
        H = self.hidden_size
        a = F.linear(x, W_ih, b_ih) + F.linear(h, W_hh, b_hh)  # (B, 4 H)
        i = a[..., :H].sigmoid()  # how much of the new comes in
        f = a[..., H : 2 * H].sigmoid()  # how much of the old stays
        g = a[..., 2 * H : 3 * H].tanh()  # the new
        o = a[..., 3 * H :].sigmoid()  # how much of the cell is shown
        c = f * c + i * g
        h = o * c.tanh()
        return h, c

    def steps(self, x: Tensor, state: State, weights: Weights) -> Tensor:
        W_ih, W_hh, b_ih, b_hh = weights
        a = F.linear(x, W_ih, both(b_ih, b_hh))  # (T, B, 4 H)
        return apply("LSTMSteps", in_one_dtype(a, W_hh, *state))


class LSTMCell(LSTMEquations, Cell):
    """i, f, o = sigmoid, g = tanh of (W_ih x + b_ih + W_hh h + b_hh), rows in the order i, f, g, o;
    c' = f c + i g;  h' = o tanh(c').

    Arguments, attributes and shapes: see Cell; the state is a pair: `h, c = cell(x, (h, c))`.
    """


class LSTM(LSTMEquations, Recurrent):
    """i_t = sigmoid(W_ii x_t + b_ii + W_hi h_(t-1) + b_hi)
    f_t = sigmoid(W_if x_t + b_if + W_hf h_(t-1) + b_hf)
    g_t = tanh(W_ig x_t + b_ig + W_hg h_(t-1) + b_hg)
    o_t = sigmoid(W_io x_t + b_io + W_ho h_(t-1) + b_ho)
    c_t = f_t c_(t-1) + i_t g_t
    h_t = o_t tanh(c_t)

    W_ih is W_ii, W_if, W_ig, W_io one below the other, and so are the others. Arguments, attributes and shapes: see
    Recurrent; the state is a pair: `output, (h_n, c_n) = lstm(x, (h_0, c_0))`.
    """
