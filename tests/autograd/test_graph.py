"""to_dot: what is in the text, and that Graphviz takes it."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any, List
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama.autograd.graph import to_dot
from saitama.autograd.value import Value
from saitama.tensor import Tensor


def labels(dot: str) -> List[str]:
    """The text of each box, its lines joined by |."""
    found = re.findall(r"label=<(.*?)>, fillcolor", dot)
    return [
        re.sub(r"<[^>]*>", "", label.replace("<br/>", "|")).replace("&#160;", " ").replace("&lt;", "<").strip()
        for label in found
    ]


def edges(dot: str) -> List[Any]:
    return re.findall(r"  (n\d+) -> (n\d+)", dot)


def test_a_small_graph() -> None:
    x = Tensor([1.0, 2.0], name="x")
    W = Tensor([[0.15, 0.2], [-0.25, 1 / 3]], requires_grad=True)
    h = (W @ x + 0.35).sigmoid()
    dot = to_dot(h, {"W": W, "h": h, "other": 3})
    assert labels(dot) == [
        "W (2, 2)| 0.15     0.2|-0.25  0.3333",
        "x (2,)|1  2",
        "0.35",
        "MatMul|(2,)|0.55  0.4167",
        "Add|(2,)|0.9  0.7667",
        "h = Sigmoid|(2,)|0.7109  0.6828",
    ]
    assert edges(dot) == [("n0", "n3"), ("n1", "n3"), ("n3", "n4"), ("n2", "n4"), ("n4", "n5")]


def test_a_name_of_its_own_comes_first() -> None:
    x = Tensor(1.0, requires_grad=True, name="own")
    y = x * 2
    y.name = "result"
    assert labels(to_dot(y, {"given": x, "y": y}))[:1] == ["own|1"]
    assert labels(to_dot(y, {"given": x, "y": y}))[-1:] == ["result = Mul|2"]


def test_gradients_are_shown_where_there_are_any() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    y = (x * x).sum()
    y.backward(retain_graph=True)
    assert labels(to_dot(y))[0] == "x (2,)|1  2|gradient|2  4"


def test_large_tensors_are_summarised() -> None:
    x = Tensor([[float(i) for i in range(10)], [0.0] * 10], requires_grad=True, name="x")
    deep = Tensor([[[1.0, 2.0]]], requires_grad=True, name="deep")
    assert re.sub(" +", " ", labels(to_dot(x.sum()))[0]) == "x (2, 10)|min 0|mean 2.25|max 9"
    assert re.sub(" +", " ", labels(to_dot(deep.sum()))[0]) == "deep (1, 1, 2)|min 1|mean 1.5|max 2"


def test_parameters_of_operations_and_other_dtypes() -> None:
    x = Tensor([[1.0, 2.0]], requires_grad=True, name="x")
    texts = labels(to_dot((x.softmax(1) * (x > 1)).sum(dim=1)))
    assert "Softmax dim=1|(1, 2)|0.2689  0.7311" in texts
    assert "Gt|(1, 2)|False  True" in texts
    assert "Sum dim=(1,)|(1,)|0.7311" in texts


def test_no_elements() -> None:
    x = Tensor([[]], requires_grad=True, name="x")
    assert labels(to_dot(x.sum()))[0] == "x (1, 0)|no elements"


def test_the_users_gradients_are_left_alone() -> None:
    x = Tensor(1.0, requires_grad=True)
    y = x * 2
    to_dot(y)
    assert x.grad is None
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == 2.0


def test_a_freed_graph_says_what_to_do() -> None:
    x = Tensor(1.0, requires_grad=True)
    y = x * 2
    y.backward()
    with pytest.raises(RuntimeError, match="freed by backward.*retain_graph=True"):
        to_dot(y)
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        to_dot(y + 1)


def test_nothing_to_draw() -> None:
    with pytest.raises(RuntimeError, match="no operation made this tensor"):
        to_dot(Tensor(1.0))
    with pytest.raises(TypeError, match="not float"):
        to_dot(1.0)  # type: ignore[arg-type]


def test_a_graph_of_values() -> None:
    a, b = Value(2.0, name="a"), Value(-3.0)
    y = (a * b + 10) / a
    y.backward()
    dot = to_dot(y, {"b": b, "y": y})
    assert labels(dot) == [
        "a|2|gradient -2.5",
        "b|-3|gradient 1",
        "*|-6|gradient 0.5",
        "10",
        "+|4|gradient 0.5",
        "y = /|2|gradient 1",
    ]
    assert edges(dot) == [("n0", "n2"), ("n1", "n2"), ("n2", "n4"), ("n3", "n4"), ("n4", "n5"), ("n0", "n5")]
    assert labels(to_dot(Value(3.0, name="x"))) == ["x|3|gradient 0"]


def test_a_long_chain() -> None:
    y = Value(1.0)
    for _ in range(3_000):
        y = y + 1
    assert len(edges(to_dot(y))) == 6_000


@given(name=st.text(max_size=20))
def test_any_name_is_well_formed_text(name: str) -> None:
    dot = to_dot(Tensor([1.0, 2.0], requires_grad=True, name=name).exp())
    found = re.findall(r"^  n\d+ \[label=<(.*)>, fillcolor=.*\];$", dot, re.MULTILINE)
    assert len(found) == 2
    for label in found:
        ElementTree.fromstring(f"<label>{label}</label>")  # what Graphviz does with it


@pytest.mark.skipif(shutil.which("dot") is None, reason="the test before needs no Graphviz; this one runs it")
def test_graphviz_draws_it() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True, name='<x> & "y" \\n \x00 \ud800 é 值')
    dot = to_dot((x.softmax(0) * 2).sum())
    run = subprocess.run(["dot", "-Tsvg"], input=dot.encode("utf-8"), capture_output=True)
    assert (run.returncode, run.stderr) == (0, b"")
    assert "é 值" in run.stdout.decode("utf-8").replace("&#160;", " ").replace("\xa0", " ")


def test_names_cannot_break_out_of_their_label() -> None:
    x = Tensor(1.0, requires_grad=True, name='</b>>]; "\n\x00 n1 -> n2 \\ &')
    dot = to_dot(x * 2)
    assert edges(dot) == [("n0", "n2"), ("n1", "n2")]
    assert "&lt;/b&gt;&gt;]" in dot
    assert "\x00" not in dot
