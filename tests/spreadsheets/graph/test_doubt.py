"""Numbers that rounding decides: neither Check nor verify calls them wrong, and both still find what is wrong."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Callable, Dict, List

import graphs
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saitama import Tensor, manual_seed, optim, randn, where
from saitama.spreadsheets import Verification, export, recalculate, verify
from saitama.spreadsheets.engines.recalculate import ENGINES

AVAILABLE = [name for name, engine in ENGINES.items() if engine.is_available()]
QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

A = [0.1 + 0.2, sum([7.75 / 24] * 20), 1 + 2**-52, 1.1 + 2.7]
B = [0.3, 20 * (7.75 / 24), 1.0, 3.8]  # the same numbers but for a few bits

CASES: Dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "a difference, made large": lambda a, b: ((a - b) * 1e15).sum(),
    "maximum": lambda a, b: a.maximum(b).sum(),
    "minimum": lambda a, b: a.minimum(b).sum(),
    "greater": lambda a, b: where(a > b, a * 2, b * 3).sum(),
    "equal": lambda a, b: where(a == b, a * 2, b * 3).sum(),
    "max": lambda a, b: graphs.apply("Max", [a - b + 0.3], dim=(0,), keepdim=False) + a.sum(),
    "relu": lambda a, b: (a - b).relu().sum(),
    "abs": lambda a, b: (a - b).abs().sum(),
    "divided by it": lambda a, b: (1 / (a - b)).sum(),
    "its logarithm": lambda a, b: ((a - b) * (a - b) + 1e-40).log().sum(),
    "its square": lambda a, b: ((a - b) ** 2).sum() * 1e30,
    "softmax of it": lambda a, b: ((a - b) * 1e15).softmax(-1)[0],
}


def verdicts(path: Path, engine: str = "ironcalc") -> Verification:
    """What verify says, which is what Check says."""
    found = recalculate(path, engine=engine, output=path)
    check, result = str(found["Check!A3"]), verify(path)
    assert check.startswith("PASS" if result.ok else "FAIL"), check
    assert result.differences or f"{len(result.undecided)} undecided" in check or not result.undecided
    return result


@pytest.mark.parametrize("engine", AVAILABLE)
def test_numbers_a_few_bits_apart(engine: str, tmp_path: Path) -> None:
    root = Tensor(0.0)
    for make in CASES.values():
        root = root + make(Tensor(A, requires_grad=True), Tensor(B, requires_grad=True))
    result = verdicts(export(root, tmp_path / "a.xlsx").path, engine)
    assert result.differences == []
    if engine == "ironcalc":  # its differences are exact, and formulas ask for the sign of a difference
        assert result.undecided == []
    assert ("undecided" in str(result)) == bool(result.undecided)
    assert len(result.as_dict()["undecided"]) == len(result.undecided)


@given(data=st.data())
@QUICK
def test_nearly_equal_numbers_everywhere(data: st.DataObject, tmp_path: Path) -> None:
    """Every operation, with an optimiser's step: the inputs are two numbers and others up to 16 units beside them."""
    name = data.draw(st.sampled_from(list(graphs.CASES)))
    optimizer = data.draw(st.sampled_from([None, optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop]))
    bases = data.draw(st.lists(st.sampled_from([0.3, 1.0, 3.8, 0.1, 1e-16, 0.6]), min_size=1, max_size=2))
    chance, plain, leaves = random.Random(data.draw(st.integers(0, 1000))), graphs.tensor, []

    def tensor(*shape: int, low: float = -2.0, high: float = 2.0, grad: bool = True, dtype: str = "float64") -> Tensor:
        size = plain(*shape).numel()
        units = [0, 0, 1, -1, 2, 3, 8, 16]
        some = [chance.choice(bases) * (1 + chance.choice(units) * 2**-52) for _ in range(size)]
        flat = some if grad else [chance.choice([1.0, 0.3, 1e10]) for _ in range(size)]
        made = Tensor(Tensor(flat, dtype=dtype).reshape(shape), dtype=dtype, requires_grad=grad)
        leaves.extend([made] if grad else [])
        return made

    graphs.tensor = tensor
    try:
        root = graphs.CASES[name]()
    finally:
        graphs.tensor = plain
    step = optimizer(leaves, lr=0.1) if optimizer and leaves else None
    assert verdicts(export(root, tmp_path / "a.xlsx", names={}, optimizer=step).path).differences == []


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("optimizer", [optim.AdamW, optim.RMSprop, optim.SGD])
def test_a_gradient_that_is_0_but_for_rounding(seed: int, optimizer: Any, tmp_path: Path) -> None:
    """Divided by its own size by the step, in each engine's rounding."""
    manual_seed(seed)
    x, w = randn(3, 4, requires_grad=True), randn(3, 4)
    path = export(((x / x) * w).sum(), tmp_path / "a.xlsx", optimizer=optimizer([x], lr=0.1)).path
    assert verdicts(path).differences == []


@pytest.mark.parametrize("name", ["LSTMSteps (3, 2, 2)", "GRUSteps (2, 1, 3)", "Tanh", "Sigmoid", "Softmax (2, 3) 1"])
def test_saturation(name: str, tmp_path: Path) -> None:
    """What is left of 1 - tanh² near 1 is rounding; Adam makes a step of it."""
    plain, leaves = graphs.tensor, []

    def tensor(*shape: int, low: float = -2.0, high: float = 2.0, grad: bool = True, dtype: str = "float64") -> Tensor:
        made = plain(*shape, low=10 * low, high=10 * high, grad=grad, dtype=dtype)
        leaves.extend([made] if grad else [])
        return made

    graphs.tensor = tensor
    try:
        root = graphs.CASES[name]()
    finally:
        graphs.tensor = plain
    path = export(root, tmp_path / "a.xlsx", names={}, optimizer=optim.Adam(leaves, lr=0.1)).path
    assert verdicts(path).differences == []


def planted(path: Path, sheet: str, find: Callable[[str], bool], wrong: str) -> str:
    """Make the first formula that `find` knows another; returns its cell."""
    workbook = openpyxl.load_workbook(path)
    cell = next(cell for row in workbook[sheet].iter_rows() for cell in row if find(str(cell.value)))
    cell.value = wrong.format(cell.value[1:])
    workbook.save(path)
    return str(cell.coordinate)


def test_what_is_wrong_beside_doubts_is_found(tmp_path: Path) -> None:
    """An undecided number may be off by what rounding explains, and no more."""
    a, b = Tensor(A, requires_grad=True), Tensor(B, requires_grad=True)
    path = export(((a - b) * 1e15).sum() + (a * b).sum(), tmp_path / "a.xlsx").path
    for sheet, find, wrong in [
        ("2 mul", lambda text: text.startswith("='1 sub'"), "=({})+100"),
        ("4 mul", lambda text: text.startswith(("=Inputs!", "='Inputs'!")), "=({})*1.00001"),
    ]:
        target = path.with_name("planted.xlsx")
        target.write_bytes(path.read_bytes())
        cell = planted(target, sheet, find, wrong)
        assert cell in {one.cell for one in verdicts(target).differences}


def test_exact_ties_are_decided(tmp_path: Path) -> None:
    """relu at 0, a maximum of equal numbers, x > 0 at 0: a wrong derivative there is wrong, and not rounding."""
    a = Tensor([0.0, 0.3, 2.0], requires_grad=True)
    other = Tensor([0.5, 0.3, 2.0], requires_grad=True)
    path = export((a.relu() + a.maximum(other)).sum(), tmp_path / "a.xlsx").path
    for sheet, old, new in [("1 relu", "SIGN(", "=IF(Inputs!B9>=0,1,0)"), ("2 maximum", "/2", "=1+0*({})")]:
        target = path.with_name("planted.xlsx")
        target.write_bytes(path.read_bytes())
        workbook = openpyxl.load_workbook(target)
        cells: List[Any] = [c for row in workbook[sheet].iter_rows() for c in row if old in str(c.value)]
        cell = cells[0] if sheet == "1 relu" else cells[1]
        cell.value = new.format(cell.value[1:])
        workbook.save(target)
        result = verdicts(target)
        assert str(cell.coordinate) in {one.cell for one in result.differences}


def test_float32_that_overflows(tmp_path: Path) -> None:
    """A cell is a double: what is infinite or 0 in float32 is a number there, and neither is wrong."""
    x = Tensor([100.0, -110.0, 1.0], dtype="float32", requires_grad=True)
    assert verdicts(export(x.exp().log().sum(), tmp_path / "a.xlsx").path).differences == []
    tiny = Tensor([1e-25, 0.5], dtype="float32", requires_grad=True, name="tiny")
    loss = (tiny * tiny * 0.5).sum()
    assert verdicts(export(loss, tmp_path / "b.xlsx", optimizer=optim.Adam([tiny], lr=0.1)).path).differences == []


@pytest.mark.parametrize("width", [1, 2])
def test_layer_norm_of_one_or_two_numbers_in_float32(width: int, tmp_path: Path) -> None:
    """The derivative is 0 for one number, and small for two."""
    manual_seed(width)
    x = randn(3, width).to("float32")
    leaf = Tensor(x, dtype="float32", requires_grad=True)
    w = Tensor([1.5, -0.7][:width], dtype="float32", requires_grad=True)
    y = graphs.apply("LayerNorm", [leaf, w], eps=1e-5)
    target = randn(3, width).to("float32")
    result = verdicts(export(((y - target) * (y - target)).sum(), tmp_path / "a.xlsx").path)
    assert result.differences == [] and result.undecided == []
