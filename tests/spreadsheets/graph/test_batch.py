"""A few examples of a batch: their numbers and the gradients are those of the whole batch."""

from __future__ import annotations

import openpyxl
import pytest

from saitama import Tensor, manual_seed, nn, optim, rand, randint, randn
from saitama.nn import functional as F
from saitama.spreadsheets import export, read_tensor, recalculate, verify
from saitama.spreadsheets.engines.recalculate import installed_engines
from saitama.spreadsheets.export import computed, computed_again
from saitama.spreadsheets.graph.batch import check_whole, chosen, split
from saitama.transformer import GPT

calculates = pytest.mark.skipif(not installed_engines(), reason="no program that calculates")


def classifier():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 4))
    return F.cross_entropy(model(randn(5, 2)), randint(0, 4, (5,))), model


def sum_of_squares():
    w = Tensor([[0.5, -1.0], [2.0, 0.25]], requires_grad=True, name="w")
    x, y = randn(5, 2), randn(5, 2)
    return ((x @ w - y).pow(2)).sum(), {"x": x, "y": y, "w": w}


def transformer():
    model = GPT(5, 3, 1, 2, 4, dtype="float64")
    return model(randint(0, 5, (4, 3)), randint(0, 5, (4, 3)))[1], model


def largest():
    w = Tensor([0.5, -1.0], requires_grad=True, name="w")
    x = rand(5, 2)
    return (x * w).sum(dim=1).max(), {"x": x, "w": w}


CASES = [(classifier, slice(0, 2)), (classifier, -1), (sum_of_squares, [4, 1]), (classifier, slice(None))]


def made(case):
    manual_seed(3)
    return case()


@calculates
@pytest.mark.parametrize(("case", "batch"), CASES)
def test_values_and_gradients_are_those_of_the_batch_and_live(tmp_path, case, batch):
    loss, names = made(case)
    written = export(loss, tmp_path / "a.xlsx", names=names, batch=batch)
    recalculate(written, output=written.path)
    result = verify(written)
    assert result.ok, result.explain()
    loss, names = made(case)
    loss.backward()
    root = next(name for name in written.cells if f"d{name}/d{name}" in written.cells and not name.startswith("d"))
    assert read_tensor(written, written.cells[root]).tolist() == pytest.approx(loss.item(), rel=1e-9)
    tensors = names.named_parameters() if isinstance(names, nn.Module) else [("w", names["w"])]
    for name, tensor in tensors:
        found = read_tensor(written, written.cells[f"d{root}/d{name}"]).reshape(tensor.shape)
        assert [round(x, 9) for x in found.flatten().tolist()] == [round(x, 9) for x in tensor.grad.flatten().tolist()]


@calculates
def test_only_the_chosen_examples_have_cells_and_start_says_what_stands_as_a_value(tmp_path):
    loss, names = made(sum_of_squares)
    written = export(loss, tmp_path / "a.xlsx", names=names, batch=[4, 1])
    assert read_tensor(written, written.cells["x"]).tolist() == [names["x"].tolist()[i] for i in (1, 4)]
    assert "x of the rest" not in written.cells
    start = [cell.value for row in openpyxl.load_workbook(written.path)["Start"] for cell in row if cell.value]
    assert any("shows 2 of 5 examples; what the other 3 add stands as the framework's values" in str(v) for v in start)


@calculates
def test_a_formula_that_was_changed_and_a_value_of_the_rest_that_was_changed_are_found(tmp_path):
    loss, names = made(sum_of_squares)
    written = export(loss, tmp_path / "a.xlsx", names=names, batch=0)
    root = next(name for name in written.cells if f"d{name}/d{name}" in written.cells and not name.startswith("d"))
    sheet, cell = written.cells[f"d{root}/dw"].replace("'", "").split("!")
    book = openpyxl.load_workbook(written.path)
    first = book[sheet][cell.split(":")[0]]
    first.value = f"{first.value}*2"
    book.save(tmp_path / "wrong.xlsx")
    recalculate(tmp_path / "wrong.xlsx", output=tmp_path / "wrong.xlsx")
    result = verify(tmp_path / "wrong.xlsx")
    assert not result.ok and any(d.cell == cell.split(":")[0] for d in result.differences)


@calculates
def test_tokens_of_a_transformer_have_several_rows_for_an_example(tmp_path):
    loss, model = made(transformer)
    written = export(loss, tmp_path / "a.xlsx", names=model, batch=1)
    recalculate(written, output=written.path)
    assert verify(written).ok and written.nodes > 20


def test_a_maximum_over_the_batch_mixes_the_examples(tmp_path):
    loss, names = made(largest)
    with pytest.raises(ValueError, match=r"batch: max\d \(Max\) mixes the examples"):
        export(loss, tmp_path / "a.xlsx", names=names, batch=0)
    assert not (tmp_path / "a.xlsx").exists()


def test_what_no_batch_has_is_said(tmp_path):
    loss, names = made(classifier)
    for batch, error, text in (
        (7, ValueError, "there is no example 7; there are 5, from 0 on"),
        ([0, -6], ValueError, "there is no example -6"),
        (slice(5, 9), ValueError, "which is none of the 5 examples"),
        ([], ValueError, "which is none of the 5 examples"),
        ([0.5], TypeError, "give a number, a slice or a list of numbers"),
        ("0", TypeError, "give a number, a slice or a list of numbers"),
        (True, TypeError, "give a number, a slice or a list of numbers"),
    ):
        with pytest.raises(error, match=text):
            export(loss, tmp_path / "a.xlsx", names=names, batch=batch)
    w = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ValueError, match="no input has a row for each example"):
        export((w * w).sum(), tmp_path / "a.xlsx", batch=0)


@pytest.mark.parametrize("option", [{"steps": 2}, {"nudge": "W[0, 0]"}])
def test_what_a_part_of_a_batch_does_not_go_with_is_said(option, tmp_path):
    W, x = Tensor([[0.5, -1.0]], requires_grad=True, name="W"), Tensor([[1.0, 2.0], [3.0, -1.0]], name="x")
    loss = (x * W).sum()
    (name,) = option
    with pytest.raises(ValueError, match=rf"^export: {name}=.* does not go with a part of a batch: the rest of it"):
        export(loss, tmp_path / "a.xlsx", optimizer=optim.SGD([W], lr=0.1), batch=0, **option)
    assert not (tmp_path / "a.xlsx").exists()
    export(loss, tmp_path / "a.xlsx", optimizer=optim.SGD([W], lr=0.1), batch=slice(0, 2), **option)  # all of it


def test_the_order_is_that_of_the_batch():
    assert chosen([3, 0, -1, 3], 5) == [0, 3, 4] and chosen(slice(None, None, -2), 5) == [0, 2, 4]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("weight", [0.0, 1e-11, 3e-3, float("nan")])
@pytest.mark.parametrize("loss", [lambda y: (y**2).mean(), lambda y: y.mean(), lambda y: y.sum(0).mean()])
def test_numbers_that_agree_with_everything_do_not_decide(tmp_path, loss, weight, dtype):
    """Zeros and small numbers are their own sum and mean."""
    x = Tensor([[1.0, 2.0], [3.0, -1.0], [5.0, 6.0], [2.0, 2.0]], dtype=dtype, name="x")
    W = Tensor([[weight, -weight], [weight, weight]], dtype=dtype, requires_grad=True, name="W")
    result = loss(x @ W)
    whole, before = computed(result, None, None)
    graph, _, _ = split(whole, before, 0)
    after = computed_again(graph, None)
    check_whole(whole, before, graph, after)
    with pytest.raises(ValueError, match="max"):
        export((x @ W).max(0).sum(), tmp_path / "max.xlsx", batch=0)


def test_a_graph_that_is_put_together_wrongly_is_refused():
    x = Tensor([[1.0], [3.0]], name="x")
    w = Tensor([[2.0]], requires_grad=True, name="w")
    whole, before = computed((x @ w).mean(), None, None)
    other, after = computed((x @ w).sum(), None, None)
    with pytest.raises(ValueError, match=r"is not that of the whole batch"):
        check_whole(whole, before, other, after)
