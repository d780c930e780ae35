"""Scaled dot-product attention: equation 1 by hand, masks, derivatives, and what a broken mask would show."""

from __future__ import annotations

from math import exp, inf, sqrt
from typing import Any, List

import pytest
from gradients import check, leaf, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from saitama import Tensor, manual_seed, ones, zeros
from saitama.attention import causal_mask, scaled_dot_product_attention
from saitama.autograd.function import ancestors
from saitama.tensor import where

attend: Any = scaled_dot_product_attention


def by_hand(q: List[List[float]], k: List[List[float]], v: List[List[float]]) -> List[List[float]]:
    """softmax(Q K^T / sqrt(d_k)) V, one number at a time."""
    y = []
    for query in q:
        scores = [sum(a * b for a, b in zip(query, key)) / sqrt(len(query)) for key in k]
        e = [exp(score) for score in scores]
        y.append([sum(e_s / sum(e) * row[j] for e_s, row in zip(e, v)) for j in range(len(v[0]))])
    return y


def close(found: Tensor, expected: Tensor, rel: float = 1e-13) -> bool:
    """Whether two tensors are equal but for the order of their sums."""
    wanted = pytest.approx(expected.reshape(-1).tolist(), rel=rel, abs=rel)
    return found.shape == expected.shape and bool(found.reshape(-1).tolist() == wanted)


def test_equation_one() -> None:
    q, k, v = numbers((3, 4)), numbers((5, 4), seed=1), numbers((5, 2), seed=2)
    y, weights = attend(q, k, v, return_weights=True)
    for row, expected in zip(y.tolist(), by_hand(q.tolist(), k.tolist(), v.tolist())):
        assert row == pytest.approx(expected, rel=1e-13)
    assert weights.shape == (3, 5)
    assert weights.sum(-1).tolist() == pytest.approx([1, 1, 1])
    assert close(attend(q, k, v), y)


def test_equal_keys_share_equally() -> None:
    v = numbers((4, 2))
    assert attend(ones(1, 3), ones(4, 3), v)[0].tolist() == pytest.approx(v.mean(0).tolist())


def test_scale() -> None:
    q, k, v = numbers((3, 4)), numbers((5, 4), seed=1), numbers((5, 2), seed=2)
    assert attend(q, k, v, scale=0.5).tolist() == attend(q, k, v).tolist()
    assert attend(q, k, v, scale=0.0)[0].tolist() == pytest.approx(v.mean(0).tolist())


def test_batches_and_heads_are_each_their_own() -> None:
    q, k, v = numbers((2, 3, 4, 5)), numbers((2, 3, 6, 5), seed=1), numbers((2, 3, 6, 2), seed=2)
    y = attend(q, k, v)
    assert y.shape == (2, 3, 4, 2)
    for b in range(2):
        for h in range(3):
            alone = attend(q[b, h], k[b, h], v[b, h]).reshape(-1).tolist()
            assert y[b, h].reshape(-1).tolist() == pytest.approx(alone, rel=1e-13)
    shared = attend(q, k[0, 0], v[0, 0])  # axes in front broadcast
    assert shared[1, 2].reshape(-1).tolist() == pytest.approx(attend(q[1, 2], k[0, 0], v[0, 0]).reshape(-1).tolist())


# --- masks ------------------------------------------------------------------------------------------------------------
def test_causal_mask() -> None:
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]
    assert causal_mask(2, past=1).tolist() == [[True, True, False], [True, True, True]]
    assert causal_mask(2, 4).tolist() == [[True, False, False, False], [True, True, False, False]]
    assert causal_mask(0).shape == (0, 0)
    with pytest.raises(ValueError, match="sizes must not be negative"):
        causal_mask(-1)
    with pytest.raises(TypeError, match="causal_mask: expected integers"):
        causal_mask(2.0)  # type: ignore[arg-type]


def sees_the_future(function: Any, T: int = 5) -> bool:
    """Whether a change at position t changes any output before it, or the gradient of an early output a later input."""
    x = leaf((T, 3))
    before = function(x)
    for t in range(1, T):
        changed = function(x.detach() + Tensor([[float(s == t)] for s in range(T)]))
        if changed[:t].tolist() != before.detach()[:t].tolist():
            return True
    before[0].sum().backward()
    assert x.grad is not None
    return bool(x.grad[1:].abs().sum().item() != 0)


def test_a_broken_causal_mask_is_caught() -> None:
    def masked(mask: Tensor) -> Any:
        return lambda x: attend(x, x, x, mask)

    assert not sees_the_future(lambda x: attend(x, x, x, is_causal=True))
    assert not sees_the_future(masked(causal_mask(5)))
    assert sees_the_future(lambda x: attend(x, x, x))
    assert sees_the_future(masked(causal_mask(5, 5, past=1)))  # one step too far
    assert sees_the_future(masked(causal_mask(5) == False))  # noqa: E712  turned round
    assert sees_the_future(masked(Tensor([[0.0 if s <= t else -5.0 for s in range(5)] for t in range(5)])))  # too weak


def test_a_masked_key_has_no_share() -> None:
    q, k, v = numbers((3, 4)), numbers((5, 4), seed=1), numbers((5, 2), seed=2)
    mask = Tensor([True, False, True, True, False])
    y, weights = attend(q, k, v, mask, return_weights=True)
    keep = [0, 2, 3]
    assert weights[:, [1, 4]].tolist() == [[0.0, 0.0]] * 3
    assert y.reshape(-1).tolist() == pytest.approx(attend(q, k[keep], v[keep]).reshape(-1).tolist(), rel=1e-13)


def test_a_float_mask_is_added_to_the_scores() -> None:
    q, k, v = numbers((3, 4)), numbers((5, 4), seed=1), numbers((5, 2), seed=2)
    allowed = causal_mask(3, 5)
    added = Tensor([[0.0 if here else -inf for here in row] for row in allowed.tolist()])
    assert attend(q, k, v, added).tolist() == attend(q, k, v, allowed).tolist()
    assert attend(q, k, v, is_causal=True).tolist() == attend(q, k, v, allowed).tolist()
    bias = numbers((3, 5), seed=4)
    expected = (q @ k.T / 2 + bias).softmax(-1) @ v
    assert close(attend(q, k, v, bias), expected)
    assert attend(q.float(), k.float(), v.float(), bias).dtype == "float32"


def test_a_mask_and_a_causal_mask_must_both_allow() -> None:
    q, k, v = numbers((3, 4)), numbers((3, 4), seed=1), numbers((3, 2), seed=2)
    second = Tensor([True, False, True])
    rows = [[True, False, False], [True, False, False], [True, False, True]]
    expected = attend(q, k, v, Tensor(rows)).tolist()
    assert attend(q, k, v, second, is_causal=True).tolist() == expected
    assert attend(q, k, v, Tensor([0.0, -inf, 0.0]), is_causal=True).tolist() == expected


@pytest.mark.parametrize("kind", ["bool", "float"])
def test_a_row_without_keys_is_zero_and_has_no_gradient(kind: str) -> None:
    rows = [[True, False], [False, False], [True, True]]
    mask = Tensor(rows) if kind == "bool" else Tensor([[0.0 if here else -inf for here in row] for row in rows])
    q, k, v = leaf((3, 4)), leaf((2, 4), seed=1), leaf((2, 2), seed=2)
    y, weights = attend(q, k, v, mask, return_weights=True)
    assert y[1].tolist() == [0, 0] and weights[1].tolist() == [0, 0]
    assert weights[0].tolist() == [1, 0]
    y.sum().backward()
    assert q.grad is not None and q.grad[1].tolist() == [0] * 4
    check(lambda q, k, v: attend(q, k, v, mask), q.detach().requires_grad_(), k, v)
    nothing = attend(q, k, v, zeros(1, 2) > 0)
    assert nothing.tolist() == [[0, 0]] * 3
    assert attend(zeros(2, 3), zeros(0, 3), zeros(0, 4)).tolist() == [[0.0] * 4] * 2  # no keys at all


def test_very_large_scores_do_not_overflow() -> None:
    q = Tensor([[1e150, 0.0]])
    y, weights = attend(q, Tensor([[1e150, 0.0], [-1e150, 0.0]]), Tensor([[1.0], [2.0]]), return_weights=True)
    assert (y.tolist(), weights.tolist()) == ([[1.0]], [[1.0, 0.0]])


def test_dropout_among_the_weights() -> None:
    manual_seed(5)
    q = ones(2, 3)
    y, weights = attend(q, ones(400, 3), ones(400, 1), return_weights=True, dropout_p=0.25)
    assert weights.sum(-1).tolist() == pytest.approx([1, 1])
    assert y.tolist() != [[1.0], [1.0]]
    assert all(abs(row[0] - 1) < 0.15 for row in y.tolist())


# --- derivatives ------------------------------------------------------------------------------------------------------
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.booleans(), st.lists(st.integers(1, 2), max_size=2))
def test_derivatives(T: int, S: int, d: int, causal: bool, lead: List[int]) -> None:
    q, k, v = leaf((*lead, T, d)), leaf((*lead, S, d), seed=1), leaf((S, 2), seed=2)
    check(lambda q, k, v: attend(q, k, v, is_causal=causal, return_weights=True), q, k, v)


def test_the_derivative_by_an_additive_mask() -> None:
    bias = leaf((2, 3), seed=3)
    check(lambda q, k, v, b: attend(q, k, v, b, is_causal=True), leaf((2, 2)), leaf((3, 2)), leaf((3, 1)), bias)


# --- the operation and the steps it stands for ------------------------------------------------------------------------
@st.composite
def situations(draw: Any) -> Any:
    """Operands, a mask or none, and options; sizes pass those of the kernel's blocks."""
    T, S = (draw(st.integers(1, 4) | st.sampled_from([33, 65])) for _ in range(2))
    d, d_v, lead = draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.lists(st.integers(1, 2), max_size=2))
    dtype, heads = draw(st.sampled_from(["float64", "float32"])), draw(st.sampled_from([None, 1, 2]))
    d, d_v, full = d * (heads or 1), d_v * (heads or 1), (*lead, *([heads] if heads else []), T, S)
    own = [tuple(lead) if draw(st.booleans()) else () for _ in range(2)]
    q, k, v = leaf((*lead, T, d)), leaf((*own[0], S, d), seed=1), leaf((*own[1], S, d_v), seed=2)
    mask, random = None, numbers(full[draw(st.integers(0, len(full))) :], seed=3)
    kind = draw(st.sampled_from(["none", "bool", "float"]))
    if kind == "bool":
        mask = random > draw(st.sampled_from([-1.0, 0.0, 1.9]))
    elif kind == "float":
        mask = where(random > draw(st.sampled_from([-3.0, 0.0, 1.9])), random, -inf)
    operands = [Tensor(x, dtype=dtype, requires_grad=True) for x in (q, k, v)]
    scale = draw(st.sampled_from([None, 0.3, -1.0]))
    return operands, {"mask": mask, "is_causal": draw(st.booleans()), "scale": scale, "num_heads": heads}


@settings(max_examples=60)
@given(situations())
def test_the_operation_is_equation_one(situation: Any) -> None:
    """The kernel, which never holds the weights, against the steps that do: output and gradients."""
    operands, options = situation
    found, (expected, _) = attend(*operands, **options), attend(*operands, return_weights=True, **options)
    exact = operands[0].dtype == "float64"
    assert close(found, expected, 1e-12 if exact else 1e-4)
    gradients = []
    for y in (found, expected):
        (y * numbers(y.shape, seed=4).to(y.dtype)).sum().backward()
        gradients.append([x.grad for x in operands])
        for x in operands:
            x.grad = None
    for ours, theirs in zip(*gradients):
        assert close(ours, theirs, 1e-10 if exact else 1e-2)


def test_heads_side_by_side_are_each_their_own() -> None:
    q, k, v = numbers((2, 3, 8)), numbers((2, 5, 8), seed=1), numbers((5, 4), seed=2)
    y, weights = attend(q, k, v, num_heads=2, return_weights=True)
    assert (y.shape, weights.shape) == ((2, 3, 4), (2, 2, 3, 5))
    for head in range(2):
        keys, values = slice(4 * head, 4 * head + 4), slice(2 * head, 2 * head + 2)
        alone = attend(q[..., keys], k[..., keys], v[..., values])
        assert close(attend(q, k, v, num_heads=2)[..., values], alone) and close(y[..., values], alone)
    for heads, message in ((3, "the widths cannot be split among 3 heads"), (0, "num_heads must be a whole number")):
        with pytest.raises(ValueError, match=message):
            attend(q, k, v, num_heads=heads)


def test_what_the_operation_does_not_do_takes_the_steps() -> None:
    q, k, v, bias = leaf((2, 3)), leaf((4, 3), seed=1), leaf((4, 2), seed=2), leaf((2, 4), seed=3)
    operations = {type(node).__name__ for node in ancestors(attend(q, k, v, bias).node)}
    assert {"MatMul", "Softmax"} <= operations  # the mask wants a gradient
    assert type(attend(q, k, v, bias.detach()).node).__name__ == "Attention"
    assert close(attend(q, k.float(), v.double()), attend(q, k.float().double(), v))


# --- bad input --------------------------------------------------------------------------------------------------------
def test_bad_shapes() -> None:
    x = zeros(3, 4)
    for arguments, message in [
        ((zeros(4), x, x), r"q has shape \(4,\), expected \(..., positions, width\)"),
        ((zeros(3, 5), x, x), "queries and keys must have the same width"),
        ((zeros(3, 0), zeros(3, 0), x), "must have the same width, at least 1"),
        ((x, x, zeros(2, 4)), "there are 3 keys but 2 values"),
        ((zeros(2, 3, 4), zeros(5, 3, 4), x), "the axes in front of the last two do not broadcast"),
        ((x, x, x, causal_mask(2)), r"the mask has shape \(2, 2\), which does not broadcast to the scores' \(3, 3\)"),
        ((x, x, x, zeros(2, 3, 3)), r"the mask has shape \(2, 3, 3\)"),  # would make the result larger
    ]:
        with pytest.raises(ValueError, match=message):
            attend(*arguments)


def test_bad_dtypes() -> None:
    x = zeros(3, 4)
    with pytest.raises(TypeError, match="attention: k must be a Tensor of floats, got int64"):
        attend(x, x.to("int64"), x)
    with pytest.raises(TypeError, match="attention: q must be a Tensor of floats, got list"):
        attend(x.tolist(), x, x)
    with pytest.raises(TypeError, match=r"a mask is a Tensor of bools \(True: may attend\) or of floats .* got int64"):
        attend(x, x, x, causal_mask(3).to("int64"))
