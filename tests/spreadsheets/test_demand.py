"""Small workbooks whose graphs ask for more than a machine has are refused before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Tuple

import graphs
import hostile
import pytest
from hostile import leaf, node

from saitama.spreadsheets import WorkbookError, verify
from saitama.spreadsheets.graph import demand
from saitama.spreadsheets.graph.trace import Graph, Node, trace

TWO, ONE = leaf("x", (2,), 3), leaf("a", (), 6)

# x: two numbers, 0; a: one, 1; what operations make counts from 2.
Case = Tuple[List[Dict[str, Any]], str]
CASES: Dict[str, Case] = {
    "1e12 scores": (
        [
            node("Expand", [1], (1_000_000, 1), shape=[1_000_000, 1]),
            node("Attention", [2, 2, 2], (1_000_000, 1), num_heads=0, is_causal=False, scale=1.0),
            node("Sum", [3], (), dim=[0, 1], keepdim=False),
        ],
        "operation 2, Attention, asks for .* multiply-adds",
    ),
    "1e12 scores of a batch": (
        [
            node("Expand", [1], (1_000, 1_000, 1), shape=[1_000, 1_000, 1]),
            node("Expand", [1], (1_000_000, 1), shape=[1_000_000, 1]),
            node("Attention", [2, 3, 3], (1_000, 1_000, 1), num_heads=1, is_causal=True, scale=1.0),
            node("Sum", [4], (), dim=[0, 1, 2], keepdim=False),
        ],
        "operation 3, Attention, asks for",
    ),
    "one input joined 15,000 times": (
        [
            node("Expand", [1], (1_000,), shape=[1_000]),
            node("Concat", [2] * 15_000, (15_000_000,), dim=0),
            node("Sum", [3], (), dim=[0], keepdim=False),
        ],
        "operation 2, Concat, asks for 45,000,000 numbers",
    ),
    "1e7 numbers": (
        [
            node("Expand", [1], (10_000_000,), shape=[10_000_000]),
            node("Sum", [2], (), dim=[0], keepdim=False),
        ],
        "operation 1, Expand, asks for .* numbers",
    ),
    "1e6 numbers many times": (
        [
            node("Expand", [1], (1_000_000,), shape=[1_000_000]),
            *[node("Sum", [2], (1,), dim=[0], keepdim=True)] * 1_000,
            node("Concat", list(range(3, 1_003)), (1_000,), dim=0),
            node("Sum", [1_003], (), dim=[0], keepdim=False),
        ],
        "it asks for 1,0.* numbers in all, at most 25,000,000",
    ),
    "a chain of large ones": (
        [
            node("Expand", [1], (900_000,), shape=[900_000]),
            *[node("Exp", [n], (900_000,)) for n in range(2, 1_500)],
            node("Sum", [1_500], (), dim=[0], keepdim=False),
        ],
        "it asks for .* numbers in all, at most 25,000,000",
    ),
    "a large product": (
        [
            node("Expand", [1], (1_000, 1_000), shape=[1_000, 1_000]),
            node("MatMul", [2, 2], (1_000, 1_000)),
            node("Sum", [3], (), dim=[0, 1], keepdim=False),
        ],
        "operation 2, MatMul, asks for .* multiply-adds, at most 1,000,000,000",
    ),
    "many products": (
        [
            node("Expand", [1], (500, 500), shape=[500, 500]),
            *[node("MatMul", [2, 2], (500, 500))] * 12,
            node("Sum", [3], (), dim=[0, 1], keepdim=False),
        ],
        "multiply-adds in all",
    ),
    "a product of few numbers whose gradient has many": (
        [
            node("Expand", [1], (2_000, 1, 10), shape=[2_000, 1, 10]),
            node("Expand", [1], (1, 10, 10), shape=[1, 10, 10]),
            node("Expand", [1], (1, 10, 600), shape=[1, 10, 600]),
            node("MatMul", [2, 4], (2_000, 1, 600)),
            node("Sum", [5], (), dim=[0, 1, 2], keepdim=False),
        ],
        "operation 4, MatMul, asks for .* numbers",
    ),
    "a recurrent layer": (
        [
            node("Expand", [1], (4_000, 1, 500), shape=[4_000, 1, 500]),
            node("Expand", [1], (500, 500), shape=[500, 500]),
            node("Expand", [1], (1, 500), shape=[1, 500]),
            node("ElmanSteps", [2, 3, 4], (4_000, 1, 500), nonlinearity="tanh"),
            node("Sum", [5], (), dim=[0, 1, 2], keepdim=False),
        ],
        "operation 4, ElmanSteps, asks for",
    ),
    "20,000 operations": (
        [node("Neg", [n]) for n in range(1, 20_001)],
        "its graph has 20,000 operations, at most 2,000",
    ),
    "100,000 operations": (
        [node("Neg", [n]) for n in range(1, 100_001)],
        "its graph takes more than 10,000,000 characters",
    ),
    "1e5 operands": (
        [node("Expand", [1], (1,), shape=[1]), node("Concat", [2] * 100_000, (100_000,), dim=0)],
        "read 100,003 tensors, at most 50,000",
    ),
}


@pytest.fixture(autouse=True)
def as_with_compiled_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demand, "MAX_WORK", 1_000_000_000)
    monkeypatch.setattr(demand, "MAX_WORK_IN_ALL", 4_000_000_000)


@pytest.mark.parametrize("what", list(CASES))
def test_what_asks_for_too_much_is_refused(what: str, tmp_path: Path) -> None:
    nodes, message = CASES[what]
    path = hostile.graph_book(tmp_path / "a.xlsx", [TWO, ONE], nodes)
    assert path.stat().st_size < 2_000_000
    with pytest.raises(WorkbookError, match=f"too much to compute here: .*{message}") as error:
        verify(path)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300 + len(str(path))


def test_what_cannot_be_computed_asks_for_nothing(tmp_path: Path) -> None:
    """A weight that was summarised has no cells, so nothing is computed from it, however large."""
    large = leaf("w", (10_000, 10_000))
    total = node("Sum", [0], (), dim=[0, 1], keepdim=False)
    path = hostile.graph_book(tmp_path / "a.xlsx", [large], [total])
    with pytest.raises(WorkbookError, match="0 cells checked.*w, which has no cells"):
        verify(path)


@pytest.mark.parametrize("text", ['{"a":' * 5_000, "[" * 30_000, '{"format":' + "9" * 25_000 + "}"])
def test_deeply_nested_and_endless(text: str, tmp_path: Path) -> None:
    rows = hostile.row(1, "note") + hostile.row(2, text)
    with pytest.raises(WorkbookError, match="the graph it carries is damaged"):
        verify(hostile.several(tmp_path / "a.xlsx", {"Graph": rows}))


def test_a_long_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saitama.spreadsheets.read.carried.MAX_TEXT", 100_000)
    rows = "".join(hostile.row(n, " " * 30_000) for n in range(1, 9))
    with pytest.raises(WorkbookError, match="more than 100,000 characters"):
        verify(hostile.several(tmp_path / "a.xlsx", {"Graph": rows}))


def test_blocks_of_blanks(tmp_path: Path) -> None:
    """A block of a million cells of which only the labels are there."""
    labels = "".join(f'<c r="{_letters(n)}2" t="str"><v>{n}</v></c>' for n in range(1_000))
    rows = f'<row r="2">{labels}</row>' + "".join(hostile.row(3 + n, str(n)) for n in range(1_000))
    big = hostile.leaf("x", (1_000, 1_000), 3)
    graph = {"saitama": "0", "format": 1, "kind": "export", "leaves": [big], "nodes": [node("Sum", [0])]}
    path = hostile.several(tmp_path / "a.xlsx", {"Inputs": rows, "Graph": hostile.row(2, hostile.json.dumps(graph))})
    with pytest.raises(WorkbookError, match="more than 500,000 cells that should hold numbers are blank"):
        verify(path)


def _letters(n: int) -> str:
    from saitama.spreadsheets.address import column_letters

    return column_letters(n + 2)


def test_the_usual_graphs_ask_for_little() -> None:
    graph = trace(graphs.everything())
    demand.check_demand(graph, graph.leaves, [])
    for one in graph.nodes:
        numbers, work = demand.demand(one)
        assert 0 <= numbers < 2_000 and numbers <= work < 20_000, one.text


def test_every_operation_with_an_axis_inside_has_a_demand_of_its_own() -> None:
    """Work beyond the numbers that go in and come out: a product's inner axis, scores, steps."""
    assert set(demand.DEMANDS) == {"Attention", "Concat", "ElmanSteps", "GRUSteps", "LSTMSteps", "Linear", "MatMul"}


@pytest.mark.parametrize(
    ("shapes", "y", "work"),
    [
        (((2, 3), (3, 4)), (2, 4), 3 * 2 * 3 * 4),
        (((3,), (3,)), (), 3 * 3),
        (((5, 2, 3), (3, 4)), (5, 2, 4), 3 * 5 * 2 * 3 * 4),
        (((5, 2, 3), (1, 3, 4)), (5, 2, 4), 3 * 5 * 2 * 3 * 4),
    ],
)
def test_products(shapes: Any, y: Any, work: int) -> None:
    items = Graph([], []).leaves
    for shape in shapes:
        items.append(Node("x", shape, "float64", True))  # type: ignore[arg-type]
    one = Node("y", y, "float64", True, op="MatMul", inputs=tuple(items), number=1)
    numbers, total = demand.demand(one)
    assert total - numbers == work
