"""Every layer and every loss in a workbook: names, formulas and verification, all in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest

from saitama import Tensor, manual_seed, nn, randn, regularization
from saitama.spreadsheets import Exported, export, recalculate, verify
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook

X = Tensor([[0.5, -1.0, 0.25], [1.5, 0.75, -0.5], [-0.25, 2.0, 1.0], [0.125, -0.75, 0.5]], name="x")  # (4, 3)
Y = Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.25, 0.5]], name="y")  # (4, 2)
CLASSES = Tensor([0, 1, 1, 0], dtype="int64", name="classes")
SOME = Tensor([0, -100, 1, -100], dtype="int64", name="some_classes")
PROBABILITIES = Tensor([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0], [0.125, 0.875]], name="probabilities")
IDS = Tensor([[0, 2], [3, 2]], dtype="int64", name="ids")


def models() -> Dict[str, nn.Module]:
    """A model for each layer: Linear, the layer, Linear."""

    def around(*layers: nn.Module) -> nn.Module:
        return nn.Sequential(nn.Linear(3, 4), *layers, nn.Linear(4, 2))

    made: Dict[str, nn.Module] = {
        "relu": around(nn.ReLU()),
        "tanh": around(nn.Tanh()),
        "sigmoid": around(nn.Sigmoid()),
        "gelu": around(nn.GELU()),
        "gelu_tanh": around(nn.GELU(approximate="tanh")),
        "leaky": around(nn.LeakyReLU(0.125)),
        "softmax": around(nn.Softmax(1)),
        "log_softmax": around(nn.LogSoftmax(1)),
        "nested": around(nn.Sequential(nn.Linear(4, 4, bias=False), nn.Tanh())),
        "dropout": around(regularization.Dropout(0.5)),
        "dropout_eval": around(regularization.Dropout(0.5)).eval(),
        "batch_norm": around(regularization.BatchNorm1d(4)),
        "plain_norm": around(regularization.BatchNorm1d(4, affine=False)),
        "batch_norm_eval": around(regularization.BatchNorm1d(4)),
    }
    made["batch_norm_eval"](randn(8, 3))  # running statistics of a batch of its own
    made["batch_norm_eval"].eval()
    return made


LOSSES: Dict[str, Any] = {
    "mse": lambda z: nn.MSELoss()(z, Y),
    "mse_sum": lambda z: nn.MSELoss(reduction="sum")(z, Y),
    "l1": lambda z: nn.L1Loss()(z, Y),
    "bce": lambda z: nn.BCELoss()(z.sigmoid(), Y),
    "bce_logits": lambda z: nn.BCEWithLogitsLoss()(z, Y),
    "nll": lambda z: nn.NLLLoss()(z.log_softmax(1), CLASSES),
    "nll_some": lambda z: nn.NLLLoss()(z.log_softmax(1), SOME),
    "classes": lambda z: nn.CrossEntropyLoss()(z, CLASSES),
    "some_classes": lambda z: nn.CrossEntropyLoss()(z, SOME),
    "other_ignored": lambda z: nn.CrossEntropyLoss(ignore_index=0)(z, CLASSES),
    "smoothed": lambda z: nn.CrossEntropyLoss(label_smoothing=0.125)(z, CLASSES),
    "probabilities": lambda z: nn.CrossEntropyLoss()(z, PROBABILITIES),
    "smoothed_probabilities": lambda z: nn.CrossEntropyLoss(label_smoothing=0.125)(z, PROBABILITIES),
    "class_sum": lambda z: nn.CrossEntropyLoss(reduction="sum")(z, CLASSES),
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    manual_seed(0)
    names: Dict[str, Any] = dict(models())
    total = Tensor(100.0)  # far from 0, so that sums do not cancel
    for model in list(names.values()):
        total = total + nn.MSELoss()(model(X), Y)
    for name, loss in LOSSES.items():
        names[f"to_{name}"] = model = nn.Linear(3, 2)
        total = total + loss(model(X))
    names["embedding"] = embedding = nn.Embedding(4, 2)
    total = total + nn.MSELoss()(embedding(IDS), Y.reshape(2, 2, 2))
    total = total + regularization.l2_penalty(names["relu"].parameters(), 0.25)
    total = total + regularization.l1_penalty(names["tanh"].parameters(), 0.25)
    return export(total, tmp_path_factory.mktemp("modules") / "all.xlsx", names=names)


def test_the_formulas_agree_with_every_layer_and_loss(everything: Exported) -> None:
    found = recalculate(everything, engine="ironcalc", output=everything.path)
    assert found["Check!A3"] == f"PASS: all {int(found['Check!C8'])} formulas agree with the framework"
    assert found.errors == {} and everything.left_out == ()
    result = verify(everything, rtol=1e-9)
    assert result.differences == [] and result.not_checked == []
    assert result.kinds["formulas"] > 1_000


def test_parameters_and_buffers_are_named_by_their_paths(everything: Exported) -> None:
    graph = read_graph(open_workbook(everything)).graph
    leaves = {leaf.name for leaf in graph.leaves}
    assert leaves >= {"relu.0.weight", "relu.2.bias", "nested.1.0.weight", "batch_norm.1.weight", "embedding.weight"}
    assert leaves >= {"batch_norm_eval.1.running_mean", "dropout_mask", "x", "ids", "probabilities"}
    assert [leaf.name for leaf in graph.leaves if leaf.requires_grad and leaf.name.startswith("input")] == []


def test_a_model_alone_names_its_parameters(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
    names: List[Any] = [model, {"model": model}]
    found = []
    for given in names:
        made = export(nn.MSELoss()(model(X), Y), tmp_path / "a.xlsx", names=given)
        found.append([leaf.name for leaf in read_graph(open_workbook(made)).graph.leaves][1:3])
    assert found == [["0.weight", "0.bias"], ["model.0.weight", "model.0.bias"]]
