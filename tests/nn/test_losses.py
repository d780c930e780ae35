"""Losses: known values, derivatives by differences, extreme inputs, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, gradcheck, nn, randn
from saitama.nn import functional as F


def classes(*targets: Any) -> Tensor:
    return Tensor(list(targets), dtype="int64")


X = [[1.0, 2.0, 4.0], [0.5, -1.0, 0.0]]
P = [[0.2, 0.9, 0.5], [0.1, 0.6, 0.7]]
T = [[1.0, 0.0, 1.0], [0.0, 1.0, 0.5]]
NLL = [math.log(sum(math.exp(a - row[t]) for a in row)) for row, t in zip(X, (2, 0))]
MADE = {
    "MSELoss": (nn.MSELoss, X, Tensor(T), [(x - t) ** 2 for a, b in zip(X, T) for x, t in zip(a, b)]),
    "L1Loss": (nn.L1Loss, X, Tensor(P), [abs(x - t) for a, b in zip(X, P) for x, t in zip(a, b)]),
    "BCELoss": (
        nn.BCELoss,
        P,
        Tensor(T),
        [-(t * math.log(p) + (1 - t) * math.log(1 - p)) for a, b in zip(P, T) for p, t in zip(a, b)],
    ),
    "BCEWithLogitsLoss": (
        nn.BCEWithLogitsLoss,
        X,
        Tensor(T),
        [math.log1p(math.exp(x)) - t * x for a, b in zip(X, T) for x, t in zip(a, b)],
    ),
    "CrossEntropyLoss": (nn.CrossEntropyLoss, X, classes(2, 0), NLL),
    "NLLLoss": (nn.NLLLoss, X, classes(2, 0), [-4.0, -0.5]),
}
losses = pytest.mark.parametrize("name", MADE)


@losses
def test_known_values(name: str) -> None:
    make, x, t, expected = MADE[name]
    assert make(reduction="none")(Tensor(x), t).reshape(-1).tolist() == pytest.approx(expected, rel=1e-14)
    assert float(make(reduction="sum")(Tensor(x), t)) == pytest.approx(sum(expected), rel=1e-14)
    assert float(make()(Tensor(x), t)) == pytest.approx(sum(expected) / len(expected), rel=1e-14)
    assert "reduction='mean'" in repr(make())


@losses
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_derivatives(name: str, reduction: str) -> None:
    make, x, t, _ = MADE[name]
    assert gradcheck(lambda x: make(reduction=reduction)(x, t), Tensor(x, requires_grad=True))


@losses
def test_float32_stays(name: str) -> None:
    make, x, t, expected = MADE[name]
    t = t if t.dtype == "int64" else t.float()
    loss = make(reduction="sum")(Tensor(x, dtype="float32"), t)
    assert loss.dtype == "float32"
    assert float(loss) == pytest.approx(sum(expected), rel=1e-5)


@pytest.mark.parametrize("loss", [F.mse_loss, F.l1_loss, F.binary_cross_entropy, F.binary_cross_entropy_with_logits])
def test_targets_get_gradients_too(loss: Any) -> None:
    target = Tensor([[0.25, 0.75, 0.4], [0.3, 0.5, 0.6]], requires_grad=True)
    assert gradcheck(loss, [Tensor(P, requires_grad=True), target])


# --- cross-entropy ----------------------------------------------------------------------------------------------------
@given(st.data())
def test_cross_entropy_is_nll_of_log_softmax(data: st.DataObject) -> None:
    n, c = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    t = Tensor(data.draw(st.lists(st.sampled_from([-100, *range(c)]), min_size=n, max_size=n)), dtype="int64")
    x = randn(n, c, requires_grad=True)
    for reduction in ("mean", "sum", "none"):
        fused, plain = F.cross_entropy(x, t, reduction=reduction), F.nll_loss(x.log_softmax(1), t, reduction=reduction)
        assert fused.shape == plain.shape
        assert fused.reshape(-1).tolist() == pytest.approx(plain.reshape(-1).tolist(), rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_classes_are_certain_probabilities(smoothing: float) -> None:
    x = Tensor(X, requires_grad=True)
    hard = F.cross_entropy(x, [2, 0], label_smoothing=smoothing)
    soft = F.cross_entropy(x, Tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]), label_smoothing=smoothing)
    assert float(hard) == pytest.approx(float(soft), rel=1e-14)
    for t in (classes(2, -100), Tensor([[0.5, 0.2, 0.3], [0.1, 0.1, 0.8]])):
        assert gradcheck(lambda x, t=t: F.cross_entropy(x, t, label_smoothing=smoothing), x)


def test_ignored_examples_count_for_nothing() -> None:
    x = Tensor(X, requires_grad=True)
    loss = nn.CrossEntropyLoss(ignore_index=7)(x, [7, 0])
    assert float(loss) == pytest.approx(NLL[1])
    loss.backward()
    assert x.grad.tolist()[0] == [0.0, 0.0, 0.0]
    nothing = F.cross_entropy(Tensor(X), [-100, -100])
    assert math.isnan(float(nothing)) and nothing.name is not None and "no examples" in nothing.name
    assert float(F.cross_entropy(Tensor(X), [-100, -100], reduction="sum")) == 0.0


def test_other_shapes() -> None:
    assert F.cross_entropy(Tensor(X[0]), Tensor(2, dtype="int64")).shape == ()
    assert float(F.cross_entropy(Tensor(X[0]), Tensor(2, dtype="int64"))) == pytest.approx(NLL[0])
    x, t = randn(2, 3, 4, requires_grad=True), Tensor([[0, 1, 2, 0], [2, 2, -100, 1]], dtype="int64")
    rows = F.cross_entropy(x.permute(0, 2, 1).reshape(8, 3), t.reshape(-1), reduction="none")
    assert F.cross_entropy(x, t, reduction="none").reshape(-1).tolist() == rows.tolist()
    assert gradcheck(lambda x: F.cross_entropy(x, t), x)


def test_extreme_logits() -> None:
    x = Tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]], requires_grad=True)
    loss = F.cross_entropy(x, [0, 0], reduction="none")
    assert loss.tolist() == [0.0, 2e4]
    loss.sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0, 0.0], [-1.0, 1.0, 0.0]]
    z = Tensor([1e4, -1e4, 1e4, -1e4], requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(z, Tensor([1.0, 0.0, 0.0, 1.0]), reduction="none")
    assert loss.tolist() == [0.0, 0.0, 1e4, 1e4]
    loss.sum().backward()
    assert z.grad.tolist() == [0.0, 0.0, 1.0, -1.0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_certain_probabilities_have_pytorchs_slope(dtype: str) -> None:
    p = Tensor([0.0, 1.0, 0.0, 1.0], dtype=dtype, requires_grad=True)
    loss = F.binary_cross_entropy(p, Tensor([0.0, 1.0, 1.0, 0.0], dtype=dtype), reduction="none")
    assert loss.tolist() == [0.0, 0.0, 100.0, 100.0]
    loss.sum().backward()
    assert p.grad.tolist() == [0.0, 0.0, pytest.approx(-1e12), pytest.approx(1e12)]  # (p - t) / max(p (1 - p), 1e-12)
    assert F.binary_cross_entropy(Tensor([]), Tensor([]), reduction="sum").item() == 0.0


# --- what is refused --------------------------------------------------------------------------------------------------
REFUSED = [
    (lambda: F.mse_loss(randn(3), randn(3, 1)), ValueError, r"mse_loss: input has shape \(3,\), target \(3, 1\)"),
    (lambda: F.mse_loss(randn(3), [1.0, 2.0, 3.0]), TypeError, "mse_loss: the target must be a Tensor, got list"),
    (lambda: F.l1_loss(randn(3), randn(2)), ValueError, "l1_loss: input has shape"),
    (lambda: nn.MSELoss(reduction="average"), ValueError, 'MSELoss: reduction must be "mean", "sum" or "none"'),
    (lambda: F.mse_loss(randn(3), randn(3), reduction="all"), ValueError, "mse_loss: reduction must be"),
    (lambda: F.binary_cross_entropy(Tensor([1.5]), Tensor([1.0])), ValueError, r"probabilities must lie in \[0, 1\]"),
    (lambda: F.binary_cross_entropy(Tensor([math.nan]), Tensor([1.0])), ValueError, "probabilities must lie"),
    (lambda: F.binary_cross_entropy(Tensor([0.5]), Tensor([2.0])), ValueError, "targets must lie in .*, got 2.0"),
    (lambda: F.binary_cross_entropy_with_logits(randn(1), Tensor([-1.0])), ValueError, "targets must lie"),
    (lambda: F.cross_entropy(randn(1, 2), Tensor([[1.5, -0.5]])), ValueError, "of the targets must lie"),
    (lambda: F.mse_loss([1.0], randn(1)), TypeError, "mse_loss: the input must be a Tensor, got list"),
    (lambda: F.binary_cross_entropy_with_logits(randn(3), randn(4)), ValueError, "they must be equal"),
    (lambda: F.cross_entropy(randn(2, 3), [0, 7]), IndexError, "cross_entropy: target 7 is out of range for 3 classes"),
    (lambda: F.cross_entropy(randn(2, 3), [0, -1]), IndexError, "target -1 is out of range"),
    (
        lambda: F.cross_entropy(randn(2, 3), [0]),
        ValueError,
        r"logits \(2, 3\) need targets of shape \(2,\), got \(1,\)",
    ),
    (lambda: F.cross_entropy(randn(2, 3), Tensor([0.0, 1.0])), ValueError, r"input has shape \(2, 3\), target \(2,\)"),
    (
        lambda: F.cross_entropy(randn(2, 2), randn(2, 2) > 0),
        TypeError,
        "int64 classes or float probabilities, got bool",
    ),
    (lambda: F.cross_entropy(Tensor(1.0), [0]), ValueError, "logits need an axis of classes, got a scalar"),
    (
        lambda: F.cross_entropy(randn(1, 2), [0], label_smoothing=1.5),
        ValueError,
        r"label_smoothing must be a number from 0 to 1",
    ),
    (lambda: nn.CrossEntropyLoss(label_smoothing=-0.1), ValueError, "label_smoothing must be a number from 0 to 1"),
    (lambda: F.nll_loss(randn(2, 3), [0, 3]), IndexError, "nll_loss: target 3 is out of range for 3 classes"),
    (lambda: F.nll_loss(randn(2, 3), Tensor([0.0, 1.0])), TypeError, "nll_loss: targets must be int64 class indices"),
    (lambda: F.nll_loss(randn(2, 3), [0, 1, 2]), ValueError, r"expected shapes \(N, C\) and \(N,\)"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss])
@pytest.mark.parametrize("value", [True, 1.0, 1.5, None, math.nan, "1", 2**63])
def test_a_class_to_ignore_is_a_whole_number(loss: Any, value: Any) -> None:
    name = loss.__name__
    with pytest.raises((TypeError, ValueError), match=rf"^{name}: ignore_index must be a whole number from .*, got"):
        loss(Tensor([[0.5, 0.25]]), [0], ignore_index=value)
