"""The graph as a picture: every tensor a box, every operand an arrow, and nothing over anything else."""

from __future__ import annotations

import random
import zipfile
from xml.etree import ElementTree

import pytest
from valid import faults

from saitama import Tensor, manual_seed, nn, randint, randn
from saitama.nn import functional as F
from saitama.spreadsheets import export, recalculate, worksheet
from saitama.spreadsheets.engines.recalculate import installed_engines
from saitama.spreadsheets.graph.trace import trace
from saitama.spreadsheets.plan.measure import pixels
from saitama.spreadsheets.plan.picture import HEIGHT, INSIDE, MOST, TALLEST, WIDEST, WIDTH, draw

XDR = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def grown(seed, operations):
    """A graph of sums, products and squares of what was there before."""
    choose = random.Random(seed)
    tensors = [Tensor(float(n), requires_grad=True, name=f"x{n}") for n in range(3)]
    for _ in range(operations):
        a, b = choose.choice(tensors), choose.choice(tensors)
        tensors.append(choose.choice([a + b, a * b, a.tanh()]))
    total = tensors[-1]
    for tensor in tensors[3:-1]:
        total = total + tensor
    return total


def chain(length):
    x = Tensor(0.5, requires_grad=True, name="x")
    for _ in range(length):
        x = x.tanh()
    return x


def boxes_of(picture):
    return {box.lines[0]: box for box in picture.boxes}


@pytest.mark.parametrize("seed", range(12))
def test_no_box_is_over_another_and_every_arrow_leads_down_from_a_box_to_a_box(seed):
    graph = trace(grown(seed, 3 + seed))
    picture = draw(graph)
    boxes = picture.boxes
    assert 0 < len(boxes) <= MOST
    for n, a in enumerate(boxes):
        assert -1e-9 <= a.left <= picture.width - WIDTH + 1e-9 and -1e-9 <= a.top <= picture.height - HEIGHT + 1e-9
        for b in boxes[:n]:
            assert abs(a.left - b.left) >= WIDTH or abs(a.top - b.top) >= HEIGHT
    starts = {(round(box.left + WIDTH / 2, 6), round(box.top + HEIGHT, 6)) for box in boxes}
    ends = {(round(box.left + WIDTH / 2, 6), round(box.top, 6)) for box in boxes}
    for arrow in picture.arrows:
        rounded = [(round(x, 6), round(y, 6)) for x, y in arrow]
        assert rounded[0] in starts and rounded[-1] in ends
        assert all(b[1] > a[1] for a, b in zip(arrow, arrow[1:]))
        for x, y in arrow[1:-1]:  # a bend runs beside the boxes of its layer
            assert not any(box.left < x < box.left + WIDTH and box.top < y < box.top + HEIGHT for box in boxes)


def test_a_small_graph_is_shown_whole_with_an_arrow_for_every_operand():
    x, w = Tensor([[1.0, 2.0]], name="x"), Tensor([[3.0], [4.0]], requires_grad=True, name="w")
    h = x @ w
    loss = (h * h + h).sum()
    graph = trace(loss, {"h": h, "loss": loss})
    picture = draw(graph)
    found = boxes_of(picture)
    assert set(found) == {item.name for item in [*graph.leaves, *graph.nodes]}
    assert found["h"].lines == ("h", "x @ w", "(1, 1)") and found["h"].kind == "operation"
    assert found["w"].kind == "input" and found["loss"].kind == "result"
    assert len(picture.arrows) == sum(len(set(node.inputs)) for node in graph.nodes)
    assert picture.words == f"The whole graph, forward: {len(graph.nodes)} operations."


def test_of_a_large_graph_the_part_around_the_result_is_shown_and_that_is_said():
    graph = trace(chain(40))
    picture = draw(graph)
    found = boxes_of(picture)
    assert graph.root.name in found and "x" not in found
    assert len({box.top for box in picture.boxes}) <= TALLEST
    assert picture.words == f"The {len(found)} of 40 operations that are nearest to {graph.root.name}."
    (first,) = [box for box in picture.boxes if box.kind == "more"]
    assert "← tanh" in first.lines[-1]


def test_a_wide_graph_stays_as_narrow_as_paper():
    many = [Tensor(float(n), requires_grad=True, name=f"x{n}") for n in range(12)]
    total = many[0].tanh()
    for tensor in many[1:]:
        total = total + tensor.tanh()
    picture = draw(trace(total))
    assert picture.width <= WIDEST * (WIDTH + 0.5) + 1e-9


def drawing_of(path):
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if name.startswith("xl/drawings/drawing")]
        return ElementTree.fromstring(archive.read(name))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    manual_seed(1)
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    x, target = randn(3, 2), randint(0, 2, (3,))
    loss = F.cross_entropy(model(x), target)
    return export(loss, tmp_path_factory.mktemp("picture") / "a.xlsx", names={"x <&>": x, "loss": loss})


def test_the_file_is_valid_and_holds_the_picture(written):
    assert faults(written.path) == []
    root = drawing_of(written.path)
    texts = [text.text for text in root.iter(f"{A}t")]
    assert "loss" in texts and "x <&>" in texts
    assert len(list(root.iter(f"{XDR}sp"))) > 6 and len(list(root.iter(f"{A}tailEnd"))) >= 9


@pytest.mark.skipif(not installed_engines(), reason="no program that calculates")
def test_every_program_that_calculates_opens_it(written):
    for engine in installed_engines():
        assert not recalculate(written, engine=engine).errors


def test_a_worksheet_of_one_page_has_no_picture_and_a_larger_one_has(tmp_path):
    loss = chain(3)
    assert "xl/drawings/drawing1.xml" not in zipfile.ZipFile(worksheet(loss, tmp_path / "a.xlsx").path).namelist()


def test_names_fit_into_their_boxes_and_keep_their_last_part():
    x = Tensor([1.0], requires_grad=True, name="gpt.transformer.h.1.mlp.c_proj.weight")
    (kept,) = [name for name in boxes_of(draw(trace((x * x).sum()))) if name.endswith("c_proj.weight")]
    assert kept.startswith("…") and pixels(kept, 9, bold=True) <= INSIDE
