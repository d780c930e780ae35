"""What verify tells a learner, with answers and without."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Mapping, Set

import pytest
from learner import Graph, attention, chain, classifier, layer, norm, softmax
from pages import blanks, handed_in, type_in

from saitama.spreadsheets import verify

NUMBER = re.compile(r"(?<![\w.])[-−]?\d+\.?\d*(?:e[-+]?\d+)?(?![\w])")


def test_the_story_of_one_sign(tmp_path: Path) -> None:
    told = verify(handed_in(chain(), tmp_path / "mine.xlsx", {"d": 6})).explain().splitlines()
    assert told[0] == f"{tmp_path / 'mine.xlsx'}: 8 blanks: 1 slip of your own, 7 right given it"
    assert re.fullmatch(r"  d \(\w+\)   you have 6: with your a = 2 and b = -3, a · b has the other sign", told[1])
    assert told[2] == "      with your numbers a · b is 2 · (-3) = -6"
    assert told[3] == "  e, L, dL/de, dL/dd, dL/dc, dL/da, dL/db: right, given your d"
    assert told[4].startswith("  judged by the graph that the workbook itself carries: sheet ")


def test_slips_come_first_and_in_the_order_of_the_work(tmp_path: Path) -> None:
    slips = {"net": [[-1.0, 0.6875], [-0.625, -0.5]], "L": 9.0, "dL/dW": {(0, 0): 7.0}}
    result = verify(handed_in(layer(), tmp_path / "w.xlsx", slips))
    assert [difference.cause for difference in result.differences][:6] == ["own"] * 6
    assert {difference.cause for difference in result.differences[6:]} == {"carried"}
    assert result.story is not None
    assert [slip.name for slip in result.story.slips] == ["net", "L", "dL/dW"]
    assert result.story.head().startswith("39 blanks: 3 slips of your own (6 numbers), ")
    assert [bool(difference.reason) for difference in result.differences[:4]] == [True] * 4


def test_all_right_and_all_empty(tmp_path: Path) -> None:
    path = handed_in(chain(), tmp_path / "w.xlsx", {})
    assert verify(path).explain().splitlines()[0].endswith("8 blanks: all right")
    empty = {(name, index): None for name, cells in blanks(path).items() for index in cells}
    assert verify(type_in(path, empty)).headline().endswith("8 blanks: 8 still empty")


def test_a_true_number_that_does_not_follow_is_noted(tmp_path: Path) -> None:
    told = verify(handed_in(chain(), tmp_path / "w.xlsx", {"d": 6, "e": 16, "L": 16})).explain()
    assert re.search(r"^  L \(\w+\) is right, but does not follow from your numbers above$", told, re.MULTILINE)
    assert "does not follow" not in verify(handed_in(chain(), tmp_path / "v.xlsx", {})).explain()


# --- without answers --------------------------------------------------------------------------------------------------
CASES: Mapping[str, Any] = {
    "chain": (chain(), {"d": 6, "dL/dc": 9}),
    "layer": (layer(), {"net": [[-1.0, 0.6875], [-0.625, -0.5]], "L": 8.1, "dL/dq": {(0, 0): 0.5}}),
    "attention": (attention(), {"S": {(0, 1): -0.4419}, "dS": {(1, 0): 0.1}}),
    "norm": (norm(), {"var": [2.3333, 4.0833, 3.1458], "dL/dx": {(0, 0): 3.3}}),
    "softmax": (softmax(), {"p": {(0, 0): 0.9}}),
    "classifier": (classifier(), {"ln_p": {(0, 0): -0.6}, "dL/dz": {(1, 1): 0.77}}),
}


@pytest.mark.parametrize("name", CASES)
def test_without_answers_there_is_no_true_number(name: str, tmp_path: Path) -> None:
    """No number is told that the learner has not typed and that does not stand on the page, and no true one of a blank
    that is wrong."""
    graph, slips = CASES[name]
    path = handed_in(graph, tmp_path / "w.xlsx", slips)
    empty = list(blanks(path).items())[-1]
    type_in(path, {(empty[0], index): None for index in empty[1]})
    result = verify(path)
    answers = {true for one in result.differences for true in as_shown(one.expected)} - known(path, graph)
    assert answers
    told = result.explain(answers=False)
    assert answers & set(NUMBER.findall(told)) == set()
    plain = json.dumps(result.as_dict(answers=False), ensure_ascii=False)
    assert answers & set(NUMBER.findall(plain)) == set()
    assert '"expected"' not in plain
    everything = set(NUMBER.findall(result.explain())) | set(NUMBER.findall(json.dumps(result.as_dict())))
    assert answers & everything  # with answers they are there


def known(path: Path, graph: Graph) -> Set[str]:
    """What a learner sees anyway: given numbers, and what they typed."""
    import openpyxl

    seen: Set[str] = set()
    for row in openpyxl.load_workbook(path)["Page"].iter_rows():
        for cell in row:
            if isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool):
                seen |= as_shown(float(cell.value))
    return seen


def as_shown(number: Any) -> Set[str]:
    if not isinstance(number, float):
        return set()
    texts = {repr(number), *(f"{number:.{digits}g}" for digits in (3, 4, 6, 10))}
    texts |= {f"{number:.{decimals}f}" for decimals in (3, 4)}
    return {text for text in texts if len(text.strip("-0.")) > 1}  # a single digit also counts blanks
