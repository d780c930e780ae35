"""The graph behind a tensor: names, order, and computing it again."""

from __future__ import annotations

from typing import Any

import pytest

from saitama import Tensor, nn
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
    model = nn.Sequential(nn.Linear(1, 1, bias=False))
    y = model(Tensor([[1.0]])).sum()
    assert trace(y, model).leaves[1].name == "0.weight"
    assert trace(y, {"model": model}).leaves[1].name == "model.0.weight"


class Net(nn.Module):
    """What a script defines at its top level."""

    def __init__(self) -> None:
        self.fc = nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x).tanh()


class Odd:
    """Neither tensor nor module, whatever one asks it for."""

    def __getattr__(self, name: str) -> Any:
        return lambda: 1 / 0


@pytest.mark.parametrize(
    "other", [Net, nn.Linear, nn, nn.functional.relu, Net.forward, Odd(), Odd, Any, [1], {"a": 1}, None, "text", 3]
)
def test_what_else_a_script_has_names_for_is_passed_over(other: Any) -> None:
    net, x = Net(), Tensor([[1.0, 2.0]])
    graph = trace(net(x).sum(), {"Other": other, "net": net, "x": x, 7: other})
    assert [leaf.name for leaf in graph.leaves] == ["x", "net.fc.weight", "net.fc.bias"]
    assert [part.path for part in graph.parts] == ["net", "net.fc"]


def test_a_class_in_the_place_of_its_module_is_refused() -> None:
    with pytest.raises(TypeError, match="names is a type; give a mapping from names to tensors"):
        trace(Net()(Tensor([[1.0, 2.0]])).sum(), Net)


def test_a_name_of_ones_own_comes_before_the_underscore_of_a_notebook() -> None:
    net = Net()
    loss = net(Tensor([[1.0, 2.0]])).sum()
    for names in ({"_": net, "_3": net, "net": net}, {"net": net, "_": net}):
        assert trace(loss, names).leaves[1].name == "net.fc.weight"
    assert trace(loss, {"_net": net}).leaves[1].name == "_net.fc.weight"


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
