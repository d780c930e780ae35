"""The faults that published sheets of networks have, each planted in a sheet of one's own and named."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, NamedTuple, Optional

import pytest
from own_sheets import (
    ADAM,
    NETWORK,
    NORMALISED,
    POSITIONS,
    SOFTMAX,
    activated,
    adam,
    layer,
    network,
    normalised,
    position_formula,
    positions,
    save,
    softmax,
)

from saitama.spreadsheets import HandSheet

Cells = Dict[str, Any]


class Fault(NamedTuple):
    slug: str
    where: str  # the first wrong cell
    sheet: Cells
    change: Cells
    check: Callable[[Path], Any]
    others: int = 0  # other slips that follow from nothing else
    other_sheets: Optional[Dict[str, Cells]] = None


FAULTS = {
    "derivative of the wrong neuron": Fault(
        "wrong-neuron", "I1", NETWORK,
        {"I1": "=(F10-B16)*F11*(1-F11)", "I2": "=(F11-B17)*F10*(1-F10)"}, network,
    ),
    "W for its transpose in the hidden delta": Fault(
        "transposed", "I7", NETWORK,
        {"I7": "=(B10*I1+C10*I2)*F4*(1-F4)", "I8": "=(B11*I1+C11*I2)*F5*(1-F5)"}, network,
    ),
    "product for difference": Fault(
        "wrong-operation", "I1", NETWORK, {"I1": "=(F10*B16)*F10*(1-F10)", "I2": "=(F11*B17)*F11*(1-F11)"}, network
    ),
    "another target's column": Fault(
        "wrong-neuron", "I1", NETWORK, {"I1": "=(F10-B17)*F10*(1-F10)", "I2": "=(F11-B16)*F11*(1-F11)"}, network
    ),
    "a reference that slides": Fault(
        "sliding-reference", "F4", NETWORK, {"F4": "=1/(1+EXP(-F2))", "F5": "=1/(1+EXP(-F3))"}, network
    ),
    "a reference that stands still": Fault(
        "stuck-reference", "F5", NETWORK, {"F5": "=1/(1+EXP(-F$1))"}, network
    ),
    "another sheet's blank cell": Fault(
        "other-block", "F7", NETWORK, {"F7": "=B10*F4+C10*F5+Weights!B13"}, network, 0, {"Weights": {"B1": "b2"}}
    ),
    "log10 for ln": Fault(
        "log-base", "B6", SOFTMAX, {"B6": "=-(B2*LOG10(B4)+C2*LOG10(C4)+D2*LOG10(D4))"}, softmax
    ),
    "missing ReLU mask": Fault(
        "missing-derivative", "F7", layer("relu"),
        {f"{c}{n}": f"={'2*' * (n > 5)}{c}{n - (6 if n > 5 else 3)}" for c in "EF" for n in (4, 5, 7, 8)},
        partial(activated, function="relu"), 1,
    ),
    "sample variance": Fault(
        "sample-variance", "G2", NORMALISED, {"G2": "=((B1-G1)^2+(C1-G1)^2+(D1-G1)^2+(E1-G1)^2)/3"}, normalised
    ),
    "softmax without exp": Fault(
        "not-normalised", "B4", SOFTMAX,
        {"B4": "=B1/($B$1+$C$1+$D$1)", "C4": "=C1/($B$1+$C$1+$D$1)", "D4": "=D1/($B$1+$C$1+$D$1)"}, softmax,
    ),
    "a sigmoid with the wrong sign": Fault(
        "sign", "F4", NETWORK, {"F4": "=1/(1+EXP(F1))", "F5": "=1/(1+EXP(F2))"}, network
    ),
    "tanh's derivative of its own output": Fault(
        "derivative-at-output", "E7", layer("tanh"),
        {cell: f"=2*{h}*(1-TANH({h})^2)" for cell, h in (("E7", "E4"), ("F7", "F4"), ("E8", "E5"), ("F8", "F5"))},
        partial(activated, function="tanh"),
    ),
    "the learning rate inside a delta": Fault(
        "rate-inside", "I1", NETWORK, {"I1": "=B19*(F10-B16)*F10*(1-F10)", "I2": "=B19*(F11-B17)*F11*(1-F11)"}, network
    ),
    "stale second moment": Fault(
        "moment", "B13", ADAM,
        {f"{c}13": f"={c}8-0.01*({c}11/(1-0.9^2))/(SQRT({c}5/(1-0.999^2))+0.00000001)" for c in "BC"}, adam,
    ),
    "no bias correction": Fault(
        "moment", "B13", ADAM, {f"{c}13": f"={c}8-0.01*{c}11/(SQRT({c}12)+0.00000001)" for c in "BC"}, adam
    ),
    "root of a sum called mean": Fault(
        "sum-for-mean", "G6", NORMALISED, {"G6": "=SQRT(B1^2+C1^2+D1^2+E1^2)"}, normalised
    ),
    "the weight in place of the activation": Fault(
        "weight-for-activation", "I4", NETWORK,
        {"I4": "=I1*B10", "J4": "=I1*C10", "I5": "=I2*B11", "J5": "=I2*C11"}, network,
    ),
    "position and dimension swapped in an encoding": Fault(
        "swapped", "C1", POSITIONS,
        {f"{'BCDE'[j]}{1 + p}": position_formula(str(j), p, 4) for p in range(3) for j in range(4)}, positions,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    found = fault.check(save(tmp_path / "mine.xlsx", fault.sheet, fault.change, fault.other_sheets)).report()
    reasons = {one.cell: one.reason.slug if one.reason else None for one in found.differences if one.cause != "carried"}
    print(found)
    assert reasons.get(fault.where) == fault.slug
    assert all(one.cause == "carried" or one.cell in fault.change for one in found.differences), "one slip is one slip"
    assert len(found.slips) == 1 + fault.others


@pytest.mark.parametrize(
    ("cells", "check"),
    [
        (NETWORK, network), (SOFTMAX, softmax), (layer("relu"), partial(activated, function="relu")),
        (layer("tanh"), partial(activated, function="tanh")), (NORMALISED, normalised), (ADAM, adam),
        (POSITIONS, positions),
    ],
)  # fmt: skip
def test_without_a_fault_all_is_right(cells: Cells, check: Any, tmp_path: Path) -> None:
    found = check(save(tmp_path / "mine.xlsx", cells)).report()
    assert found.ok and found.checked > 4, str(found)


def test_the_same_slip_at_both_logarithms(tmp_path: Path) -> None:
    """Each cell of the loss has two, of which none stands on the sheet by itself."""
    cells: Cells = {"A1": 0.25, "B1": 0.75, "A2": 0, "B2": 1}
    for column in "AB":
        cells[f"{column}4"] = f"=-({column}2*LOG10({column}1)+(1-{column}2)*LOG10(1-{column}1))"
    s = HandSheet(save(tmp_path / "mine.xlsx", cells))
    p, t = s.tensor("A1:B1", "p"), s.tensor("A2:B2", "t")
    s.check("A4:B4", -(t * p.log() + (1 - t) * (1 - p).log()))
    (slip,) = s.report().slips
    assert slip.reason is not None and slip.reason.slug == "log-base" and "log₁₀" in slip.reason.sentence
    assert slip.rule.startswith("−((t · (ln p)) + ") and "log1" not in slip.rule
