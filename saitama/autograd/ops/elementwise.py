"""Functions of one element and their derivatives, written with the output y where that is cheaper than x."""

from __future__ import annotations

from saitama.tensor.backend import K

from ..function import Function, Gradients


class Exp(Function):
    """y = e^x;  dL/dx = dL/dy y."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        self.saved = y = K.exp(x)
        return y

    def backward(self, dy: K.Array) -> Gradients:
        return (K.mul(dy, self.saved),)


class Log(Function):
    """y = ln x;  dL/dx = dL/dy / x."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        self.saved = x
        return K.log(x)

    def backward(self, dy: K.Array) -> Gradients:
        return (K.div(dy, self.saved),)


class Sqrt(Function):
    """y = sqrt(x);  dL/dx = dL/dy / (2 y)."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        self.saved = y = K.sqrt(x)
        return y

    def backward(self, dy: K.Array) -> Gradients:
        return (K.sqrt_grad(self.saved, dy),)


class Tanh(Function):
    """y = tanh x;  dL/dx = dL/dy (1 - y^2)."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        self.saved = y = K.tanh(x)
        return y

    def backward(self, dy: K.Array) -> Gradients:
        return (K.tanh_grad(self.saved, dy),)


class Sigmoid(Function):
    """y = 1 / (1 + e^-x);  dL/dx = dL/dy y (1 - y)."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        self.saved = y = K.sigmoid(x)
        return y

    def backward(self, dy: K.Array) -> Gradients:
        return (K.sigmoid_grad(self.saved, dy),)


class ReLU(Function):
    """y = max(0, x);  dL/dx = dL/dy where x > 0, else 0 (0 at x = 0 too)."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        self.saved = x
        return K.relu(x)

    def backward(self, dy: K.Array) -> Gradients:
        return (K.relu_grad(self.saved, dy),)


class Abs(Function):
    """y = |x|;  dL/dx = dL/dy sign(x), 0 at x = 0."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        self.saved = x
        return K.abs(x)

    def backward(self, dy: K.Array) -> Gradients:
        return (K.abs_grad(self.saved, dy),)


class GELU(Function):
    """y = x Phi(x), Phi the normal distribution function;  dL/dx = dL/dy (Phi(x) + x phi(x)).

    Hendrycks and Gimpel 2016, "Gaussian error linear units", with their tanh approximation on request.
    """

    __slots__ = ("approximate",)
    params = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f'gelu: approximate must be "none" or "tanh", got {approximate!r}')
        self.approximate = approximate

    def forward(self, x: K.Array) -> K.Array:
        self.saved = x
        return K.gelu(x) if self.approximate == "none" else K.gelu_tanh(x)

    def backward(self, dy: K.Array) -> Gradients:
        derivative = K.gelu_grad if self.approximate == "none" else K.gelu_tanh_grad
        return (derivative(self.saved, dy),)
