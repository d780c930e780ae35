"""Texts in workbooks: shown as they are, and titles that every program takes and finds again."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import List

import pytest
from available import ENGINES
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, nn, optim
from saitama.spreadsheets import export, heat_map, recalculate, verify, worksheet
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook
from saitama.spreadsheets.texts import cell_text, chart_text, cut, escaped, sheet_title, shortened, units
from saitama.training import History, export_histories

EMOJI, FLAG, KANJI = "\U0001f600", "\U0001f1eb\U0001f1f7", "作業員名簿株式会社会社五六七八九十"
ODD = [
    EMOJI * 20,
    FLAG + "1234567890" * 4,
    "loss of the \U0001d465\U0001d466 network " + "\U0001f680" * 5,
    KANJI * 2,
    "it's",
    "_x0041_",
    "_x005F_x0041_",
    "=1+1",
    "#N/A",
    "1e5",
    "TRUE",
    "a\x07b",
    "straße",
    "strasse",
    "STRASSE",
    "[x0041_",
    "'' ''",
]


def test_what_looks_like_a_code_is_written_by_code() -> None:
    assert escaped("_x0041_") == "_x005F_x0041_"
    assert escaped("_x0041_x0042_") == "_x005F_x0041_x005F_x0042_"
    assert escaped("a_x004_ _xGGGG_ x0041_") == "a_x004_ _xGGGG_ x0041_"
    assert escaped("\x07\r\ud800\n\t") == "_x0007__x000D__xD800_\n\t"


def test_charts_have_no_codes() -> None:
    assert chart_text(" _x0041_ \x07") == "_\u200bx0041_"
    assert chart_text("_x004_") == "_x004_"


def test_a_text_is_as_long_as_a_cell_can_be() -> None:
    assert cell_text("x" * 32_767) == "x" * 32_767
    assert cell_text("x" * 32_768) == "x" * 32_766 + "…"
    assert cell_text(EMOJI * 16_384) == EMOJI * 16_383 + "…"


def test_emojis_count_twice_and_kanji_once() -> None:
    assert (units(EMOJI), units(FLAG), units(KANJI)) == (2, 4, len(KANJI))
    assert cut(EMOJI * 3, 5) == EMOJI * 2
    assert cut(KANJI, 31) == KANJI
    assert shortened(f"{EMOJI * 9}.h.0", 10) == "…h.0"


@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(ODD)), max_size=8))
def test_titles(texts: List[str]) -> None:
    taken: List[str] = []
    for text in texts:
        title = sheet_title(text, taken)
        assert 1 <= units(title) <= 31 and not set(title) & set("[]:*?/\\!'") and title.isprintable()
        assert title == title.strip() and escaped(title) == title and title.lower() != "history"
        for fold in (str.lower, str.upper, str.casefold):
            assert fold(title) not in map(fold, taken)
        taken.append(title)


def every_writer(name: str, folder: Path) -> List[Path]:
    """A workbook of each kind in which `name` is the name of everything that has one."""
    x = Tensor([1.0, 2.0], requires_grad=True, name=name)
    y = (x * 0.5).tanh()
    y.name = name
    loss = y.sum()
    optimizer = optim.Adam([x], lr=0.1)
    module = nn.Module()
    setattr(module, name, nn.Parameter(Tensor([1.0])))
    squared = (next(module.parameters()) ** 2).sum()
    history = History()
    for number in (1.0, 0.5):
        history.add_epoch(**{name: number, f"val_{name}": number})
        history.add_step(**{name: number})
    paths = [folder / f"{n}.xlsx" for n in range(6)]
    export(loss, paths[0], optimizer=optimizer)
    worksheet(loss, paths[1], optimizer=optimizer)
    export(squared, paths[2], names=module, optimizer=optim.SGD(module.parameters(), lr=0.1))
    history.export(paths[3])
    export_histories({name: history, f"{name}2": history}, paths[4])
    heat_map(Tensor([[[0.5, 0.5], [0.5, 0.5]]]), paths[5], queries=[name, "z"])
    return paths


@pytest.mark.parametrize("name", ODD)
def test_odd_names_everywhere(name: str, tmp_path: Path) -> None:
    label = name if name.isprintable() else repr(name)
    shown = [*[name.replace("\x07", " ")] * 3, *[f"val_{name}"] * 2, label]
    for path, expected in zip(every_writer(name, tmp_path), shown):
        book = open_workbook(path)
        assert len(book) == zipfile.ZipFile(path).read("xl/workbook.xml").count(b"<sheet ")  # none is taken for another
        assert all(units(title) <= 31 for title in book)
        assert expected in {cell.value for sheet in book.values() for cell in sheet.values() if cell.kind == "text"}


@pytest.mark.parametrize("engine", ENGINES)
def test_odd_names_are_computed_with_and_read_back(engine: str, tmp_path: Path) -> None:
    one = ["ß", "ss", "SS", "ı", "i", "σ", "ς", "K", "k", "A"]  # each to some program the title of another
    names = [*ODD, *one]
    parameters = [Tensor([1.0, 2.0], requires_grad=True, name=name) for name in names]
    total = Tensor([0.0, 0.0])
    for parameter in parameters:
        y = parameter * 0.5
        y.name = parameter.name
        total = total + y
    made = export(total.sum(), tmp_path / "a.xlsx", optimizer=optim.SGD(parameters[-len(one) :], lr=0.1))
    recalculate(made, engine=engine, output=made)
    assert verify(made).ok
    found = [leaf.name for leaf in read_graph(open_workbook(made)).graph.leaves if leaf.requires_grad]
    assert found == [name.replace("\x07", " ")[:60] for name in names]
