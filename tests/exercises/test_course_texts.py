"""The texts of the course: their code runs, and every number that a learner reads comes from it.

A ```python block is executed, in order, in one namespace for each text; where it has `>>>`, what is printed must be
what stands below. A ```python signature block is what the learner is to write: it must be valid Python, and is not run.
"""

from __future__ import annotations

import ast
import doctest
import re
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Set, Tuple

import pytest

from saitama import get_rng_state, set_rng_state
from saitama.exercises.text import plain, text_of
from saitama.spreadsheets import judge  # noqa: F401  (the package of the reasons)
from saitama.spreadsheets.judge.exercise import FROM_THE_KEY, NOT_A_NUMBER
from saitama.spreadsheets.judge.reasons import BANK

FOLDER = Path(__file__).resolve().parents[2] / "exercises"
TEXTS = sorted(FOLDER.glob("[0-9][0-9]_*.md"))
HEADINGS = [
    "Goal",
    "What to understand",
    "A worked example",
    "Common mistakes",
    "Manual tasks",
    "Code tasks",
    "Papers",
    "Open questions",
    "Checklist",
]
QUESTIONS = ["Can I explain ", "Can I implement ", "Have I worked ", "Do I know why "]
SLUGS = {*BANK, FROM_THE_KEY, NOT_A_NUMBER}

BLOCK = re.compile(r"^```(.*)\n((?:.*\n)*?)^```$", re.M)
NUMBER = re.compile(r"(?<![\w.^/])\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?!\w|\^|\.\d)")
TASK = re.compile(r"^- \*\*`([^`]+)`\*\*", re.M)
MARKER = re.compile(r"\s*([-+*>]|\d+[.)])\s")
SMALL = 20  # counts, exponents and list numbers of ordinary prose


class Section(NamedTuple):
    name: str
    text: str

    @property
    def prose(self) -> str:
        """Without code blocks, links and the ids of tasks."""
        text = BLOCK.sub("", self.text)
        text = re.sub(r"\]\([^)]*\)", "]", text)
        return TASK.sub("-", text)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def sections(text: str) -> List[Section]:
    parts = re.split(r"^## (.*)\n", text, flags=re.M)
    return [Section(name, body) for name, body in zip(parts[1::2], parts[2::2])]


def blocks(text: str) -> List[Tuple[str, str]]:
    return [(match.group(1), match.group(2)) for match in BLOCK.finditer(text)]


def run(source: str, where: str, names: Dict[str, Any]) -> str:
    """Execute a block; what is said of it when what it printed is not what it shows, or nothing."""
    if not source.lstrip().startswith(">>>"):
        exec(compile(source, where, "exec"), names)
        return ""
    test = doctest.DocTestParser().get_doctest(source, {}, where, where, 0)
    test.globs = names
    said: List[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=said.append, clear_globs=False)
    return "".join(said)


def numbers_of_code(text: str) -> Set[float]:
    """The numbers that stand in the code, and those that it was seen to print; not those of its comments."""
    found: Set[float] = set()
    for kind, source in blocks(text):
        if kind != "python":
            continue
        examples = doctest.DocTestParser().get_examples(source) if ">>>" in source else []
        for piece in [example.source for example in examples] or [source]:
            for node in ast.walk(ast.parse(piece)):
                if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
                    found.add(float(node.value))
        for example in examples:
            found.update(float(number) for number in re.findall(r"\d+\.?\d*(?:e-?\d+)?", example.want))
    return found


def numbers_of_prose(section: Section) -> List[str]:
    return [match.group().rstrip(",") for match in NUMBER.finditer(section.prose)]


def strangers(text: str) -> List[str]:
    """The numbers of the prose that no code of the text has. In the worked example that is every number, and it must
    be in the code of that section; elsewhere small whole numbers are words."""
    found = []
    everywhere = numbers_of_code(text)
    for section in sections(text):
        if section.name == "Papers":
            continue
        strict = section.name == "A worked example"
        known = numbers_of_code(section.text) if strict else everywhere
        for number in numbers_of_prose(section):
            value = float(number.replace(",", ""))
            word = value.is_integer() and value < SMALL and "." not in number and not strict
            if value not in known and not word:
                found.append(f"{section.name}: {number}")
    return found


@pytest.fixture(autouse=True)
def the_random_numbers_of_others() -> Any:
    before = get_rng_state()
    yield
    set_rng_state(before)


def test_there_are_fourteen() -> None:
    assert [int(path.name[:2]) for path in TEXTS] == list(range(1, 15))


each_text = pytest.mark.parametrize("path", TEXTS, ids=[path.stem for path in TEXTS])


@each_text
def test_the_code_runs_and_prints_what_is_shown(path: Path) -> None:
    names: Dict[str, Any] = {"__name__": path.stem}
    for number, (kind, source) in enumerate(blocks(read(path)), 1):
        where = f"{path.name}, block {number}"
        assert kind in ("python", "python signature", "text", "sh"), where
        if kind == "python":
            assert run(source, where, names) == ""
        elif kind == "python signature":
            compile(source, where, "exec")


@each_text
def test_every_number_comes_from_the_code(path: Path) -> None:
    assert strangers(read(path)) == []


@each_text
def test_the_parts_of_a_text_are_those_of_all(path: Path) -> None:
    text = read(path)
    number = int(path.name[:2])
    assert text.startswith(f"# Level {number}: ")
    assert [section.name for section in sections(BLOCK.sub("", text))] == HEADINGS
    by_name = {section.name: section for section in sections(text)}
    assert len(by_name["Goal"].text.strip().splitlines()) == 1
    assert "```python" in by_name["A worked example"].text
    assert ">>>" in by_name["A worked example"].text
    assert "```python signature" in by_name["Code tasks"].text
    asked = re.findall(r"^- \[ \] (.*)", by_name["Checklist"].text, re.M)
    assert [question.startswith(start) for question, start in zip(asked, QUESTIONS)] == [True] * 4 and len(asked) == 4
    for neighbour in (number - 1, number + 1):
        if 1 <= neighbour <= len(TEXTS):
            assert f"({TEXTS[neighbour - 1].name})" in text


@each_text
def test_the_mistakes_are_those_that_the_judge_names(path: Path) -> None:
    (mistakes,) = [section.text for section in sections(read(path)) if section.name == "Common mistakes"]
    named = re.findall(r"^- `([a-z-]+)`", mistakes, re.M)
    assert len(named) >= 4 and set(named) <= SLUGS


@each_text
def test_open_questions_have_a_model_answer_that_is_folded_away(path: Path) -> None:
    (questions,) = [section.text for section in sections(read(path)) if section.name == "Open questions"]
    answers = re.findall(r"^<details>\n<summary>(.+)</summary>\n\n((?:.+\n)+)\n</details>$", questions, re.M)
    assert len(answers) >= 3
    assert len(answers) == questions.count("<details>") == questions.count("</details>")


@each_text
def test_tasks_have_ids_of_their_level(path: Path) -> None:
    for section in sections(read(path)):
        ids = TASK.findall(section.text)
        assert all(re.fullmatch(path.name[:2] + r"(-[a-z0-9]+)+", each) for each in ids)
        assert len(ids) >= {"Manual tasks": 4, "Code tasks": 1}.get(section.name, 0)


def test_no_two_tasks_have_one_id() -> None:
    ids = [each for path in TEXTS for each in TASK.findall(read(path))]
    assert len(ids) == len(set(ids))


@each_text
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", read(path))):
        if not target.startswith("https://"):
            assert (FOLDER / target.partition("#")[0]).exists(), target


@each_text
def test_lines_can_be_read(path: Path) -> None:
    text = read(path)
    lines = text.splitlines()
    assert 150 <= len(lines) <= 350 and text.endswith("\n") and not text.endswith("\n\n")
    for number, line in enumerate(lines, 1):
        assert len(line) <= 120 and line == line.rstrip() and "\t" not in line, f"{path.name}:{number}"


def torn(text: str) -> List[str]:
    """Lines in the middle of a paragraph that a code host would take for the beginning of a list or a quotation."""
    found, beginning, before = [], "", ""
    for line in BLOCK.sub("", text).split("\n"):
        if not before.strip() or before.startswith(("#", "<")):
            beginning = line
        if MARKER.match(line) and before.strip() and not MARKER.match(beginning):
            found.append(line)
        before = line
    return found


@each_text
def test_no_formula_becomes_a_list(path: Path) -> None:
    assert torn(read(path)) == []


# --- the checks themselves --------------------------------------------------------------------------------------------
PLANTED = """# Level 0: A text
## A worked example

Three times 0.5 is 1.5, and the double is 3.

```python
>>> 3 * 0.5
1.5
```
## Common mistakes
A slope of 1.25, or 40 of them, or 7.
"""


def test_a_number_that_no_code_has_is_found() -> None:
    assert strangers(PLANTED) == ["Common mistakes: 1.25", "Common mistakes: 40"]
    assert strangers(PLANTED.replace("is 1.5,", "is 1.6,"))[0] == "A worked example: 1.6"
    assert strangers(PLANTED.replace("double is 3", "double is 4"))[0] == "A worked example: 4"


def test_a_formula_that_is_torn_is_found() -> None:
    assert torn("- one\n- two\n\nThe sum of a and b\n- c\n\nis 3\n1. four") == ["- c", "1. four"]
    assert torn("Then\n\n- one\n  and more\n- two\n") == []


def test_an_output_that_is_not_printed_is_found() -> None:
    [(_, source)] = blocks(PLANTED)
    assert run(source, "planted", {}) == ""
    assert "Got:\n    1.5" in run(source.replace("\n1.5", "\n1.6"), "planted", {})
    with pytest.raises(AssertionError):
        run("assert 3 * 0.5 == 1.6\n", "planted", {})


def test_what_a_page_says_is_without_the_marks_of_markdown() -> None:
    said = plain("A key *and* a value: `w*` is at h (w - w*)², **bold**, *not here*, [so](a.md), but a * b * c is.")
    assert said == "A key and a value: w* is at h (w - w*)², bold, not here, so, but a * b * c is."
    for number in range(1, 15):
        text = text_of(number)
        for words in [*text.tasks.values(), *(part for pair in text.questions for part in pair)]:
            assert not re.search(r"(^|\s)\*\w[^*]*\w\*(\W|$)", words), words
