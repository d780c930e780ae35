"""BatchNorm1d: known values, derivatives, running statistics, both kernels; PyTorch, where it is installed, agrees."""

from __future__ import annotations

import pytest

from saitama import nn
from saitama.autograd.gradcheck import gradcheck
from saitama.regularization import BatchNorm1d
from saitama.tensor import Tensor, manual_seed, randn, zeros
from saitama.tensor.backend import import_compiled, import_reference
from saitama.tensor.dispatch import apply

X = [[1.0, 2.0], [3.0, -2.0], [5.0, 0.0], [7.0, 4.0]]


def test_known_values():
    layer = BatchNorm1d(2, eps=0.0)
    y = layer(Tensor(X))
    assert y.T.tolist()[0] == pytest.approx([(x - 4) / 5**0.5 for x in (1, 3, 5, 7)])
    assert layer.running_mean.tolist() == pytest.approx([0.4, 0.1])
    assert layer.running_var.tolist() == pytest.approx([0.9 + 0.1 * 20 / 3, 0.9 + 0.1 * 20 / 3])  # unbiased: / (N - 1)
    assert layer.num_batches_tracked.item() == 1


def test_evaluation_uses_the_running_statistics_and_changes_none():
    layer = BatchNorm1d(2)
    layer(Tensor(X))
    before = {name: value.tolist() for name, value in layer.state_dict().items()}
    layer.eval()
    one = layer(Tensor([[1.0, 2.0]]))  # one row is enough
    expected = [
        (x - m) / (v + 1e-5) ** 0.5 for x, m, v in zip((1.0, 2.0), before["running_mean"], before["running_var"])
    ]
    assert one.tolist()[0] == pytest.approx(expected, rel=1e-14)
    assert {name: value.tolist() for name, value in layer.state_dict().items()} == before


def test_no_momentum_is_the_plain_average():
    layer = BatchNorm1d(1, momentum=None)
    for a in (1.0, 2.0, 6.0):
        layer(Tensor([[a], [a + 2]]))
    assert layer.running_mean.tolist() == pytest.approx([4.0])
    assert layer.running_var.tolist() == pytest.approx([2.0])


def test_without_running_statistics_evaluation_is_training():
    layer = BatchNorm1d(2, affine=False, track_running_stats=False)
    assert layer.state_dict() == {}
    assert layer(Tensor(X)).tolist() == layer.eval()(Tensor(X)).tolist()


def test_names_of_the_state():
    names = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    assert list(BatchNorm1d(3).state_dict()) == names
    other = BatchNorm1d(2)
    layer = BatchNorm1d(2)
    layer(Tensor(X))
    other.load_state_dict(layer.state_dict())
    assert other.eval()(Tensor(X)).tolist() == layer.eval()(Tensor(X)).tolist()


def test_the_derivatives():
    x = Tensor(X, requires_grad=True)
    w, b = Tensor([1.5, -0.5], requires_grad=True), Tensor([0.1, 0.2], requires_grad=True)
    assert gradcheck(lambda x, w, b: apply("BatchNorm", (x, w, b), eps=1e-3), (x, w, b))
    assert gradcheck(lambda x: apply("BatchNorm", (x,), eps=1e-3).tanh(), x)
    layer = BatchNorm1d(2)
    layer(Tensor(X))
    assert gradcheck(lambda x: layer.eval()(x), x)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("affine", [True, False])
def test_both_kernels(dtype, affine):
    try:
        backends = import_reference(), import_compiled()
    except ImportError:
        pytest.skip("nothing is compiled here, so there is nothing to compare")
    manual_seed(2)
    x, dy, w, b = randn(7, 3), randn(7, 3), randn(3), randn(3)
    results = []
    for K in backends:
        X, dY, W, B = (K.from_list(t.reshape(-1).tolist(), t.shape, dtype) for t in (x, dy, w, b))
        if not affine:
            W = B = None
        y, mean, var = K.batch_norm(X, W, B, 1e-5)
        dx, dw, db = K.batch_norm_grad(dY, X, W, mean, var, 1e-5)
        results.append([array.reshape((array.size,)).tolist() for array in (y, mean, var, dx, dw, db)])
    tolerance = 1e-12 if dtype == "float64" else 2e-5
    for plain, compiled in zip(*results):
        assert plain == pytest.approx(compiled, rel=tolerance, abs=tolerance)


def test_bad_input():
    layer = BatchNorm1d(2)
    with pytest.raises(ValueError, match="a variance needs at least 2 rows, this batch has 1"):
        layer(Tensor([[1.0, 2.0]]))
    with pytest.raises(ValueError, match="this batch has 0"):
        layer(zeros(0, 2))
    for x in (Tensor([1.0, 2.0]), Tensor([[1.0, 2.0, 3.0]] * 2)):
        with pytest.raises(ValueError, match=r"expected shape \(N, 2\), got"):
            layer(x)
    with pytest.raises(TypeError, match="got int64"):
        layer(Tensor([[1, 2], [3, 4]], dtype="int64"))
    for options in ({"num_features": 0}, {"num_features": 2, "eps": -1}, {"num_features": 2, "momentum": 2}):
        with pytest.raises(ValueError, match="BatchNorm1d"):
            BatchNorm1d(**options)


def test_in_a_model_train_and_eval_reach_it():
    model = nn.Sequential(nn.Linear(2, 3), BatchNorm1d(3))
    assert "1.running_mean" in model.state_dict()
    model.eval()
    model(Tensor(X))
    assert model[1].num_batches_tracked.item() == 0
    assert sum(1 for _ in model.parameters()) == 4


@pytest.mark.parametrize("momentum", [0.1, 0.7, None])
@pytest.mark.parametrize("affine", [True, False])
def test_pytorch_agrees(momentum, affine):
    torch = pytest.importorskip("torch")
    manual_seed(1)
    ours, theirs = (
        BatchNorm1d(3, momentum=momentum, affine=affine),
        torch.nn.BatchNorm1d(3, momentum=momentum, affine=affine),
    )
    theirs.double()
    if affine:
        ours.weight.data, ours.bias.data = randn(3), randn(3)
        theirs.weight.data, theirs.bias.data = (
            torch.tensor(t.tolist(), dtype=torch.float64) for t in (ours.weight, ours.bias)
        )
    for _ in range(3):
        x = randn(5, 3, requires_grad=True)
        x_theirs = torch.tensor(x.tolist(), dtype=torch.float64, requires_grad=True)
        (ours(x) ** 3).sum().backward()
        (theirs(x_theirs) ** 3).sum().backward()
        for row, other in zip(x.grad.tolist(), x_theirs.grad.tolist()):
            assert row == pytest.approx(other, rel=1e-12, abs=1e-12)
    assert ours.running_mean.tolist() == pytest.approx(theirs.running_mean.tolist(), rel=1e-12)
    assert ours.running_var.tolist() == pytest.approx(theirs.running_var.tolist(), rel=1e-12)
    x = randn(4, 3)
    expected = theirs.eval()(torch.tensor(x.tolist(), dtype=torch.float64)).tolist()
    for row, other in zip(ours.eval()(x).tolist(), expected):
        assert row == pytest.approx(other, rel=1e-12)
