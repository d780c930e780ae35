"""LayerNorm: known values, derivatives, both kernels, bad input."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
from gradients import check, leaf, numbers
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, zeros
from saitama.tensor.backend import import_compiled, import_reference
from saitama.tensor.dispatch import apply
from saitama.transformer import LayerNorm


def test_known_values() -> None:
    layer = LayerNorm(4, eps=0.0)
    x = Tensor([[1.0, 3.0, 5.0, 7.0], [2.0, -2.0, 0.0, 4.0]])
    y = layer(x)
    for row, mean in zip(range(2), (4.0, 1.0)):
        assert y[row].tolist() == pytest.approx([(each - mean) / sqrt(5) for each in x[row].tolist()], rel=1e-14)
    assert layer.weight is not None and layer.bias is not None
    layer.weight.data, layer.bias.data = Tensor([1.0, 2.0, 3.0, 4.0]), Tensor([0.0, 0.0, 0.0, 1.0])
    assert layer(x)[0].tolist() == pytest.approx([-3 / sqrt(5), -2 / sqrt(5), 3 / sqrt(5), 1 + 12 / sqrt(5)], rel=1e-14)


def test_eps_is_inside_the_root() -> None:
    assert LayerNorm(2, eps=3.0)(Tensor([1.0, 3.0])).tolist() == pytest.approx([-0.5, 0.5], rel=1e-14)
    assert LayerNorm(3)(Tensor([5.0, 5.0, 5.0])).tolist() == [0, 0, 0]


def test_each_vector_by_itself() -> None:
    layer, x = LayerNorm(5), numbers((2, 3, 5), -9.0, 9.0)
    y = layer(x)
    assert y.mean(-1).reshape(-1).tolist() == pytest.approx([0] * 6, abs=1e-14)
    assert (y * y).mean(-1).reshape(-1).tolist() == pytest.approx([1] * 6, rel=1e-4)
    assert y[1, 2].tolist() == layer(x[1, 2]).tolist() == layer.eval()(x[1, 2]).tolist()
    assert (layer(x * 100 + 7) - y).abs().max().item() < 1e-5  # scale and shift of the input do not matter


def test_parameters() -> None:
    assert {name: value.tolist() for name, value in LayerNorm(2).state_dict().items()} == {
        "weight": [1, 1],
        "bias": [0, 0],
    }
    assert list(LayerNorm((2,), bias=False).state_dict()) == ["weight"]
    assert LayerNorm(2, elementwise_affine=False).state_dict() == {}
    assert LayerNorm(2, dtype="float32")(zeros(3, 2, dtype="float32")).dtype == "float32"


@given(st.lists(st.integers(1, 3), max_size=2), st.integers(1, 4), st.integers(0, 2))
def test_derivatives(lead: Any, width: int, parameters: int) -> None:
    operands = [leaf((*lead, width), -3, 3), *(leaf((width,), seed=seed) for seed in range(1, parameters + 1))]
    check(lambda *inputs: apply("LayerNorm", inputs, eps=0.1), *operands)


def test_both_kernels_agree() -> None:
    compiled, reference = import_compiled(), import_reference()
    if compiled is None:
        pytest.skip("the kernels are not compiled")
    shapes, seeds = [(2, 3, 5), (5,), (5,)], range(3)
    flat = [numbers(shape, seed=seed).reshape(-1).tolist() for shape, seed in zip(shapes, seeds)]
    results = []
    for K in (compiled, reference):
        x, w, b = (K.from_list(values, shape, "float64") for values, shape in zip(flat, shapes))
        y, mean, rstd = K.layer_norm(x, w, b, 1e-5)
        arrays = [y, mean, rstd, *K.layer_norm_grad(y, x, w, mean, rstd)]
        results.append([K.cast(array, "float64").reshape((array.size,)).tolist() for array in arrays])
    for ours, other in zip(*results):
        assert ours == pytest.approx(other, rel=1e-12, abs=1e-12)


def test_bad_input() -> None:
    for bad in (0, 2.5, True, (2, 3), (), None):
        with pytest.raises(ValueError, match="LayerNorm: normalized_shape must be the size of the last axis"):
            LayerNorm(bad)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="LayerNorm: eps must be a number from 0 on, got -1"):
        LayerNorm(2, eps=-1)
    with pytest.raises(ValueError, match=r"LayerNorm: expected shape \(..., 3\), got \(3, 2\)"):
        LayerNorm(3)(zeros(3, 2))
    with pytest.raises(ValueError, match=r"LayerNorm: expected shape \(..., 1\), got \(\)"):
        LayerNorm(1)(zeros(()))
    with pytest.raises(TypeError, match="LayerNorm: expected a Tensor of floats, got int64"):
        LayerNorm(1)(Tensor([1], dtype="int64"))
