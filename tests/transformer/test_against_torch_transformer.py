"""LayerNorm and the blocks against PyTorch, values and gradients, with weights carried over by name, both ways."""

from __future__ import annotations

from typing import Any, List

import pytest

from saitama import Tensor, manual_seed, randn
from saitama.attention import causal_mask
from saitama.transformer import DecoderBlock, EncoderBlock, LayerNorm

torch = pytest.importorskip("torch")


def theirs(tensor: Tensor, requires_grad: bool = False) -> Any:
    return torch.tensor(tensor.tolist(), dtype=getattr(torch, tensor.dtype)).requires_grad_(requires_grad)


def flat(x: Any) -> List[float]:
    numbers: List[float] = x.detach().reshape(-1).tolist()
    return numbers


def close(ours: Any, other: Any) -> None:
    assert tuple(ours.shape) == tuple(other.shape)
    assert flat(ours) == pytest.approx(flat(other), rel=1e-10, abs=1e-10)


def compare(ours: Any, other: Any, inputs: Any, ours_options: Any, other_options: Any) -> None:
    """Outputs and all gradients, after the weights went from PyTorch to us and back."""
    assert list(ours.state_dict()) == list(other.state_dict())
    ours.load_state_dict({name: Tensor(value.tolist()) for name, value in other.state_dict().items()})
    other.load_state_dict({name: theirs(value) for name, value in ours.state_dict().items()})
    tensors = [theirs(x, True) for x in inputs]
    a, b = ours(*inputs, **ours_options), other(*tensors, **other_options)
    close(a, b)
    for y in (a, b):
        (y * y * y).sum().backward()
    for p, q in zip([*inputs, *ours.parameters()], [*tensors, *other.parameters()]):
        close(p.grad, q.grad)


@pytest.mark.parametrize("options", [{}, {"eps": 0.1}, {"elementwise_affine": False}, {"bias": False}])
def test_layer_norm(options: Any) -> None:
    x = randn(2, 3, 5, requires_grad=True)
    compare(LayerNorm(5, **options), torch.nn.LayerNorm(5, dtype=torch.float64, **options), [x], {}, {})


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("block", ["encoder", "decoder"])
def test_blocks(block: str, activation: str, norm_first: bool) -> None:
    manual_seed(5)
    torch.manual_seed(5)
    options = {"dim_feedforward": 7, "dropout": 0.0, "activation": activation, "norm_first": norm_first}
    their_options = {**options, "batch_first": True, "dtype": torch.float64}
    inputs = [randn(2, 4, 6, requires_grad=True)]
    if block == "encoder":
        real = Tensor([[True] * 4, [True, True, True, False]])
        other = torch.nn.TransformerEncoderLayer(6, 2, **their_options)
        masks = {"key_mask": real}, {"src_key_padding_mask": ~theirs(real)}
        compare(EncoderBlock(6, 2, **options), other, inputs, *masks)
    else:
        inputs.append(randn(2, 3, 6, requires_grad=True))
        other = torch.nn.TransformerDecoderLayer(6, 2, **their_options)
        compare(DecoderBlock(6, 2, **options), other, inputs, {}, {"tgt_mask": ~theirs(causal_mask(4))})
