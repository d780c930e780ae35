"""A tensor that training changes."""

from __future__ import annotations

from typing import Any, Optional

from saitama.tensor import Tensor


class Parameter(Tensor):
    """A leaf Tensor that requires a gradient and that a Module counts among its parameters.

    Args:
        data: as for Tensor; its numbers are shared where it is one.
        requires_grad: False freezes it: it stays a parameter, but gets no gradient.
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, *, dtype: Any = None, name: Optional[str] = None) -> None:
        super().__init__(data, dtype=dtype, requires_grad=requires_grad, name=name)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"
