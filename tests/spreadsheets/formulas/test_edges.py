"""Formulas at the edges: infinities, NaN and zeros at the export, and inputs that a person changes afterwards."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import graphs
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saitama import Tensor, optim, where
from saitama.spreadsheets import Exported, Verification, export, recalculate, verify
from saitama.spreadsheets.engines.recalculate import ENGINES
from saitama.spreadsheets.graph.keys import Gradient, Value
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook

inf, nan = math.inf, math.nan
AVAILABLE = [name for name, engine in ENGINES.items() if engine.is_available()]
QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def x(*values: Any) -> Tensor:
    return Tensor(list(values), requires_grad=True, name="x")


def inputs(path: Path) -> List[Any]:
    """The yellow cells that hold fractional numbers: tensors, and no index or class."""
    workbook = openpyxl.load_workbook(path)
    cells = [cell for row in workbook["Inputs"].iter_rows() for cell in row if not cell.protection.locked]
    return [cell for cell in cells if isinstance(cell.value, float)]


def changed(path: Path, changes: Dict[str, float]) -> Path:
    """The workbook with other numbers in these cells of Inputs."""
    target = path.with_name("changed.xlsx")
    workbook = openpyxl.load_workbook(path)
    for cell, value in changes.items():
        workbook["Inputs"][cell].value = value
    workbook.save(target)
    return target


def after(path: Path, engine: str = "ironcalc") -> Verification:
    recalculate(path, engine=engine, output=path)
    return verify(path)


# --- inputs that change after the export --------------------------------------------------------------
EDGES = [0.0, 1.0, -1.0, 2.0, -2.5, 1e-17, 40.0, 800.0, -800.0, 1e60, -1e60, 1e-60, 1e300, -1e300, 1e-300]


@given(data=st.data())
@QUICK
def test_formulas_hold_whatever_the_inputs_become(data: st.DataObject, tmp_path: Path) -> None:
    name = data.draw(st.sampled_from([name for name in graphs.CASES if name != "Cast"]))  # 1e300 is no int64
    path = export(graphs.CASES[name](), tmp_path / "a.xlsx", names={}).path
    cells = data.draw(st.lists(st.sampled_from([cell.coordinate for cell in inputs(path)]), min_size=1, unique=True))
    result = after(changed(path, {cell: data.draw(st.sampled_from(EDGES)) for cell in cells}))
    assert result.differences == []


@pytest.fixture(scope="module")
def zero_and_below(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An operation of each kind, with every fifth of its inputs changed."""
    names = [name for name in graphs.first_of_each() if name != "Log" and name != "Sqrt"]
    folder = tmp_path_factory.mktemp("zero")
    path = export(graphs.everything(names), folder / "a.xlsx", names={}).path
    numbers = [cell.coordinate for cell in inputs(path)]
    values = [0.0, -1.5, 40.0, -800.0, 1e-17, 2.0]
    return changed(path, {cell: values[n % 6] for n, cell in enumerate(numbers) if n % 5 == 0})


@pytest.mark.parametrize("engine", AVAILABLE)
def test_every_engine_follows_inputs_of_zero_and_below(engine: str, zero_and_below: Path, tmp_path: Path) -> None:
    target = tmp_path / "calculated.xlsx"
    recalculate(zero_and_below, engine=engine, output=target)
    assert verify(target).differences == []


def square(t: Tensor) -> Tensor:
    return t * t


def where_positive(t: Tensor) -> Tensor:
    return where(t > 0.0, t, Tensor(0.0))


CHANGES: List[Tuple[str, Callable[[], Tensor], float, float]] = [
    ("a**1 at 0", lambda: (x(3.0) ** 1).sum(), 0.0, 1.0),
    ("a**0 at 0", lambda: (x(3.0) ** 0).sum(), 0.0, 0.0),
    ("a**2 at -3", lambda: (x(3.0) ** 2).sum(), -3.0, -6.0),
    ("a square too small for a number", lambda: square(x(3.0)).sum(), 1e-200, 2e-200),
    ("sigmoid far below 0", lambda: x(3.0).sigmoid().log().sum(), -705.0, 1.0),
    ("tanh'", lambda: x(3.0).tanh().sum(), 1e-200, 1.0),
    ("gelu, tanh", lambda: graphs.apply("GELU", [x(3.0)], approximate="tanh").sum(), 1e200, 1.0),
    ("gelu, erf", lambda: graphs.apply("GELU", [x(3.0)], approximate="none").sum(), 1e200, 1.0),
    ("softplus", lambda: graphs.apply("Softplus", [x(3.0)]).sum(), -800.0, 0.0),
    ("1/x, small", lambda: (1 / x(3.0)).sum(), 1e-100, -1e200),
    ("relu at 1e-17", lambda: x(3.0).relu().sum(), 1e-17, 1.0),
    ("relu at 0", lambda: x(3.0).relu().sum(), 0.0, 0.0),
    ("x > 0 at 1e-17", lambda: where_positive(x(3.0)).sum(), 1e-17, 1.0),
]


@pytest.mark.parametrize("engine", AVAILABLE)
def test_changed_inputs_give_these_gradients(engine: str, tmp_path: Path) -> None:
    path = export(together([make() for _, make, _, _ in CHANGES]), tmp_path / "a.xlsx").path
    leaves = places_of(path)
    assert len(leaves) == len(CHANGES)
    values = {place.address((0,)): value for (place, _), (_, _, value, _) in zip(leaves, CHANGES)}
    target = changed(path, values)
    result = after(target, engine)
    assert result.differences == [] and result.undecided == []
    book = open_workbook(target)
    for (_, gradient), (what, _, _, slope) in zip(places_of(target), CHANGES):
        found = book[gradient.sheet][gradient.row, gradient.column].number
        assert found == pytest.approx(slope, rel=1e-9, abs=1e-12), what


def together(parts: List[Tensor]) -> Tensor:
    """All parts in one graph."""
    total = Tensor(0.0)
    for part in parts:
        total = total + part
    return total


def places_of(path: Path) -> List[Tuple[Any, Any]]:
    """Where each input that asks for a gradient lies, and its gradient."""
    carried = read_graph(open_workbook(path))
    leaves = [leaf for leaf in carried.graph.leaves if leaf.requires_grad]
    return [(carried.places[Value(leaf)].live, carried.places[Gradient(leaf)].live) for leaf in leaves]


def test_an_index_from_the_end(tmp_path: Path) -> None:
    """Changed from 1 to -1, it picks the last row, and the gradient goes there."""
    table = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    y = graphs.apply("Take", [table, Tensor([0, 1], dtype="int64", name="index")], dim=0)
    path = export((y * y).sum(), tmp_path / "a.xlsx").path
    workbook = openpyxl.load_workbook(path)
    (cell,) = [c for row in workbook["Inputs"].iter_rows() for c in row if c.value == 1 and isinstance(c.value, int)]
    assert after(changed(path, {cell.coordinate: -1})).ok


def test_a_mask_that_changes(tmp_path: Path) -> None:
    """Masked by -inf, where at the export nothing was masked; and then a whole row."""
    mask = Tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], name="mask")
    scores = Tensor([[1.0, 2.0, 0.5], [3.0, 4.0, -1.0]], requires_grad=True)
    p = where(mask > 0.5, scores, Tensor(-inf)).softmax(1)
    path = export((p * Tensor([[1.0, 2.0, 4.0]] * 2)).sum(), tmp_path / "a.xlsx").path
    cells = [cell.coordinate for cell in inputs(path) if cell.value == 1.0][:6]
    one = after(changed(path, {cells[1]: 0.0}))
    assert one.ok and one.undecided == []
    assert after(changed(path, dict.fromkeys(cells[:3], 0.0))).ok


# --- infinities and NaN at the export ---------------------------------------------------------------
m = Tensor([[True, False], [False, False]], dtype="bool")
SPECIAL: Dict[str, Tuple[Callable[[], Tensor], List[Any]]] = {
    "x**-1 at 0": (lambda: (x(0.0, 2.0) ** -1.0).sum(), ["-inf", -0.25]),
    "1/x at 0": (lambda: (1 / x(0.0, 2.0)).sum(), ["-inf", -0.25]),
    "x**0.5 at -2": (lambda: (x(-2.0, 3.0) ** 0.5).sum(), ["nan", 0.5 / 3**0.5]),
    "log at 0": (lambda: x(0.0, 2.0).log().sum(), ["inf", 0.5]),
    "x / inf": (lambda: (x(1.0, 2.0) / Tensor([inf, 1.0])).sum(), [0, 1]),
    "tanh": (lambda: x(inf, -inf).tanh().sum(), [0, 0]),
    "exp": (lambda: x(-inf, 0.0).exp().sum(), [0, 1]),
    "relu": (lambda: x(-inf, nan).relu().sum(), [0, "nan"]),
    "maximum": (lambda: x(inf, 1.0).maximum(Tensor([2.0, -inf])).sum(), [1, 1]),
    "softmax, all masked": (
        lambda: (where(m, Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True), Tensor(-inf)).softmax(1) * 2).sum(),
        [0, 0, 0, 0],
    ),
    "take": (lambda: (graphs.apply("Take", [x(1.0, 2.0), index()], dim=0) * Tensor([nan, 1.0])).sum(), [1, "nan"]),
    "gather": (lambda: (graphs.apply("Gather", [x(1.0, 2.0), index()], dim=0) * Tensor([nan, 1.0])).sum(), [1, "nan"]),
}


def index() -> Tensor:
    return Tensor([1, 0], dtype="int64")


@pytest.mark.parametrize("engine", AVAILABLE)
def test_ieee_in_the_sheet(engine: str, tmp_path: Path) -> None:
    path = export(together([make() for make, _ in SPECIAL.values()]), tmp_path / "a.xlsx").path
    found = recalculate(path, engine=engine, output=path)
    assert str(found["Check!A3"]).startswith("PASS")
    result = verify(path)
    assert result.ok and result.undecided == []
    book = open_workbook(path)
    for (_, gradient), (case, (_, expected)) in zip(places_of(path), SPECIAL.items()):
        cells = [book[gradient.sheet][row, column].value for _, row, column in gradient.cells()]
        assert cells == [v if isinstance(v, str) else pytest.approx(v, abs=1e-12) for v in expected], case


def test_the_sign_of_a_zero_is_undecided(tmp_path: Path) -> None:
    """A spreadsheet has no -0: the gradient 1 / -0 is -inf, or inf."""
    path = export(x(-0.0, 1.0).log().sum(), tmp_path / "a.xlsx").path
    found = recalculate(path, engine="ironcalc", output=path)
    assert "but for 2 undecided" in str(found["Check!A3"])
    result = verify(path)
    assert result.ok and {one.found for one in result.undecided} == {"inf"}


@given(data=st.data())
@QUICK
def test_infinities_nan_and_zeros_anywhere(data: st.DataObject, tmp_path: Path) -> None:
    """No formula is wrong for them, and Check says what verify says."""
    name = data.draw(st.sampled_from([name for name in graphs.CASES if name != "Cast"]))
    values, plain = [inf, -inf, nan, 0.0, -0.0, 1.0], graphs.tensor

    def tensor(*shape: int, low: float = -2.0, high: float = 2.0, grad: bool = True, dtype: str = "float64") -> Tensor:
        made = plain(*shape, low=low, high=high, grad=False, dtype=dtype)
        flat = [
            v if data.draw(st.booleans()) or not grad else data.draw(st.sampled_from(values)) for v in flat_of(made)
        ]
        return Tensor(Tensor(flat, dtype=dtype).reshape(shape), dtype=dtype, requires_grad=grad)

    graphs.tensor = tensor
    try:
        root = graphs.CASES[name]()
    finally:
        graphs.tensor = plain
    path = export(root, tmp_path / "a.xlsx", names={}).path
    found = recalculate(path, engine="ironcalc", output=path)
    result = verify(path)
    assert result.differences == []
    assert str(found["Check!A3"]).startswith("PASS")


def flat_of(tensor: Tensor) -> List[float]:
    values = tensor.reshape((-1,)).tolist() if tensor.numel() else []
    return values if isinstance(values, list) else [values]


def test_a_wrong_number_beside_infinities_is_found(tmp_path: Path) -> None:
    """By verify and by Check, in a block that holds infinities."""
    path = export((x(0.0, 2.0).log() * Tensor([1.0, 3.0])).sum(), tmp_path / "a.xlsx").path
    for plant in ("-0.0001", "*1.00001"):
        workbook = openpyxl.load_workbook(path)
        sheet = workbook["1 log"]
        cell = next(cell for row in sheet.iter_rows() for cell in row if "LN(" in str(cell.value) and cell.column == 3)
        cell.value = f"=({cell.value[1:]}){plant}"
        target = path.with_name("planted.xlsx")
        workbook.save(target)
        found = recalculate(target, engine="ironcalc", output=target)
        assert str(found["Check!A3"]).startswith("FAIL")
        assert cell.coordinate in {one.cell for one in verify(target).differences}


def test_a_long_training_has_a_small_power(tmp_path: Path) -> None:
    """beta1 to the power of 10,000 is too small for a number, which some programs call an error."""
    p = Tensor([1.0, -2.0], requires_grad=True, name="p")
    adam = optim.Adam([p], lr=0.1)
    (p * p).sum().backward()
    adam.step()
    adam.state[p]["step"] = 10_000
    path = export((p * p).sum(), tmp_path / "a.xlsx", optimizer=adam).path
    for engine in AVAILABLE:
        target = Path(shutil.copy(path, tmp_path / f"{engine}.xlsx"))
        assert recalculate(target, engine=engine, output=target).errors == {}
        assert verify(target).ok


def test_deviations_beside_a_large_mean(tmp_path: Path) -> None:
    """Some programs compute DEVSQ from sums of squares, of which nothing is left here."""
    values = Tensor([[1e6 + 0.5, 1e6 - 0.25, 1e6 + 2.0, 1e6]], requires_grad=True)
    y = graphs.apply("LayerNorm", [values], eps=1e-5)
    made: Exported = export((y * y * y).sum(), tmp_path / "a.xlsx")
    for engine in AVAILABLE:
        target = Path(shutil.copy(made.path, tmp_path / f"{engine}.xlsx"))
        result = after(target, engine)
        assert result.ok and result.undecided == []
