"""Recurrent layers over all time steps with their derivatives."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any, Dict, List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twin_cases import Case, Twins, agree, arrays, flatten

GATES = {"elman": 1, "relu": 1, "lstm": 4, "gru": 3}
CELLS = list(GATES)


def waves(shape: Any, seed: int, dtype: str = "float64") -> Case:
    return Case([0.6 * math.sin(1.7 * i + seed) for i in range(math.prod(shape))], shape, dtype)


def forward(K: ModuleType, cell: str, a: Any, W: Any, h: Any, c: Any, b: Any) -> Tuple[Any, ...]:
    if cell == "lstm":
        return tuple(K.lstm_steps(a, W, h, c))
    return tuple(K.gru_steps(a, W, b, h)) if cell == "gru" else (K.elman_steps(a, W, h, cell == "relu"),)


def backward(K: ModuleType, cell: str, dy: Any, a: Any, W: Any, h: Any, c: Any, b: Any) -> Tuple[Any, ...]:
    """The gradients, from what the forward pass of the same backend keeps; dy (T, B, H) arrives at h, and at c."""
    y = forward(K, cell, a, W, h, c, b)
    if cell == "lstm":
        T, B, H = dy.shape
        dy = K.concat([dy.reshape((T, 1, B, H))] * 2, 1)
        return tuple(K.lstm_steps_grad(dy, *y, W, c))
    return tuple(K.gru_steps_grad(dy, *y, W, h) if cell == "gru" else K.elman_steps_grad(dy, *y, W, cell == "relu"))


def operands(cell: str, T: int, B: int, H: int, dtype: str) -> List[Case]:
    G = GATES[cell]
    shapes = [(T, B, H), (T, B, G * H), (G * H, H), (B, H), (B, H), (3 * H,)]
    return [waves(shape, seed, dtype) for seed, shape in enumerate(shapes)]


SIZES = [(3, 2, 2), (1, 1, 1), (2, 5, 33), (2, 1, 70), (2, 9, 3)]  # beside the compiled tiles of rows and columns


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("cell", CELLS)
def test_values_and_derivatives(twins: Twins, cell: str, dtype: str, size: Tuple[int, int, int]) -> None:
    dy, *rest = operands(cell, *size, dtype)
    for k in range(len(forward(twins[0], cell, *(case.on(twins[0]) for case in rest)))):
        agree(twins, lambda K, *x, k=k: forward(K, cell, *x)[k], *rest, ulps=100, scale=1)
    for k in range(3 if cell in ("lstm", "gru") else 2):
        agree(twins, lambda K, *x, k=k: backward(K, cell, *x)[k], dy, *rest, ulps=400, scale=1)


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=20)
@given(data=st.data())
def test_any_numbers(twins: Twins, cell: str, data: st.DataObject) -> None:
    T, B, H = (data.draw(st.integers(0, 3)) for _ in range(3))
    drawn = [data.draw(arrays(case.shape, "float64", limit=3)) for case in operands(cell, T, B, H, "float64")[1:]]
    for case in drawn:  # 1e30 - 1e30 + 1 is 1 or 0 by the order of the sum, so what is huge becomes infinite
        case.flat[:] = [math.copysign(math.inf, x) if abs(x) > 3 else x for x in case.flat]
    agree(twins, lambda K, *x: forward(K, cell, *x)[0], *drawn, ulps=300, scale=100)


@pytest.mark.parametrize("cell", CELLS)
def test_threads_change_no_bit(compiled: ModuleType, cell: str) -> None:
    arguments = [case.on(compiled) for case in operands(cell, 6, 37, 48, "float32")]
    results = []
    for threads in (1, 2, 3):
        compiled.set_num_threads(threads)
        results.append([y.tolist() for y in backward(compiled, cell, *arguments)])
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("cell", CELLS)
def test_derivatives_by_differences(kernels: ModuleType, cell: str) -> None:
    """dL/da of L = sum(w h), and w c too for the LSTM."""
    cases = operands(cell, 3, 2, 2, "float64")
    w, a, *rest = (case.on(kernels) for case in cases)
    weights = flatten(w.tolist())

    def loss(numbers: List[float]) -> float:
        y = forward(kernels, cell, kernels.from_list(numbers, a.shape, "float64"), *rest)[0]
        steps = y.tolist()
        parts = [[step[0] for step in steps], [step[1] for step in steps]] if cell == "lstm" else [steps]
        return math.fsum(p * q for part in parts for p, q in zip(weights, flatten(part)))

    numbers = cases[1].flat
    for i, slope in enumerate(flatten(backward(kernels, cell, w, a, *rest)[0].tolist())):
        up, down = ([v + e * (j == i) for j, v in enumerate(numbers)] for e in (1e-6, -1e-6))
        assert slope == pytest.approx((loss(up) - loss(down)) / 2e-6, rel=1e-6, abs=1e-8)


def test_known_values(kernels: ModuleType) -> None:
    def array(values: List[float], *shape: int) -> Any:
        return kernels.from_list(values, shape, "float64")

    h = kernels.elman_steps(array([1.0, -3.0], 2, 1, 1), array([2.0], 1, 1), array([0.5], 1, 1), True)
    assert h.tolist() == [[[2.0]], [[1.0]]]
    zero = array([0.0], 1, 1)
    y, gates = kernels.lstm_steps(array([0.0] * 4, 1, 1, 4), array([0.0] * 4, 4, 1), zero, array([1.0], 1, 1))
    assert flatten(y.tolist()) == pytest.approx([0.5 * math.tanh(0.5), 0.5], rel=1e-15)
    assert flatten(gates.tolist()) == pytest.approx([0.5, 0.5, 0.0, 0.5, math.tanh(0.5)], rel=1e-15)
    h, gates = kernels.gru_steps(array([0.0] * 3, 1, 1, 3), array([0.0] * 3, 3, 1), array([0.0, 0.0, 4.0], 3), zero)
    assert h.tolist()[0][0][0] == pytest.approx(0.5 * math.tanh(2.0), rel=1e-15)
    assert gates.tolist()[0][0][:3] == [0.5, 0.5, 4.0]


def ones(K: ModuleType, *shape: int, dtype: str = "float64") -> Any:
    return K.full(shape, 1, dtype)


def of(**changed: Any) -> Dict[str, Any]:
    return {"a": (3, 2, 8), "W": (8, 2), "h": (2, 2), "c": (2, 2), **changed}


REFUSED = [
    ({"a": (2, 8)}, r"lstm_steps: a has shape \(2, 8\), expected \(T, B, 8\) for W_hh \(8, 2\)"),
    ({"a": (3, 2, 6)}, r"a has shape \(3, 2, 6\), expected \(T, B, 8\)"),
    ({"W": (2, 8)}, r"lstm_steps: W_hh has shape \(2, 8\), expected \(4 H, H\)"),
    ({"W": (8,)}, r"W_hh has shape \(8,\), expected \(4 H, H\)"),
    ({"h": (2, 3)}, r"lstm_steps: h has shape \(2, 3\), expected \(2, 2\)"),
    ({"c": (1, 2, 2)}, r"lstm_steps: c has shape \(1, 2, 2\), expected \(2, 2\)"),
]


@pytest.mark.parametrize(("changed", "message"), REFUSED)
def test_refusals(twins: Twins, changed: Any, message: str) -> None:
    def call(K: ModuleType) -> Any:
        return K.lstm_steps(*(ones(K, *shape) for shape in of(**changed).values()))[0]

    agree(twins, call)
    with pytest.raises(ValueError, match=message):
        call(twins[0])


@pytest.mark.parametrize(
    "call",
    [
        lambda K: K.elman_steps(ones(K, 3, 2, 2, dtype="int64"), ones(K, 2, 2), ones(K, 2, 2)),
        lambda K: K.elman_steps(ones(K, 3, 2, 2), ones(K, 2, 2, dtype="float32"), ones(K, 2, 2)),
        lambda K: K.elman_steps(ones(K, 3, 2, 2), ones(K, 2, 3), ones(K, 2, 2)),
        lambda K: K.elman_steps(ones(K, 3, 2, 2), ones(K, 2, 2), ones(K, 2, 2, dtype="float32")),
        lambda K: K.elman_steps_grad(ones(K, 3, 2, 1), ones(K, 3, 2, 2), ones(K, 2, 2))[0],
        lambda K: K.lstm_steps_grad(*(ones(K, *s) for s in [(3, 2, 2), (3, 2, 2), (3, 2, 10), (8, 2), (2, 2)]))[0],
        lambda K: K.gru_steps(*(ones(K, *s) for s in [(3, 2, 6), (6, 2), (2,), (2, 2)]))[0],
        lambda K: K.gru_steps_grad(*(ones(K, *s) for s in [(3, 2, 2), (3, 2, 2), (3, 2, 6), (6, 2), (2, 2)]))[0],
    ],
)
def test_messages(twins: Twins, call: Any) -> None:
    agree(twins, call)
    with pytest.raises((ValueError, TypeError), match="_steps"):
        call(twins[0])
