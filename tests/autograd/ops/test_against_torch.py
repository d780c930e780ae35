"""Every operation against PyTorch, values and gradients to 1e-12, where PyTorch is installed. (An additional oracle:
the other tests in this folder claim the same from formulas and differences.)"""

from __future__ import annotations

import math

import pytest
from gradients import leaf

import saitama

torch = pytest.importorskip("torch")

X = (3, 4)  # the shape most operations get
CASES = {
    "add": (lambda m, a, b: a + b, [(2, 1, 3), (4, 1)]),
    "sub": (lambda m, a, b: a - b, [(3,), (2, 3)]),
    "rsub": (lambda m, a: 2 - a, [X]),
    "mul": (lambda m, a, b: a * b, [(2, 3), ()]),
    "div": (lambda m, a, b: a / b, [(2, 3), (1, 3)]),
    "rdiv": (lambda m, a: 2 / a, [X]),
    "pow": (lambda m, a, b: a.abs() ** b, [(2, 3), (3,)]),
    "pow number": (lambda m, a: a**3, [X]),
    "rpow": (lambda m, a: 2**a, [X]),
    "neg": (lambda m, a: -a, [X]),
    "maximum": (lambda m, a, b: a.maximum(b), [(2, 3), (3,)]),
    "minimum": (lambda m, a, b: a.minimum(b * 1.0), [(2, 3), (2, 1)]),
    "tie": (lambda m, a: a.maximum(a) * a.minimum(a), [X]),
    "exp": (lambda m, a: a.exp(), [X]),
    "log": (lambda m, a: a.abs().log(), [X]),
    "sqrt": (lambda m, a: a.abs().sqrt(), [X]),
    "tanh": (lambda m, a: a.tanh(), [X]),
    "sigmoid": (lambda m, a: a.sigmoid(), [X]),
    "relu": (lambda m, a: a.relu(), [X]),
    "gelu": (lambda m, a: a.gelu() if m is saitama else torch.nn.functional.gelu(a), [X]),
    "gelu tanh": (
        lambda m, a: a.gelu("tanh") if m is saitama else torch.nn.functional.gelu(a, approximate="tanh"),
        [X],
    ),
    "softmax": (lambda m, a: a.softmax(0), [X]),
    "log_softmax": (lambda m, a: a.log_softmax(-1), [(2, 3, 4)]),
    "sum": (lambda m, a: a.sum(), [X]),
    "sum axes": (lambda m, a: a.sum((0, -1), keepdim=True), [(2, 3, 4)]),
    "mean": (lambda m, a: a.mean(1), [(2, 3, 4)]),
    "max all": (lambda m, a: a.max(), [X]),
    "amax": (lambda m, a: a.max(1, keepdim=True) if m is saitama else a.amax(1, keepdim=True), [X]),
    "amin": (lambda m, a: a.min((0, 2)) if m is saitama else a.amin((0, 2)), [(2, 3, 4)]),
    "matmul": (lambda m, a, b: a @ b, [(2, 3), (3, 4)]),
    "matmul batch": (lambda m, a, b: a @ b, [(2, 1, 2, 3), (3, 3, 2)]),
    "matmul shared": (lambda m, a, b: a @ b, [(2, 2, 3), (3, 4)]),
    "matmul vectors": (lambda m, a, b: a @ b, [(3,), (3,)]),
    "matmul batch vector": (lambda m, a, b: a @ b, [(2, 2, 3), (3,)]),
    "matmul vector batch": (lambda m, a, b: a @ b, [(3,), (2, 3, 2)]),
    "reshape": (lambda m, a: a.reshape(2, -1), [X]),
    "flatten": (lambda m, a: a.flatten(1), [(2, 3, 4)]),
    "transpose": (lambda m, a: a.transpose(0, 2), [(2, 3, 4)]),
    "T": (lambda m, a: a.T, [X]),
    "permute": (lambda m, a: a.permute(2, 0, 1), [(2, 3, 4)]),
    "expand": (lambda m, a: a.expand(2, -1, 4), [(3, 1)]),
    "squeeze": (lambda m, a: a.squeeze().unsqueeze(-1), [(1, 3, 1)]),
    "cat": (lambda m, a, b: m.cat([a, b, a], 1), [(2, 3), (2, 1)]),
    "stack": (lambda m, a, b: m.stack([a, b], -1), [X, X]),
    "where": (lambda m, a, b: m.where(a > 0, a, b), [(2, 3), (3,)]),
    "slice": (lambda m, a: a[1:, ::2], [X]),
    "integer": (lambda m, a: a[-1, None, 1:3], [X]),
    "list": (lambda m, a: a[[0, 2, 0]], [X]),
    "second axis": (lambda m, a: a[:, [3, 0, 3]], [X]),
    "pairs": (lambda m, a: a[[0, 1, 1], [3, 2, 2]], [X]),
    "mask": (lambda m, a: a[a > 0], [X]),
    "two layers": (lambda m, x, W, b: (x @ W.T + b).tanh().softmax(-1).log(), [(2, 3), (4, 3), (4,)]),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [0, 10])
def test_values_and_gradients(name, seed):
    function, shapes = CASES[name]
    ours = [leaf(shape, seed=seed + place) for place, shape in enumerate(shapes)]
    theirs = [torch.tensor(x.tolist(), dtype=torch.float64, requires_grad=True) for x in ours]
    y, expected = function(saitama, *ours), function(torch, *theirs)
    assert y.shape == tuple(expected.shape)
    near(y, expected)
    dy = leaf(y.shape, seed=99).detach()
    y.backward(dy)
    expected.backward(torch.tensor(dy.tolist(), dtype=torch.float64).reshape(expected.shape))
    for x, their in zip(ours, theirs):
        near(x.grad, their.grad)


def near(ours, theirs):
    expected = theirs.reshape(-1).tolist()
    assert ours.reshape(-1).tolist() == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)


SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, math.inf, -math.inf, math.nan]


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "tanh", "sigmoid", "relu", "gelu", "softmax", "log_softmax"])
def test_special_numbers(name):
    function = CASES[name][0] if not name.endswith("softmax") else lambda m, a: getattr(a, name)(1)
    special = [[x] for x in SPECIAL if name != "relu" or x == x]  # our relu passes NaN on, in the derivative too
    ours = saitama.Tensor(special, requires_grad=True)
    theirs = torch.tensor(special, dtype=torch.float64, requires_grad=True)
    y, expected = function(saitama, ours), function(torch, theirs)
    near(y, expected)
    y.sum().backward()
    expected.sum().backward()
    near(ours.grad, theirs.grad)


@pytest.mark.parametrize("b", [-2.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0])
def test_powers_of_special_numbers(b):
    bases = [x for x in SPECIAL if not math.isnan(x)]
    ours, power = saitama.Tensor(bases, requires_grad=True), saitama.Tensor([b] * len(bases), requires_grad=True)
    theirs = torch.tensor(bases, dtype=torch.float64, requires_grad=True)
    exponent = torch.full((len(bases),), b, dtype=torch.float64, requires_grad=True)
    y, expected = ours**power, theirs**exponent
    near(y, expected)
    y.sum().backward()
    expected.sum().backward()
    near(ours.grad, theirs.grad)
    near(power.grad, exponent.grad)
