"""The learning-rate range test."""

from __future__ import annotations

import openpyxl
import pytest

from saitama import Tensor, manual_seed, nn, optim, rand
from saitama.datasets import moons
from saitama.regularization import BatchNorm1d, Dropout
from saitama.training import DataLoader, TensorDataset, lr_find


def setting():
    manual_seed(0)
    loader = DataLoader(TensorDataset(*moons(64)), 16, shuffle=True)
    model = nn.Sequential(nn.Linear(2, 16), BatchNorm1d(16), nn.ReLU(), Dropout(0.1), nn.Linear(16, 2))
    return model, optim.Adam(model.parameters(), lr=0.123), nn.CrossEntropyLoss(), loader


def test_the_rates_and_what_they_suggest(tmp_path):
    found = lr_find(*setting(), steps=80, path=tmp_path / "rates.xlsx")
    assert found.rates[0] == 1e-6
    factors = [b / a for a, b in zip(found.rates, found.rates[1:])]
    assert factors == pytest.approx([1e7 ** (1 / 79)] * len(factors))
    assert 1e-4 < found.suggestion < 1.0
    at = found.rates.index(found.suggestion)
    assert min(found.smoothed[at:]) < found.smoothed[at] < found.smoothed[0] * 1.1
    sheet = openpyxl.load_workbook(tmp_path / "rates.xlsx")
    assert len(sheet["Charts"]._charts) == 1
    assert sheet["Charts"]._charts[0].x_axis.scaling.logBase == 10
    assert sheet["Rates"]["A4"].value == 1e-6


def test_everything_is_as_it_was():
    model, optimizer, loss, loader = setting()
    for x, y in loader:
        loss(model(x), y).backward()
        optimizer.step()
    before = [{k: v.tolist() for k, v in model.state_dict().items()}, str(optimizer.state_dict())]
    model.eval()
    manual_seed(5)
    drawn = rand(3).tolist()
    manual_seed(5)
    lr_find(model, optimizer, loss, loader, steps=30)
    assert rand(3).tolist() == drawn
    assert [{k: v.tolist() for k, v in model.state_dict().items()}, str(optimizer.state_dict())] == before
    assert optimizer.param_groups[0]["lr"] == 0.123 and "initial_lr" not in optimizer.param_groups[0]
    assert model.training is False
    assert all(p.grad is None for p in model.parameters())


def test_it_stops_where_the_loss_explodes_and_keeps_the_model():
    w = nn.Linear(1, 1)
    w.weight.data = [[1.0]]
    x = Tensor([[1.0], [2.0]])
    found = lr_find(w, optim.SGD(w.parameters(), lr=1.0), nn.MSELoss(), [(x, x * 3)], start=1e-3, end=1e9, steps=200)
    assert len(found.rates) < 200
    assert w.weight.item() == 1.0


def test_a_loss_that_never_falls_suggests_nothing():
    w = nn.Linear(1, 1)
    found = lr_find(w, optim.SGD(w.parameters()), lambda y, t: (y * 0).sum() + 1.0, [(Tensor([[1.0]]), 0)], steps=5)
    assert found.suggestion is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": 0}, "start must be a number above 0"),
        ({"start": 1.0, "end": 0.1}, "must be below end"),
        ({"steps": 2}, "steps must be a whole number from 3 on"),
        ({"path": "x.txt"}, "not an .xlsx name"),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(ValueError, match=words):
        lr_find(*setting(), **{"steps": 5, **options})


def test_bad_loaders_and_losses():
    model, optimizer, loss, _ = setting()
    with pytest.raises(ValueError, match="no batches"):
        lr_find(model, optimizer, loss, [])
    with pytest.raises(ValueError, match="no number after 0 steps"):
        lr_find(model, optimizer, lambda y, t: y.sum() * float("nan"), [(Tensor([[1.0, 2.0]] * 3), 0)])
