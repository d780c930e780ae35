"""An optimiser's step in a workbook: recalculated, broken, changed, filled in by hand, and tampered with."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Callable, Dict, List

import openpyxl
import pytest
from available import ENGINES

from saitama import Tensor, manual_seed, nn, optim
from saitama.autograd.function import apply
from saitama.spreadsheets import Exported, WorkbookError, export, load, recalculate, verify, worksheet
from saitama.spreadsheets.formulas import RULES
from saitama.spreadsheets.graph.format import SHEET
from saitama.spreadsheets.graph.keys import Value
from saitama.spreadsheets.graph.trace_step import OPTIMIZERS
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.places import Places
from saitama.spreadsheets.read.workbook import open_workbook

OPTIMISERS: Dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "SGD weight decay": lambda p: optim.SGD(p, lr=0.1, weight_decay=0.25),
    "SGD momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "SGD dampening": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.25),
    "SGD nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Momentum": lambda p: optim.Momentum(p, lr=0.1, momentum=0.75),
    "Momentum inside": lambda p: optim.Momentum(p, lr=0.1, momentum=0.75, lr_inside=True),
    "Momentum all": lambda p: optim.Momentum(p, 0.1, 0.75, dampening=0.5, lr_inside=True, old_moments=True),
    "Adam": lambda p: optim.Adam(p),
    "Adam uncorrected": lambda p: optim.Adam(p, lr=0.1, betas=(0.5, 0.75), bias_correction=False),
    "Adam before": lambda p: optim.Adam(p, lr=0.1, eps=0.5, old_moments=True),
    "AdamW both": lambda p: optim.AdamW(p, lr=0.1, eps=0.5, bias_correction=False, old_moments=True),
    "Adam weight decay": lambda p: optim.Adam(p, lr=0.1, betas=(0.5, 0.75), eps=1e-3, weight_decay=0.25),
    "AdamW": lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.25),
    "RMSprop": lambda p: optim.RMSprop(p, weight_decay=0.25),
    "RMSprop centered": lambda p: optim.RMSprop(p, centered=True, alpha=0.5),
    "RMSprop momentum": lambda p: optim.RMSprop(p, momentum=0.9),
    "RMSprop before centered": lambda p: optim.RMSprop(p, eps=0.5, momentum=0.9, centered=True, old_moments=True),
    "RMSprop both": lambda p: optim.RMSprop(p, momentum=0.9, centered=True, weight_decay=0.01),
}


class Training:
    """A small model, its data and its optimiser, after some steps."""

    def __init__(self, name: str = "AdamW", steps: int = 2, dtype: str = "float64") -> None:
        manual_seed(1)
        self.model = nn.Sequential(nn.Linear(2, 2), nn.Tanh()).to(dtype)
        self.x = Tensor([[0.5, 1.0], [-0.25, 0.75], [1.5, -0.5]], dtype=dtype, name="x")
        self.optimizer = OPTIMISERS[name](self.model.parameters())
        for _ in range(steps):
            self.step()

    def loss(self) -> Tensor:
        return (self.model(self.x) ** 2).mean()

    def step(self) -> None:
        self.optimizer.zero_grad()
        self.loss().backward()
        self.optimizer.step()

    def export(self, path: Path) -> Exported:
        return export(self.loss(), path, names=self.model, optimizer=self.optimizer)


def places(path: Any, parameter: str) -> Dict[str, Places]:
    """The blocks of each line of a parameter's update, by symbol."""
    carried = read_graph(open_workbook(path))
    assert carried.graph.step is not None
    (update,) = [update for update in carried.graph.step.updates if update.parameter.name == parameter]
    return {symbol: carried.places[Value(line)] for symbol, line in update.lines.items()}


def values(path: Any, block: Places) -> List[float]:
    sheet = open_workbook(path)[block.sheet]
    return [sheet[row, col].number for _, row, col in block.live.cells()]


def numbers(tensor: Tensor) -> List[float]:
    return tensor.reshape(-1).tolist()


def input_cell(workbook: Any, caption: str) -> Any:
    """The yellow cell under a caption of Inputs."""
    (above,) = [cell for row in workbook["Inputs"].iter_rows() for cell in row if cell.value == caption]
    return workbook["Inputs"].cell(above.row + 1, above.column)


def test_every_optimiser_has_a_rule() -> None:
    assert set(RULES) == set(OPTIMIZERS) == {name.split()[0] for name in OPTIMISERS}
    for rule in RULES.values():
        assert rule.words and rule.paper


@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("name", list(OPTIMISERS))
def test_the_formulas_take_the_step_of_the_framework(name: str, steps: int, tmp_path: Path) -> None:
    training = Training(name, steps)
    made = training.export(tmp_path / "a.xlsx")
    found = recalculate(made, engine="ironcalc", output=made.path)
    assert str(found["Check!A3"]).startswith("PASS") and found.errors == {}
    result = verify(made, rtol=1e-9)
    assert result.differences == [] and result.not_checked == []
    training.step()  # the step that was exported, on the user's own parameters and state
    for path, p in training.model.named_parameters():
        lines = places(made, path)
        assert values(made, lines["p"]) == pytest.approx(numbers(p), rel=1e-9)
        state = training.optimizer.state.get(p, {})
        names = {key: symbol for symbol, key in RULES[name.split()[0]].state.items() if symbol in lines}
        assert set(state) <= set(names)
        for key, value in state.items():
            expected = numbers(value) if isinstance(value, Tensor) else [value]
            assert values(made, lines[names[key]]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_other_engines_agree(engine: str, tmp_path: Path) -> None:
    made = Training("Adam weight decay").export(tmp_path / "a.xlsx")
    found = recalculate(made, engine=engine, output=made.path)
    assert str(found["Check!A3"]).startswith("PASS") and found.errors == {}
    assert verify(made, rtol=1e-9).ok


def test_float32(tmp_path: Path) -> None:
    made = Training("RMSprop both", dtype="float32").export(tmp_path / "a.xlsx")
    assert str(recalculate(made, engine="ironcalc", output=made.path)["Check!A3"]).startswith("PASS")
    assert verify(made).ok


@pytest.mark.parametrize(
    "name",
    [
        "SGD dampening",
        "SGD nesterov",
        "Momentum",
        "Momentum all",
        "Adam weight decay",
        "AdamW both",
        "AdamW",
        "RMSprop both",
        "RMSprop before centered",
    ],
)
def test_a_wrong_formula_in_any_line_is_caught(name: str, tmp_path: Path) -> None:
    made = Training(name).export(tmp_path / "a.xlsx")
    workbook = openpyxl.load_workbook(made.path)
    planted = []
    for block in places(made, "0.weight").values():
        row, col = block.live.at((1, 0) if block.shape else ())
        cell = workbook[block.sheet].cell(row, col)
        cell.value = f"=({cell.value[1:]})*1.000001+1"
        planted.append((block.sheet, cell.coordinate))
    workbook.save(made.path)
    found = recalculate(made, engine="ironcalc", output=made.path)
    assert str(found["Check!A3"]).startswith(f"FAIL: {len(planted)} of")
    assert {(one.sheet, one.cell) for one in verify(made).differences} >= set(planted)


def test_a_wrong_value_of_the_framework_is_caught(tmp_path: Path) -> None:
    made = Training().export(tmp_path / "a.xlsx")
    block = places(made, "0.bias")["m̂"]
    assert block.framework is not None
    workbook = openpyxl.load_workbook(made.path)
    workbook[block.sheet].cell(block.framework.row, block.framework.column).value += 1e-6
    workbook.save(made.path)
    found = recalculate(made, engine="ironcalc", output=made.path)
    assert str(found["Check!A3"]).startswith("FAIL: 1 of")
    (difference,) = verify(made).differences
    assert difference.what == "update 0.bias: m̂[0], the framework's value"


@pytest.mark.parametrize(
    "name, changes",
    [
        ("SGD momentum", {"lr": 0.5, "momentum": 0.25}),
        ("SGD dampening", {"momentum": 0}),
        ("SGD nesterov", {"nesterov": 0}),
        ("Momentum all", {"momentum": 0.5, "dampening": 0}),
        ("Adam uncorrected", {"lr": 0.5, "beta1": 0.25, "beta2": 0.5}),
        ("Adam", {"lr": 0.5, "beta1": 0.5, "beta2": 0.25, "eps": 0.01, "weight_decay": 0.125}),
        ("RMSprop both", {"centered": 0, "momentum": 0, "alpha": 0.5}),
    ],
)
def test_other_hyper_parameters_are_followed(name: str, changes: Dict[str, float], tmp_path: Path) -> None:
    training = Training(name)
    made = training.export(tmp_path / "a.xlsx")
    workbook = openpyxl.load_workbook(made.path)
    for caption, value in changes.items():
        input_cell(workbook, caption).value = value
    workbook.save(made.path)
    found = recalculate(made, engine="ironcalc", output=made.path)
    assert str(found["Check!A3"]).startswith(f"{len(changes)} input cell(s) changed")
    result = verify(made)
    assert result.differences == [] and result.not_checked == []
    betas = {key: changes[key] for key in ("beta1", "beta2") if key in changes}
    options = {key: value for key, value in changes.items() if key not in betas}
    training.optimizer.param_groups[0].update(options, **({"betas": tuple(betas.values())} if betas else {}))
    training.step()
    weight = training.model.state_dict()["0.weight"]
    assert values(made, places(made, "0.weight")["p"]) == pytest.approx(numbers(weight), rel=1e-9)


def test_other_inputs_and_another_state_are_followed(tmp_path: Path) -> None:
    made = Training("Adam").export(tmp_path / "a.xlsx")
    before = values(recalculate_in_place(made), places(made, "0.weight")["p"])
    workbook = openpyxl.load_workbook(made.path)
    headings = {str(cell.value).split("    ")[0]: cell.row for cell in workbook["Inputs"]["A"] if cell.value}
    workbook["Inputs"].cell(headings["t of 0.weight"] + 3, 2).value = 7
    workbook["Inputs"].cell(headings["x"] + 4, 2).value = 2.5
    workbook.save(made.path)
    after = values(recalculate_in_place(made), places(made, "0.weight")["p"])
    assert all(a != b for a, b in zip(before, after))
    assert verify(made).ok


def recalculate_in_place(made: Exported) -> Path:
    recalculate(made, engine="ironcalc", output=made.path)
    return made.path


def test_impossible_hyper_parameters_are_refused_by_name(tmp_path: Path) -> None:
    made = Training("Adam").export(tmp_path / "a.xlsx")
    workbook = openpyxl.load_workbook(made.path)
    input_cell(workbook, "beta1").value = 1.5
    workbook.save(made.path)
    with pytest.raises(WorkbookError, match=r"beta1 must be a number in \[0, 1\), got 1.5"):
        verify(made)


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


@pytest.mark.parametrize("name", list(OPTIMISERS))
def test_infinite_gradients(name: str, tmp_path: Path) -> None:
    w = Tensor([1.0, -2.0, 3.0, 0.5], requires_grad=True, name="w")
    x = Tensor([math.inf, -math.inf, math.nan, 0.25], name="x")
    made = export((w * x).sum(), tmp_path / "a.xlsx", optimizer=OPTIMISERS[name]([w]))
    found = recalculate(made, engine="ironcalc", output=made.path)
    assert str(found["Check!A3"]).startswith("PASS") and found.errors == {}
    assert verify(made).ok


# --- by hand --------------------------------------------------------------------------------------------------------
def test_a_step_is_filled_in_by_hand(tmp_path: Path) -> None:
    training = Training("Adam")
    path = tmp_path / "w.xlsx"
    worksheet(
        training.loss(), path, names=training.model, optimizer=training.optimizer, blanks="update", layout="sheets"
    )
    blocks = [block for name in ("0.weight", "0.bias") for block in places(path, name).values()]
    assert len(blocks) == 16 and all(block.typed is not None for block in blocks)  # g t m v m̂ v̂ s p
    n = sum(block.live.size for block in blocks)
    assert recalculate(path, engine="ironcalc")["Check!A3"] == f"0 of {n} right, 0 wrong, {n} empty"
    assert {one.kind for one in verify(path).differences} == {"blank"}
    key = recalculate(path, engine="ironcalc")
    workbook = openpyxl.load_workbook(path)
    for block in blocks:
        for index, row, col in block.typed.cells():
            true = key.values[block.sheet][block.live.address(index)]
            workbook[block.sheet].cell(row, col).value = float(f"{true:.3g}")
    workbook.save(path)
    found = recalculate(path, engine="ironcalc", output=path)
    assert found["Check!A3"] == f"PASS: {n} of {n} right, 0 wrong, 0 empty"
    assert verify(path).ok
    block = places(path, "0.weight")["v̂"]
    workbook[block.sheet].cell(block.typed.row, block.typed.column).value = 0.5
    workbook.save(path)
    recalculate(path, engine="ironcalc", output=path)
    (difference,) = verify(path).differences
    assert (difference.kind, difference.what) == ("wrong", "0.weight: v̂[0, 0] = v / (1 − beta2ᵗ)")


def test_blanks_are_chosen_by_name_and_a_blank_gradient_is_not_given_away(tmp_path: Path) -> None:
    training = Training("SGD")
    path = tmp_path / "w.xlsx"
    how: Dict[str, Any] = {"names": training.model, "optimizer": training.optimizer}
    worksheet(training.loss(), path, **how, blanks=["update 0.bias", "0.weight"], layout="sheets")
    assert {block.typed is not None for block in places(path, "0.bias").values()} == {True}
    assert {block.typed is not None for block in places(path, "0.weight").values()} == {False}
    found = recalculate(path, engine="ironcalc").values["update 0.weight"]
    sheet = openpyxl.load_workbook(path)["update 0.weight"]
    (caption,) = [cell for cell in sheet["B"] if str(cell.value).startswith("g = d")]
    assert [found.get(f"{col}{caption.row + 2}") for col in "BC"] == ["", ""]
    with pytest.raises(ValueError, match="'update'"):
        worksheet(training.loss(), path, blanks=["update"], layout="sheets")


def test_a_page_by_hand_does_not_count_steps_for_nothing(tmp_path: Path) -> None:
    training = Training("Adam uncorrected")
    made = worksheet(training.loss(), tmp_path / "w.xlsx", names=training.model, optimizer=training.optimizer)
    steps = [one.what for one in verify(made).differences]
    assert any(" s[" in what for what in steps)
    assert not [what for what in steps if what.split()[-1] in ("t", "m̂[0]", "v̂[0]")]
    assert load(made, optimizer=True).optimizer.state_dict()["state"][0]["step"] == 3  # type: ignore[union-attr]


def change_step(path: Path, change: Callable[[Dict[str, Any]], Any]) -> None:
    """Change what the workbook says of the step."""
    workbook = openpyxl.load_workbook(path)
    rows = range(2, workbook[SHEET].max_row + 1)
    described = json.loads("".join(workbook[SHEET][f"A{row}"].value for row in rows))
    change(described["step"])
    for row in rows:
        workbook[SHEET][f"A{row}"].value = json.dumps(described) if row == 2 else None
    workbook.save(path)


@pytest.mark.parametrize("name", ["Adam", "Momentum", "RMSprop momentum"])
def test_a_workbook_from_before_an_option_was_there(name: str, tmp_path: Path) -> None:
    made, added = Training(name).export(tmp_path / "a.xlsx"), OPTIMIZERS[name.split()[0]].ADDED
    change_step(made.path, lambda step: [step["groups"][0]["off"].pop(option) for option in added])
    recalculate(made, engine="ironcalc", output=made.path)
    assert verify(made).ok
    options = load(made).optimizer.param_groups[0]  # type: ignore[union-attr]
    assert all(options[option] == value for option, value in added.items())
    change_step(made.path, lambda step: step["groups"][0]["off"].update(old_moments=7))
    with pytest.raises(WorkbookError, match="are true or false"):
        verify(made)


# --- hostile workbooks ----------------------------------------------------------------------------------------------
HOSTILE: Dict[str, Callable[[Dict[str, Any]], Any]] = {
    "unknown optimizer": lambda s: s.update(optimizer="Optimizer"),
    "optimizer of another kind": lambda s: s.update(optimizer=["SGD"]),
    "another optimizer": lambda s: s.update(optimizer="Momentum"),
    "no updates": lambda s: s.pop("updates"),
    "unknown option": lambda s: s["groups"][0]["off"].update(momentum_2=0),
    "an option that is off and on": lambda s: s["groups"][0]["off"].update(lr=0),
    "an option off with a value": lambda s: s["groups"][0]["off"].update(nesterov="__import__"),
    "no option": lambda s: s["groups"][0]["cells"].pop("lr"),
    "parameter out of range": lambda s: s["updates"][0].update(parameter=10**9),
    "parameter before the first": lambda s: s["updates"][0].update(parameter=-1),
    "parameter true": lambda s: s["updates"][0].update(parameter=True),
    "twice": lambda s: s["updates"].append(s["updates"][0]),
    "group out of range": lambda s: s["updates"][0].update(group=1),
    "no state": lambda s: s["updates"][0].update(state={}),
    "block far away": lambda s: s["updates"][0]["lines"]["p"].update(live=[10**9, 1]),
    "a missing sheet": lambda s: s["updates"][0]["lines"]["p"].update(sheet="nowhere"),
    "lines that are none": lambda s: s["updates"][0].update(lines=7),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Training("SGD momentum").export(tmp_path_factory.mktemp("step") / "a.xlsx").path


@pytest.mark.parametrize("what", list(HOSTILE))
def test_a_hostile_step_is_refused_in_one_line(what: str, exported: Path, tmp_path: Path) -> None:
    workbook = openpyxl.load_workbook(exported)
    described = json.loads(workbook[SHEET]["A2"].value)
    HOSTILE[what](described["step"])
    workbook[SHEET]["A2"].value = json.dumps(described)
    workbook.save(tmp_path / "a.xlsx")
    with pytest.raises(WorkbookError) as error:
        verify(tmp_path / "a.xlsx")
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_a_workbook_without_a_step_keeps_its_format(exported: Path, tmp_path: Path) -> None:
    def version(path: Path) -> Any:
        return json.loads(openpyxl.load_workbook(path)[SHEET]["A2"].value)["format"]

    export(Training().loss(), tmp_path / "a.xlsx")
    assert (version(tmp_path / "a.xlsx"), version(exported)) == (1, 2)
