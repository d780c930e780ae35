"""A formula in a blank is right if it computes the number, and not if it takes it from the key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict, List

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula

from saitama import Tensor
from saitama.spreadsheets import Verification, recalculate, verify, worksheet
from saitama.spreadsheets.address import parse_address
from saitama.spreadsheets.engines.cached_values import write_with_values
from saitama.spreadsheets.engines.engine import Result
from saitama.spreadsheets.graph.keys import Value
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.package import Package
from saitama.spreadsheets.read.workbook import open_workbook


# h = w x has two blanks, the first for 2.5; its softmax is white, with helper cells that read the key of h.
@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    x, w = Tensor([2.0, 1.0], name="x"), Tensor([[1.0, 0.5], [0.25, 0.5]], requires_grad=True, name="w")
    h = w @ x
    h.name = "h"
    path = tmp_path_factory.mktemp("key") / "blank.xlsx"
    worksheet((h.softmax(0) * h).sum(), path, blanks=["h"], layout="sheets")
    return path


def places(path: Path) -> Dict[str, str]:
    """The addresses of the blank and of its key, of the inputs, and the sheet of the softmax."""
    carried = read_graph(open_workbook(path))
    h = carried.places[Value(carried.graph.nodes[0])]
    assert h.typed is not None
    found = {"typed": h.typed.address((0,)), "key": h.live.address((0,))}
    w = carried.places[Value(carried.graph.leaves[0])].live
    found["w0"] = f"{w.address((0, 0))}:{w.address((0, 1))}"
    found.update({leaf.name: carried.places[Value(leaf)].live.rectangle() for leaf in carried.graph.leaves})
    (softmax,) = (node for node in carried.graph.nodes if node.op == "Softmax")
    return {**found, "softmax": f"'{carried.places[Value(softmax)].sheet}'"}


Change = Callable[[Any, Dict[str, str]], None]


def judged(path: Path, target: Path, change: Change) -> Verification:
    """What verify says of the worksheet after `change(workbook, places)`, recalculated."""
    workbook = openpyxl.load_workbook(path)
    change(workbook, places(path))
    workbook.save(target)
    recalculate(target, engine="ironcalc", output=target)
    return verify(target)


def put(formula: str, **elsewhere: str) -> Change:
    """The formula in the blank of h, and others in cells of a sheet of the person's own."""

    def change(workbook: Any, at: Dict[str, str]) -> None:
        workbook["1 h"][at["typed"]] = formula.format(**at)
        own = workbook.create_sheet("My notes")
        for cell, text in elsewhere.items():
            own[cell] = text.format(**at) if text.startswith("=") else float(text)

    return change


def of_h(result: Verification, typed: str) -> List[Any]:
    return [d for d in result.differences if (d.sheet, d.cell) == ("1 h", typed)]


@pytest.mark.parametrize(
    "formula",
    [
        "=2.5",
        "=5/2",
        "=1*2+0.5*1",
        "=ROUND(2.5001,2)",
        "=SUMPRODUCT(Inputs!{w0},Inputs!{x})",
        "='My notes'!A2+2",
        "=INDEX('My notes'!A1:A9,2)+2",
        "=SUM('My notes'!A1:A3)+2/3",
        "=2.5+0*SUM({softmax}!A1:J30)",  # with white helper cells
    ],
)
def test_a_formula_that_computes_is_right(formula: str, blank: Path, tmp_path: Path) -> None:
    result = judged(blank, tmp_path / "a.xlsx", put(formula, A1="=A3*3", A2="0.5", A3="=A2-1/6"))
    assert of_h(result, places(blank)["typed"]) == []
    assert result.kinds["formula"] == 1 and "1 formulas in blanks" in str(result)


@pytest.mark.parametrize(
    ("formula", "reads"),
    [
        ("={key}", "the key"),
        ("='1 h'!{key}*1", "the key"),
        ('=$A$1&""&{key}', "the key"),
        ("=SUM(1:200)-SUM(1:200)+2.5", "the key"),
        ("=ROUND({key},2)", "the key"),
        ("='My notes'!A1", "the key"),
        ("=SUM('My notes'!A:A)", "the key"),
        ("=Check!D7+2.5", "the sheet Check"),
        ('=Start!F30&""', "the sheet Check"),
        ('=INDIRECT("{key}")', "INDIRECT(), which hides what it refers to"),
        ("=OFFSET({typed},0,9)", "OFFSET(), which hides what it refers to"),
        ("=[1]Other!A1", "[1]Other!A1, which verify cannot follow"),
        ("='Elsewhere'!A1", "Elsewhere, which is no sheet of this workbook"),
        ("=A1:INDEX({typed}:Z99,1,1)", "which hides what it refers to"),
    ],
)
def test_a_formula_that_takes_it_from_the_key_is_not_right(
    formula: str, reads: str, blank: Path, tmp_path: Path
) -> None:
    book = openpyxl.load_workbook(blank)
    row = next(c.row for r in book["Start"].iter_rows() for c in r if str(c.value).startswith("=IF(COUNTIF"))
    formula = formula.replace("Start!F30", f"Start!F{row}")
    (difference,) = of_h(stored(blank, tmp_path, put(formula, A1="='1 h'!{key}+A2*0")), places(blank)["typed"])
    assert difference.kind == "formula" and difference.found == 2.5
    assert reads in difference.hint and "found 2.5, by a formula; it reads " in str(difference)


def stored(path: Path, folder: Path, change: Change) -> Verification:
    """What verify says after a change, where 2.5 is stored as the blank's result, whatever an engine would make of
    it."""
    workbook = openpyxl.load_workbook(path)
    change(workbook, places(path))
    workbook.save(folder / "a.xlsx")
    block = parse_address(places(path)["typed"])
    results = {"1 h": {(block.top, block.left): Result(2.5, False)}}
    write_with_values(Package(folder / "a.xlsx"), results, folder / "b.xlsx")
    return verify(folder / "b.xlsx")


def test_through_a_name(blank: Path, tmp_path: Path) -> None:
    def change(workbook: Any, at: Dict[str, str]) -> None:
        workbook["1 h"][at["typed"]] = "=answer"
        workbook.defined_names["answer"] = DefinedName("answer", attr_text=f"'1 h'!$A$1:{at['key']}")

    (difference,) = of_h(stored(blank, tmp_path, change), places(blank)["typed"])
    assert difference.kind == "formula" and "the key" in difference.hint


def test_through_an_array_formula(blank: Path, tmp_path: Path) -> None:
    def change(workbook: Any, at: Dict[str, str]) -> None:
        workbook["1 h"][at["typed"]] = ArrayFormula(at["typed"], f"={at['key']}*1")

    (difference,) = of_h(stored(blank, tmp_path, change), places(blank)["typed"])
    assert difference.kind == "formula"


def test_a_circle_of_cells_ends(blank: Path, tmp_path: Path) -> None:
    """It gives no number, and the cell says so."""
    result = stored(blank, tmp_path, put("='My notes'!A1", A1="=A2", A2="=A1"))
    (difference,) = of_h(result, places(blank)["typed"])
    assert difference.kind == "formula" and "cannot be worked out" in difference.hint


def test_a_long_chain_is_followed(blank: Path, tmp_path: Path) -> None:
    chain = {f"A{n}": f"=A{n + 1}" for n in range(1, 500)}
    result = stored(blank, tmp_path, put("='My notes'!A1", **chain, A500="='1 h'!{key}"))
    assert [d.kind for d in of_h(result, places(blank)["typed"])] == ["formula"]


def test_a_formula_in_a_blank_that_nobody_calculated_is_worked_out(blank: Path, tmp_path: Path) -> None:
    workbook = openpyxl.load_workbook(blank)
    put("=5/2")(workbook, places(blank))
    workbook.save(tmp_path / "a.xlsx")
    assert of_h(verify(tmp_path / "a.xlsx"), places(blank)["typed"]) == []
    put("=5/3")(workbook, places(blank))
    workbook.save(tmp_path / "a.xlsx")
    (difference,) = of_h(verify(tmp_path / "a.xlsx"), places(blank)["typed"])
    assert difference.kind == "wrong" and difference.cause == "own"


def test_a_worksheet_that_does_not_say_where_its_helper_cells_are(blank: Path, tmp_path: Path) -> None:
    """As written by earlier versions: what the white cells of its sheets read is nobody's fault."""
    workbook = openpyxl.load_workbook(blank)
    put("=2.5+0*SUM({softmax}!A1:J30)")(workbook, places(blank))
    described = json.loads(workbook["Graph"]["A2"].value)
    del described["helpers"]
    workbook["Graph"]["A2"].value = json.dumps(described)
    workbook.save(tmp_path / "a.xlsx")
    recalculate(tmp_path / "a.xlsx", engine="ironcalc", output=tmp_path / "a.xlsx")
    assert of_h(verify(tmp_path / "a.xlsx"), places(blank)["typed"]) == []
    workbook["1 h"][places(blank)["typed"]] = "={key}".format(**places(blank))
    workbook.save(tmp_path / "a.xlsx")
    recalculate(tmp_path / "a.xlsx", engine="ironcalc", output=tmp_path / "a.xlsx")
    assert [d.kind for d in of_h(verify(tmp_path / "a.xlsx"), places(blank)["typed"])] == ["formula"]
