"""Level 2: derivatives by hand. Nothing here records anything: every derivative is written down by a person, beside its
function.

After reading it you can differentiate y = ax + b, y = x² and any chain of such functions, check yourself with a
difference quotient, put dL/dx where a framework puts it (in `.grad`), and go through a whole network step by step:
`two_layer_by_hand`.
"""

from __future__ import annotations

import math
import sys
from typing import Callable, List, NamedTuple, Optional, Sequence

from saitama.tensor import Tensor, full

Vector = List[float]
Matrix = List[List[float]]


# --- one function and its derivative ---------------------------------------------------------------------------------


class Differentiable(NamedTuple):
    """A function of one number together with its derivative: `square(3.0)` is 9.0, `square.derivative(3.0)` is 6.0."""

    f: Callable[[float], float]
    df: Callable[[float], float]

    def __call__(self, x: float) -> float:
        return self.f(x)

    def derivative(self, x: float) -> float:
        """df/dx at x."""
        return self.df(x)


def linear(a: float, b: float) -> Differentiable:
    """y = ax + b; dy/dx = a."""
    return Differentiable(lambda x: a * x + b, lambda x: a)


def power(n: int) -> Differentiable:
    """y = xⁿ; dy/dx = n xⁿ⁻¹, for n = 0 it is 0."""
    return Differentiable(lambda x: x**n, lambda x: n * x ** (n - 1) if n else 0.0)


def _sigmoid(x: float) -> float:
    e = math.exp(-abs(x))  # at most 1, so it cannot overflow
    return 1 / (1 + e) if x >= 0 else e / (1 + e)


square = power(2)  # y = x²; dy/dx = 2x
exponential = Differentiable(math.exp, math.exp)  # y = eˣ; dy/dx = eˣ = y
logarithm = Differentiable(math.log, lambda x: 1 / x)  # y = ln x; dy/dx = 1/x
sigmoid = Differentiable(_sigmoid, lambda x: _sigmoid(x) * (1 - _sigmoid(x)))  # y = 1/(1 + e⁻ˣ); dy/dx = y (1 - y)
tanh = Differentiable(math.tanh, lambda x: 1 - math.tanh(x) ** 2)  # y = tanh x; dy/dx = 1 - y²


def compose(*functions: Differentiable) -> Differentiable:
    """compose(f, g, h) is y = f(g(h(x))); dy/dx = f'(g(h(x))) · g'(h(x)) · h'(x), the chain rule.

    Raises ValueError for no functions.
    """
    if not functions:
        raise ValueError("compose: no function given; give at least one, the outermost first")
    inner_first = functions[::-1]

    def f(x: float) -> float:
        for function in inner_first:
            x = function(x)
        return x

    def df(x: float) -> float:
        slope = 1.0
        for function in inner_first:
            slope *= function.derivative(x)  # the derivative of this function, at the value that reaches it
            x = function(x)
        return slope

    return Differentiable(f, df)


# --- differences: a derivative without knowing one -------------------------------------------------------------------


def numeric_derivative(f: Callable[[float], float], x: float, h: Optional[float] = None) -> float:
    """(f(x + h) - f(x - h)) / 2h, the central difference.

    It is wrong by f'''(x) h²/6 because h is not 0, and by about ε |f(x)| / h because f is rounded (ε = 2.2e-16). The
    first shrinks with h, the second grows; they meet near h = ∛ε = 6e-6, the default (times |x| where that is above 1),
    where 10 digits are right. Raises ValueError for an h that is not a positive number, or is lost in the rounding of
    x.
    """
    if h is None:
        h = sys.float_info.epsilon ** (1 / 3) * max(1.0, abs(x))
    if not 0 < h < math.inf:
        raise ValueError(f"numeric_derivative: h must be a positive number, got {h!r}")
    above, below = x + h, x - h
    if above == below:
        raise ValueError(f"numeric_derivative: h = {h!r} is lost in the rounding of x = {x!r}; take a larger h")
    return (f(above) - f(below)) / (above - below)  # not by 2h, as x + h and x - h were rounded


def numeric_gradient(function: Callable[[Tensor], Tensor], x: Tensor, h: Optional[float] = None) -> Tensor:
    """dL/dx by central differences, one element of x at a time: same shape as x. `function` maps x to a tensor L of one
    element.

    For h see `numeric_derivative`. Each element costs two calls of the function, so this is for checking only.
    """
    numbers: List[float] = x.detach().reshape(-1).tolist()

    def slope(i: int) -> float:
        def f(number: float) -> float:
            return function(Tensor([*numbers[:i], number, *numbers[i + 1 :]], dtype=x.dtype).reshape(x.shape)).item()

        return numeric_derivative(f, numbers[i], h)

    return Tensor([slope(i) for i in range(len(numbers))], dtype=x.dtype).reshape(x.shape)


# --- the same on tensors: L = sum of y, and dL/d(each tensor) into its .grad -----------------------------------------


def linear_by_hand(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """L = Σ y with y = a x + b; dL/dx = a for every element, dL/da = Σ x, dL/db = the number of elements.

    x has any shape, a and b are scalars (shape ()). Sets x.grad, a.grad and b.grad, and returns L. Raises ValueError
    for other shapes.
    """
    _check_scalars(a=a, b=b)
    X, A, B = x.detach(), a.detach(), b.detach()
    y = A * X + B  # x's shape
    x.grad = A + 0 * X  # dy/dx = a, once for each element
    a.grad = X.sum()  # dy/da = x, summed over all that a took part in
    b.grad = full((), X.numel(), dtype=B.dtype)  # dy/db = 1, summed likewise
    return y.sum()


def square_by_hand(x: Tensor) -> Tensor:
    """L = Σ y with y = x²; dL/dx = 2x. Sets x.grad and returns L."""
    X = x.detach()
    x.grad = 2 * X
    return (X * X).sum()


def square_of_linear_by_hand(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """L = Σ y with y = u², u = a x + b; by the chain rule dL/dx = 2u · a, dL/da = Σ 2u · x, dL/db = Σ 2u · 1.

    x has any shape, a and b are scalars (shape ()). Sets x.grad, a.grad and b.grad, and returns L. Raises ValueError
    for other shapes.
    """
    _check_scalars(a=a, b=b)
    X, A, B = x.detach(), a.detach(), b.detach()
    u = A * X + B
    dL_du = 2 * u
    x.grad = dL_du * A  # du/dx = a
    a.grad = (dL_du * X).sum()  # du/da = x
    b.grad = dL_du.sum()  # du/db = 1
    return (u * u).sum()


def _check_scalars(**tensors: Tensor) -> None:
    for name, tensor in tensors.items():
        if tensor.shape != ():
            raise ValueError(
                f"{name} must be a scalar, of shape (), not {tensor.shape}; make it Tensor(0.5), without brackets"
            )


# --- a whole network -------------------------------------------------------------------------------------------------


class TwoLayerStep(NamedTuple):
    """Every number on the way through one training step of the network in `two_layer_by_hand`."""

    net_h: Vector
    out_h: Vector
    net_o: Vector
    out_o: Vector
    E: float
    dE_dout_o: Vector
    dE_dnet_o: Vector
    dE_dout_h: Vector
    dE_dnet_h: Vector
    dE_dW1: Matrix
    dE_dW2: Matrix
    W1: Matrix  # after the step
    W2: Matrix


def two_layer_by_hand(
    inputs: Sequence[float],
    W1: Sequence[Sequence[float]],
    b1: float,
    W2: Sequence[Sequence[float]],
    b2: float,
    targets: Sequence[float],
    lr: float,
) -> TwoLayerStep:
    """One step of gradient descent on a network of two sigmoid layers, in plain floats, one line for each line on
    paper.

    The steps and names are those of Matt Mazur, "A Step by Step Backpropagation Example". W1[h][i] is the weight from
    input i to hidden unit h and W2[o][h] that from hidden unit h to output o: (hidden, inputs) and (outputs, hidden).
    b1 and b2 are the bias of each layer, one number shared by its units and kept as it is. E = Σ ½ (target - out)², and
    each weight becomes w - lr · ∂E/∂w: all of them at once, so the hidden layer's derivatives use W2 as it was. Raises
    ValueError where the sizes do not fit.
    """
    _check_rows("W1", W1, len(W1), len(inputs), "input")
    _check_rows("W2", W2, len(targets), len(W1), "hidden unit")
    I, H, O = range(len(inputs)), range(len(W1)), range(len(targets))  # noqa: E741

    # Forward.
    net_h = [sum(W1[h][i] * inputs[i] for i in I) + b1 for h in H]
    out_h = [_sigmoid(net) for net in net_h]
    net_o = [sum(W2[o][h] * out_h[h] for h in H) + b2 for o in O]
    out_o = [_sigmoid(net) for net in net_o]
    E = sum((targets[o] - out_o[o]) ** 2 / 2 for o in O)

    # Output layer: ∂E/∂w = ∂E/∂out · ∂out/∂net · ∂net/∂w.
    dE_dout_o = [-(targets[o] - out_o[o]) for o in O]
    dout_dnet_o = [out_o[o] * (1 - out_o[o]) for o in O]
    dE_dnet_o = [dE_dout_o[o] * dout_dnet_o[o] for o in O]
    dE_dW2 = [[dE_dnet_o[o] * out_h[h] for h in H] for o in O]  # ∂net_o/∂w = out_h

    # Hidden layer: a hidden unit acts on E through every output, so its parts add up.
    dE_dout_h = [sum(dE_dnet_o[o] * W2[o][h] for o in O) for h in H]  # ∂net_o/∂out_h = w
    dout_dnet_h = [out_h[h] * (1 - out_h[h]) for h in H]
    dE_dnet_h = [dE_dout_h[h] * dout_dnet_h[h] for h in H]
    dE_dW1 = [[dE_dnet_h[h] * inputs[i] for i in I] for h in H]  # ∂net_h/∂w = input

    # The step downhill.
    new_W1 = [[W1[h][i] - lr * dE_dW1[h][i] for i in I] for h in H]
    new_W2 = [[W2[o][h] - lr * dE_dW2[o][h] for h in H] for o in O]
    forward = net_h, out_h, net_o, out_o, E
    return TwoLayerStep(*forward, dE_dout_o, dE_dnet_o, dE_dout_h, dE_dnet_h, dE_dW1, dE_dW2, new_W1, new_W2)


def _check_rows(name: str, W: Sequence[Sequence[float]], rows: int, columns: int, of: str) -> None:
    if len(W) != rows:
        raise ValueError(f"{name} has {len(W)} rows, expected {rows}: one for each target")
    for row, weights in enumerate(W):
        if len(weights) != columns:
            raise ValueError(f"{name}[{row}] has {len(weights)} weights, expected {columns}: one for each {of}")
