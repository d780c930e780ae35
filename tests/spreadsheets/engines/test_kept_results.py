"""Results that a file holds are compared with new ones, and kept: no engine is trusted more than what is there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict

import hostile
import openpyxl
import pytest
from available import ENGINES, GNUMERIC, needs_gnumeric, needs_ironcalc, needs_libreoffice

from saitama import Tensor
from saitama.spreadsheets import ResultsDiffer, WorkbookError, export, recalculate, verify
from saitama.spreadsheets.engines import ironcalc_engine
from saitama.spreadsheets.engines.agreement import agree
from saitama.spreadsheets.engines.called_functions import COMMON, Formulas, calls, missing, plain
from saitama.spreadsheets.engines.engine import Result
from saitama.spreadsheets.engines.recalculate import ENGINES as MODULES
from saitama.spreadsheets.read.workbook import open_workbook

QUICK = [ENGINES[0], GNUMERIC]  # LibreOffice takes seconds to start


def book(path: Path, **cells: str) -> Path:
    """A workbook with the numbers 2 and 3 in A1 and A2, and these formulas and results: C1="SUM(A1:A2)=5"."""
    rows = {1: '<c r="A1"><v>2</v></c>', 2: '<c r="A2"><v>3</v></c>'}
    for name, text in cells.items():
        formula, _, value = text.rpartition("=")
        kind = "" if value.replace(".", "").replace("-", "").isdigit() or not value else ' t="str"'
        kind = ' t="e"' if value.startswith("#") else kind
        stored = f"<v>{value}</v>" if value else ""
        rows[int(name[1:])] = rows.get(int(name[1:]), "") + f'<c r="{name}"{kind}><f>{formula}</f>{stored}</c>'
    return hostile.book(path, "".join(f'<row r="{row}">{rows[row]}</row>' for row in sorted(rows)))


def stored(path: Path) -> Dict[str, Any]:
    sheet = next(iter(open_workbook(path).values()))
    return {f"{'ABCDE'[column - 1]}{row}": cell.value for (row, column), cell in sheet.items()}


# --- in place ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("engine", ENGINES)
def test_formulas_without_a_result_get_one(tmp_path: Path, engine: str) -> None:
    path = book(tmp_path / "a.xlsx", C1="SUM(A1:A2)=5", C2="A1*A2=", C3="1/3=0.33333333333")
    found = recalculate(path, engine=engine, output=path)
    assert (found.differences, found.stored, found.formulas) == ([], 2, 3)
    assert stored(path) == {"A1": 2.0, "A2": 3.0, "C1": 5.0, "C2": 6.0, "C3": 0.33333333333}  # C3 keeps its digits


@pytest.mark.parametrize("engine", QUICK)
def test_nothing_is_written_where_nothing_is_new(tmp_path: Path, engine: str) -> None:
    path = book(tmp_path / "a.xlsx", C1="SUM(A1:A2)=5", C2="1/0=#DIV/0!", C3='"a"&amp;A1=a2')
    before = path.stat()
    found = recalculate(path, engine=engine, output=path)
    assert found.differences == [] and found.errors == {"Sheet1!C2": "#DIV/0!"}
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


DIFFERENT = [
    "MYADDIN(A1)=0.13",
    "_xll.TOOL(A1)=7",
    "_xlfn.WEBSERVICE(A1)=0.5",
    "IFERROR(MYADDIN(A1),1)=0.13",  # no error to be seen in the new result
    "SUM(A1:A2)=6",  # stale, or another program's view
    "A1/0=4",
    "A1=text",
    "SUM(A1:A2)=#N/A",
    "RAND()=0.5",
]


@pytest.mark.parametrize(
    "engine, formula",
    [pytest.param("ironcalc", formula, marks=needs_ironcalc) for formula in DIFFERENT]
    + [pytest.param("gnumeric", DIFFERENT[0], marks=needs_gnumeric), (None, DIFFERENT[0])],
)
def test_results_that_differ_are_not_written(tmp_path: Path, engine: Any, formula: str) -> None:
    path = book(tmp_path / "a.xlsx", C1=formula, C2="A1+1=")
    before = path.read_bytes()
    message = r"a\.xlsx was left as it is: 1 of 2 results differ from the stored ones, the first Sheet1!C1: stored "
    with pytest.raises(ResultsDiffer, match=message):
        recalculate(path, engine=engine, output=path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.xlsx"]
    with pytest.raises(FileExistsError, match="exists already"):
        recalculate(path, engine=engine, output=path, overwrite=False)
    found = recalculate(path, engine=engine, output=path, overwrite=True)
    assert stored(path)["C2"] == 3.0 and stored(path)["C1"] == pytest.approx(found["C1"])


@needs_ironcalc
def test_a_copy_gets_the_new_results_and_the_original_keeps_its_own(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", C1="SUM(A1:A2)=6", C2="1/3=0.33333333333")
    before = path.read_bytes()
    found = recalculate(path, engine="ironcalc", output=tmp_path / "b.xlsx")
    assert [str(difference) for difference in found.differences] == ["Sheet1!C1: stored 6, ironcalc 5"]
    assert path.read_bytes() == before
    assert (stored(tmp_path / "b.xlsx")["C1"], stored(tmp_path / "b.xlsx")["C2"]) == (5.0, 0.33333333333)


@needs_ironcalc
def test_another_workbook_is_not_written_over(tmp_path: Path) -> None:
    path, other = book(tmp_path / "a.xlsx", C1="1+1="), tmp_path / "b.xlsx"
    openpyxl.Workbook().save(other)
    with pytest.raises(FileExistsError, match=r"b\.xlsx is a workbook that saitama did not write"):
        recalculate(path, output=other)
    assert recalculate(path, output=other, overwrite=True)["C1"] == 2.0 and stored(other)["C1"] == 2.0


@needs_ironcalc
def test_a_workbook_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path, link = book(tmp_path / "real" / "a.xlsx", C1="1+1="), tmp_path / "link.xlsx"
    link.symlink_to(path)
    recalculate(link, output=link)
    assert link.is_symlink() and stored(path)["C1"] == 2.0 and os.listdir(tmp_path / "real") == ["a.xlsx"]
    stale = book(tmp_path / "real" / "a.xlsx", C1="1+1=3")
    with pytest.raises(ResultsDiffer):
        recalculate(stale, output=link)  # one file under two names


@needs_ironcalc
def test_a_file_saved_while_it_is_calculated_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path / "a.xlsx", C1="1+1=")
    calculate = ironcalc_engine.calculate

    def slow(*arguments: Any) -> Any:
        path.write_bytes(b"somebody's")
        return calculate(*arguments)

    monkeypatch.setattr(ironcalc_engine, "calculate", slow)
    with pytest.raises(WorkbookError, match="was changed while it was calculated, and is kept as it is now"):
        recalculate(path, engine="ironcalc", output=path)
    assert path.read_bytes() == b"somebody's"


@needs_gnumeric
def test_a_what_if_table_keeps_its_results(tmp_path: Path) -> None:
    table = '<c r="C1"><f t="dataTable" ref="C1:C2" dt2D="0" dtr="0" r1="A1"/><v>9</v></c><c r="D1"><f>1+1</f></c>'
    rows = f'<row r="1"><c r="A1"><v>2</v></c>{table}</row><row r="2"><c r="C2"><v>8</v></c></row>'
    path = hostile.book(tmp_path / "a.xlsx", rows)
    found = recalculate(path, engine="gnumeric", output=path)
    assert (found["C1"], found["C2"], found["D1"], found.formulas) == (9.0, 8.0, 2.0, 1)
    assert "what-if tables keep the results that they have: no engine here calculates them" in found.notes
    assert stored(path)["C1"] == 9.0


# --- which engine -----------------------------------------------------------------------------------------------------
@needs_ironcalc
@needs_gnumeric
def test_the_engine_that_agrees_with_the_file_is_taken(tmp_path: Path) -> None:
    """Excel skips pairs with a blank in SUMXMY2; IronCalc and LibreOffice count 0 for it."""
    path = book(tmp_path / "a.xlsx", C1="SUMXMY2(A1:A3,D1:D3)=0", D1="1+1=2", C2="A1+1=")
    found = recalculate(path, output=path)
    assert (found.engine, found.differences, stored(path)["C2"]) == ("gnumeric", [], 3.0)
    with pytest.raises(ResultsDiffer, match="stored 0, ironcalc 9"):
        recalculate(path, engine="ironcalc", output=path)


@needs_ironcalc
@needs_libreoffice
def test_an_engine_that_lacks_a_function_gives_way(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", C1="_xlfn.AGGREGATE(9,0,A1:A2)=")  # no value stored: only the lack speaks
    found = recalculate(path, output=path)
    assert (found.engine, found.missing, found.lacks) == ("libreoffice", {"ironcalc": ("AGGREGATE",)}, ())
    assert stored(path)["C1"] == 5.0


@pytest.mark.parametrize("engine", ENGINES)
def test_functions_that_an_engine_lacks_are_named(tmp_path: Path, engine: str) -> None:
    path = book(tmp_path / "a.xlsx", C1="MYADDIN(A1)+IF(A1,SUM(A1),2)=", C2='IFERROR(TOOL.BOX(1),"SUM(x)")=')
    found = recalculate(path, engine=engine, output=path)
    assert found.missing == {engine: ("MYADDIN", "TOOL.BOX")} and found.lacks == ("MYADDIN", "TOOL.BOX")
    assert found["C1"] == found.errors["Sheet1!C1"] == "#NAME?"
    stale = book(tmp_path / "b.xlsx", C1="MYADDIN(A1)=0.13")
    with pytest.raises(ResultsDiffer, match=rf"to store the results of {engine}, which lacks MYADDIN$"):
        recalculate(stale, engine=engine, output=stale)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_has_the_functions_that_need_no_asking(tmp_path: Path, engine: str) -> None:
    assert missing(MODULES[engine], sorted(COMMON), tmp_path, 100) == ()


def test_our_own_formulas_need_no_asking(tmp_path: Path) -> None:
    a = Tensor([[1.0, 2.0]], requires_grad=True, name="a")
    export(a.gelu().softmax(-1).log().sum(), tmp_path / "a.xlsx")
    assert Formulas(open_workbook(tmp_path / "a.xlsx")).foreign == []


@needs_ironcalc
@needs_libreoffice
@needs_gnumeric
def test_all_engines_side_by_side(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", C1="SUMXMY2(A1:A3,D1:D3)=0", D1="1+1=2", C2="A1+1=", C3="A1*2=4")
    before = path.read_bytes()
    with pytest.raises(ResultsDiffer) as caught:
        recalculate(path, engine="all", output=path)
    found = caught.value.recalculation
    assert path.read_bytes() == before and found.engine == "gnumeric"
    assert [str(one) for one in found.differences] == ["Sheet1!C1: stored 0, ironcalc 9, libreoffice 9, gnumeric 0"]
    same = book(tmp_path / "b.xlsx", C1="A1+1=", C2="A1*2=4")
    found = recalculate(same, engine="all", output=same)
    assert (found.engine, found.differences, stored(same)["C1"]) == ("ironcalc", [], 3.0)
    apart = book(tmp_path / "c.xlsx", C1="SUMXMY2(A1:A3,D1:D3)=", D1="1+1=")  # nothing is stored, and still they differ
    with pytest.raises(ResultsDiffer, match="ironcalc 9, libreoffice 9, gnumeric 0"):
        recalculate(apart, engine="all", output=apart)


@pytest.mark.parametrize("engine", QUICK)
def test_an_export_is_calculated_and_verified(tmp_path: Path, engine: str) -> None:
    x = Tensor([[0.5, -1.5], [2.0, 0.25]], requires_grad=True, name="x")
    made = export((x.sigmoid() @ x).relu().mean(), tmp_path / "a.xlsx")
    assert recalculate(made, engine=engine, output=made).missing == {}
    assert verify(made).ok


# --- volatile and iterating -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "formula", ["RAND()", "NOW()", "TODAY()", "RANDBETWEEN(1,6)", "OFFSET(A1,1,0)", 'INDIRECT("A1")', "sum(1,rand())"]
)
@needs_ironcalc
def test_volatile_functions_are_named(tmp_path: Path, formula: str) -> None:
    path = book(tmp_path / "a.xlsx", C1="1+1=", C2=f"{formula}=")
    (note,) = recalculate(path, engine="ironcalc").notes
    name = formula[: formula.rindex("(")].rpartition("(")[2].rpartition(",")[2].upper()
    assert note == f"volatile functions may give something new at each calculation: {name} in Sheet1!C2"


def test_volatile_functions_in_names_and_iteration(tmp_path: Path) -> None:
    parts = hostile.parts(hostile.sheet_xml('<row r="1"><c r="A1"><f>total+MINE(2)</f></c></row>'))
    names = (
        '<definedNames><definedName name="total">1+RAND()</definedName>'
        '<definedName name="Mine">_xlfn.LAMBDA(_xlpm.x,_xlpm.x+1)</definedName></definedNames>'
        '<calcPr calcId="1" iterate="1"/>'
    )
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace("</workbook>", f"{names}</workbook>")
    formulas = Formulas(open_workbook(hostile.write(tmp_path / "a.xlsx", parts)))
    assert formulas.notes() == [
        "volatile functions may give something new at each calculation: RAND in the name total",
        "iterative calculation is switched on: where engines stop, results may differ",
    ]
    assert formulas.foreign == ["_XLFN.LAMBDA"]  # MINE is the workbook's own


# --- in small ---------------------------------------------------------------------------------------------------------
def test_what_a_formula_calls() -> None:
    assert calls("=SUM(A1)&\"TODAY()\"&'My RAND() sheet'!A1") == {"SUM"}
    assert calls("=_xlfn._xlws.SORT(A1:A2)+_xll.f.g(1)") == {"_XLFN._XLWS.SORT", "_XLL.F.G"}
    assert calls("=_xlfn.LET(_xlpm.f,1,_xlpm.f(2))") == {"_XLFN.LET"}
    assert calls("=A1*(B1+C1)") == set()
    assert [plain(name) for name in ("_XLFN._XLWS.SORT", "_XLL.F", "SUM")] == ["SORT", "_XLL.F", "SUM"]


@pytest.mark.parametrize(
    "a, b, same",
    [
        (1.0, 1.0 + 1e-12, True),
        (1.0, 1.0 + 1e-6, False),
        (0.0, 1e-14, True),  # some programs write tiny numbers as 0
        (0.0, 1e-6, False),
        (True, 1.0, True),
        ("a", "a", True),
        ("a", "A", False),
        ("1", 1.0, False),
        ("", "", True),
        (float("nan"), float("nan"), True),
    ],
)
def test_when_two_programs_agree(a: Any, b: Any, same: bool) -> None:
    assert agree(Result(a, False), Result(b, False)) is agree(Result(b, False), Result(a, False)) is same
    assert not agree(Result(a, False), Result("#N/A", True)) and agree(Result("#NUM!", True), Result("#VALUE!", True))
