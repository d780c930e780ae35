"""Which module made which operations: names from paths, and a Start sheet that leads through a model part by part."""

from __future__ import annotations

from typing import Any, Dict, List

import openpyxl
import pytest

from saitama import Tensor, manual_seed, nn, no_grad, randn
from saitama.language import loss_of_text, tiny_gpt
from saitama.spreadsheets import Exported, export
from saitama.spreadsheets.graph.parts import Part, local
from saitama.spreadsheets.graph.trace import trace
from saitama.spreadsheets.texts import shortened


class Net(nn.Module):
    """Twice through the same layer.

    More than one sees in a workbook.
    """

    def __init__(self) -> None:
        self.twice, self.head = nn.Linear(2, 2), nn.Sequential(nn.Tanh(), nn.Linear(2, 1))

    def forward(self, x: Tensor) -> Any:
        h = self.twice(self.twice(x))
        with no_grad():
            self.twice(x)
        return self.head(h * 2), h


def names(loss: Tensor, given: Any) -> List[str]:
    return [node.name for node in trace(loss, given).nodes]


def test_operations_are_named_by_the_module_that_made_them() -> None:
    net = Net()
    y, h = net(randn(3, 2))
    z = (y * y).sum() + h.sum()
    assert names(z, net)[:5] == ["twice", "twice (2)", "mul3", "head.0", "head.1"]
    assert names(z, {"net": net})[:6] == ["net.twice", "net.twice (2)", "net.mul", "net.head.0", "net.head.1", "mul6"]
    assert names(z, None)[:3] == ["linear1", "linear2", "mul3"]
    assert [(p.path, p.kind, p.first, p.last) for p in trace(z, net).parts] == [
        ("", "Net", 1, 5),
        ("twice", "Linear", 1, 1),
        ("twice", "Linear", 2, 2),
        ("head", "Sequential", 4, 5),
        ("head.0", "Tanh", 4, 4),
        ("head.1", "Linear", 5, 5),
    ]
    assert trace(z, net).parts[0].words == "Twice through the same layer."


def test_a_name_of_ones_own_stays() -> None:
    net = Net()
    h = net.twice(randn(3, 2))
    h.name = "hidden"
    y = net.head(h)
    assert names(y.sum(), {"net": net, "y": y}) == ["hidden", "net.head.0", "y", "sum4"]


def test_layers_that_are_only_numbered() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    assert names(net(randn(1, 2)).sum(), net) == ["0.linear", "1.tanh", "sum3"]


def test_paths_are_shortened_in_front() -> None:
    part = Part("model.h.0.attn", "Attention", "", 1, 2)
    for name, short in {"model.h.0.attn.q": "q", "model.h.0.ln": "ln", "model.h.1": "h.1", "x": "x"}.items():
        assert local(name, part) == short
    assert local("model.h.0", part) == "h.0" and local("model.h", None) == "model.h"
    assert shortened("transformer.h.0.attn.c_attn", 17) == "…h.0.attn.c_attn"
    assert shortened("a_name_without_dots", 5) == "a_name_without_dots"


@pytest.fixture(scope="module")
def gpt(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    manual_seed(0)
    model, tokenizer = tiny_gpt()
    path = tmp_path_factory.mktemp("gpt") / "gpt.xlsx"
    return export(loss_of_text(model, tokenizer, "attention"), path, names=model)


def links(sheet: Any) -> Dict[str, str]:
    return {cell.coordinate: cell.hyperlink.location for row in sheet for cell in row if cell.hyperlink}


def test_start_leads_through_a_transformer_and_back(gpt: Exported) -> None:
    assert gpt.left_out == ()
    workbook = openpyxl.load_workbook(gpt.path)
    start = workbook["Start"]
    column = [str(cell.value or "") for cell in start["B"]]
    sections = [text.partition("    ")[0] for text in column if "    " in text]
    block = ["", ".attn", "", ".mlp", ""]
    forward = ["transformer", *(f"transformer.h.{n}{part}" for n in (0, 1) for part in block), "transformer"]
    assert sections == [*forward, *reversed(forward)]
    there = links(start)
    for title in workbook.sheetnames[2:-3]:  # of an operation
        rows = [cell for cell, place in there.items() if place.startswith(f"'{title}'!")]
        assert len(rows) == 2  # its value and its gradient
        assert links(workbook[title])["B2"] == f"'Start'!{rows[0]}"
        assert column[int(rows[0][1:]) - 1] in str(workbook[title]["A1"].value)
    assert "6 transformer.h.0.attn.q" in workbook.sheetnames
