"""Starting values for parameters. Each function fills its tensor, whatever the history, and returns it.

The aim (Glorot and Bengio 2010; He et al. 2015) is that values keep their variance from layer to layer: with n inputs
of variance 1 and weights of variance s^2, a sum has variance n s^2, so s^2 is about 1/n, times a gain for the
activation.
"""

from __future__ import annotations

from math import sqrt
from typing import Dict, Tuple, TypeVar

from saitama.tensor import Tensor, full, rand, randn

T = TypeVar("T", bound=Tensor)

GAINS: Dict[str, float] = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": sqrt(2.0)}


def constant_(tensor: T, value: float) -> T:
    """Every element becomes `value`."""
    return _fill(tensor, full(tensor.shape, value, dtype=tensor.dtype))


def zeros_(tensor: T) -> T:
    """Every element becomes 0."""
    return constant_(tensor, 0.0)


def ones_(tensor: T) -> T:
    """Every element becomes 1."""
    return constant_(tensor, 1.0)


def uniform_(tensor: T, a: float = 0.0, b: float = 1.0) -> T:
    """Uniform random numbers from a to b."""
    return _fill(tensor, rand(tensor.shape, dtype=tensor.dtype) * (b - a) + a)


def normal_(tensor: T, mean: float = 0.0, std: float = 1.0) -> T:
    """Normal random numbers."""
    return _fill(tensor, randn(tensor.shape, dtype=tensor.dtype) * std + mean)


def xavier_uniform_(tensor: T, gain: float = 1.0) -> T:
    """Uniform in +-gain sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, equation 16)."""
    bound = gain * sqrt(6.0 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: T, gain: float = 1.0) -> T:
    """Normal with standard deviation gain sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""
    return normal_(tensor, 0.0, gain * sqrt(2.0 / sum(fans(tensor))))


def kaiming_uniform_(tensor: T, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> T:
    """Uniform in +-gain sqrt(3 / fan) (He et al. 2015, equations 10 and 15); `a` is the slope of the leaky ReLU. Mode
    "fan_in" keeps the variance of the values, "fan_out" that of the gradients."""
    bound = calculate_gain(nonlinearity, a) * sqrt(3.0 / _fan(tensor, mode))
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(tensor: T, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> T:
    """Normal with standard deviation gain / sqrt(fan) (He et al. 2015)."""
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / sqrt(_fan(tensor, mode)))


def calculate_gain(nonlinearity: str, a: float = 0.01) -> float:
    """The factor that makes up for what an activation takes from the variance. Raises ValueError for an unknown one."""
    if nonlinearity == "leaky_relu":
        return sqrt(2.0 / (1 + a * a))
    if nonlinearity not in GAINS:
        raise ValueError(f"calculate_gain: expected one of {', '.join(GAINS)}, leaky_relu; got {nonlinearity!r}")
    return GAINS[nonlinearity]


def fans(tensor: Tensor) -> Tuple[int, int]:
    """(fan_in, fan_out) of a weight (out_features, in_features): the inputs of a sum, and the sums of an input."""
    if tensor.ndim != 2 or not tensor.numel():
        raise ValueError(f"fans: expected a weight of shape (out_features, in_features), got shape {tensor.shape}")
    return tensor.shape[1], tensor.shape[0]


def _fan(tensor: Tensor, mode: str) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f'mode must be "fan_in" or "fan_out", got {mode!r}')
    return fans(tensor)[mode == "fan_out"]


def _fill(tensor: T, values: Tensor) -> T:
    tensor.array = values.array
    return tensor
