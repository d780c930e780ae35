"""Clipping the norm and the values of gradients."""

from __future__ import annotations

from math import inf, isnan, nan

import pytest

from saitama.tensor import Tensor
from saitama.training import clip_grad_norm_, clip_grad_value_, grad_norm


def parameters(*gradients):
    made = []
    for gradient in gradients:
        made.append(Tensor([0.0] * len(gradient), requires_grad=True))
        made[-1].grad = Tensor(gradient)
    return made


def test_the_norm_of_all_together():
    both = [*parameters([3.0, 0.0], [0.0, -4.0]), Tensor([1.0], requires_grad=True)]
    assert grad_norm(both) == 5.0
    assert grad_norm(both, inf) == 4.0
    assert grad_norm(both, 1) == pytest.approx(7.0)
    assert grad_norm(both[2:]) == 0.0


def test_too_long_is_shortened_in_its_direction():
    both = parameters([3.0, 0.0], [0.0, -4.0])
    assert clip_grad_norm_(both, 1.0).item() == 5.0
    assert [p.grad.tolist() for p in both] == [pytest.approx([0.6, 0.0]), pytest.approx([0.0, -0.8])]


@pytest.mark.parametrize("p", [2.0, inf, 3.0, 1.0, 0.5])
@pytest.mark.parametrize("size", [1e-200, 3e-320, 1e200, 1e300])
def test_norms_whose_powers_are_infinite_or_zero(size, p):
    given = parameters([size, -size], [0.0, size])
    times = 1 if p == inf else 3 ** (1 / p)
    assert grad_norm(given, p) == pytest.approx(size * times, rel=1e-3 if size < 1e-300 else 1e-12, abs=0)
    if size > 1:
        assert clip_grad_norm_(given, 2.0, p).item() == pytest.approx(size * times)
        assert [q.grad.tolist() for q in given] == [
            pytest.approx([2 / times, -2 / times]),
            pytest.approx([0, 2 / times]),
        ]


@pytest.mark.parametrize("p", [2.0, 1.0, 3.0])
def test_a_norm_that_no_float_can_hold_is_clipped_all_the_same(p):
    """Dividing by infinity would leave silent zeros."""
    given = parameters([1.7e308, -1.7e308], [1.7e308, 0.0])
    assert clip_grad_norm_(given, 2.0, p).item() == inf
    assert grad_norm(given, p) == pytest.approx(2.0) and given[0].grad.tolist()[1] == pytest.approx(-2 / 3 ** (1 / p))
    with pytest.raises(RuntimeError, match="the norm of the gradients is inf"):
        clip_grad_norm_(parameters([1.7e308] * 4), 1.0, error_if_nonfinite=True)
    infinite = parameters([inf, 1.0])
    clip_grad_norm_(infinite, 1.0)
    assert isnan(infinite[0].grad.tolist()[0])


def test_a_parameter_given_twice_counts_once():
    (p,) = parameters([3.0, 4.0])
    assert clip_grad_norm_([p, p], 1.0).item() == 5.0
    assert p.grad.tolist() == pytest.approx([0.6, 0.8])


def test_short_enough_is_left_bit_for_bit():
    (p,) = parameters([0.1, 0.2])
    before = p.grad
    clip_grad_norm_([p], 10.0)
    assert p.grad is before
    assert clip_grad_norm_(p, 0.0).item() > 0
    assert p.grad.tolist() == [0.0, 0.0]


def test_a_bad_norm_is_an_error_or_spreads():
    (p,) = parameters([nan, 1.0])
    with pytest.raises(RuntimeError, match="the norm of the gradients is nan"):
        clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    assert isnan(clip_grad_norm_([p], 1.0).item())
    assert all(map(isnan, p.grad.tolist()))
    assert isnan(grad_norm(parameters([1.0], [nan]), inf))


def test_values():
    (p,) = parameters([-3.0, 0.5, 2.0])
    clip_grad_value_([p], 1.0)
    assert p.grad.tolist() == [-1.0, 0.5, 1.0]


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_bad_input(clip):
    with pytest.raises(ValueError, match="there are no parameters"):
        clip([], 1.0)
    for limit in (-1, nan, "1"):
        with pytest.raises(ValueError, match="from 0 on"):
            clip(parameters([1.0]), limit)
    with pytest.raises(ValueError, match="norm_type"):
        grad_norm(parameters([1.0]), 0)


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, inf])
def test_pytorch_agrees(norm_type):
    torch = pytest.importorskip("torch")
    gradients = [[0.3, -1.7, 2.2], [4.1], [-0.6, 0.9]]
    ours = parameters(*gradients)
    theirs = [torch.zeros(len(g), dtype=torch.float64, requires_grad=True) for g in gradients]
    for p, g in zip(theirs, gradients):
        p.grad = torch.tensor(g, dtype=torch.float64)
    total = torch.nn.utils.clip_grad_norm_(theirs, 1.3, norm_type)
    assert clip_grad_norm_(ours, 1.3, norm_type).item() == pytest.approx(total.item(), rel=1e-12)
    for a, b in zip(ours, theirs):
        assert a.grad.tolist() == pytest.approx(b.grad.tolist(), rel=1e-12)
