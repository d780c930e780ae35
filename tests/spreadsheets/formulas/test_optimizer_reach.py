"""Which parameters have a step in the workbook, and with which options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from optimisers import Training, places

from saitama import Tensor, optim
from saitama.autograd.function import apply
from saitama.spreadsheets import export, recalculate, verify, worksheet
from saitama.spreadsheets.graph.trace_step import OPTIMIZERS


def test_nothing_of_the_user_changes(tmp_path: Path) -> None:
    for name in ("SGD dampening", *OPTIMIZERS):
        training = Training(name, 1)
        training.loss().backward()

        def everything(training: Training = training) -> Any:
            state = training.optimizer.state_dict()["state"]
            flat = {i: {k: v.tolist() if isinstance(v, Tensor) else v for k, v in s.items()} for i, s in state.items()}
            grads = [p.grad.tolist() for p in training.model.parameters() if p.grad is not None]
            return [p.tolist() for p in training.model.parameters()], grads, flat, repr(training.optimizer)

        before = everything()
        training.export(tmp_path / "a.xlsx")
        assert everything() == before


def test_groups_have_options_of_their_own(tmp_path: Path) -> None:
    training = Training()
    weight, bias = training.model.parameters()
    optimizer = optim.SGD([{"params": [weight], "lr": 0.5}, {"params": [bias], "momentum": 0.5}], lr=0.125)
    made = export(training.loss(), tmp_path / "a.xlsx", names={"model": training.model}, optimizer=optimizer)
    assert "update model.0.weight" in made.sheets and "update model.0.bias" in made.sheets
    assert str(recalculate(made, engine="ironcalc", output=made.path)["Check!A3"]).startswith("PASS")
    assert verify(made).ok
    assert list(places(made, "model.0.weight")) == ["g", "p"]
    assert list(places(made, "model.0.bias")) == ["g", "v", "p"]


def test_what_the_gradient_does_not_reach_is_named(tmp_path: Path) -> None:
    training = Training()
    other = Tensor([1.0], requires_grad=True, name="other")
    optimizer = optim.SGD([*training.model.parameters(), other], lr=0.5)
    made = export(training.loss(), tmp_path / "a.xlsx", names=training.model, optimizer=optimizer)
    assert made.left_out == ("other: no update, because no gradient flows from here to it",)
    with pytest.raises(ValueError, match="gives a gradient to none of the 1 parameters of this SGD; give the"):
        export(training.loss(), tmp_path / "b.xlsx", optimizer=optim.SGD([other], lr=0.5))


def add_mask(x: Tensor, mask: Tensor) -> Tensor:
    return apply("Attention", (x, x, x, mask), num_heads=0, is_causal=False, scale=1.0)


@pytest.mark.parametrize("kind", [optim.SGD, optim.AdamW])
@pytest.mark.parametrize(
    "use",
    [
        lambda x, w: (w > 0).to("float64") * x,  # only compared
        lambda x, w: x * w.to("int64").to("float64"),  # a cast to integers has no derivative
        lambda x, w: x.gather(1, w.argmax(0).reshape(1, 2)),  # nor has a place
        add_mask,  # and the operation gives its mask none
    ],
)
def test_a_parameter_in_the_graph_that_gets_no_gradient_has_no_update(kind: Any, use: Any, tmp_path: Path) -> None:
    x = Tensor([[1.0, 2.0], [0.5, 0.25]], requires_grad=True, name="x")
    w = Tensor([[0.5, -1.0], [2.0, 1.0]], requires_grad=True, name="w")
    made = export(use(x, w).sum(), tmp_path / "a.xlsx", optimizer=kind([x, w], lr=0.125))
    assert "w: no update, because no gradient flows from here to it" in made.left_out
    assert "update x" in made.sheets and "update w" not in made.sheets
    assert str(recalculate(made, engine="ironcalc", output=made.path)["Check!A3"]).startswith("PASS")
    assert verify(made).ok
    worksheet(use(x, w).sum(), tmp_path / "b.xlsx", optimizer=kind([x, w], lr=0.125))
    with pytest.raises(ValueError, match=f"gives a gradient to none of the 1 parameters of this {kind.__name__}"):
        export(use(x, w).sum(), tmp_path / "c.xlsx", optimizer=kind([w], lr=0.125))


def test_a_parameter_past_max_cells_has_no_update(tmp_path: Path) -> None:
    training = Training()
    made = export(training.loss(), tmp_path / "a.xlsx", names=training.model, optimizer=training.optimizer, max_cells=3)
    assert any(line.startswith("update 0.weight: summarised") for line in made.left_out)
    assert "update 0.bias" in made.sheets and "update 0.weight" not in made.sheets
    recalculate(made, engine="ironcalc", output=made.path)
    result = verify(made)
    assert result.ok and any("m of 0.weight" in line for line in result.not_checked)


class MyAdam(optim.Adam):
    pass


def test_an_optimiser_without_formulas(tmp_path: Path) -> None:
    training = Training()
    with pytest.raises(TypeError, match="MyAdam has no formulas.*Adam, AdamW"):
        export(training.loss(), tmp_path / "a.xlsx", optimizer=MyAdam(training.model.parameters()))
    with pytest.raises(TypeError, match="the optimizer is a float; give one of"):
        export(training.loss(), tmp_path / "a.xlsx", optimizer=0.1)
    assert list(tmp_path.iterdir()) == []
