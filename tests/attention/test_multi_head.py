"""Multi-head attention: heads by hand, self and cross, masks, derivatives, bad input."""

from __future__ import annotations

from typing import Any

import pytest
from gradients import leaf, numbers

from saitama import Tensor, cat, manual_seed, zeros
from saitama.attention import MultiHeadAttention, causal_mask, scaled_dot_product_attention
from saitama.autograd import gradcheck
from saitama.nn import functional as F


def module(*arguments: Any, **options: Any) -> Any:
    manual_seed(1)
    made = MultiHeadAttention(*arguments, **{"batch_first": True, **options})
    if made.in_proj_bias is not None:
        made.in_proj_bias.data = numbers(made.in_proj_bias.shape, seed=9)
    return made


def test_the_equation_head_by_head() -> None:
    attention, x = module(6, 3), numbers((4, 6))
    W, b = attention.in_proj_weight, attention.in_proj_bias
    heads = []
    for i in range(3):
        own = [slice(6 * part + 2 * i, 6 * part + 2 * i + 2) for part in range(3)]  # the rows of W_Q,i, W_K,i, W_V,i
        heads.append(scaled_dot_product_attention(*(F.linear(x, W[rows], b[rows]) for rows in own)))
    expected = attention.out_proj(cat(heads, -1))  # Concat(head_1, ..., head_h) W_O
    assert attention(x).reshape(-1).tolist() == pytest.approx(expected.reshape(-1).tolist(), rel=1e-12)


def test_names_shapes_and_starting_values() -> None:
    attention = MultiHeadAttention(6, 2)
    assert {name: value.shape for name, value in attention.state_dict().items()} == {
        "in_proj_weight": (18, 6),
        "in_proj_bias": (18,),
        "out_proj.weight": (6, 6),
        "out_proj.bias": (6,),
    }
    assert attention.in_proj_bias is not None and attention.in_proj_bias.tolist() == [0] * 18
    assert list(MultiHeadAttention(6, 2, bias=False).state_dict()) == ["in_proj_weight", "out_proj.weight"]


def test_batches() -> None:
    attention, x = module(4, 2), numbers((3, 5, 4))
    y, weights = attention(x, return_weights=True)
    assert (y.shape, weights.shape) == ((3, 5, 4), (3, 2, 5, 5))
    assert weights.sum(-1).reshape(-1).tolist() == pytest.approx([1] * 30)
    alone, w = attention(x[1], return_weights=True)
    assert alone.reshape(-1).tolist() == pytest.approx(y[1].reshape(-1).tolist(), rel=1e-12)
    assert w.shape == (2, 5, 5)
    turned = module(4, 2, batch_first=False)
    assert turned(x.transpose(0, 1), return_weights=True)[0].transpose(0, 1).tolist() == y.tolist()


def test_self_attention_is_cross_attention_with_itself() -> None:
    attention, x = module(4, 2), numbers((2, 3, 4))
    copy = Tensor(x)
    y = attention(x)
    assert attention(x, copy).reshape(-1).tolist() == pytest.approx(y.reshape(-1).tolist(), rel=1e-12)
    memory = numbers((2, 7, 4), seed=3)
    assert attention(x, memory).tolist() == attention(x, memory, memory).tolist()
    other = attention(x, memory, numbers((2, 7, 4), seed=4))
    assert other.shape == (2, 3, 4) and other.tolist() != attention(x, memory).tolist()


def test_causal() -> None:
    attention, x = module(4, 2), leaf((1, 4, 4))
    y = attention(x, is_causal=True)
    assert y.tolist() == attention(x, mask=causal_mask(4)).tolist()
    for t in range(1, 4):
        changed = x.detach() + Tensor([[float(s >= t)] for s in range(4)])
        assert attention(changed, is_causal=True)[:, :t].tolist() == y[:, :t].tolist()
        assert attention(changed)[:, :t].tolist() != attention(x)[:, :t].tolist()
    y[0, 1].sum().backward()
    assert x.grad is not None
    assert x.grad[0, 2:].abs().sum().item() == 0 and x.grad[0, :2].abs().min().item() > 0


def test_padding_changes_nothing() -> None:
    attention, x = module(4, 2), numbers((2, 5, 4))
    real = Tensor([[True, True, True, False, False], [True] * 5])
    y = attention(x, key_mask=real)
    short = attention(x[:1, :3])
    assert y[0, :3].reshape(-1).tolist() == pytest.approx(short.reshape(-1).tolist(), rel=1e-12)
    assert y[1].reshape(-1).tolist() == pytest.approx(attention(x)[1].reshape(-1).tolist(), rel=1e-12)
    both = attention(x, key_mask=real, is_causal=True)
    assert both.tolist() == attention(x, key_mask=real, mask=causal_mask(5)).tolist()
    bias = numbers((5, 5), seed=5)
    padded = attention(x, mask=bias, key_mask=real)[0, :3]
    shorter = attention(x[:1, :3], mask=bias[:3, :3])
    assert padded.reshape(-1).tolist() == pytest.approx(shorter.reshape(-1).tolist(), rel=1e-12)
    alone = attention(x[0], key_mask=real[0])
    assert alone.reshape(-1).tolist() == pytest.approx(y[0].reshape(-1).tolist(), rel=1e-12)


def test_nothing_but_padding_gives_the_bias_and_no_nan() -> None:
    attention, x = module(4, 2), leaf((1, 2, 4))
    y = attention(x, key_mask=Tensor([[False, False]]))
    assert y[0].tolist() == [attention.out_proj.bias.tolist()] * 2
    y.sum().backward()
    assert x.grad is not None and x.grad.abs().sum().item() == 0


def test_a_mask_for_each_head() -> None:
    attention, x = module(4, 2), numbers((1, 3, 4))
    mask = cat([causal_mask(3).unsqueeze(0), (zeros(1, 3, 3) == 0)], 0)  # (h, T, S)
    _, weights = attention(x, mask=mask.unsqueeze(0), return_weights=True)
    assert weights[0, 0, 0].tolist() == [1, 0, 0]
    assert min(weights[0, 1].reshape(-1).tolist()) > 0


@pytest.mark.parametrize("cross", [False, True])
def test_derivatives(cross: bool) -> None:
    attention = module(4, 2)
    names = [("in_proj_weight",), ("in_proj_bias",), ("out_proj", "weight"), ("out_proj", "bias")]

    def outputs(x: Tensor, memory: Tensor, *weights: Tensor) -> Any:
        for (*path, last), weight in zip(names, weights):
            vars(getattr(attention, path[0]) if path else attention)[last] = weight
        if cross:
            return attention(x, memory, return_weights=True)
        return attention(x, is_causal=True, return_weights=True)

    weights = [leaf(value.shape, seed=place) for place, value in enumerate(attention.state_dict().values())]
    x, memory = leaf((2, 3, 4)), leaf((2, 2, 4), seed=7)
    assert gradcheck(outputs, [x, memory if cross else memory.detach(), *weights])


def test_dropout_is_for_training() -> None:
    attention, x = module(4, 2, dropout=0.5), numbers((2, 3, 4))
    assert attention(x).tolist() != attention(x).tolist()
    assert attention.eval()(x).tolist() == module(4, 2)(x).tolist()


def test_bad_sizes() -> None:
    with pytest.raises(ValueError, match=r"a width of 10 cannot be split among 4 heads: 10 / 4 is not whole"):
        MultiHeadAttention(10, 4)
    with pytest.raises(ValueError, match="num_heads must be a whole number from 1 on, got 0"):
        MultiHeadAttention(8, 0)
    with pytest.raises(ValueError, match="dropout must be a number from 0 to 1, got 1.5"):
        MultiHeadAttention(8, 2, dropout=1.5)


def test_bad_inputs() -> None:
    attention, x = module(4, 2), zeros(2, 3, 4)
    for arguments, options, message in [
        ((zeros(2, 3, 5),), {}, r"query has shape \(2, 3, 5\), expected \(B, T, 4\)"),
        ((x, zeros(3, 4)), {}, r"key has shape \(3, 4\)"),
        ((x, zeros(5, 3, 4)), {}, "have batches of different sizes"),
        ((x,), {"mask": causal_mask(2)}, r"the mask has shape \(2, 2\), which does not broadcast"),
        ((x,), {"mask": zeros(2, 3, 3)}, r"the mask has shape \(2, 3, 3\), expected \(T, S\) or \(B, h, T, S\)"),
        ((x,), {"key_mask": causal_mask(3)}, r"key_mask has shape \(3, 3\), expected \(2, 3\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            attention(*arguments, **options)
    with pytest.raises(TypeError, match="key_mask must be a Tensor of bools"):
        attention(x, key_mask=zeros(2, 3))
    with pytest.raises(TypeError, match="a mask is a Tensor of bools"):
        attention(x, mask=zeros(3, 3).to("int64"), key_mask=zeros(2, 3) == 0)
    with pytest.raises(TypeError, match="query must be a Tensor of floats, got int64"):
        attention(x.to("int64"))
    with pytest.raises(ValueError, match="load_state_dict: .*in_proj_weight has shape"):
        attention.load_state_dict(MultiHeadAttention(6, 2).state_dict())
