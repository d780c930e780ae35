"""Who may import whom: the tables of docs/ARCHITECTURE.md, held against the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Dict, Iterator, Set, Tuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8") if (ROOT / "docs").is_dir() else ""
FOLDERS = {"spreadsheets": ROOT / "spreadsheets", "saitama": ROOT / "saitama"}
DOORS = {  # files that may know more, for a reason that the page gives
    ("nn/__init__.py", "attention"),
    ("nn/__init__.py", "regularization"),
    ("nn/__init__.py", "transformer"),
    ("tensor/tensor.py", "autograd"),
}


def allowed(folder: str) -> Dict[str, Set[str]]:
    """{room: rooms that it may import}, as the page says."""
    table = PAGE.partition(f"| {folder}/ | imports |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (\w+) \| ?([\w, ]*?) ?\|$", table, re.MULTILINE)
    return {room: {name.strip() for name in names.split(",") if name.strip()} for room, names in rows}


def imports(path: Path, package: Tuple[str, ...]) -> Iterator[Tuple[str, ...]]:
    """What a file imports, as dotted names taken apart; `package` is the one it is in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module or "").split(".")) if node.module else base
            yield from ((*module, alias.name) for alias in node.names)


def known(folder: str) -> Iterator[Tuple[str, str, str]]:
    """(room, file, room that the file imports)."""
    root, rooms = FOLDERS[folder], set(allowed(folder))
    top = ("saitama",) if folder == "saitama" else ("saitama", folder)
    for room in rooms:
        for path in sorted((root / room).rglob("*.py")):
            inside = path.relative_to(root)
            for name in imports(path, (*top, *inside.parts[:-1])):
                other = name[len(top)] if name[: len(top)] == top and len(name) > len(top) else ""
                if other in rooms and other != room:
                    yield room, inside.as_posix(), other


@pytest.mark.parametrize("folder", FOLDERS)
def test_rooms_know_whom_the_page_says(folder: str) -> None:
    may = allowed(folder)
    assert len(may) > 5
    wrong = {(file, other) for room, file, other in known(folder) if other not in may[room]} - DOORS
    assert not wrong, f"{sorted(wrong)}: move what is shared to the room below, or change docs/ARCHITECTURE.md"


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_page_allows_nothing_that_nobody_needs(folder: str) -> None:
    needed: Dict[str, Set[str]] = {room: set() for room in allowed(folder)}
    for room, file, other in known(folder):
        if (file, other) not in DOORS:
            needed[room].add(other)
    assert allowed(folder) == needed


def test_every_room_is_on_the_page() -> None:
    rooms = {path.parent.name for path in (ROOT / "spreadsheets").glob("*/__init__.py")}
    assert rooms == set(allowed("spreadsheets"))
