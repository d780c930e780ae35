"""nn.summary: the layers of a model, in numbers."""

from __future__ import annotations

import pytest

from saitama import Tensor, manual_seed, nn, no_grad, rand, randn
from saitama.nn.summary import short
from saitama.regularization import BatchNorm1d, Dropout


def network():
    manual_seed(1)
    return nn.Sequential(nn.Linear(8, 16), BatchNorm1d(16), nn.ReLU(), Dropout(0.5), nn.Linear(16, 2))


def test_shapes_parameters_flop_and_memory():
    found = nn.summary(network(), randn(4, 8))
    assert [layer.kind for layer in found.layers] == [
        "Sequential",
        "Linear",
        "BatchNorm1d",
        "ReLU",
        "Dropout",
        "Linear",
    ]
    first = found.layers[1]
    assert (first.inputs, first.output, first.parameters) == ("(4, 8)", "(4, 16)", 8 * 16 + 16)
    assert first.flop == 2 * 4 * 8 * 16 + 4 * 16
    assert first.memory >= 8 * 4 * 16  # its result
    assert found.parameters == sum(layer.parameters for layer in found.layers[1:]) == found.layers[0].parameters
    assert found.parameter_bytes == 8 * found.parameters
    assert found.flop == sum(layer.flop for layer in found.layers[1:])
    assert found.memory >= sum(layer.memory for layer in found.layers[1:]) > 0
    text = str(found)
    assert "Linear" in text and "(4, 16)" in text and f"{found.parameters:,} parameters" in text


def test_the_model_is_left_as_it_was():
    model = network()
    before = {name: tensor.tolist() for name, tensor in model.state_dict().items()}
    manual_seed(3)
    drawn = rand(2).tolist()
    manual_seed(3)
    with no_grad():
        nn.summary(model, randn(4, 8))
        randn(4, 8)
    manual_seed(3)
    nn.summary(model.train(), Tensor([[0.5] * 8] * 4))
    assert rand(2).tolist() == drawn
    assert {name: tensor.tolist() for name, tensor in model.state_dict().items()} == before
    assert all(p.grad is None for p in model.parameters())
    assert nn.Module.__call__.__name__ == "__call__"


def test_a_part_that_is_not_called_and_one_that_is_called_twice():
    class Twice(nn.Module):
        def __init__(self):
            self.used, self.idle = nn.Linear(3, 3), nn.Linear(3, 1)

        def forward(self, x):
            return self.used(self.used(x))

    found = nn.summary(Twice(), randn(2, 3))
    assert [layer.calls for layer in found.layers] == [1, 2, 0]
    assert found.layers[1].flop == found.flop == 2 * (2 * 2 * 9 + 6)
    assert "not called" in str(found)


def test_bad_arguments():
    with pytest.raises(TypeError, match="expected a Module, got a function"):
        nn.summary(lambda x: x, randn(2))
    with pytest.raises(ValueError, match="linear: x has shape"):
        nn.summary(network(), randn(4, 7))
    assert nn.Module.__call__.__name__ == "__call__"  # also after an error


def test_short_numbers():
    assert [short(x) for x in (0, 7, 999, 1000, 1234567)] == ["0", "7", "999", "1 k", "1.23 M"]
    assert short(2048, "B") == "2.05 kB"
