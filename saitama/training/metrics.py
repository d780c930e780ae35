"""Numbers that people read: how many of the answers are right."""

from __future__ import annotations

from saitama.tensor import Tensor
from saitama.tensor.dtype import is_float


def accuracy(output: Tensor, target: Tensor) -> float:
    """The share of right answers, from 0 to 1.

    Args:
        output: scores or probabilities of C classes (N, C), with target (N,) of int64: the largest is the answer. Or
            logits in the target's own shape, for yes or no: above 0 means yes.
        target: classes, or zeros and ones.

    Raises ValueError for shapes that do not match, or no examples at all.
    """
    if not target.numel():
        raise ValueError("accuracy: there are no examples to judge")
    if output.ndim == target.ndim + 1 and output.shape[:-1] == target.shape and not is_float(target.dtype):
        right = output.detach().argmax(-1) == target
    elif output.shape == target.shape:
        right = (output.detach() > 0).to("float64") == target.to("float64")
    else:
        raise ValueError(
            f"accuracy: expected scores (N, C) for classes (N,) of int64, or logits in the target's shape; got "
            f"{output.shape} for {target.dtype} {target.shape}"
        )
    return float(right.to("float64").mean().item())
