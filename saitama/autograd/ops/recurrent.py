"""A recurrent layer as one operation: all its time steps, and backpropagation through them (Werbos 1990).

What is the same in each: the inputs' part of the gates, a = W_ih x + b, is known for all steps before the first; one
step after the other adds W_hh h of the step before. Backwards in time, dL/dh_t is what arrives from above and what step
t+1 hands back through W_hh; and as every step has used the one W_hh, its gradient is a sum over t.
"""

from __future__ import annotations

from saitama.tensor.backend import K

from ..function import Function, Gradients


def before(first: K.Array, h: K.Array) -> K.Array:
    """h of the step before each step: the first state, then all of h (T, B, H) but the last -> (T B, H)."""
    T, B, H = h.shape
    earlier = K.slice(h, (0, 0, 0), (1, 1, 1), (T - 1, B, H))
    return K.concat([first.reshape((1, B, H)), earlier], 0).reshape((T * B, H))


def recurrent_grad(du: K.Array, earlier: K.Array) -> K.Array:
    """dL/dW_hh = sum over t of du_t^T h_(t-1): du (T, B, G H), earlier (T B, H) -> (G H, H)."""
    return K.matmul(du.reshape((earlier.shape[0], du.shape[2])), earlier, True, False)


class ElmanSteps(Function):
    """h_t = tanh(a_t + W h_(t-1)), or relu.

    With dL/dh_t = dL/dy_t + W^T dL/da_(t+1):
    dL/da_t = dL/dh_t (1 - h_t^2);  dL/dW = sum_t dL/da_t h_(t-1)^T;  dL/dh_(-1) = W^T dL/da_0.

    a (T, B, H), W (H, H), h_(-1) (B, H) -> h (T, B, H).
    """

    __slots__ = ("nonlinearity",)
    params = ("nonlinearity",)

    def __init__(self, nonlinearity: str = "tanh") -> None:
        self.nonlinearity = nonlinearity

    def forward(self, a: K.Array, W: K.Array, first: K.Array) -> K.Array:
        h = K.elman_steps(a, W, first, self.nonlinearity == "relu")
        self.saved = W, first, h
        return h

    def backward(self, dy: K.Array) -> Gradients:
        W, first, h = self.saved
        da, dfirst = K.elman_steps_grad(dy, h, W, self.nonlinearity == "relu")
        dW = recurrent_grad(da, before(first, h)) if self.needs[1] else None
        return da, dW, dfirst


class LSTMSteps(Function):
    """i, f, o = sigmoid, g = tanh of their blocks of a_t + W h_(t-1);  c_t = f c_(t-1) + i g;  h_t = o tanh(c_t).

    With dL/dh_t = dL/dy_t + W^T dL/da_(t+1):
    dL/dc_t = what arrives at c_t + f_(t+1) dL/dc_(t+1) + dL/dh_t o (1 - tanh(c_t)^2);
    dL/da_t: dL/dc_t g i(1 - i), dL/dc_t c_(t-1) f(1 - f), dL/dc_t i (1 - g^2), dL/dh_t tanh(c_t) o(1 - o).

    a (T, B, 4 H) and W (4 H, H) in the order i, f, g, o; h_(-1) and c_(-1) (B, H) -> h and c of each step (T, 2, B, H).
    """

    __slots__ = ()

    def forward(self, a: K.Array, W: K.Array, first_h: K.Array, first_c: K.Array) -> K.Array:
        y, gates = K.lstm_steps(a, W, first_h, first_c)
        self.saved = W, first_h, first_c, y, gates
        return y

    def backward(self, dy: K.Array) -> Gradients:
        W, first_h, first_c, y, gates = self.saved
        da, dfirst_h, dfirst_c = K.lstm_steps_grad(dy, y, gates, W, first_c)
        dW = None
        if self.needs[1]:
            T, _, B, H = y.shape
            h = K.slice(y, (0, 0, 0, 0), (1, 1, 1, 1), (T, 1, B, H)).reshape((T, B, H))
            dW = recurrent_grad(da, before(first_h, h))
        return da, dW, dfirst_h, dfirst_c


class GRUSteps(Function):
    """With u_t = W h_(t-1) + b:  r, z = sigmoid(a_t + u_t);  n = tanh(a_t + r u_t);  h_t = (1 - z) n + z h_(t-1).

    With dL/dh_t = dL/dy_t + z_(t+1) dL/dh_(t+1) + W^T dL/du_(t+1):
    dL/da_t: dL/dr u_n r(1 - r), dL/dh_t (h_(t-1) - n) z(1 - z), dL/dh_t (1 - z) (1 - n^2), where dL/dr is the last of
    them; dL/du_t is the same, but the last times r.  dL/db = sum_t dL/du_t.

    a (T, B, 3 H), W (3 H, H) and b (3 H,) in the order r, z, n; h_(-1) (B, H) -> h (T, B, H).
    """

    __slots__ = ()

    def forward(self, a: K.Array, W: K.Array, b: K.Array, first: K.Array) -> K.Array:
        h, gates = K.gru_steps(a, W, b, first)
        self.saved = W, first, h, gates
        return h

    def backward(self, dy: K.Array) -> Gradients:
        W, first, h, gates = self.saved
        da, du, dfirst = K.gru_steps_grad(dy, h, gates, W, first)
        dW = recurrent_grad(du, before(first, h)) if self.needs[1] else None
        return da, dW, K.sum(du, (0, 1), False) if self.needs[2] else None, dfirst
