"""Which functions both backends have: `KERNELS`, by name. The rest of this package is what they are made of."""

from __future__ import annotations

from typing import Any, Callable, Dict, TypeVar

KERNELS: Dict[str, Callable[..., Any]] = {}
F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Make it a kernel: `K.name` in the framework, and saitama.kernels has one of the same name and parameters."""
    KERNELS[function.__name__] = function
    return function
