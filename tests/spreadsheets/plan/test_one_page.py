"""A worksheet on one page: its marks, what it hides, and how it prints."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

import openpyxl
import pytest
from available import needs_ironcalc
from learner import Graph, Learner, attention, chain, classifier, layer, leaf, norm, product, softmax
from pages import blanks, fill, handed_in, type_in

from saitama import Tensor, optim
from saitama.autograd import Value
from saitama.spreadsheets import export, recalculate, verify, worksheet
from saitama.spreadsheets.plan.measure import INDENT, NUMBER_EDGE, column_pixels, pixels
from saitama.spreadsheets.plan.reads import is_constant

GRAPHS: Mapping[str, Any] = {
    "chain": chain,
    "layer": layer,
    "product": product,
    "attention": attention,
    "norm": norm,
    "softmax": softmax,
    "classifier": classifier,
}
RIGHT, WRONG, NEAR = "✓", "✗", "≈"


def marks(path: Any) -> Dict[str, str]:
    """The mark of each blank, as a spreadsheet program shows it, by the blank's cell."""
    shown = recalculate(path, engine="ironcalc").values["Page"]
    found: Dict[str, str] = {}
    for row in openpyxl.load_workbook(path)["Page"].iter_rows():
        for cell in row:
            blank = re.match(r'=IF\(\$?([A-Z]+\$?\d+)="",""', str(cell.value))
            if blank and RIGHT in str(cell.value):
                found[blank.group(1)] = shown[cell.coordinate]
    return found


def judged(path: Any, **how: Any) -> Dict[str, str]:
    """What verify says of each cell that is not right."""
    return {difference.cell: str(difference.cause or difference.kind) for difference in verify(path, **how).differences}


@needs_ironcalc
@pytest.mark.parametrize("name", GRAPHS)
def test_right_numbers_are_marked_right(name: str, tmp_path: Path) -> None:
    path = handed_in(GRAPHS[name](), tmp_path / "w.xlsx", {})
    found = marks(path)
    assert len(found) == sum(map(len, blanks(path).values()))
    assert set(found.values()) <= {RIGHT, NEAR}
    assert list(found.values()).count(RIGHT) > 0.9 * len(found)


@needs_ironcalc
@pytest.mark.parametrize("marks_by", ["own", "true"])
@pytest.mark.parametrize("name", GRAPHS)
def test_no_number_is_marked_right_that_verify_calls_a_slip(name: str, marks_by: str, tmp_path: Path) -> None:
    for seed in range(3):
        rng, graph = random.Random(seed), GRAPHS[name]()
        right = Learner(*graph, {}, decimals := rng.choice((2, 3, 4)))
        slips: Dict[str, Any] = {}
        for step in rng.sample(right.work.steps, 4):
            cells = [cell for cell in right.judgement.of(step.key) if abs(cell.typed.number or 0.0) < 1e9]
            for cell in rng.sample(cells, min(2, len(cells))):
                number = cell.typed.number or 0.0
                other = rng.choice((-number, 2 * number, number + 10.0**-decimals, number + 1.0, 10 * number))
                slips.setdefault(step.name, {})[tuple(cell.index)] = round(other, decimals)
        path = handed_in(graph, tmp_path / f"{seed}.xlsx", slips, decimals, marks=marks_by)
        found, verdicts = marks(path), judged(path)
        called = [cell for cell, mark in found.items() if mark == RIGHT and verdicts.get(cell) == "own"]
        assert called == []
        assert any(mark in (WRONG, NEAR) for mark in found.values())
        if marks_by == "true":
            assert [cell for cell, mark in found.items() if mark == RIGHT and cell in verdicts] == []


@needs_ironcalc
@pytest.mark.parametrize("marks_by", ["own", "true"])
@pytest.mark.parametrize("typed", ["0.5", "half", True, "−6", "'-6", "-6,0"])
def test_what_is_no_number_is_not_marked_right(typed: Any, marks_by: str, tmp_path: Path) -> None:
    path = type_in(handed_in(chain(), tmp_path / "w.xlsx", {}, marks=marks_by), {("d", ()): typed})
    (cell,) = (openpyxl.utils.get_column_letter(c) + str(r) for _, r, c in blanks(path)["d"].values())
    assert marks(path)[cell] == WRONG
    assert cell in judged(path)


@needs_ironcalc
def test_an_infinity_is_typed_as_a_text_and_marked_right(tmp_path: Path) -> None:
    path = handed_in(attention(), tmp_path / "w.xlsx", {})
    found = marks(path)
    assert set(found.values()) <= {RIGHT, NEAR} and len(found) == 55
    path = handed_in(attention(), tmp_path / "v.xlsx", {"S": {(0, 1): -0.4419}})
    ((_, row, column),) = [place for index, place in blanks(path)["S"].items() if index == (0, 1)]
    assert marks(path)[openpyxl.utils.get_column_letter(column) + str(row)] != RIGHT


@needs_ironcalc
@pytest.mark.parametrize("open, after, other", [("d", "e", "L"), ("dL/de", "dL/dd", "dL/da"), ("dL/dd", "dL/da", "e")])
def test_a_mark_waits_for_what_stands_before(open: str, after: str, other: str, tmp_path: Path) -> None:
    path = handed_in(chain(), tmp_path / "w.xlsx", {open: None})
    by_name = {name: next(iter(cells.values())) for name, cells in blanks(path).items()}
    cell = {name: openpyxl.utils.get_column_letter(c) + str(r) for name, (_, r, c) in by_name.items()}
    found = marks(path)
    assert not found[cell[open]] and not found[cell[after]] and found[cell[other]] == RIGHT


@needs_ironcalc
def test_a_number_that_is_computed_waits_for_what_was_not_typed(tmp_path: Path) -> None:
    L, names = chain()
    path = tmp_path / "w.xlsx"
    worksheet(L, path, names=names, blanks=["e"])  # its gradient too; those after it are computed
    shown = recalculate(path, engine="ironcalc").values["Page"]
    helpers = re.compile(r"[A-Z]+[12]$")  # the most decimals and digits of a page stand in its first two rows
    assert not [cell for cell, value in shown.items() if value == 0.0 and not helpers.match(cell)]


# --- what the file hides ----------------------------------------------------------------------------------------------
def answers(graph: Graph, **how: Any) -> List[float]:
    """The true numbers of the blanks that nothing given shows."""
    right = Learner(*graph, {}, None, **how)
    graph_inputs = right.work.subject.graph.inputs
    given = {0.0, 1.0, *(float(x) for leaf in graph_inputs for x in flat(right.work.subject.run.values[leaf].tolist()))}
    seen = {abs(x) for x in given}
    numbers = [cell.true.at for cell in right.judgement.cells if hasattr(cell.true, "at")]
    seen |= {abs(x) for x in constants(right)}
    return [x for x in numbers if round(x, 2) != x and all(abs(abs(x) - y) > 1e-9 for y in seen)]


def constants(right: Learner) -> List[float]:
    """Numbers of the rules that the page shows, as 1/√d."""
    steps = [step for step in right.work.steps if is_constant(step)]
    return [value.at for step in steps for value in right.true[step.key]]  # type: ignore[union-attr]


def odd() -> Graph:
    a, b, c = leaf(2.125), leaf(-3.375), leaf(10.5625)
    d = a * b
    e = d + c
    L = e**2
    return L, {"a": a, "b": b, "c": c, "d": d, "e": e, "L": L}


def flat(nested: Any) -> List[float]:
    return [x for part in nested for x in flat(part)] if isinstance(nested, list) else [nested]


def everything(path: Any) -> List[Any]:
    """Every value and every constant in a formula of every cell of every sheet, cached or not, hidden or not."""
    found: List[Any] = []
    for values in (False, True):
        for sheet in openpyxl.load_workbook(path, data_only=values).worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    found.append(cell.value)
                    found += re.findall(r"(?<![A-Z$\d.])\d+\.?\d*(?:[Ee][-+]?\d+)?", str(cell.value))
    return found


def held(path: Any, numbers: List[float]) -> List[float]:
    there = set()
    for value in everything(path):
        try:
            there.add(round(abs(float(value)), 7))
        except (TypeError, ValueError):
            continue
    return [x for x in numbers if round(abs(x), 7) in there]


@pytest.mark.parametrize("marks_by", ["own", None])
@pytest.mark.parametrize("name", GRAPHS)
def test_no_cell_holds_an_answer(name: str, marks_by: Any, tmp_path: Path) -> None:
    root, names = (odd if name == "chain" else GRAPHS[name])()
    path = tmp_path / "w.xlsx"
    worksheet(root, path, names=names, marks=marks_by)
    wanted = answers((root, names))
    assert len(wanted) >= 5 and held(path, wanted) == []
    workbook = openpyxl.load_workbook(path)
    assert workbook["Page"]["A3"].value.startswith("Fill in the yellow cells")
    assert (marks_by is None) == (RIGHT not in str(everything(path)))


def test_with_marks_by_the_true_numbers_the_page_says_that_they_are_there(tmp_path: Path) -> None:
    root, names = layer()
    path = tmp_path / "w.xlsx"
    worksheet(root, path, names=names, marks="true")
    wanted = answers((root, names))
    assert held(path, wanted) == wanted
    assert "key is hidden, and can be unhidden" in openpyxl.load_workbook(path)["Page"]["A3"].value


def test_the_solution_holds_them_all(tmp_path: Path) -> None:
    root, names = layer()
    path = tmp_path / "w.xlsx"
    worksheet(root, path, names=names, solution=True)
    assert verify(path).ok and held(path, answers((root, names))) == answers((root, names))


def test_chosen_blanks(tmp_path: Path) -> None:
    root, names = layer()
    for chosen, there in (
        ("forward", {"net", "h", "e", "q", "L"}),
        (["h"], {"h", "dL/dh", "dL/dnet"}),
        ("backward", {"dL/dq", "dL/de", "dL/dh", "dL/dnet", "dL/dW", "dL/db"}),
    ):
        path = tmp_path / "w.xlsx"
        worksheet(root, path, names=names, blanks=chosen, overwrite=True)
        assert set(blanks(path)) <= there | {"net"} and set(blanks(path)) & there, chosen


# --- as printed -------------------------------------------------------------------------------------------------------
def deep() -> Graph:
    """A chain that needs more than one page."""
    names: Dict[str, Any] = {"a": leaf(0.5), "b": leaf(-0.25)}
    x = names["a"]
    for n in range(12):
        x = names[f"x{n}"] = (x * names["b"] if n % 2 else x + names["b"]).tanh() if n % 3 else x * names["a"]
    return x, names


@pytest.mark.parametrize("name", [*GRAPHS, "deep"])
def test_a_page_prints(name: str, tmp_path: Path) -> None:
    root, names = (deep if name == "deep" else GRAPHS[name])()
    path = tmp_path / "w.xlsx"
    worksheet(root, path, names=names, seed=17, learner="Ada", title="Sheet 3", layout="page")
    sheet = openpyxl.load_workbook(path)["Page"]
    assert sheet["A1"].value == "Sheet 3"
    assert sheet.page_setup.paperSize == 9 or str(sheet.page_setup.paperSize) == "9"  # A4
    assert sheet.page_setup.orientation in ("portrait", "landscape")
    assert sheet.print_title_rows in ("$1:$1", "1:1")
    assert "Ada" in sheet.oddFooter.left.text and "&P" in sheet.oddFooter.center.text
    assert "numbers 17" in sheet.oddFooter.right.text and re.search(r"sheet [0-9a-f]{6}", sheet.oddFooter.right.text)
    assert sheet.freeze_panes == "A4" and sheet.protection.sheet
    ends = {stop.id for stop in sheet.row_breaks.brk}
    for cells in blanks(path).values():
        rows = [row for _, row, _ in cells.values()]
        assert not [end for end in ends if min(rows) <= end < max(rows)], "a block is cut"
    heights = [sheet.row_dimensions[row].height for row in range(1, max(last_rows(path)) + 1)]
    assert None not in heights  # else the program chooses them, and the pages end elsewhere
    paper = (210 if sheet.page_setup.orientation == "landscape" else 297) / 25.4 * 72
    room = (paper - 72 * (sheet.page_margins.top + sheet.page_margins.bottom)) / (sheet.page_setup.scale / 100)
    starts = [0, *sorted(ends), len(heights)]
    assert all(sum(heights[start:end]) <= room for start, end in zip(starts, starts[1:]))
    for _, row, column in (place for cells in blanks(path).values() for place in cells.values()):
        assert not sheet.cell(row, column).protection.locked
    assert ends if name == "deep" else True


def last_rows(path: Path) -> List[int]:
    return [row for cells in blanks(path).values() for _, row, _ in cells.values()]


def test_a_page_is_for_small_graphs(tmp_path: Path) -> None:
    x = leaf(0.5)
    names: Dict[str, Any] = {"x": x}
    for n in range(41):
        x = names[f"y{n}"] = x.tanh()
    worksheet(x, tmp_path / "w.xlsx", names=names)
    assert "Start" in openpyxl.load_workbook(tmp_path / "w.xlsx").sheetnames
    wide = leaf([[0.01 * n for n in range(20)]] * 21)
    worksheet((wide * wide).sum(), tmp_path / "v.xlsx", names={"wide": wide})
    assert "Start" in openpyxl.load_workbook(tmp_path / "v.xlsx").sheetnames
    worksheet((leaf([0.5]) * 2).sum(), tmp_path / "u.xlsx", layout="sheets")
    assert "Start" in openpyxl.load_workbook(tmp_path / "u.xlsx").sheetnames


# --- levels 1 and 3, an optimizer -------------------------------------------------------------------------------------
def test_level_1_needs_no_gradient(tmp_path: Path) -> None:
    a, b = Tensor([[1.0, 2.0], [3.0, 4.5]]), Tensor([[0.5], [-1.25]])
    c = a @ b
    worksheet(c, tmp_path / "w.xlsx", names={"a": a, "b": b, "c": c})
    assert blanks(tmp_path / "w.xlsx").keys() == {"c"}
    type_in(tmp_path / "w.xlsx", {("c", (0, 0)): -2, ("c", (1, 0)): -4.125})
    assert verify(tmp_path / "w.xlsx").ok
    type_in(tmp_path / "w.xlsx", {("c", (1, 0)): 4.125})
    (difference,) = verify(tmp_path / "w.xlsx").differences
    assert difference.cause == "own" and difference.reason is not None and difference.reason.slug == "sign"


def test_a_scalar_engine_makes_pages_and_exports(tmp_path: Path) -> None:
    a, b = Value(2.0), Value(-3.0)
    c = (a * b + 10.0).tanh()
    worksheet(c, tmp_path / "w.xlsx", names={"a": a, "b": b, "c": c})
    assert {"c", "dc/da", "dc/db"} <= set(blanks(tmp_path / "w.xlsx"))
    export(c, tmp_path / "e.xlsx", names={"a": a, "b": b, "c": c})
    assert recalculate(tmp_path / "e.xlsx", engine="ironcalc")["Check!A3"].startswith("PASS")


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_the_step_of_an_optimizer(make: Any, tmp_path: Path) -> None:
    root, names = layer()
    step = make([names["W"]], lr=0.1)
    path = handed_in((root, names), tmp_path / "w.xlsx", {}, 6, optimizer=step)
    assert "p" in blanks(path) and verify(path).ok
    type_in(path, {("p", (0, 0)): 0.5 if make is optim.SGD else 0.4})
    causes: Tuple[Any, ...] = tuple(difference.cause for difference in verify(path).differences)
    assert causes == ("own",)


def test_fill_types_every_blank(tmp_path: Path) -> None:
    """What the other tests rely on."""
    root, names = norm()
    worksheet(root, tmp_path / "w.xlsx", names=names)
    fill(tmp_path / "w.xlsx", Learner(root, names, {}))
    assert verify(tmp_path / "w.xlsx").kinds == {"typed numbers": 85}


def test_columns_are_wide_enough_for_numbers_and_names(tmp_path: Path) -> None:
    beta, weights, far = leaf(0.984375), leaf(-2.5), leaf(4e5)
    doubled = beta * weights
    large = far * far
    both = doubled * large
    names = {"beta": beta, "weights": weights, "far": far, "doubled": doubled, "large": large, "both": both}
    path = tmp_path / "w.xlsx"
    worksheet(both, path, names=names, solution=True)
    sheet = openpyxl.load_workbook(path)["Page"]
    for row in sheet.iter_rows(max_col=10):
        for cell in row:
            room = column_pixels(sheet.column_dimensions[cell.column_letter].width)
            if cell.value in names and cell.column > 2:
                assert pixels(str(cell.value)) + INDENT + 5 <= room, cell  # and stands apart from what is on its left
            if cell.value in (0.984375, 4e5):
                assert pixels(str(cell.value)) + NUMBER_EDGE <= room, cell
            if cell.value == 1.6e11:
                assert pixels("1.600E+11") + NUMBER_EDGE <= room, cell


def test_a_sheet_of_paper_is_saved_where_the_numbers_stay_legible(tmp_path: Path) -> None:
    x, dy = leaf([1.5, -2.0, 0.5, 3.0]), leaf([0.5, 1.0, -2.0, 2.5])
    y = x.relu()
    weighted = y * dy
    path = tmp_path / "w.xlsx"
    worksheet(weighted.sum(), path, names={"x": x, "dy": dy, "y": y, "weighted": weighted})
    sheet = openpyxl.load_workbook(path)["Page"]
    assert sheet.page_setup.orientation == "portrait" and not sheet.row_breaks.brk and sheet.page_setup.scale >= 58


@pytest.mark.parametrize(("steps", "sheets"), [(13, 1), (15, 1), (17, 2)])
def test_no_sheet_of_paper_for_the_last_few_rows(steps: int, sheets: int, tmp_path: Path) -> None:
    x = leaf(0.5)
    names: Dict[str, Any] = {"x": x}
    for n in range(steps):
        x = names[f"y{n}"] = x.tanh()
    worksheet(x, tmp_path / "w.xlsx", names=names, layout="page")
    sheet = openpyxl.load_workbook(tmp_path / "w.xlsx")["Page"]
    assert len(sheet.row_breaks.brk) + 1 == sheets
    assert (sheet.page_setup.scale < 95) == (steps == 15)  # a little smaller, where that is enough


def test_what_is_given_stands_in_its_authors_order(tmp_path: Path) -> None:
    b, w, a = leaf(2.5), leaf([[0.5, 1.5]]), leaf(-1.5)
    V = leaf([[2.0, -0.5]])
    y = V * a + w * b
    path = tmp_path / "w.xlsx"
    worksheet(y, path, names={"a": a, "b": b, "V": V, "w": w, "y": y})
    sheet = openpyxl.load_workbook(path)["Page"]
    (top,) = (row for row in range(1, 20) if sheet.cell(row, 1).value == "given")
    shown = [
        cell.value for row in sheet.iter_rows(top + 1, top + 5, 2) for cell in row if cell.value in ("a", "b", "w", "V")
    ]
    assert shown == ["a", "b", "V", "w"]
    assert verify(handed_in((y, {"a": a, "b": b, "V": V, "w": w, "y": y}), path, {})).ok


def test_a_number_below_0_stands_in_brackets_behind_a_sign(tmp_path: Path) -> None:
    x = leaf(0.5)
    y = x * -0.5
    z = y / -2e-7
    worksheet(z + -3, tmp_path / "w.xlsx", names={"x": x, "y": y, "z": z})
    rules = [cell.value for cell in openpyxl.load_workbook(tmp_path / "w.xlsx")["Page"]["B"]]
    assert {"y = x · (-0.5)", "z = y / (-2e-07)"} <= set(rules)
    assert any(str(rule).endswith(" = z + (-3)") for rule in rules)
    assert any(str(rule).endswith("/dy · (-0.5)") for rule in rules)
