"""Level 14 by hand: the pages' formulas against the framework, in every engine, and with errors planted."""

from __future__ import annotations

import shutil
from typing import Any, Dict, Iterator, List

import openpyxl
import pytest

from saitama.spreadsheets import recalculate, scale_pages

ENGINES = ["ironcalc"] + (["libreoffice"] if shutil.which("soffice") else [])
SHEETS = ["Accumulation", "Loss scale", "bfloat16", "Online softmax", "All-reduce", "Pipeline"]
SAID_TO_BE_WRONG = (
    "which is wrong",
    "half way between",
    "exponent bits",
    "fraction bits",
    "infinite?",
    "gradient that is used",
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return scale_pages(tmp_path_factory.mktemp("scale") / "scale.xlsx")


@pytest.mark.parametrize("engine", ENGINES)
def test_formulas_and_framework_agree(pages: Any, engine: str) -> None:
    found = recalculate(pages, engine=engine, output=pages.with_name(f"{engine}.xlsx"))
    assert found.errors == {}
    assert list(found.values) == SHEETS
    for sheet in SHEETS:
        assert found.values[sheet]["A2"] == "PASS: formulas and framework agree", sheet


def labels(sheet: Any) -> Dict[str, Any]:
    return {str(row[0].value).strip(): row for row in sheet.iter_rows() if row[0].value}


def test_known_numbers(pages: Any) -> None:
    found = recalculate(pages, engine="ironcalc", output=pages.with_name("known.xlsx"))
    rows = {sheet: labels(openpyxl.load_workbook(pages)[sheet]) for sheet in SHEETS}

    def value(sheet: str, label: str, column: int = 1) -> Any:
        return found.values[sheet][rows[sheet][label][column].coordinate]

    for label in ("times k1 / (k1 + k2)", "one large batch: the mean of all gradients"):
        assert value("Accumulation", label) == pytest.approx(2.25)
    assert value("Accumulation", "the mean of the two means, which is wrong") != 2.25
    assert [value("Loss scale", "next S", column) for column in (1, 2, 5, 8)] == [65536, 32768, 65536, 131072]
    assert value("Loss scale", "infinite?", 2) == "yes"
    assert value("Loss scale", "the gradient in float16 without S") == 0
    assert [value("bfloat16", "fraction bits: n - 128", column) for column in (1, 4, 5, 6)] == [
        "1001001",
        "0000000",
        "0000010",
        "0000000",
    ]
    assert value("bfloat16", "exponent bits: e + 127") == "10000000"
    assert value("bfloat16", "half way between two?", 4).startswith("a tie")
    assert value("Pipeline", "counted: empty / all") == pytest.approx(1 / 3)


def planted(path: Any) -> Iterator[Dict[str, List[str]]]:
    """For each sheet one row of live formulas after the other: {sheet: cells}, until all sheets are through."""
    book = openpyxl.load_workbook(path)
    rows: Dict[str, List[List[str]]] = {}
    for sheet in SHEETS:
        for row in book[sheet].iter_rows(min_row=3):
            label = str(row[0].value).strip()
            if label.startswith("difference") or any(words in label for words in SAID_TO_BE_WRONG):
                continue
            cells = [cell.coordinate for cell in row if cell.data_type == "f" and not is_difference(cell)]
            if cells:
                rows.setdefault(sheet, []).append(cells)
    for number in range(max(map(len, rows.values()))):
        yield {sheet: places[number] for sheet, places in rows.items() if number < len(places)}


def is_difference(cell: Any) -> bool:
    return "IFERROR" in cell.value or "ABS(B" in cell.value and "-B" in cell.value


def test_an_error_in_any_step_is_found(pages: Any, tmp_path: Any) -> None:
    """A formula that gives half as much again and one more: what follows from it differs from the framework."""
    count = 0
    for places in planted(pages):
        book = openpyxl.load_workbook(pages)
        for sheet, cells in places.items():
            for cell in cells:
                formula = book[sheet][cell].value[1:]
                book[sheet][cell].value = f'=IF(ISNUMBER({formula}),1.5*({formula})+1,"wrong")'
        path = tmp_path / "planted.xlsx"
        book.save(path)
        found = recalculate(path, engine="ironcalc", output=tmp_path / "calculated.xlsx", overwrite=True)
        for sheet, cells in places.items():
            assert str(found.values[sheet]["A2"]).startswith("FAIL"), (sheet, cells)
            count += 1
    assert count > 50


def test_bad_names(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="not an .xlsx name"):
        scale_pages(tmp_path / "scale.txt")
    path = tmp_path / "mine.xlsx"
    openpyxl.Workbook().save(path)
    with pytest.raises(FileExistsError):
        scale_pages(path)
    assert scale_pages(path, overwrite=True) == path
