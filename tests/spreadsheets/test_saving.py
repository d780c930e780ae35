"""What somebody has made is never replaced unasked; what nobody touched since it was written is, without a word."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Callable, Dict, Tuple

import openpyxl
import pytest
from engines import needs_ironcalc, needs_libreoffice
from openpyxl.comments import Comment

from saitama import Tensor, randn
from saitama.spreadsheets import export, heat_map, recalculate, verify, worksheet
from saitama.spreadsheets.engines import libreoffice_engine
from saitama.spreadsheets.graph.keys import Value
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook
from saitama.spreadsheets.write.saving import check_replaceable, is_untouched, write_workbook
from saitama.training import History

Write = Callable[..., Any]


def loss() -> Tensor:
    return (Tensor([1.0, 2.0], requires_grad=True, name="a") * 3.0).tanh().sum()


def history(path: Path, **options: Any) -> None:
    record = History()
    record.add_epoch(loss=0.5)
    record.add_epoch(loss=0.25)
    record.export(path, **options)


WRITERS: Dict[str, Write] = {
    "export": lambda path, **options: export(loss(), path, **options),
    "worksheet": lambda path, **options: worksheet(loss(), path, **options),
    "heat_map": lambda path, **options: heat_map(randn(2, 3), path, **options),
    "history": history,
}


def typed_cell(path: Path) -> Tuple[str, int, int]:
    """A blank of a worksheet."""
    carried = read_graph(open_workbook(path))
    places = next(places for places in carried.places.values() if places.typed is not None)
    _, row, column = next(iter(places.typed.cells()))
    return places.sheet, row, column


@pytest.fixture(params=WRITERS)
def writer(request: Any) -> Write:
    return WRITERS[request.param]


# --- replaced without a word ------------------------------------------------------------------------------------------
def test_what_nobody_touched_is_written_anew(writer: Write, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    for _ in range(3):
        writer(path)
    with zipfile.ZipFile(path) as archive:
        assert is_untouched(archive)
    shutil.copy(path, tmp_path / "b.xlsx")  # a copy is no work
    writer(tmp_path / "b.xlsx")


def test_any_writer_replaces_what_any_other_wrote(tmp_path: Path) -> None:
    for write in (*WRITERS.values(), WRITERS["export"]):
        write(tmp_path / "a.xlsx")


@needs_ironcalc
def test_results_are_nobodys_work(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    export(loss(), path)
    recalculate(path, engine="ironcalc", output=path)
    recalculate(path, engine="ironcalc", output=tmp_path / "b.xlsx")
    assert open_workbook(path).cell("Check!A3").kind == "text"
    for name in ("a.xlsx", "b.xlsx"):
        export(loss(), tmp_path / name)


def test_the_mark_is_a_document_property(tmp_path: Path) -> None:
    export(loss(), tmp_path / "a.xlsx")
    properties = openpyxl.load_workbook(tmp_path / "a.xlsx").custom_doc_props
    assert [(one.name, len(one.value)) for one in properties.props] == [("saitama", 64)]


# --- kept -------------------------------------------------------------------------------------------------------------
def type_blank(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    sheet, row, column = typed_cell(path)
    book[sheet].cell(row, column).value = 0.5
    book.save(path)


def change_input(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    carried = read_graph(open_workbook(path))
    (a,) = [leaf for leaf in carried.graph.leaves if leaf.name == "a"]
    places = carried.places[Value(a)]
    book[places.sheet].cell(places.live.row, places.live.column).value = 7
    book.save(path)


def colour(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["A1"].fill = openpyxl.styles.PatternFill("solid", start_color="FF00FF00")
    book.save(path)


def note(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["B2"].comment = Comment("ask in class", "me")
    book.save(path)


def another_sheet(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    book.create_sheet("My notes")["A1"] = "12 + 3"
    book.save(path)


def saved_again(path: Path) -> None:
    openpyxl.load_workbook(path).save(path)


def one_part_longer(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/media/mine.txt", "mine")


def other(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = 1
    book.save(path)


def text(path: Path) -> None:
    path.write_text("my notes")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


CHANGES: Dict[str, Tuple[Callable[[Path], None], str]] = {
    "blank": (type_blank, "has 1 blank filled in; it is kept"),
    "input": (change_input, "has 1 input changed; it is kept"),
    "colour": (colour, "was saved by another program since saitama wrote it; it is kept"),
    "note": (note, "was saved by another program since saitama wrote it; it is kept"),
    "sheet": (another_sheet, "was saved by another program since saitama wrote it; it is kept"),
    "saved again": (saved_again, "was saved by another program since saitama wrote it; it is kept"),
    "a part more": (one_part_longer, "was saved by another program since saitama wrote it; it is kept"),
    "somebody's": (other, "is a workbook that saitama did not write, with the sheets 'Sheet'; it is kept"),
    "text": (text, "is not a workbook that saitama wrote; it is kept"),
    "empty": (empty, "is a file of 0 bytes that saitama did not write"),
    "cut short": (cut_short, "is not a workbook that saitama wrote; it is kept"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_was_done_to_a_worksheet_is_kept(change: str, writer: Write, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    worksheet(loss(), path)
    do, told = CHANGES[change]
    do(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError) as caught:
        writer(path)
    message = str(caught.value)
    assert message.startswith(f"{path} {told}") and "\n" not in message
    assert message.endswith("give another name, or replace it with --force (overwrite=True)")
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.xlsx"]
    writer(path, overwrite=True)
    assert path.read_bytes() != before
    writer(path)


@pytest.mark.parametrize("name", ["heat_map", "history"])
def test_pages_without_a_graph_are_kept_too(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    WRITERS[name](path)
    another_sheet(path)
    with pytest.raises(FileExistsError, match=r"a\.xlsx was changed since saitama wrote it; it is kept"):
        WRITERS[name](path)


@needs_ironcalc
def test_calculating_filled_in_work_does_not_make_it_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    worksheet(loss(), path)
    type_blank(path)
    recalculate(path, engine="ironcalc", output=path)
    with pytest.raises(FileExistsError, match="has 1 blank filled in"):
        worksheet(loss(), path)
    sheet, row, column = typed_cell(path)
    assert openpyxl.load_workbook(path)[sheet].cell(row, column).value == 0.5


@needs_libreoffice
def test_work_saved_by_libreoffice_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    worksheet(loss(), path)
    type_blank(path)
    program = str(libreoffice_engine.find_program())
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    convert = [
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        str(tmp_path / "out"),
        str(path),
    ]
    subprocess.run([program, profile, *convert], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
    with pytest.raises(FileExistsError, match="has 1 blank filled in; it is kept"):
        worksheet(loss(), tmp_path / "out" / "a.xlsx")


def test_false_keeps_even_what_nobody_touched(writer: Write, tmp_path: Path) -> None:
    writer(tmp_path / "a.xlsx", overwrite=False)
    with pytest.raises(FileExistsError, match="exists already; give another name or overwrite=True"):
        writer(tmp_path / "a.xlsx", overwrite=False)


def test_it_is_said_before_anything_is_computed(tmp_path: Path) -> None:
    text(tmp_path / "a.xlsx")
    with pytest.raises(FileExistsError):
        export(Tensor([1.0, 2.0]), tmp_path / "a.xlsx")  # which cannot be exported at all


def test_what_is_saved_meanwhile_is_kept(tmp_path: Path) -> None:
    """Between the first look at the file and the moment when it is written."""
    path = tmp_path / "a.xlsx"
    export(loss(), path)
    check_replaceable(path, None)
    text(path)
    with pytest.raises(FileExistsError, match="is not a workbook that saitama wrote"):
        write_workbook(openpyxl.Workbook(), path)
    assert path.read_text() == "my notes"


def test_work_behind_a_link_is_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "a.xlsx", tmp_path / "link.xlsx"
    worksheet(loss(), path)
    link.symlink_to(path)
    worksheet(loss(), link)
    assert link.is_symlink()
    type_blank(path)
    with pytest.raises(FileExistsError, match=r"link\.xlsx has 1 blank filled in"):
        worksheet(loss(), link)
    worksheet(loss(), link, overwrite=True)
    assert link.is_symlink() and {one.kind for one in verify(path).differences} == {"blank"}


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes of POSIX")
def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.xlsx")
    with pytest.raises(OSError, match="it is not an ordinary file"):
        export(loss(), tmp_path / "a.xlsx")
