"""Level 9: the gated recurrent unit (Cho et al. 2014): one gate z both forgets and lets in, and there is no cell.

dh_t/dh_(t-1) contains diag(z_t): while z is near 1, a gradient goes back through time as it is.
"""

from __future__ import annotations

from saitama.nn import functional as F
from saitama.tensor import Tensor, zeros
from saitama.tensor.dispatch import apply

from .recurrent import Cell, Equations, Recurrent, State, Weights, in_one_dtype


class GRUEquations(Equations):
    gates = 3  # reset, update, new: PyTorch's order

    def step(self, x: Tensor, state: State, weights: Weights) -> State:
        W_ih, W_hh, b_ih, b_hh = weights
        (h,) = state  # (B, H)
        H = self.hidden_size
        a = F.linear(x, W_ih, b_ih)  # (B, 3 H)
        u = F.linear(h, W_hh, b_hh)  # (B, 3 H)
        r = (a[..., :H] + u[..., :H]).sigmoid()  # how much of the past the new takes up
        z = (a[..., H : 2 * H] + u[..., H : 2 * H]).sigmoid()  # how much of the old stays
        n = (a[..., 2 * H :] + r * u[..., 2 * H :]).tanh()  # the new
        return ((1 - z) * n + z * h,)

    def steps(self, x: Tensor, state: State, weights: Weights) -> Tensor:
        W_ih, W_hh, b_ih, b_hh = weights
        a = F.linear(x, W_ih, b_ih)  # (T, B, 3 H)
        # b_hh is not added to a: r multiplies its last third.
        b = zeros(3 * self.hidden_size, dtype=x.dtype) if b_hh is None else b_hh
        return apply("GRUSteps", in_one_dtype(a, W_hh, b, *state))


class GRUCell(GRUEquations, Cell):
    """r, z = sigmoid(W_i x + b_i + W_h h + b_h);  n = tanh(W_in x + b_in + r (W_hn h + b_hn));  h' = (1 - z) n + z h.

    The rows of the weights are in the order r, z, n. Arguments, attributes and shapes: see Cell.
    """


class GRU(GRUEquations, Recurrent):
    """r_t = sigmoid(W_ir x_t + b_ir + W_hr h_(t-1) + b_hr)
    z_t = sigmoid(W_iz x_t + b_iz + W_hz h_(t-1) + b_hz)
    n_t = tanh(W_in x_t + b_in + r_t (W_hn h_(t-1) + b_hn))
    h_t = (1 - z_t) n_t + z_t h_(t-1)

    W_ih is W_ir, W_iz, W_in one below the other, and so are the others. As in PyTorch, r scales the product W_hn h
    (the paper has W_hn (r h)), and z says how much of the old stays. Arguments, attributes and shapes: see Recurrent;
    `output, h_n = gru(x, h_0)`.
    """
