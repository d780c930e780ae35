"""Numbers of programs that store about ten digits are judged at the digits they hold, and only those."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Callable, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, manual_seed, nn, randn
from saitama.spreadsheets import compare, export, recalculate, verify
from saitama.spreadsheets.judge.digits import digits_held, lost, significant


@pytest.mark.parametrize(
    ("number", "digits"),
    [(0.38, 2), (3800.0, 2), (0.0, 0), (-1.5, 2), (1e-5, 1), (1.25e-7, 3), (0.1 + 0.2, 17), (5932699921.0, 10)],
)
def test_significant(number: float, digits: int) -> None:
    assert significant(number) == digits


@pytest.mark.parametrize(
    ("results", "digits"),
    [
        ([0.5932699921, 0.25, 0.0], 10),
        ([0.5932699921, 0.593269992107187], None),  # one number that was kept whole
        ([0.25, 0.125, 3.0], None),  # short by nature
        ([0.593, 0.25], None),  # a person's rounding
        ([float("inf"), float("nan"), 0.593269992], 9),
        ([], None),
    ],
)
def test_digits_held(results: list, digits: Optional[int]) -> None:
    assert digits_held(results) == digits


@given(st.floats(1e-300, 1e300), st.integers(9, 12))
def test_what_rounding_loses_is_allowed_and_no_more(true: float, digits: int) -> None:
    stored = float(f"{true:.{digits - 1}e}")
    assert abs(stored - true) <= lost(stored, true, digits) * (1 + 1e-6)
    assert lost(stored, true, digits) <= true * 0.501 * 10.0 ** (1 - digits)
    assert lost(stored, true, None) == 0.0


def store(path: Path, target: Path, shorten: Callable[[float], str], constants: bool) -> Path:
    """The workbook as a program keeps it that writes numbers so: results of formulas, and constants if wanted."""

    def cell(found: re.Match) -> str:  # type: ignore[type-arg]
        text = found.group()
        if 't="' in text.split(">")[0] and 't="n"' not in text.split(">")[0] or not (constants or "<f>" in text):
            return text
        return re.sub(r"<v>([^<]+)</v>", lambda v: f"<v>{shorten(float(v.group(1)))}</v>", text)

    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.startswith("xl/worksheets/"):
                data = re.sub(r"<c [^>]*>.*?</c>", cell, data.decode()).encode()
            new.writestr(name, data)
    return target


def as_google_does(number: float) -> str:
    return "0" if abs(number) < 1e-10 else f"{number:.10g}"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gradients that nearly cancel, powers that magnify the last digit, and tiny numbers."""
    manual_seed(3)
    x, w = randn(4, 3), randn(3, 3)
    w.requires_grad, x.name, w.name = True, "x", "w"
    h = (x @ w).tanh()
    loss = ((h * 3).exp() ** 5).mean() + ((h - h.mean()) ** 9).sum() + (h * 1e-11).sum()
    path = tmp_path_factory.mktemp("digits") / "a.xlsx"
    export(loss, path)
    recalculate(path, engine="ironcalc", output=path)
    assert verify(path).ok
    return path


@pytest.mark.parametrize("constants", [False, True])
def test_ten_digits_of_a_right_workbook_are_right(constants: bool, network: Path, tmp_path: Path) -> None:
    result = verify(store(network, tmp_path / "a.xlsx", as_google_does, constants))
    assert result.ok, str(result)


@pytest.mark.parametrize("constants", [False, True])
def test_an_error_in_the_digits_that_are_held_is_found(constants: bool, network: Path, tmp_path: Path) -> None:
    def off(number: float) -> str:
        return as_google_does(number * (1 + 1e-6) if 0.1 < abs(number) < 10 else number)

    shortened = store(network, tmp_path / "a.xlsx", off, False)
    result = verify(store(shortened, tmp_path / "b.xlsx", as_google_does, constants))
    assert len(result.differences) > 20


def test_six_digits_are_not_enough(network: Path, tmp_path: Path) -> None:
    assert not verify(store(network, tmp_path / "a.xlsx", lambda number: f"{number:.6g}", False)).ok


def test_with_a_tolerance_of_ones_own(network: Path, tmp_path: Path) -> None:
    path = store(network, tmp_path / "a.xlsx", as_google_does, False)
    assert verify(path, rtol=1e-13, atol=0.0).ok
    strict = verify(network, rtol=1e-17, atol=0.0)
    assert strict.ok and strict.undecided  # no two ways of adding agree to more digits than a double has
    off = store(network, tmp_path / "b.xlsx", lambda number: repr(number * (1 + 1e-10)), False)
    assert verify(off).ok and not verify(off, rtol=1e-12, atol=0.0).ok


def test_a_layer_with_an_optimizer(tmp_path: Path) -> None:
    from saitama.optim import Adam

    manual_seed(1)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    loss = (model(randn(5, 3)) ** 2).mean()
    export(loss, tmp_path / "a.xlsx", names=model, optimizer=Adam(model.parameters(), lr=0.01))
    recalculate(tmp_path / "a.xlsx", engine="ironcalc", output=tmp_path / "a.xlsx")
    assert verify(tmp_path / "a.xlsx").ok
    result = verify(store(tmp_path / "a.xlsx", tmp_path / "b.xlsx", as_google_does, True))
    assert result.ok, str(result)


def test_a_persons_own_workbook(tmp_path: Path) -> None:
    import hostile

    true = [2 / 3, 3e-11, 12345.678901234567]
    cells = "".join(f"<c><f>1</f><v>{as_google_does(x)}</v></c>" for x in true)
    path = hostile.one_cell(tmp_path / "a.xlsx", cells)
    assert compare(path, {"A1:C1": Tensor(true)}, rtol=1e-14, atol=0.0)
    assert not compare(path, {"A1:C1": Tensor([2 / 3 + 1e-8, *true[1:]])})
    path = hostile.one_cell(tmp_path / "b.xlsx", cells + "<c><f>1</f><v>0.12345678901234567</v></c>")
    assert not compare(path, {"A1:C1": Tensor(true)}, rtol=1e-14, atol=0.0)
