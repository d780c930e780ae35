"""autocast: what is rounded, forward and backward, and what is not."""

from __future__ import annotations

import threading

import pytest

from saitama import Tensor, manual_seed, nn, no_grad, randn
from saitama.attention import MultiHeadAttention, scaled_dot_product_attention
from saitama.autograd import checkpoint
from saitama.autograd.function import ancestors
from saitama.datasets import moons
from saitama.optim import Adam
from saitama.spreadsheets import export, recalculate
from saitama.tensor.backend import K
from saitama.training import DataLoader, NonFiniteError, TensorDataset, Trainer, autocast


def rounded(x, format="bfloat16"):
    return Tensor._wrap(K.round_to(x.array, format))


def operands():
    manual_seed(4)
    return [randn(*shape, dtype="float32", requires_grad=True) for shape in ((5, 7), (7, 3))]


@pytest.mark.parametrize("format", ["bfloat16", "float16"])
def test_a_product_and_its_gradients_are_those_of_the_rounded_numbers(format):
    a, b = operands()
    with autocast(format):
        y = a @ b
    A, B = rounded(a, format), rounded(b, format)
    assert y.dtype == "float32"
    assert y.tolist() == (A @ B).tolist() != (a @ b).tolist()
    dy = randn(5, 3, dtype="float32")
    y.backward(dy)
    dY = rounded(dy, format)
    assert a.grad.tolist() == (dY @ B.T).tolist()
    assert b.grad.tolist() == (A.T @ dY).tolist()


def test_linear_layers_and_attention_are_rounded_and_nothing_else():
    x = randn(4, 6, dtype="float32")
    layer = nn.Linear(6, 5, dtype="float32")
    with autocast("bfloat16"):
        y = layer(x)
        s = x * x + x.exp()
    weight, bias = layer.weight.detach(), layer.bias.detach()
    assert y.tolist() == nn.functional.linear(rounded(x), rounded(weight), bias).tolist()
    assert s.tolist() == (x * x + x.exp()).tolist()
    q, k, v = (randn(2, 4, 8, dtype="float32") for _ in range(3))
    with autocast("bfloat16"):
        y = scaled_dot_product_attention(q, k, v, is_causal=True)
    wanted = scaled_dot_product_attention(rounded(q), rounded(k), rounded(v), is_causal=True)
    assert y.tolist() == wanted.tolist()


def test_every_product_of_a_module_is_rounded():
    attention = MultiHeadAttention(8, 2, batch_first=True, dtype="float32")
    with autocast("float16"):
        y = attention(randn(1, 3, 8, dtype="float32"))
    nodes = [type(node).__name__ for node in ancestors(y.node)]
    assert nodes.count("RoundGradient") == 3  # in-projection, attention, out-projection
    assert nodes.count("Round") == 6  # two, three and two operands; of the input, a constant, nothing is recorded


def test_where_it_holds():
    a, b = operands()
    plain = (a @ b).tolist()
    with autocast("bfloat16"):
        with autocast(None):
            assert (a @ b).tolist() == plain
        other = []
        thread = threading.Thread(target=lambda: other.append((a @ b).tolist()))
        thread.start()
        thread.join()
        assert other == [plain]  # each thread has its own
        with no_grad():
            assert (a @ b).tolist() != plain
    assert (a @ b).tolist() == plain

    @autocast("bfloat16")
    def product():
        return a @ b

    assert product().tolist() != plain
    with pytest.raises(RuntimeError), autocast("bfloat16"):
        raise RuntimeError
    assert (a @ b).tolist() == plain


def test_a_checkpoint_runs_again_as_it_ran():
    a, b = operands()
    gradients = []
    for run in (lambda: a @ b, lambda: checkpoint(lambda: a @ b)):
        a.grad = None
        with autocast("bfloat16"):
            y = run()
        y.sum().backward()
        gradients.append((y.tolist(), a.grad.tolist()))
    assert gradients[0] == gradients[1]


def test_numbers_of_double_precision_are_rounded_once():
    x = Tensor([[1 + 2**-8 + 2**-40]], requires_grad=True)
    with autocast("bfloat16"):
        assert (x @ Tensor([[1.0]])).item() == 1 + 2**-7


def test_the_master_weights_keep_what_a_step_adds():
    """A step of 1e-4 on a weight of 1 is nothing in bfloat16, whose neighbours of 1 are 1/128 away."""
    weight = Tensor([[1.0]], dtype="float32", requires_grad=True)
    for _ in range(100):
        with autocast("bfloat16"):
            loss = (Tensor([[1.0]], dtype="float32") @ weight).sum()
        weight.grad = None
        loss.backward()
        weight.data = weight.detach() - 1e-4 * weight.grad
    assert weight.item() == pytest.approx(0.99, abs=3e-6)
    assert rounded(Tensor([1.0 - 1e-4], dtype="float32")).item() == 1.0


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_training_in_16_bits(precision):
    manual_seed(0)
    loader = DataLoader(TensorDataset(*(t if t.dtype == "int64" else t.float() for t in moons(100))), 20, shuffle=True)
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2)).float()
    trainer = Trainer(model, Adam(model.parameters(), lr=0.02), nn.CrossEntropyLoss(), precision=precision)
    losses = trainer.fit(loader, epochs=20)["loss"]
    assert losses[-1] < 0.5 * losses[0]
    assert trainer.scaler.enabled == (precision == "float16")
    assert {p.dtype for p in model.parameters()} == {"float32"}


def test_an_overflow_of_float16_in_the_forward_pass_is_an_error_that_says_so():
    model = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1)).float()
    model[0].weight.data = Tensor([[1000.0]], dtype="float32")
    x = Tensor([[100.0], [1.0]], dtype="float32")
    trainer = Trainer(model, Adam(model.parameters()), nn.MSELoss(), precision="float16")
    with pytest.raises(NonFiniteError, match="module 1.*float16 holds numbers up to 65504, bfloat16 larger ones"):
        trainer.fit([(x, x)])
    trainer = Trainer(model, Adam(model.parameters()), nn.MSELoss(), precision="bfloat16")
    trainer.fit([(x, x)])


def test_a_workbook_shows_every_rounding(tmp_path):
    a, b = operands()
    with autocast("bfloat16"):
        loss = ((a @ b) * (a @ b)).mean()
    written = export(loss, tmp_path / "rounded.xlsx", names={"a": a, "b": b})
    found = recalculate(written, engine="ironcalc")
    assert str(found["Check!A3"]).startswith("PASS")
    assert any("bfloat16" in str(value) for value in found.values["Start"].values())


def test_unknown_formats():
    for wrong in ("float8", "float32", 16):
        with pytest.raises(ValueError, match="expected 'bfloat16', 'float16' or None"):
            autocast(wrong)
