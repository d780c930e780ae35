"""Tensors for what a learner wrote: of their own class where the file has one, else saitama's."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple

import saitama

from .trying import Try, Wrong, expect_gradients, numbers, show


def tensor(my: Try, data: Any, grad: bool = False) -> Any:
    """A tensor of the class that the learner's file calls Tensor."""
    Tensor = my.names.get("Tensor", saitama.Tensor)
    if Tensor is saitama.Tensor:
        return Tensor(data, requires_grad=grad, dtype="float64")
    return my.run(f"Tensor({show(data)}, requires_grad={grad})", lambda: Tensor(data, requires_grad=grad))


def grad_of(value: Any, name: str) -> Any:
    """Its gradient as lists of numbers; None where there is none."""
    if not hasattr(value, "grad"):
        raise Wrong(f"{name} has no .grad")
    return numbers(value.grad)


def weighted(my: Try, y: Any, c: Any) -> Any:
    """Σ c y: under it no two numbers of y have the same gradient, so that nothing cancels."""
    return my.run("Σ c y", lambda: _sum(_times(y, tensor(my, c))))


def _times(a: Any, b: Any) -> Any:
    return a.mul(b) if hasattr(a, "mul") else a * b


def _sum(a: Any) -> Any:
    return a.sum()


def gradients(my: Try, what: str, y: Any, c: Any, rows: Sequence[Tuple[str, Any, Any]]) -> None:
    """backward() from Σ c y; then each gradient: (name, tensor, exact)."""
    loss = weighted(my, y, c)
    my.run(f"{what}, then backward() from Σ c y", loss.backward)
    expect_gradients(
        f"{what}, L = Σ c y with c = {show(c)}", [(name, grad_of(one, name), exact) for name, one, exact in rows]
    )


def oracle(data: Any, grad: bool = True) -> Any:
    """saitama's own tensor, for the exact result."""
    return saitama.Tensor(data, requires_grad=grad, dtype="float64")


def exact(y: Any, c: Any, *leaves: Any) -> Any:
    """The exact gradients under Σ c y."""
    (y * oracle(c, False)).sum().backward()
    return [leaf.grad.tolist() for leaf in leaves]


def first(*found: Optional[Any]) -> Any:
    return next((one for one in found if one is not None), None)


__all__ = ["exact", "first", "grad_of", "gradients", "oracle", "tensor", "weighted"]
