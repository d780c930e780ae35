"""Sheets of one's own layout: how ranges become tensors, what is compared, and whose slip a wrong number is."""

from __future__ import annotations

import gc
import zipfile
from pathlib import Path
from typing import Any, Dict

import pytest
from openpyxl import Workbook, load_workbook
from own_sheets import NETWORK, network, save

from saitama import Tensor, cat, no_grad, optim
from saitama.attention import causal_mask
from saitama.autograd import Value
from saitama.autograd import function as engine
from saitama.optim import optimizer as optimizers
from saitama.spreadsheets import HandSheet, WorkbookError, audit, open_workbook, read_tensor
from saitama.spreadsheets.read.workbook import Book


def sheet(tmp_path: Path, cells: Dict[str, Any], **how: Any) -> HandSheet:
    return HandSheet(save(tmp_path / "mine.xlsx", cells), **how)


# --- reading ----------------------------------------------------------------------------------------------------------
def test_a_column_stays_a_column(tmp_path: Path) -> None:
    s = sheet(tmp_path, {"B2": 1, "B3": 2, "B4": 3, "C2": 4, "E5": 1, "F5": 1, "E6": 1, "F6": 1})
    assert s.tensor("B2:B4").shape == (3, 1) and s.tensor("B2:C2").shape == (1, 2) and s.tensor("B2").shape == (1, 1)
    assert s.tensor("B2:B4", transpose=True).tolist() == [[1, 2, 3]]
    assert s.tensor("B2:B4", shape=(3,)).tolist() == [1, 2, 3] and s.tensor("C2", shape=()).item() == 4
    assert s.tensor("B2:B4", "x").name == "x" and s.tensor("B2:B4").name == "B2:B4"
    assert s.tensor("B2:B4", dtype="int64").dtype == "int64"
    assert read_tensor(s.path, "B2:B4", ndim=2).shape == (3, 1) and read_tensor(s.path, "B2", ndim=2).shape == (1, 1)
    assert read_tensor(s.path, "B2:B4").shape == (3,) and read_tensor(s.path, "B2:B4", ndim=1).shape == (3,)
    with pytest.raises(ValueError, match="it has no 1 axes"):
        read_tensor(s.path, "E5:F6", ndim=1)
    with pytest.raises(ValueError, match="has not the numbers of a shape"):
        s.tensor("B2:B4", shape=(2, 2))
    with pytest.raises(WorkbookError, match="Mine!C3 is blank"):
        s.tensor("B2:C3")


def test_features_in_rows_work_as_they_stand(tmp_path: Path) -> None:
    cells = {"A1": 1, "B1": 2, "A2": 3, "B2": 4, "D1": 0.5, "D2": -1, "F1": 10, "F2": 20, "H1": 8.5, "H2": 17.5}
    s = sheet(tmp_path, cells)
    W, x, b = s.tensor("A1:B2"), s.tensor("D1:D2"), s.tensor("F1:F2")
    s.check("H1:H2", W @ x + b)
    assert s.report().ok


def test_ranges_side_by_side_are_slices(tmp_path: Path) -> None:
    cells = {"A1": 1, "B1": 2, "A2": 3, "B2": 4, "D1": 5, "E1": 6, "D2": 7, "E2": 8}
    s = sheet(tmp_path, cells)
    x = s.tensor("A1:B2, D1:E2")
    assert x.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
    assert s.tensor(["A1:B2", "Mine!D1:E2"], shape=(8,)).tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    s.check("A1:B2, D1:E2", x * 1)
    s.check("A1:E1", Tensor([[1, 2, 0, 5, 6]]), where=[[True, True, False, True, True]])
    assert s.report().ok
    with pytest.raises(ValueError, match="are of different sizes"):
        s.tensor("A1:B2, D1:E1")
    with pytest.raises(ValueError, match="its first axis must be as long"):
        s.check("A1:B2, D1:E2", Tensor([[1.0, 2.0]]))


def test_merged_cells_are_one(tmp_path: Path) -> None:
    workbook = Workbook()
    mine = workbook.active
    for column, value in ((2, 1.5), (5, 2.5)):
        mine.cell(19, column).value = value
    mine.merge_cells("B19:D19")
    mine.merge_cells("E19:G19")
    workbook.save(tmp_path / "merged.xlsx")
    s = HandSheet(tmp_path / "merged.xlsx")
    assert s.tensor("B19:D19", shape=()).item() == 1.5 and s.tensor("C19").item() == 1.5
    assert s.tensor("B19:G19").tolist() == [[1.5, 2.5]]
    s.check("B19:D19", 1.5)
    assert s.report().ok


def test_labels_find_their_block(tmp_path: Path) -> None:
    layers = {
        "One": {"A1": "W1:", "B1": 1, "C1": 2, "B2": 3, "C2": 4, "A5": "b", "A6": 5, "A7": 6, "E5": "note"},
        "Two": {"A1": " W1 = ", "B1": 7, "A5": "b", "B5": "=1+1"},
    }
    path = save(tmp_path / "mine.xlsx", {}, None, layers)
    s = HandSheet(path)
    assert s.find("W1", sheet="One") == "One!B1:C2" and s.find("b", sheet="one") == "One!A6:A7"
    assert s.find("W1", sheet="Two") == "Two!B1" and s.find("b", nth=2) == "Two!B5"
    assert HandSheet(path, "Two").find("b") == "Two!B5"
    assert s.tensor(s.find("b", nth=2)).tolist() == [[2]]
    with pytest.raises(WorkbookError, match="'W1' stands in 2 cells with numbers: One!A1, Two!A1; say sheet="):
        s.find("W1")
    with pytest.raises(WorkbookError, match="no cell holds the text 'W2'"):
        s.find("W2")
    with pytest.raises(WorkbookError, match="no numbers to the right of One!E5"):
        s.find("note")
    with pytest.raises(WorkbookError, match="not 3"):
        s.find("b", nth=3)


def test_a_sheet_is_read_once(tmp_path: Path, monkeypatch: Any) -> None:
    read = []
    original = Book._read_sheet
    monkeypatch.setattr(Book, "_read_sheet", lambda book, title: read.append(title) or original(book, title))
    found = network(save(tmp_path / "mine.xlsx", NETWORK)).report()
    assert found.ok and read == ["Mine"]


def test_open_workbook_is_public(tmp_path: Path) -> None:
    book = open_workbook(save(tmp_path / "mine.xlsx", {"A1": "text", "B1": 2, "C1": "=B1"}))
    kinds = [book.cell(f"{column}1").kind for column in "ABCD"]
    assert list(book) == ["Mine"] and kinds == ["text", "number", "not calculated", "blank"]
    assert book.cell("C1").formula == "=B1" and book.block("A1:B2").shape == (2, 2)


# --- what is compared -------------------------------------------------------------------------------------------------
def test_masks(tmp_path: Path) -> None:
    scores = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    cells = {"A1": 1, "A2": 4, "B2": 5, "A3": 7, "B3": 8, "C3": 9}
    s = sheet(tmp_path, cells)
    s.check("A1:C3", scores, where=causal_mask(3))
    found = s.report()
    assert found.ok and found.checked == 6
    s.check("A1:C3", scores)
    assert [one.cell for one in s.report().differences] == ["B1", "C1", "C2"]
    with pytest.raises(ValueError, match="the mask is"):
        s.check("A1:C3", scores, where=[True, False])


def test_until_the_first_blank(tmp_path: Path) -> None:
    s = sheet(tmp_path, {"A1": 1, "B1": 2, "A2": 3, "B2": 40, "D1": 1, "E1": 2})
    s.check("A1:B5", Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), until="blank")
    s.check("D1:H1", Tensor([1.0, 2.0, 3.0]), until="blank")
    found = s.report()
    assert found.checked == 6 and [one.cell for one in found.differences] == ["B2"]
    with pytest.raises(ValueError, match="has 5 rows and 2 columns, the tensor is"):
        s.check("A1:B5", Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))


def test_sizes_that_do_not_fit(tmp_path: Path) -> None:
    s = sheet(tmp_path, {"A1": 1, "B1": 2, "C1": 3})
    with pytest.raises(ValueError, match="if it is laid out that way, transpose=True"):
        s.check("A1:C1", Tensor([[1.0], [2.0], [3.0]]))
    s.check("A1:C1", Tensor([[1.0], [2.0], [3.0]]), transpose=True)
    s.check("A1:C1", Tensor([1.0, 2.0, 3.0]))
    s.check("A1", Value(1.0))
    s.check("B1", 2)
    assert s.report().ok
    with pytest.raises(ValueError, match="give a range for each slice"):
        s.check("A1:C1", Tensor([[[1.0], [2.0]], [[3.0], [4.0]]]))
    with pytest.raises(ValueError, match="there is no gradient yet"):
        s.check("A1:C1", s.tensor("A1", requires_grad=True).grad)
    with pytest.raises(ValueError, match="nothing is checked"):
        sheet(tmp_path, {"A1": 1}).report()


def test_what_is_no_number_is_said(tmp_path: Path) -> None:
    s = sheet(tmp_path, {"A1": "1,5", "A3": True, "A4": 1.25})
    s.check("A1:A4", Tensor([[1.5], [2.0], [1.0], [1.25]]))
    found = s.report()
    assert [(one.cell, one.kind) for one in found.differences] == [("A1", "text"), ("A2", "blank"), ("A3", "boolean")]
    assert "A4" not in str(found).split("A1:A4")[0]


# --- whose slip -------------------------------------------------------------------------------------------------------
def causes(found: Any) -> Dict[str, Any]:
    return {one.cell: one.cause for one in found.differences}


def test_one_slip_is_one_slip(tmp_path: Path) -> None:
    change = {"I7": "=(B10*I1+C10*I2)*F4*(1-F4)", "I8": "=(B11*I1+C11*I2)*F5*(1-F5)"}
    found = network(save(tmp_path / "mine.xlsx", NETWORK, change)).report()
    assert causes(found) == {
        **dict.fromkeys(["I7", "I8"], "own"),
        **dict.fromkeys(["I10", "J10", "I11", "J11", "I13", "J13", "I14", "J14"], "carried"),
    }
    text = str(found)
    assert "1 slip of your own (2 cells), 8 right given it, 15 right" in text
    assert "rows and columns of W2 are exchanged" in text and "I13:J14: 4 right, given your numbers before" in text
    told = found.as_dict(answers=False)
    assert told["slips"][0]["reason"]["slug"] == "transposed" and "expected" not in told["slips"][0]["cells"][0]
    assert "expected" not in told["differences"][0]


def test_numbers_typed_by_hand_may_be_rounded(tmp_path: Path) -> None:
    typed = {"F1": 0.588, "F2": -0.225, "F4": 0.643, "F5": 0.444, "F7": 0.657, "F8": 0.044, "F10": 0.659, "F11": 0.511}
    cells = {name: value for name, value in NETWORK.items() if name[0] not in "IJ" and name != "F13"}
    s = HandSheet(save(tmp_path / "mine.xlsx", cells, typed))
    W1, x, b1 = s.tensor("B4:C5"), s.tensor("B1:B2"), s.tensor("B7:B8")
    W2, b2 = s.tensor("B10:C11"), s.tensor("B13:B14")
    z1 = W1 @ x + b1
    h = z1.sigmoid()
    z2 = W2 @ h + b2
    for address, value in (("F1:F2", z1), ("F4:F5", h), ("F7:F8", z2), ("F10:F11", z2.sigmoid())):
        s.check(address, value)
    assert s.report().ok, str(s.report())


def test_gradients_through_reshapes_and_joined_columns(tmp_path: Path) -> None:
    """A bias as an extra column; gradients laid out as the sheet has them."""
    cells = {"A1": 0.5, "B1": -0.25, "C1": 0.1, "A2": 1.5, "B2": 0.75, "C2": -0.2, "E1": 2, "E2": 4,
             "G1": "=2*(A1*E1+B1*E2+C1)*E1", "H1": "=2*(A1*E1+B1*E2+C1)*E2", "I1": "=2*(A1*E1+B1*E2+C1)",
             "G2": "=2*(A2*E1+B2*E2+C2)*E1", "H2": "=2*(A2*E1+B2*E2+C2)*E2", "I2": "=2*(A2*E1+B2*E2+C2)"}  # fmt: skip
    for change, own in (({}, []), ({"I1": "=A1*E1+B1*E2+C1", "I2": "=A2*E1+B2*E2+C2"}, ["I1", "I2"])):
        s = HandSheet(save(tmp_path / "mine.xlsx", cells, change))
        Wb, x = s.tensor("A1:C2", "Wb", requires_grad=True), s.tensor("E1:E2")
        ((Wb[:, :2] @ x + Wb[:, 2:]) ** 2).sum().backward()
        s.check("G1:I2", Wb.grad)
        s.check("G1:I1", Wb.grad[0])
        found = s.report()
        assert [one.cell for one in found.differences if one.cause == "own"] == own, str(found)
        s = HandSheet(s.path)
        W, b = s.tensor("A1:B2", "W", requires_grad=True), s.tensor("C1:C2", "b", requires_grad=True)
        ((s.tensor("E1:E2", shape=(2,)) @ W.T + b.reshape(2)) ** 2).sum().backward()
        s.check("G1:I2", cat([W.grad, b.grad.reshape(2, 1)], 1))
        found = s.report()
        reasons = {one.cell: one.reason.slug for one in found.differences if one.reason is not None}
        assert set(reasons) == set(own) and all(reasons.values()), str(found)


def test_two_backward_passes_are_compared_all_the_same(tmp_path: Path) -> None:
    s = sheet(tmp_path, {"A1": 3, "B1": 7, "C1": 12})
    w = s.tensor("A1", "w", requires_grad=True)
    (w * w).sum().backward()
    (w * w).sum().backward()
    s.check("B1", w.grad)
    s.check("C1", w.grad)
    found = s.report()
    assert [one.cell for one in found.differences] == ["B1"]


def test_momentum_in_both_conventions(tmp_path: Path) -> None:
    """v ← μ v + g, p ← p − lr v; and the rate inside: v ← μ v − lr g, p ← p + v."""
    cells = {"A1": 0.5, "A2": 3.0, "C1": "=2*A1*A2^2", "C2": "=0.9*0.25+C1", "C3": "=A1-0.1*C2",
             "E2": "=0.9*0.25-0.1*C1", "E3": "=A1+E2"}  # fmt: skip
    for change, wrong in (({}, {}), ({"C2": "=0.9*0.25-C1"}, {"C2": "own", "C3": "carried"}),
                          ({"E3": "=A1-E2"}, {"E3": "own"})):  # fmt: skip
        s = HandSheet(save(tmp_path / "mine.xlsx", cells, change))
        w, x = s.tensor("A1", "w", requires_grad=True), s.tensor("A2", "x")
        ((w * x) ** 2).sum().backward()
        s.check("C1", w.grad)
        with no_grad():
            v = 0.9 * 0.25 + w.grad
            s.check("C2", v)
            s.check("C3", w - 0.1 * v)
            other = 0.9 * 0.25 - 0.1 * w.grad
            s.check("E2", other)
            s.check("E3", w + other)
        assert causes(s.report()) == wrong, str(s.report())


def test_an_optimizers_step(tmp_path: Path) -> None:
    cells = {"A1": 0.5, "A2": 3.0, "C1": "=2*A1*A2^2", "C2": "=0.9*0+C1", "C3": "=A1+0.1*C2"}
    s = HandSheet(save(tmp_path / "mine.xlsx", cells))
    w, x = s.tensor("A1", "w", requires_grad=True), s.tensor("A2", "x")
    optimizer = optim.Momentum([w], lr=0.1, momentum=0.9)
    ((w * x) ** 2).sum().backward()
    optimizer.step()
    s.check("C1", w.grad)
    s.check("C2", optimizer.state[w]["velocity"])
    s.check("C3", w)
    found = s.report()
    assert causes(found) == {"C3": "own"} and found.differences[0].reason.slug == "sign"  # type: ignore[union-attr]


def test_nobody_is_watched_for_longer_than_the_sheet(tmp_path: Path) -> None:
    gc.collect()
    before = len(engine.watchers), len(optimizers.watchers)
    s = sheet(tmp_path, {"A1": 1})
    assert len(engine.watchers) == before[0] + 1
    del s
    gc.collect()
    assert (len(engine.watchers), len(optimizers.watchers)) == before


def test_a_block_shown_twice_has_one_slip(tmp_path: Path) -> None:
    change = {"F4": "=1/(1+EXP(F1))", "F5": "=1/(1+EXP(F2))", "L4": "=F4", "L5": "=F5"}
    s = network(save(tmp_path / "mine.xlsx", NETWORK, change))
    s.check("L4:L5", (s.tensor("B4:C5") @ s.tensor("B1:B2") + s.tensor("B7:B8")).sigmoid())
    h = s._checks[1].tensor
    s.check("L4:L5", h)
    found = s.report()
    assert causes(found)["F4"] == "own" and len(found.slips) == 2  # the first of the two is computed apart
    s._checks.pop(-2)
    assert causes(s.report())["L4"] == "carried" and len(s.report().slips) == 1


# --- other inputs -----------------------------------------------------------------------------------------------------
def test_a_probe_finds_what_zeros_hide(tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    cells = {"A1": 0.5, "B1": -1.5, "A3": 2, "B3": 0, "D1": "=A1*A3-B1*B3", "D2": "=2*D1*A3", "E2": "=2*D1*B3"}
    s = HandSheet(save(tmp_path / "mine.xlsx", cells))
    w, x = s.tensor("A1:B1", "w", requires_grad=True), s.tensor("A3:B3", "x")
    y = (w * x).sum()
    (y * y).backward()
    s.check("D1", y)
    s.check("D2:E2", w.grad)
    assert s.report().ok
    before = Path(s.path).read_bytes()
    found = s.probe()
    assert causes(found) == {"D1": "own", "D2": "carried", "E2": "carried"}
    assert found.differences[0].reason.slug == "sign"  # type: ignore[union-attr]
    assert s.probe({"x": [[2.0, 0.0]]}).ok and not s.probe({"x": Tensor([[2.0, 1.0]])}).ok
    assert Path(s.path).read_bytes() == before and s.report().ok
    with pytest.raises(ValueError, match="nothing is bound to the name 'v'; there are w, x"):
        s.probe({"v": 1})
    with pytest.raises(ValueError, match="w is \\(1, 2\\)"):
        s.probe({"w": [1.0, 2.0, 3.0]})


# --- audit ------------------------------------------------------------------------------------------------------------
SCRIPT = """
W, x = s.tensor(s.find("W1"), "W", requires_grad=True), s.tensor("B1:B2", "x")
z = W @ x + s.tensor("B7:B8")
h = z.sigmoid()
s.check("F1:F2", z)
s.check("F4:F5", h)
"""


def test_audit_runs_a_script_and_marks_a_copy(tmp_path: Path) -> None:
    (tmp_path / "check.py").write_text(SCRIPT)
    path = save(tmp_path / "mine.xlsx", NETWORK, {"F4": "=1/(1+EXP(F1))"}, {"Other": {"A1": "mine"}})
    found = audit(path, tmp_path / "check.py", sheet="Mine", out=tmp_path / "marked.xlsx")
    assert causes(found) == {"F4": "own"} and "h[0, 0] (Mine!F4)" not in str(found) and "h[0, 0] (F4)" in str(found)
    with zipfile.ZipFile(path) as a, zipfile.ZipFile(tmp_path / "marked.xlsx") as b:
        changed = {name for name in a.namelist() if a.read(name) != b.read(name)}
    assert changed == {"xl/worksheets/sheet1.xml", "xl/styles.xml"}
    marked = load_workbook(tmp_path / "marked.xlsx")["Mine"]
    assert marked["F4"].value == "=1/(1+EXP(F1))" and marked["F4"].fill.start_color.rgb == "FFFFC7CE"
    assert marked["F5"].fill.start_color.rgb == "FFC6EFCE" and marked["F7"].fill.fill_type is None
    assert marked["K4"].value == "F4: with your z[0, 0] = 0.5875, the exponent has the other sign"
    with pytest.raises(ValueError, match="is the workbook itself"):
        audit(path, tmp_path / "check.py", sheet="Mine", out=path)
    (tmp_path / "check.py").write_text("s.tensor('Z9')\n")
    with pytest.raises(ValueError, match="check.py, line 1: WorkbookError: .*Mine!Z9 is blank"):
        audit(path, tmp_path / "check.py", sheet="Mine")


def test_an_error_that_a_slip_has_made_is_carried(tmp_path: Path) -> None:
    """The logarithm of a negative share: softmax without exp."""
    z = {"B1": -1.0, "C1": 2.0, "B3": "=B1/(B1+C1)", "C3": "=C1/(B1+C1)", "B5": "=LN(B3)", "C5": "=LN(C3)"}
    pytest.importorskip("ironcalc")
    from saitama.spreadsheets import recalculate

    path = save(tmp_path / "mine.xlsx", z)
    recalculate(path, output=path, engine="ironcalc", overwrite=True)
    s = HandSheet(path)
    p = s.tensor("B1:C1", "z").softmax()
    s.check("B3:C3", p)
    s.check("B5:C5", p.log())
    found = s.report()
    assert causes(found) == {"B3": "own", "C3": "own", "B5": "carried", "C5": "carried"}, str(found)
    assert found.differences[0].reason.slug == "not-normalised"  # type: ignore[union-attr]
