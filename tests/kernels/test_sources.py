"""The sources of the kernels read from top to bottom: what a file uses, it or a file before it has defined."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

import pytest

KERNELS = Path(__file__).parents[2] / "kernels"
STRINGS = r'""".*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*'
NAMES = (r"^(?:cdef|def)\b[^=\n]*?(\w+)\(", r"^cdef (?:struct|enum|class) (\w+)", r"^ctypedef fused (\w+)")
DECLARED = (r"^    (?:[a-z]\w* )+\**(\w+) \"\"", r"\(\*(\w+) \"\"")  # with a name for C
CONSTANTS = r"^ *(?:cdef )?enum(?: \w+)?:\n((?:  +\S[^\n]*\n)+)"


INCLUDE = re.compile(r'^include "(.+)"\n', re.MULTILINE)


def pieces(name: str) -> Iterator[Tuple[str, str]]:
    """(file, text) in the order in which the compiler reads them: a file that includes another comes in two pieces."""
    texts = INCLUDE.split((KERNELS / name).read_text())
    for number, text in enumerate(texts):
        if number % 2:
            yield from pieces(text)
        else:
            yield name, text


def included_files() -> List[str]:
    return [found for path in KERNELS.glob("*.p[xy][xi]") for found in INCLUDE.findall(path.read_text())]


def code_of(text: str) -> str:
    """Without comments, strings, and the names that C has for what is declared."""
    return re.sub(STRINGS, '""', text, flags=re.DOTALL)


def definitions_of(code: str) -> Set[str]:
    names: Set[str] = set()
    for pattern in NAMES:
        names.update(re.findall(pattern, code, re.MULTILINE))
    for block in re.findall(r"^cdef extern [^\n]*\n((?:    [^\n]*\n|\n)+)", code, re.MULTILINE):
        for pattern in DECLARED:
            names.update(re.findall(pattern, block, re.MULTILINE))
    for block in re.findall(CONSTANTS, code, re.MULTILINE):
        names.update(re.findall(r"^ +([A-Z][A-Z0-9_]*)\b", block, re.MULTILINE))
    return names


def uses_of(code: str, names: Set[str]) -> Set[str]:
    """Those of `names` that are called, begin with a capital or follow `const`: any other word may be a variable."""
    words = set(re.findall(r"(?<![\w.])(\w+)(?:\[[^\]\n]*\])?\(|(?:<Task>|const) (\w+)|(?<![\w.])([A-Z]\w*)", code))
    return {word for found in words for word in found} & names


@pytest.fixture(scope="module")
def sources() -> List[Tuple[str, str]]:
    return [(name, code_of(text)) for name, text in pieces("kernels.pyx")]


def test_every_file_is_included_once():
    assert sorted(included_files()) == sorted(path.name for path in KERNELS.glob("*.pxi"))


def test_each_file_needs_only_what_came_before(sources):
    home = {name: place for place, (_, code) in enumerate(sources) for name in definitions_of(code)}
    known = {"fold_row": "fold_rows", "CACHE_LINE": "memory", "Product": "product", "exp": "operations"}
    for name, file in known.items():
        assert sources[home[name]][0] == f"{file}.pxi"
    early = {
        f"{file} uses {name}, which {sources[home[name]][0]} defines later"
        for place, (file, code) in enumerate(sources)
        for name in uses_of(code, set(home))
        if home[name] > place
    }
    assert not early


def test_a_use_before_its_definition_is_found(sources):
    code = code_of("cdef int f():\n    return fold_row(x, 1)  # pack(y)\n")
    assert uses_of(code, {"fold_row", "pack"}) == {"fold_row"}
    assert uses_of("t = <Task> thin_task[double]", {"thin_task"}) == {"thin_task"}


def test_nothing_is_defined_twice(sources):
    seen: Dict[str, str] = {}
    for file, code in sources:
        for name in definitions_of(code):
            assert seen.setdefault(name, file) == file
