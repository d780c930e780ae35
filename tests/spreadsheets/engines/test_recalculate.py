"""Recalculation by independent engines: what they give, and what is refused."""

from __future__ import annotations

import http.server
import importlib
import threading

import hostile
import openpyxl
import pytest
from available import ENGINES, needs_ironcalc, needs_libreoffice

from saitama.spreadsheets.engines import gnumeric_engine, ironcalc_engine, libreoffice_engine
from saitama.spreadsheets.errors import WorkbookError
from saitama.spreadsheets.read.workbook import open_workbook

module = importlib.import_module("saitama.spreadsheets.engines.recalculate")
recalculate = module.recalculate


@pytest.fixture
def formulas(tmp_path):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Main"
    sheet["A1"], sheet["A2"], sheet["A3"] = 0.1, "=A1*3", '="a"&"b"'
    sheet["B1"], sheet["B2"], sheet["B3"] = "=A1>0", "=1/0", "=NOSUCHFUNCTION(1)"
    sheet["C1"], sheet["C2"] = "text", '="#N/A"'
    workbook.create_sheet("My sheet")["B2"] = "=SUMPRODUCT(Main!A1:A2,Main!A1:A2)"
    workbook.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


@pytest.mark.parametrize("engine", ENGINES)
def test_values(formulas, engine):
    before = formulas.read_bytes()
    found = recalculate(formulas, engine=engine)
    assert (found.path, found.engine, found.formulas) == (str(formulas), engine, 7)
    assert found.version[0].isdigit() and found.seconds > 0
    assert found["Main!A1"] == 0.1 and found["main!$A$2"] == pytest.approx(0.3, rel=1e-14)
    assert found["Main!A3"] == "ab" and found["Main!B1"] is True and found["Main!C1"] == "text"
    assert found["'My sheet'!B2"] == found.values["My sheet"]["B2"] == pytest.approx(0.1, rel=1e-14)
    assert found["Main!Z9"] is None
    assert found.errors == {"Main!B2": "#DIV/0!", "Main!B3": "#NAME?"}
    assert found["Main!C2"] == "#N/A"  # a text, and so no error
    assert formulas.read_bytes() == before and [path.name for path in formulas.parent.iterdir()] == ["a.xlsx"]


@needs_ironcalc
def test_addresses(formulas):
    found = recalculate(formulas, engine="ironcalc")
    with pytest.raises(ValueError, match="is a block"):
        found["Main!A1:A2"]
    for address in ("Other!A1", "A1"):
        with pytest.raises(KeyError, match="name one of the sheets 'Main', 'My sheet'"):
            found[address]


@needs_ironcalc
def test_the_only_sheet_may_go_unnamed(tmp_path):
    path = hostile.one_cell(tmp_path / "a.xlsx", '<c r="A1"><f>1+1</f></c>')
    assert recalculate(path, engine="ironcalc")["A1"] == 2.0


@pytest.mark.parametrize("engine", ENGINES)
def test_output_in_place(formulas, engine):
    assert open_workbook(formulas).cell("Main!A2").kind == "not calculated"
    found = recalculate(formulas, engine=engine, output=formulas)
    book = open_workbook(formulas)
    kinds = {(title, position): cell.kind for title in book for position, cell in book[title].items()}
    assert "not calculated" not in kinds.values()
    assert book.cell("Main!A2").value == found["Main!A2"] and book.cell("Main!A2").formula == "=A1*3"
    assert (book.cell("Main!B2").kind, book.cell("Main!C2").kind, book.cell("Main!B1").value) == ("error", "text", True)
    assert [path.name for path in formulas.parent.iterdir()] == ["a.xlsx"]


@pytest.mark.parametrize("engine", ENGINES)
def test_stale_values_are_calculated_anew(tmp_path, engine):
    """Those of an array formula over several cells too."""
    rows = (
        '<row r="1"><c r="A1"><v>3</v></c><c r="B1"><f t="array" ref="B1:B2">A1:A2*2</f><v>1</v></c></row>'
        '<row r="2"><c r="A2"><v>4</v></c><c r="B2"><v>1</v></c><c r="C2"><f>A2*3</f><v>99</v></c></row>'
    )
    path = hostile.book(tmp_path / "a.xlsx", rows)
    found = recalculate(path, engine=engine, output=path, overwrite=True)
    assert (found["B1"], found["B2"], found["C2"]) == (6.0, 8.0, 12.0)
    book = open_workbook(path)
    assert [book.cell(name).value for name in ("B1", "B2", "C2")] == [6.0, 8.0, 12.0]


@needs_ironcalc
def test_ironcalc_gives_exact_doubles(tmp_path):
    path = hostile.one_cell(tmp_path / "a.xlsx", '<c r="A1"><v>0.1</v></c><c r="B1"><f>A1+0.2</f></c>')
    recalculate(path, engine="ironcalc", output=path)
    assert open_workbook(path).cell("B1").value == 0.1 + 0.2


@needs_ironcalc
def test_a_file_one_engine_cannot_load_goes_to_the_next(tmp_path):
    sheet = hostile.sheet_xml('<row r="1"><c r="A1"><f>1+1</f></c></row>')
    path = hostile.write(tmp_path / "a.xlsx", hostile.parts(sheet, title="what!"))
    with pytest.raises(WorkbookError, match=r"a.xlsx cannot be recalculated: ironcalc: ") as caught:
        recalculate(path, engine="ironcalc")
    assert "\n" not in str(caught.value)
    if libreoffice_engine.is_available():
        found = recalculate(path)
        assert (found.engine, found["A1"]) == ("libreoffice", 2.0)
        assert found.notes[0].startswith("ironcalc gave up: ")


@needs_ironcalc
def test_formulas_nested_thousands_deep(tmp_path):
    path = hostile.one_cell(tmp_path / "a.xlsx", f'<c r="A1"><f>{"(" * 30000}1{")" * 30000}</f></c>')
    assert recalculate(path, engine="ironcalc")["A1"] == 1.0


@pytest.mark.parametrize("version, good", [("0.0.1", False), ("0.8.2", False), ("0.8.3", True), ("0.10.0rc1", True)])
def test_an_ironcalc_that_is_too_old_is_none(version, good, monkeypatch):
    monkeypatch.setattr(ironcalc_engine.metadata, "version", lambda name: version)
    assert ironcalc_engine.is_available() is good


def test_no_engine(formulas, monkeypatch):
    monkeypatch.setattr(ironcalc_engine, "is_available", lambda: False)
    with pytest.raises(WorkbookError, match="the engine 'ironcalc' is not installed"):
        recalculate(formulas, engine="ironcalc")
    monkeypatch.setattr(libreoffice_engine, "is_available", lambda: False)
    monkeypatch.setattr(gnumeric_engine, "is_available", lambda: False)
    with pytest.raises(
        WorkbookError, match=r"pip install 'saitama-dl\[recalc\]'` \(IronCalc, with Python 3.10 or later\) or"
    ):
        recalculate(formulas)


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan"), "10", True, None])
def test_a_timeout_that_is_none(formulas, timeout):
    with pytest.raises(ValueError, match="give a number of seconds above 0"):
        recalculate(formulas, timeout=timeout)


def test_unknown_engine(formulas):
    with pytest.raises(ValueError, match="'excel' is not known"):
        recalculate(formulas, engine="excel")


@pytest.mark.parametrize("text", ["NaN", "INF", "1_0"])
def test_numbers_that_engines_take_for_something_else_are_refused(tmp_path, text):
    path = hostile.one_cell(tmp_path / "a.xlsx", f'<c r="A1"><v>{text}</v></c><c r="B1"><f>A1+1</f></c>')
    with pytest.raises(WorkbookError, match="Sheet1!A1 holds .* as a number, .*: write it as text"):
        recalculate(path)


@pytest.mark.parametrize("make", [hostile.compound_file, hostile.truncated, hostile.encrypted_part, hostile.entities])
def test_hostile_files_reach_no_engine(tmp_path, make, monkeypatch):
    monkeypatch.setattr(module, "ENGINES", {})
    with pytest.raises(WorkbookError, match="password|damaged|bomb|entities"):
        recalculate(make(tmp_path / "a.xlsx"))


@needs_ironcalc
def test_the_old_file_is_kept_where_writing_fails(formulas, monkeypatch):
    before = formulas.read_bytes()

    def disk_full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_with_values", disk_full)
    with pytest.raises(OSError, match="No space left on device"):
        recalculate(formulas, engine="ironcalc", output=formulas)
    assert formulas.read_bytes() == before and [path.name for path in formulas.parent.iterdir()] == ["a.xlsx"]


@needs_libreoffice
def test_libreoffice_does_not_reach_the_network(tmp_path):
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # the name http.server calls
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"7")

        def log_message(self, *args):
            return

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/secret"
        path = hostile.one_cell(
            tmp_path / "a.xlsx", f'<c r="A1"><f>_xlfn.WEBSERVICE("{address}")</f></c><c r="B1"><f>1+1</f></c>'
        )
        found = recalculate(path, engine="libreoffice")
        server.shutdown()
    assert found["B1"] == 2.0 and found["A1"] != 7.0 and asked == []


@needs_libreoffice
def test_libreoffice_that_writes_nothing(tmp_path, monkeypatch):
    program = tmp_path / "soffice"
    program.write_text("#!/bin/sh\necho LibreOffice 1.2\n")
    program.chmod(0o755)
    monkeypatch.setattr(libreoffice_engine, "find_program", lambda: str(program))
    path = hostile.one_cell(tmp_path / "a.xlsx", "<c><f>1+1</f></c>")
    with pytest.raises(WorkbookError, match="libreoffice: it could not open the file"):
        recalculate(path, engine="libreoffice")
