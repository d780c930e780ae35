"""Positions and blocks: known values, the future, residual connections, derivatives, bad input."""

from __future__ import annotations

from math import cos, sin
from typing import Any

import pytest
from gradients import check, leaf, numbers

from saitama import Tensor, manual_seed, optim, transformer, zeros
from saitama.autograd import gradcheck
from saitama.transformer import DecoderBlock, EncoderBlock, PositionalEncoding, TransformerBlock, sinusoidal


# --- positions --------------------------------------------------------------------------------------------------------
def test_sinusoids() -> None:
    table = sinusoidal(4, 4)
    assert table[0].tolist() == [0, 1, 0, 1]
    assert table[3].tolist() == pytest.approx([sin(3), cos(3), sin(0.03), cos(0.03)], rel=1e-14)
    assert sinusoidal(2, 3)[1].tolist() == pytest.approx([sin(1), cos(1), sin(10_000 ** (-2 / 3))], rel=1e-14)
    shift = [(row[1:] * row[:-1]).tolist() for row in table.T]  # a shift is the same rotation everywhere
    assert [a + b for a, b in zip(shift[0], shift[1])] == pytest.approx([cos(1)] * 3)


def test_positions_are_added() -> None:
    encoding, x = PositionalEncoding(4, max_len=5), numbers((2, 3, 4))
    assert encoding(x).tolist() == (x + sinusoidal(5, 4)[:3]).tolist()
    assert encoding(x[0]).tolist() == encoding(x)[0].tolist()
    assert encoding(x.float()).dtype == "float32"
    assert encoding.state_dict() == {}
    dropped = PositionalEncoding(4, dropout=1.0)
    assert dropped(x).abs().sum().item() == 0 and dropped.eval()(x).tolist() == encoding(x).tolist()


def test_learned_positions() -> None:
    encoding = PositionalEncoding(3, max_len=4, learned=True)
    assert {name: value.shape for name, value in encoding.state_dict().items()} == {"weight": (4, 3)}
    encoding(zeros(5, 2, 3)).sum().backward()
    assert encoding.weight.grad is not None
    assert encoding.weight.grad.tolist() == [[5.0] * 3] * 2 + [[0.0] * 3] * 2


def test_bad_positions() -> None:
    with pytest.raises(ValueError, match="PositionalEncoding: 6 positions, but there are only max_len=5"):
        PositionalEncoding(4, max_len=5)(zeros(1, 6, 4))
    with pytest.raises(ValueError, match=r"PositionalEncoding: expected shape \(..., T, 4\), got \(1, 3, 5\)"):
        PositionalEncoding(4)(zeros(1, 3, 5))
    with pytest.raises(ValueError, match="PositionalEncoding: d_model must be a whole number"):
        PositionalEncoding(0)
    with pytest.raises(TypeError, match="PositionalEncoding: expected a Tensor of floats, got int64"):
        PositionalEncoding(1)(Tensor([[1]], dtype="int64"))


# --- blocks -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_pre_and_post_norm_are_the_equations(activation: str) -> None:
    manual_seed(1)
    x = numbers((2, 3, 4))
    pre = TransformerBlock(4, 2, activation=activation)
    post = TransformerBlock(4, 2, activation=activation, norm_first=False)
    post.load_state_dict(pre.state_dict())

    def ffn(y: Tensor) -> Tensor:
        return pre.linear2(getattr(pre.linear1(y), activation)())

    a = x + pre.self_attn(pre.norm1(x))
    assert pre(x).tolist() == (a + ffn(pre.norm2(a))).tolist()
    b = pre.norm1(x + pre.self_attn(x))
    assert post(x).tolist() == pre.norm2(b + ffn(b)).tolist()


def future(function: Any, T: int = 4) -> float:
    """How much an output depends on later inputs: 0 for a causal function."""
    total = 0.0
    for t in range(T - 1):
        x = leaf((1, T, 4))
        (function(x)[0, t] * Tensor([1.0, -2.0, 3.0, 4.0])).sum().backward()
        assert x.grad is not None and x.grad[0, : t + 1].abs().sum().item() > 0
        total += x.grad[0, t + 1 :].abs().sum().item()
    return total


@pytest.mark.parametrize("norm_first", [False, True])
def test_causal_blocks_do_not_see_the_future(norm_first: bool) -> None:
    manual_seed(1)
    blocks = [TransformerBlock(4, 2, causal=True, norm_first=norm_first) for _ in range(2)]
    assert future(lambda x: blocks[1](blocks[0](x))) == 0
    blocks[0].causal = False  # one block that cheats is enough
    assert future(lambda x: blocks[1](blocks[0](x))) > 0
    decoder, memory = DecoderBlock(4, 2, dropout=0.0, norm_first=norm_first), numbers((1, 3, 4))
    assert future(lambda x: decoder(x, memory)) == 0
    decoder.causal = False
    assert future(lambda x: decoder(x, memory)) > 0


def test_the_residual_path_carries_the_gradient() -> None:
    """With pre-norm and parts that say nothing, a stack of blocks is the identity, and so is its derivative."""
    x = leaf((1, 2, 4))
    y: Any = x
    for _ in range(20):
        block = TransformerBlock(4, 2)
        for layer in (block.self_attn.out_proj, block.linear2):
            layer.weight.data, layer.bias.data = zeros(layer.weight.shape), zeros(4)  # type: ignore[union-attr]
        y = block(y)
    assert y.tolist() == x.tolist()
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[[1.0] * 4] * 2]


@pytest.mark.parametrize("norm_first", [False, True])
def test_derivatives(norm_first: bool) -> None:
    manual_seed(3)
    block = TransformerBlock(4, 2, 5, norm_first=norm_first, causal=True)
    check(block, leaf((2, 3, 4)))
    decoder = DecoderBlock(4, 2, 5, dropout=0.0, activation="gelu", norm_first=norm_first)
    check(decoder, leaf((2, 3, 4)), leaf((2, 2, 4), seed=1))
    weight = leaf((5, 4), seed=2)

    def by_weight(W: Tensor) -> Tensor:
        vars(block.linear1)["weight"] = W
        return block(numbers((1, 3, 4)))  # type: ignore[no-any-return]

    assert gradcheck(by_weight, weight)


def test_the_papers_defaults() -> None:
    for block in (EncoderBlock(4, 2), DecoderBlock(4, 2)):
        assert (block.norm_first, block.activation, block.dropout.p) == (False, "relu", 0.1)
        assert block.linear1.out_features == 16
    assert DecoderBlock(4, 2).causal and not EncoderBlock(4, 2).causal
    assert EncoderBlock(4, 2, bias=False).norm1.bias is None


def test_the_decoder_reads_the_memory() -> None:
    manual_seed(2)
    block, x, memory = DecoderBlock(4, 2, dropout=0.0), numbers((2, 3, 4)), numbers((2, 5, 4), seed=1)
    assert block(x, memory).shape == (2, 3, 4)
    real = Tensor([[True] * 5, [True, True, False, False, False]])
    short = block(x[1:], memory[1:, :2])
    masked = block(x, memory, memory_key_mask=real)[1:]
    assert masked.reshape(-1).tolist() == pytest.approx(short.reshape(-1).tolist(), rel=1e-12)
    alone = block(x[0], memory[0])
    assert alone.reshape(-1).tolist() == pytest.approx(block(x, memory)[0].reshape(-1).tolist(), rel=1e-12)


def test_a_block_learns_to_look_back() -> None:
    """Each output shall be the input before it: only attention, told the positions, can bring it there."""
    manual_seed(4)
    block, place = TransformerBlock(8, 2, causal=True), PositionalEncoding(8, 8)
    x = numbers((4, 6, 8))
    adam = optim.Adam(block.parameters(), lr=0.01)
    losses = []
    for _ in range(150):
        error = block(place(x))[:, 1:] - x[:, :-1]
        loss = (error * error).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


def test_bad_input() -> None:
    with pytest.raises(ValueError, match='TransformerBlock: activation must be "relu" or "gelu", got \'tanh\''):
        TransformerBlock(4, 2, activation="tanh")
    with pytest.raises(ValueError, match="a width of 4 cannot be split among 3 heads"):
        TransformerBlock(4, 3)
    block = TransformerBlock(4, 2)
    with pytest.raises(
        ValueError, match=r"TransformerBlock: expected x of shape \(B, T, 4\) or \(T, 4\), got \(2, 3\)"
    ):
        block(zeros(2, 3))
    with pytest.raises(TypeError, match="TransformerBlock: x must be a Tensor of floats, got list"):
        block([[1.0] * 4])
    with pytest.raises(ValueError, match="DecoderBlock: expected memory of shape"):
        DecoderBlock(4, 2)(zeros(2, 4), zeros(2, 3))


def test_public_names() -> None:
    assert all(hasattr(transformer, name) for name in transformer.__all__)
