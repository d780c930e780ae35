"""What the tests of the operations share: shapes that Hypothesis draws, numbers to fill them, a gradient's check."""

from __future__ import annotations

from random import Random
from typing import Any, Callable, Tuple

from hypothesis import settings
from hypothesis import strategies as st

from saitama import Tensor
from saitama.autograd import gradcheck

Shape = Tuple[int, ...]

few = settings(max_examples=20)  # each example differentiates numerically: two evaluations for every element
shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)
full_shapes = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)  # at least one axis, no empty one


def numbers(shape: Shape, low: float = -2.0, high: float = 2.0, seed: int = 0) -> Tensor:
    """Irregular numbers: no two alike, none within 0.01 of an integer (kinks live there)."""
    random, count = Random(seed), 1
    for size in shape:
        count *= size
    values = [random.uniform(low, high) for _ in range(count)]
    return Tensor([v if abs(v - round(v)) > 0.01 else v + 0.02 for v in values]).reshape(shape)


def leaf(shape: Shape, low: float = -2.0, high: float = 2.0, seed: int = 0) -> Tensor:
    """The same as an input to differentiate by."""
    return numbers(shape, low, high, seed).requires_grad_()


def check(function: Callable[..., Any], *inputs: Tensor) -> None:
    """backward() of `function` agrees with differences for every element of every input that requires a gradient."""
    assert gradcheck(function, list(inputs))


@st.composite
def broadcast_pairs(draw: Any) -> Tuple[Shape, Shape]:
    """Two shapes that broadcast: one shape, with axes dropped in front and sizes made 1 in either copy."""
    whole = draw(st.lists(st.integers(0, 3), max_size=3))

    def part() -> Shape:
        kept = whole[draw(st.integers(0, len(whole))) :]
        return tuple(draw(st.sampled_from([1, size])) for size in kept)

    return part(), part()


@st.composite
def reductions(draw: Any) -> Tuple[Shape, Any, bool]:
    """A shape without empty axes, axes to reduce (None, one, or several; negative ones too), and keepdim."""
    shape = draw(full_shapes)
    axis = st.integers(-len(shape), len(shape) - 1)
    several = st.lists(axis, min_size=1, max_size=len(shape), unique_by=lambda place: place % len(shape))
    return shape, draw(st.one_of(st.none(), axis, several.map(tuple))), draw(st.booleans())


def nested(shape: Shape, dim: Any) -> Tuple[int, ...]:
    """The axes that `dim` means, from 0 up."""
    if dim is None:
        return tuple(range(len(shape)))
    return tuple(sorted(each % len(shape) for each in (dim if isinstance(dim, tuple) else (dim,))))
