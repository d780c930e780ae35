"""Optimisers as people write them in sheets: their conventions, their state before and after, and several steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import pytest
from own_sheets import ADAM, Cells, adam, save

from saitama import optim
from saitama.spreadsheets import HandSheet
from saitama.spreadsheets.hand import stages

# Two steps in rows 4 and 5: gradient, moments, w; loss = (w x)². B2 is where w starts, B3 is x.
START: Cells = {"A2": "w", "B2": 0.5, "A3": "x", "B3": 1.5}
GRADIENTS: Cells = {"A4": "=2*B2*$B$3^2", "A5": "=2*D4*$B$3^2"}
SHEETS: Dict[str, Any] = {
    "momentum": (
        lambda w: optim.Momentum(w, lr=0.125, momentum=0.5),
        {"B4": "=A4", "B5": "=0.5*B4+A5", "D4": "=B2-0.125*B4", "D5": "=D4-0.125*B5"},
    ),
    "momentum, the rate inside": (
        lambda w: optim.Momentum(w, lr=0.125, momentum=0.5, lr_inside=True),
        {"B4": "=-0.125*A4", "B5": "=0.5*B4-0.125*A5", "D4": "=B2+B4", "D5": "=D4+B5"},
    ),
    "momentum, a running mean": (
        lambda w: optim.Momentum(w, lr=0.125, momentum=0.5, dampening=0.5),
        {"B4": "=0.5*A4", "B5": "=0.5*B4+0.5*A5", "D4": "=B2-0.125*B4", "D5": "=D4-0.125*B5"},
    ),
    "momentum before the update": (
        lambda w: optim.Momentum(w, lr=0.125, momentum=0.5, old_moments=True),
        {"B4": "=A4", "B5": "=0.5*B4+A5", "D4": "=B2-0.125*0", "D5": "=D4-0.125*B4"},
    ),
    "Adam without correction": (
        lambda w: optim.Adam(w, lr=0.125, betas=(0.5, 0.75), eps=0.5, bias_correction=False),
        {
            "B4": "=0.5*A4", "B5": "=0.5*B4+0.5*A5", "C4": "=0.25*A4^2", "C5": "=0.75*C4+0.25*A5^2",
            "D4": "=B2-0.125*B4/(SQRT(C4)+0.5)", "D5": "=D4-0.125*B5/(SQRT(C5)+0.5)",
        },
    ),
    "Adam before the update": (
        lambda w: optim.Adam(w, lr=0.125, betas=(0.5, 0.75), eps=0.5, bias_correction=False, old_moments=True),
        {
            "B4": "=0.5*A4", "B5": "=0.5*B4+0.5*A5", "C4": "=0.25*A4^2", "C5": "=0.75*C4+0.25*A5^2",
            "D4": "=B2", "D5": "=D4-0.125*B4/(SQRT(C4)+0.5)",
        },
    ),
    "RMSprop before the update": (
        lambda w: optim.RMSprop(w, lr=0.125, alpha=0.75, eps=0.5, old_moments=True),
        {
            "C4": "=0.25*A4^2", "C5": "=0.75*C4+0.25*A5^2",
            "D4": "=B2-0.125*A4/(0+0.5)", "D5": "=D4-0.125*A5/(SQRT(C4)+0.5)",
        },
    ),
}  # fmt: skip
COLUMN = {"velocity": "B", "exp_avg": "B", "exp_avg_sq": "C", "square_avg": "C"}


def checked(path: Path, make: Any) -> HandSheet:
    s = HandSheet(path)
    w, x = s.tensor("B2", "w", requires_grad=True, shape=(1,)), s.tensor("B3", "x", shape=(1,))
    optimizer = make([w])
    for row in (4, 5):
        for name, column in COLUMN.items() if row == 5 else ():  # before the second step: what the first has left
            if name in optimizer.state[w]:
                s.check(f"{column}4", optimizer.state[w][name])
        optimizer.zero_grad()
        ((w * x) ** 2).sum().backward()
        s.check(f"A{row}", w.grad)
        optimizer.step()
        for name, column in COLUMN.items():
            if name in optimizer.state[w]:
                s.check(f"{column}{row}", optimizer.state[w][name])
        s.check(f"D{row}", w)
    return s


def causes(found: Any) -> Dict[str, Any]:
    return {one.cell: one.cause for one in found.differences}


@pytest.mark.parametrize("name", list(SHEETS))
def test_each_convention(name: str, tmp_path: Path) -> None:
    make, cells = SHEETS[name]
    sheet = {**START, **GRADIENTS, **cells}
    found = checked(save(tmp_path / "right.xlsx", sheet), make).report()
    assert found.ok, str(found)
    last = cells["D5"].replace("D4", "1.5*D4")
    wrong = checked(save(tmp_path / "wrong.xlsx", sheet, {"D5": last}), make).report()
    assert causes(wrong) == {"D5": "own"}
    first = checked(save(tmp_path / "first.xlsx", sheet, {"D4": "=B2+0.25"}), make).report()
    found_causes = causes(first)
    assert found_causes.pop("D4") == "own" and set(found_causes.values()) == {"carried"} and "A5" in found_causes


@pytest.mark.parametrize(
    ("name", "instead", "cell"),
    [
        ("Adam without correction", "Adam before the update", "D4"),
        ("momentum", "momentum before the update", "D4"),
        ("momentum before the update", "momentum", "D4"),
    ],
)
def test_another_convention_is_a_slip(name: str, instead: str, cell: str, tmp_path: Path) -> None:
    sheet = {**START, **GRADIENTS, **SHEETS[instead][1]}
    found = checked(save(tmp_path / "mine.xlsx", sheet), SHEETS[name][0]).report()
    assert causes(found)[cell] == "own"


def test_the_moment_before_the_update_is_named(tmp_path: Path) -> None:
    make, cells = SHEETS["Adam without correction"]
    path = save(tmp_path / "mine.xlsx", {**START, **GRADIENTS, **cells}, {"D5": "=D4-0.125*B4/(SQRT(C5)+0.5)"})
    (slip,) = checked(path, make).report().differences
    assert slip.cell == "D5" and slip.reason.slug == "moment" and "before this step" in slip.reason.sentence


def test_numbers_after_a_slip_in_an_earlier_step_are_carried(tmp_path: Path) -> None:
    for wrong in ({"B4": "=0.2*B3"}, {"B8": "=B1+0.01*B6/(SQRT(B7)+0.00000001)"}):
        found = adam(save(tmp_path / "mine.xlsx", ADAM, wrong)).report()
        (cell,) = wrong
        rest = causes(found)
        assert rest.pop(cell) == "own" and len(rest) >= 4 and set(rest.values()) == {"carried"}, str(found)


def test_a_line_that_changes_nothing_can_be_checked(tmp_path: Path) -> None:
    """Weight decay of 0, and a count that the step without correction does not need."""
    make, cells = SHEETS["Adam without correction"]
    path = save(tmp_path / "mine.xlsx", {**START, **GRADIENTS, **cells, "E4": 1, "F4": "=A4"}, {"D4": "=B2-0.25"})
    s = HandSheet(path)
    w, x = s.tensor("B2", "w", requires_grad=True, shape=(1,)), s.tensor("B3", "x", shape=(1,))
    optimizer = make([w])
    ((w * x) ** 2).sum().backward()
    optimizer.step()
    s.check("E4", s.lines(w)["t"])
    s.check("F4", s.lines(w)["g"])
    s.check("D4", w)
    assert causes(s.report()) == {"D4": "own"}


def test_a_graph_that_is_too_large_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "MOST_NUMBERS", 3)
    make, cells = SHEETS["momentum"]
    found = checked(save(tmp_path / "mine.xlsx", {**START, **GRADIENTS, **cells}, {"D4": 7}), make).report()
    assert causes(found)["D4"] is None and found.notes
    assert "has 6 numbers, forward and back, at most 3 are worked through; bind and check a part" in str(found)


def test_a_state_from_the_sheet(tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    cells = {"B2": 0.5, "B3": 2.0, "C2": 0.25, "A4": "=2*B2*B3^2", "B4": "=0.5*C2+A4", "D4": "=B2-0.125*B4"}
    s = HandSheet(save(tmp_path / "mine.xlsx", cells))
    w, x = s.tensor("B2", "w", requires_grad=True, shape=(1,)), s.tensor("B3", "x", shape=(1,))
    optimizer = optim.Momentum([w], lr=0.125, momentum=0.5)
    optimizer.state[w] = {"velocity": s.tensor("C2", "v", shape=(1,))}
    ((w * x) ** 2).sum().backward()
    optimizer.step()
    s.check("B4", optimizer.state[w]["velocity"])
    s.check("D4", w)
    assert s.report().ok
    assert s.probe().ok and s.probe({"v": [-3.0]}).ok and s.probe(seed=1).ok and s.report().ok


def test_a_probe_follows_all_steps(tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    make, cells = SHEETS["momentum, a running mean"]
    right = checked(save(tmp_path / "right.xlsx", {**START, **GRADIENTS, **cells}), make)
    assert right.report().ok and right.probe().ok
    typed = {"D5": right.calculated(("Mine", 5, 4)).number}  # what follows from these numbers alone
    s = checked(save(tmp_path / "typed.xlsx", {**START, **GRADIENTS, **cells}, typed), make)
    assert s.report().ok and [one.cell for one in s.probe().differences] == ["D5"]
