"""Reshape, Transpose, Expand, Cast, Concat: gradients; every dimension order and variant."""

from __future__ import annotations

import itertools

from gradients import check, few, full_shapes, leaf, numbers, shapes
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, cat, stack, zeros


@given(shape=shapes)
@few
def test_reshape_and_back(shape):
    x = numbers(shape)
    assert x.reshape(x.numel()).reshape(shape).tolist() == x.tolist()
    check(lambda x: x.reshape(1, x.numel(), 1), leaf(shape))


@given(shape=full_shapes)
@few
def test_every_transpose(shape):
    for order in itertools.permutations(range(len(shape))):
        x = numbers(shape)
        y = x.permute(order)
        assert y.shape == tuple(shape[axis] for axis in order)
        for place in itertools.product(*map(range, shape)):
            assert y[tuple(place[axis] for axis in order)].item() == x[place].item()
        check(lambda x, order=order: x.permute(*order), leaf(shape))


@given(shape=full_shapes, front=st.integers(0, 2))
@few
def test_expand(shape, front):
    narrow = tuple(1 if place % 2 else size for place, size in enumerate(shape))
    wide = (2,) * front + tuple(size if size > 1 else 3 for size in narrow)
    check(lambda x: x.expand(wide), leaf(narrow))
    assert numbers(narrow).expand(wide).tolist() == (numbers(narrow) + zeros(wide)).tolist()


def test_cast_passes_gradients_between_floats_only():
    x = Tensor([1.5, -2.5], requires_grad=True)
    y = x.to("float32")
    assert y.dtype == "float32" and y.requires_grad
    (y.double() * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0] and x.grad.dtype == "float64"
    whole = x.to("int64")
    assert whole.tolist() == [1, -2] and not whole.requires_grad and type(whole.node).__name__ == "Cast"
    assert x.to("float64") is x


def test_float32_leaves_get_float32_gradients():
    x = Tensor([1.0, 2.0], dtype="float32", requires_grad=True)
    (x * Tensor([2.0, 3.0])).sum().backward()
    assert x.grad.dtype == "float32" and x.grad.tolist() == [2.0, 3.0]


@given(shape=full_shapes, sizes=st.lists(st.integers(0, 3), min_size=1, max_size=3), place=st.integers(0, 2))
@few
def test_cat_along_any_axis(shape, sizes, place):
    dim = place % len(shape)
    parts = [leaf((*shape[:dim], size, *shape[dim + 1 :]), seed=size) for size in sizes]
    y = cat([part.detach() for part in parts], dim)
    assert y.shape[dim] == sum(sizes)
    start = 0
    for part in parts:
        key = (slice(None),) * dim + (slice(start, start + part.shape[dim]),)
        assert y[key].tolist() == part.tolist()
        start += part.shape[dim]
    check(lambda *parts: cat(parts, dim - len(shape)), *parts)


def test_cat_gives_gradients_only_where_asked():
    a, b = Tensor([1.0], requires_grad=True), Tensor([2.0])
    (cat([a, b, a]) * Tensor([1.0, 10.0, 100.0])).sum().backward()
    assert a.grad.tolist() == [101.0] and b.grad is None


def test_stack():
    a, b = leaf((2,), seed=1), leaf((2,), seed=2)
    assert stack([a, b], 1).tolist() == [list(pair) for pair in zip(a.tolist(), b.tolist())]
    assert stack([Tensor(1.0), Tensor(2.0)]).tolist() == [1.0, 2.0]
    check(lambda a, b: stack([a, b], -1), a, b)
