"""Whose error a wrong number is: own, carried, or none."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from learner import GRAPHS, Graph, Learner, chain, layer, leaf, product

from saitama import Tensor, optim

BACK = ("dL/de", "dL/dd", "dL/dc", "dL/da", "dL/db")


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("decimals", [None, 4])
def test_right_numbers_have_no_cause(name: str, decimals: Optional[int]) -> None:
    assert Learner(*GRAPHS[name](), {}, decimals).causes() == {}


def test_one_slip_is_one_slip_and_the_rest_is_carried() -> None:
    causes = Learner(*chain(), {"d": 6}).causes()
    assert causes == {"d": ["own"], **dict.fromkeys(("e", "L", *BACK), ["carried"])}


def test_what_does_not_depend_on_the_slip_is_right() -> None:
    assert Learner(*chain(), {"L": 15}).causes() == {"L": ["own"]}


def test_a_slip_behind_a_slip_is_own_too() -> None:
    causes = Learner(*chain(), {"d": 6, "dL/de": 16}).causes()
    assert causes["d"] == causes["dL/de"] == ["own"]
    assert causes["e"] == causes["dL/dd"] == ["carried"]


def test_numbers_of_a_block_are_judged_one_by_one() -> None:
    causes = Learner(*layer(), {"h": {(0, 1): 0.5422}}).causes()
    assert causes["h"] == [None, "own", None, None]
    assert causes["e"] == [None, "carried", None, None]
    assert causes["dL/dW"] == [None, None, "carried", "carried"]


def test_a_blank_is_passed_over() -> None:
    """It is computed from what stands before it, with a rounding more."""
    assert Learner(*chain(), {"d": 6, "e": None}).causes()["L"] == ["carried"]
    assert "L" not in Learner(*chain(), {"e": None}).causes()
    causes = Learner(*chain(), {"d": 6, "e": None, "L": 100}).causes()
    assert causes["L"] == ["own"]  # (6 + 10)² is 256


def test_a_true_value_counts_where_nothing_before_was_typed() -> None:
    only: Dict[str, Any] = dict.fromkeys(("d", "e", "L", *BACK[:-1]))
    assert Learner(*chain(), only).causes() == {}
    assert Learner(*chain(), {**only, "dL/db": -16}).causes() == {"dL/db": ["own"]}


def test_a_true_number_that_does_not_follow_is_right() -> None:
    learner = Learner(*chain(), {"d": 6, "e": 16, "L": 16})  # 16² is 256, and 16 is the true number
    assert learner.causes()["e"] == ["carried"] and "L" not in learner.causes()
    (cell,) = learner.cells("L")
    assert cell.right and not cell.follows


def test_going_on_with_what_was_meant_is_right() -> None:
    """0.8767 was typed for 0.8776: everything after follows from the right number, which is on their paper."""
    root, names = layer()
    typed = Learner(root, names, {"h": {(0, 0): -0.7613}, "e": {(0, 0): -0.9663}})
    causes = typed.causes()
    assert causes["h"] == ["own", None, None, None] and "e" not in causes


def test_a_sign_that_is_wrong_twice_comes_out_right() -> None:
    causes = Learner(*chain(), {"d": 6, "e": -4}).causes()
    assert causes["e"] == ["own"] and "L" not in causes  # (−4)² is the true 16


def test_exact_numbers_leave_no_room() -> None:
    """Nothing is rounded on this page, so 1.4844 for 1.484375 is."""
    root, names = product()
    assert Learner(root, names, {"q": {(1, 1): 1.21}}, None).causes()["q"] == [None, None, None, "own"]


# --- rounding is no slip ----------------------------------------------------------------------------------------------
NUMBERS = st.floats(-3, 3).map(lambda x: round(x, 2)).filter(lambda x: abs(x) >= 0.05)


@st.composite
def chains(draw: Any) -> Graph:
    """Numbers that are added, multiplied and put through functions."""
    names: Dict[str, Any] = {name: leaf(draw(NUMBERS)) for name in "abc"}
    for name in draw(st.sampled_from(["de", "def", "defg"])):
        x, y = (names[draw(st.sampled_from(sorted(names)))] for _ in range(2))
        kind = draw(st.sampled_from(["+", "-", "*", "tanh", "sigmoid", "square"]))
        made = {"+": x + y, "-": x - y, "*": x * y, "square": x**2}.get(kind)
        names[name] = getattr(x, kind)() if made is None else made
    last = names[name]
    names["L"] = last * names["a"] + names["b"]
    return names["L"], names


@st.composite
def layers(draw: Any) -> Graph:
    def tensor(rows: int, columns: int) -> List[List[float]]:
        return [[draw(NUMBERS) for _ in range(columns)] for _ in range(rows)]

    n, m = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    x, W, b = Tensor(tensor(n, 2)), leaf(tensor(2, m)), leaf(tensor(1, m)[0])
    net = x @ W + b
    h = getattr(net, draw(st.sampled_from(["tanh", "sigmoid", "relu"])))()
    L = ((h - Tensor(tensor(n, m))) ** 2).mean()
    return L, {"x": x, "W": W, "b": b, "net": net, "h": h, "L": L}


@settings(max_examples=60)
@given(
    st.one_of(chains(), layers()),
    st.integers(2, 6),
    st.booleans(),
    st.booleans(),
)
def test_honest_rounding_is_never_wrong(graph: Graph, places: int, significant: bool, kept: bool) -> None:
    sizes = [abs(cell.typed.number or 0) for cell in Learner(*graph, {}, None).judgement.cells]
    least = 1e-3 if significant else 10.0**-places  # a number that is rounded to nothing is none
    assume(all(not size or least < size < 1e4 for size in sizes))
    how: Dict[str, Any] = {"digits": places} if significant else {"decimals": places}
    assert Learner(*graph, {}, kept=kept, **how).causes() == {}


@settings(max_examples=60)
@given(layers(), st.integers(3, 6), st.data())
def test_a_number_that_is_far_off_is_always_found(graph: Graph, decimals: int, data: Any) -> None:
    right = Learner(*graph, {}, decimals)
    step = data.draw(st.sampled_from([s for s in right.work.steps if s.positions]))
    index = data.draw(st.sampled_from([tuple(cell.index) for cell in right.judgement.of(step.key)]))
    number = next(cell.typed.number for cell in right.judgement.of(step.key) if tuple(cell.index) == index) or 0.0
    far = number + math.copysign(1.5 + abs(number), number)  # never near the number, as 2 x + 1.5 is near -1.5
    wrong = Learner(*graph, {step.name: {index: round(far, decimals)}}, decimals)
    slips = list(wrong.judgement.slips())
    assert [slip.name for slip in slips][:1] == [step.name]


def test_the_step_of_an_optimizer() -> None:
    root, names = layer()
    step = optim.Adam([names["W"]], lr=0.1, betas=(0.5, 0.75), eps=0.1)
    assert Learner(root, names, {}, optimizer=step).causes() == {}
    causes = Learner(root, names, {"v": {(0, 0): 0.5}}, optimizer=step).causes()
    assert causes["v"] == ["own", None, None, None] and causes["p"] == ["carried", None, None, None]
