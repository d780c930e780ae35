"""The graph behind a tensor: names, order, and computing it again."""

from __future__ import annotations

from typing import Any, Iterator, Tuple

import pytest

from saitama import Tensor
from saitama.spreadsheets.graph.items import numbers
from saitama.spreadsheets.graph.keys import Value
from saitama.spreadsheets.graph.run import run
from saitama.spreadsheets.graph.trace import trace


def test_inputs_come_before_results_and_the_root_is_last() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    loss = (x.exp() * x + 2).sum()
    graph = trace(loss)
    assert [node.op for node in graph.nodes] == ["Exp", "Mul", "Add", "Sum"]
    seen = list(graph.leaves)
    for node in graph.nodes:
        assert all(item in seen for item in node.inputs)
        seen.append(node)  # type: ignore[arg-type]


def test_names() -> None:
    x = Tensor([1.0], requires_grad=True, name="own")
    w = Tensor([3.0], requires_grad=True)
    y = x * w
    z = y * 2
    graph = trace(z.sum(), {"x": x, "w": w, "y": y, "also_y": y, "_": z, "other": 3})
    assert [leaf.name for leaf in graph.leaves] == ["own", "w", "2"]
    assert [node.name for node in graph.nodes] == ["y", "mul2", "sum3"]
    assert [node.text for node in graph.nodes] == ["own * w", "y * 2", "sum(mul2, dim=0)"]


def test_two_tensors_of_one_name_are_told_apart() -> None:
    a, b = Tensor([1.0], requires_grad=True, name="w"), Tensor([1.0], requires_grad=True, name="w")
    assert [leaf.name for leaf in trace((a * b).sum()).leaves] == ["w", "w (2)"]


def test_names_of_a_module() -> None:
    w = Tensor([1.0], requires_grad=True)

    class Module:
        def named_parameters(self) -> Iterator[Tuple[str, Tensor]]:
            yield "linear.weight", w

    assert trace(w.sum(), Module()).leaves[0].name == "linear.weight"
    assert trace(w.sum(), {"model": Module()}).leaves[0].name == "model.linear.weight"


def test_computing_again_gives_values_and_gradients() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    graph = trace(loss)
    result = run(graph, {graph.leaves[0]: x.array})
    assert list(numbers(result.values[graph.root])) == [5.0]
    assert list(numbers(result.gradients[graph.leaves[0]])) == [2.0, 4.0]
    assert x.grad is None


def test_what_a_missing_operand_leaves_unknown() -> None:
    x, w = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    y = x * w
    graph = trace((y * y).sum())
    product, square, total = graph.nodes
    given: Any = {Value(product): y.array}
    result = run(graph, {}, given)
    assert list(numbers(result.values[total])) == [9.0 + 64.0]
    assert list(numbers(result.gradients[product])) == [6.0, 16.0]
    assert not any(leaf in result.gradients for leaf in graph.leaves)
    assert square in result.gradients


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_kind_of_number_of_a_graph(dtype: str) -> None:
    assert trace(Tensor([1.0], requires_grad=True, dtype=dtype).sum()).dtype == dtype
