"""Mixed precision (Micikevicius et al. 2018): products of numbers of 16 bits, sums and weights of 32.

    with autocast("bfloat16"):
        loss = loss_function(model(x), y)
    loss.backward()

    bfloat16   8 binary digits, the range of float32 (1e-38 to 3e38): nothing more to do
    float16   11 binary digits, 6e-8 to 65504: small gradients become 0 unless a GradScaler makes them larger

Where hardware multiplies 16-bit numbers, that is two to sixteen times as fast as 32, and half the memory. A CPU without
such instructions gains nothing: here the rounding is real, to the bit, and costs its own time. What it is good for is
seeing, number by number, what training in 16 bits does.
"""

from __future__ import annotations

from functools import wraps
from typing import Any, List, Optional

from saitama.tensor.dispatch import precision

FORMATS = ("bfloat16", "float16")


class autocast:
    """`with autocast(dtype):` or `@autocast(dtype)`: the operands of matmul, linear layers and attention are rounded.

    So are the gradients that arrive at them, which are operands of the products of the backward pass. Sums run in the
    dtype of the tensors; so does all else, and parameters and their gradients stay what they are (the master weights).
    Recurrent layers are not rounded. Like PyTorch's, it holds for the forward pass inside; backward() may come after.

    Args:
        dtype: "bfloat16" or "float16"; None rounds nothing inside.

    Raises ValueError for another dtype.
    """

    def __init__(self, dtype: Optional[str] = "bfloat16") -> None:
        if dtype is not None and dtype not in FORMATS:
            raise ValueError(f"autocast: expected 'bfloat16', 'float16' or None, got {dtype!r}")
        self.dtype = dtype
        self.before: List[Optional[str]] = []  # a stack, so that one object can be entered again inside itself

    def __enter__(self) -> None:
        self.before.append(precision.dtype)
        precision.dtype = self.dtype

    def __exit__(self, *exception: Any) -> None:
        precision.dtype = self.before.pop()

    def __call__(self, function: Any) -> Any:
        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with autocast(self.dtype):
                return function(*args, **kwargs)

        return wrapped
