"""Losses that one formula makes exact where a chain of simpler operations would overflow or lose its derivative."""

from __future__ import annotations

from saitama.tensor.backend import K

from ..function import Function, Gradients


class Softplus(Function):
    """y = ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|);  dL/dx = dL/dy / (1 + e^-x)."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        self.saved = x
        return K.softplus(x)

    def backward(self, dy: K.Array) -> Gradients:
        return (K.mul(dy, K.sigmoid(self.saved)),)


class BinaryCrossEntropyWithLogits(Function):
    """y = ln(1 + e^x) - t x, of which no digit is lost in the form |x| w + ln(1 + e^-|x|), w = t, or 1 - t where x > 0;
    dL/dx = dL/dy ((1 - t) σ(x) - t σ(-x)) = dL/dy (σ(x) - t),  dL/dt = -dL/dy x.

    An infinite logit that is right costs nothing. x and t of one shape, t in [0, 1].
    """

    __slots__ = ()

    def forward(self, x: K.Array, t: K.Array) -> K.Array:
        self.saved = x, t
        return K.bce_with_logits(x, t)

    def backward(self, dy: K.Array) -> Gradients:
        x, t = self.saved
        need_x, need_t = self.needs
        dx = K.mul(dy, K.bce_with_logits_slope(x, t)) if need_x else None
        return dx, K.neg(K.mul(dy, x)) if need_t else None


class BinaryCrossEntropy(Function):
    """y = -(t ln p + (1 - t) ln(1 - p)), where a logarithm below -100 counts as -100;
    dL/dp = dL/dy (p - t) / max(p (1 - p), 1e-12),  dL/dt = dL/dy (ln(1 - p) - ln p).

    Both bounds are PyTorch's: a certain and wrong answer costs 100 instead of infinity, and its slope is steep instead
    of 0 / 0. p and t of one shape, both in [0, 1].
    """

    __slots__ = ()

    def forward(self, p: K.Array, t: K.Array) -> K.Array:
        self.saved = p, t
        return K.bce(p, t)

    def backward(self, dy: K.Array) -> Gradients:
        p, t = self.saved
        need_p, need_t = self.needs
        dp = dt = None
        if need_p:
            spread = K.mul(p, K.sub(K.full((), 1.0, p.dtype), p))
            slope = K.div(K.sub(p, t), K.maximum(spread, K.full((), 1e-12, p.dtype)))
            dp = K.mul(dy, slope)
        if need_t:
            yes, no = K.full(p.shape, 1.0, p.dtype), K.full(p.shape, 0.0, p.dtype)
            dt = K.mul(dy, K.sub(K.bce(p, yes), K.bce(p, no)))
        return dp, dt


class CrossEntropy(Function):
    """y_i = -sum_j q_ij log_softmax(x_i)_j;  dL/dx_ij = dL/dy_i (softmax(x_i)_j - q_ij).

    q_i is 1 at the target t_i and 0 elsewhere, smoothed: q = (1 - e) onehot + e / C (Szegedy et al. 2016, section 7).
    Rows whose target is `ignore_index` give 0 and get no gradient. x (N, C), t (N,) of int64 -> y (N,).
    """

    __slots__ = ("ignore_index", "label_smoothing")
    params = ("ignore_index", "label_smoothing")

    def __init__(self, ignore_index: int = -100, label_smoothing: float = 0.0) -> None:
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, x: K.Array, t: K.Array) -> K.Array:
        y, log_p = K.cross_entropy(x, t, self.ignore_index, self.label_smoothing)  # (N,), (N, C)
        self.saved = log_p, t
        return y

    def backward(self, dy: K.Array) -> Gradients:
        log_p, t = self.saved
        return K.cross_entropy_grad(log_p, t, dy, self.ignore_index, self.label_smoothing), None
