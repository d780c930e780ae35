"""Layers and losses as functions: what the modules of nn call, for use without a module. Names are PyTorch's."""

from __future__ import annotations

from typing import Any, Optional, Tuple

from saitama.options import number, whole
from saitama.tensor import Tensor, where
from saitama.tensor.backend import K
from saitama.tensor.dispatch import apply, product
from saitama.tensor.methods import floating, pair


# --- layers -----------------------------------------------------------------------------------------------------------
def linear(x: Tensor, weight: Tensor, bias: Optional[Tensor] = None) -> Tensor:
    """y = x W^T + b: x (..., in), weight (out, in), bias (out,) -> (..., out). Raises ValueError where sizes differ."""
    x, weight = K.meet(x, weight)
    shape, sizes = x.array.shape, weight.array.shape
    if len(sizes) != 2:
        raise ValueError(f"linear: the weight must have shape (out_features, in_features), got {sizes}")
    if not shape or shape[-1] != sizes[1]:
        raise ValueError(f"linear: x has shape {shape}, expected (..., {sizes[1]}) for a weight {sizes}")
    if bias is None:
        return product("Linear", (x, weight))
    if bias.array.shape != sizes[:1]:
        raise ValueError(f"linear: bias has shape {bias.shape}, expected {sizes[:1]} for a weight {sizes}")
    return product("Linear", (x, weight), (K.meet(x, bias)[1],))


def embedding(index: Any, weight: Tensor) -> Tensor:
    """The rows of weight (symbols, width) that index (...) names -> (..., width)."""
    index = index if isinstance(index, Tensor) else Tensor(index, dtype="int64")
    if index.dtype != "int64":
        raise TypeError(f"embedding: indices must be int64, got {index.dtype}; make them with dtype='int64'")
    lowest = min(extremes(index), default=0)
    if lowest < 0:  # Take would count them from the end of the table
        raise IndexError(f"embedding: index {lowest} is out of range for {weight.shape[0]} rows")
    return apply("Take", (weight, index), dim=0)


def extremes(x: Tensor) -> Tuple[float, ...]:
    """The smallest and the largest number of x, which a check asks for, outside any graph; none where x is empty."""
    array = x.array
    dims = tuple(range(array.ndim))
    return (K.min(array, dims, False).item(), K.max(array, dims, False).item()) if array.size else ()


# --- activations ------------------------------------------------------------------------------------------------------
def relu(x: Tensor) -> Tensor:
    """max(0, x)."""
    return x.relu()


def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """x where x > 0, else negative_slope x (Maas et al. 2013)."""
    return where(x > 0, x, x * negative_slope)


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return x.tanh()


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + e^-x)."""
    return x.sigmoid()


def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    """x Phi(x) (Hendrycks and Gimpel 2016); approximate="tanh" for their tanh formula."""
    return x.gelu(approximate)


def softplus(x: Tensor) -> Tensor:
    """ln(1 + e^x), a smooth max(0, x)."""
    return apply("Softplus", (floating(x),))


def softmax(x: Tensor, dim: int = -1) -> Tensor:
    """e^x / sum(e^x) along dim."""
    return x.softmax(dim)


def log_softmax(x: Tensor, dim: int = -1) -> Tensor:
    """ln(softmax(x)) along dim."""
    return x.log_softmax(dim)


# --- losses: smaller is better; reduction is "mean" (default), "sum" or "none" ----------------------------------------
def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """(input - target)^2. Shapes must be equal, else ValueError."""
    _same_shape("mse_loss", input, target)
    difference = input - target
    return _reduce("mse_loss", difference * difference, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """|input - target|. Shapes must be equal, else ValueError."""
    _same_shape("l1_loss", input, target)
    return _reduce("l1_loss", (input - target).abs(), reduction)


def binary_cross_entropy(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """-(t ln p + (1 - t) ln(1 - p)) for probabilities p; a logarithm below -100 counts as -100, as in PyTorch.

    Raises ValueError for probabilities or targets outside [0, 1] or different shapes. For logits use
    binary_cross_entropy_with_logits, which loses no digits near 0 and 1.
    """
    op = "binary_cross_entropy"
    _same_shape(op, input, target)
    _within_one(op, "probabilities", input, "use sigmoid() or the form with logits")
    _within_one(op, "targets", target, "1 is yes and 0 is no")
    return _reduce(op, apply("BinaryCrossEntropy", pair(floating(input), target)), reduction)


def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Binary cross-entropy of sigmoid(x), that is ln(1 + e^x) - t x: no logit overflows, and a small loss has all its
    digits. Raises ValueError for targets outside [0, 1] or different shapes."""
    op = "binary_cross_entropy_with_logits"
    _same_shape(op, input, target)
    _within_one(op, "targets", target, "1 is yes and 0 is no")
    return _reduce(op, apply("BinaryCrossEntropyWithLogits", pair(floating(input), target)), reduction)


def nll_loss(log_probabilities: Tensor, target: Any, ignore_index: int = -100, reduction: str = "mean") -> Tensor:
    """-log_probabilities[i, target[i]]: (N, C) and (N,) of int64 in [0, C)."""
    target = _classes("nll_loss", log_probabilities, target)
    kept = target != _whole("nll_loss: ignore_index", ignore_index)
    index = where(kept, target, 0)
    _check_range("nll_loss", index, log_probabilities.shape[1])
    picked = log_probabilities.gather(1, index.unsqueeze(1)).squeeze(1)  # (N,)
    return _mean_of_kept("nll_loss", where(kept, -picked, 0.0), target, ignore_index, reduction)


def cross_entropy(
    input: Tensor, target: Any, ignore_index: int = -100, label_smoothing: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """-log_softmax(input)[target], averaged: the loss of classification.

    Args:
        input: logits, (N, C), or (C,) for a single example, or (N, C, d1, ...).
        target: class indices, int64, shaped as the input without C; or probabilities, floats shaped as the input.
        ignore_index: examples with this target count for nothing.
        label_smoothing: the share of the probability that is spread over all classes, in [0, 1].

    Raises TypeError for targets of a wrong dtype, ValueError for shapes that do not match and probabilities outside
    [0, 1], IndexError for a class outside [0, C).
    """
    check_smoothing("cross_entropy", label_smoothing)
    target = target if isinstance(target, Tensor) else Tensor(target, dtype="int64")
    if input.ndim == 0:
        raise ValueError("cross_entropy: logits need an axis of classes, got a scalar")
    classes = input.shape[0 if input.ndim == 1 else 1]
    if target.dtype != "int64":
        return _soft_cross_entropy(input, target, classes, label_smoothing, reduction)
    expected = input.shape[:-1] if input.ndim == 1 else input.shape[:1] + input.shape[2:]
    if target.shape != expected:
        raise ValueError(f"cross_entropy: logits {input.shape} need targets of shape {expected}, got {target.shape}")
    parameters = {
        "ignore_index": _whole("cross_entropy: ignore_index", ignore_index),
        "label_smoothing": float(label_smoothing),
    }
    if input.ndim == 2:
        losses = apply("CrossEntropy", (floating(input), target), **parameters)  # (N,)
    else:
        rows = input.permute(0, *range(2, input.ndim), 1) if input.ndim > 2 else input  # (N, d1, ..., C)
        flat = (floating(rows).reshape(target.numel(), classes), target.reshape(-1))
        losses = apply("CrossEntropy", flat, **parameters).reshape(expected)
    return _mean_of_kept("cross_entropy", losses, target, ignore_index, reduction)


def check_smoothing(op: str, label_smoothing: float) -> float:
    """label_smoothing, a number from 0 to 1; else ValueError."""
    return number(f"{op}: label_smoothing", label_smoothing, most=1)


def kept_targets(input: Tensor, target: Any, ignore_index: int = -100) -> int:
    """How many examples the mean of cross_entropy or nll_loss is taken over: those that are not to be ignored."""
    target = target if isinstance(target, Tensor) else Tensor(target, dtype="int64")
    if target.dtype != "int64":  # probabilities, one of each class for an example
        return target.numel() // input.shape[0 if input.ndim == 1 else 1]
    return K.nonzero(K.ne(target.array, K.full((), ignore_index, "int64"))).size


def _soft_cross_entropy(input: Tensor, target: Tensor, classes: int, smoothing: float, reduction: str) -> Tensor:
    if target.dtype == "bool":
        raise TypeError("cross_entropy: targets must be int64 classes or float probabilities, got bool")
    _same_shape("cross_entropy", input, target)
    _within_one("cross_entropy", "the probabilities of the targets", target, "classes are int64")
    axis = 0 if input.ndim == 1 else 1
    smoothed = target * (1 - smoothing) + smoothing / classes if smoothing else target
    return _reduce("cross_entropy", -(smoothed * input.log_softmax(axis)).sum(axis), reduction)


def _classes(op: str, scores: Tensor, target: Any) -> Tensor:
    target = target if isinstance(target, Tensor) else Tensor(target, dtype="int64")
    if target.dtype != "int64":
        raise TypeError(f"{op}: targets must be int64 class indices, got {target.dtype}; make them with dtype='int64'")
    if scores.ndim != 2 or target.shape != scores.shape[:1]:
        raise ValueError(f"{op}: expected shapes (N, C) and (N,), got {scores.shape} and {target.shape}")
    return target


def _check_range(op: str, target: Tensor, classes: int) -> None:
    for t in extremes(target):
        if not 0 <= t < classes:
            raise IndexError(f"{op}: target {t} is out of range for {classes} classes")


def _same_shape(op: str, input: Tensor, target: Tensor) -> None:
    for what, x in (("input", input), ("target", target)):
        if not isinstance(x, Tensor):
            raise TypeError(f"{op}: the {what} must be a Tensor, got {type(x).__name__}")
    if input.shape != target.shape:
        raise ValueError(f"{op}: input has shape {input.shape}, target {target.shape}; they must be equal")


def _within_one(op: str, what: str, x: Tensor, advice: str) -> None:
    for value in extremes(x):
        if not 0 <= value <= 1:
            raise ValueError(f"{op}: {what} must lie in [0, 1], got {value}; {advice}")


def _reduce(op: str, losses: Tensor, reduction: str) -> Tensor:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'{op}: reduction must be "mean", "sum" or "none", got {reduction!r}')
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses


def _whole(what: str, value: Any) -> int:
    """value, a whole number that int64 holds; else TypeError or ValueError."""
    return whole(what, value, -(2**63), 2**63 - 1, wanted="a whole number from -2**63 to 2**63 - 1 (int64)")


def _mean_of_kept(op: str, losses: Tensor, target: Tensor, ignore_index: int, reduction: str) -> Tensor:
    """_reduce, but a mean is over the examples that are not ignored; as in PyTorch NaN if there are none."""
    if reduction != "mean":
        return _reduce(op, losses, reduction)
    kept = kept_targets(losses, target, ignore_index)
    if kept == target.array.size:
        return losses.mean()
    mean = losses.sum() / kept
    if not kept:
        mean.name = "the mean of no examples, as every target is to be ignored"
    return mean
