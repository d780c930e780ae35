"""The questions of the pages have a model answer with the learner's own numbers, which no workbook holds."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from pathlib import Path
from typing import Iterator, List

import pytest
from openpyxl import load_workbook

from saitama import Tensor
from saitama.exercises.levels import LEVELS, level
from saitama.exercises.numbers import seed_of
from saitama.exercises.said import said
from saitama.exercises.task import Task
from saitama.exercises.workbook import write_level

TASKS: List[Task] = [task for number in LEVELS for task in level(number).pages]
ASKED = [task for task in TASKS if task.questions]
NUMBER = re.compile(r"(?<![\w.^/_])\d+(?:\.\d+)?(?!\w)")
SMALL = 5  # 1 and 0, and the sizes that a page always has


def test_only_what_is_asked_is_answered() -> None:
    assert len(ASKED) >= 30
    assert [task.id for task in TASKS if bool(task.questions) != bool(task.work(1).answer)] == []


@pytest.mark.parametrize("task", ASKED, ids=lambda task: task.id)
def test_an_answer_is_a_few_sentences(task: Task) -> None:
    for seed in range(4):
        answer = task.work(seed).answer
        sentences = re.split(r"(?<=[.;:])\s", answer)
        assert 2 <= len(sentences) <= 8 and 80 <= len(answer) <= 480, answer
        assert answer.endswith(".") and "nan" not in answer and "Tensor" not in answer and "-0)" not in answer


def written(tree: ast.AST) -> Iterator[str]:
    """The words of an answer that are not computed."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def answers_in(source: str) -> Iterator[ast.AST]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and [getattr(one, "id", "") for one in node.targets] == ["answer"]:
            yield node.value


@pytest.mark.parametrize("number", LEVELS)
def test_every_number_of_an_answer_is_computed(number: int) -> None:
    source = inspect.getsource(sys.modules[level(number).pages[0].make.__module__])
    found = list(answers_in(source))
    assert len(found) == sum(bool(task.questions) for task in level(number).pages)
    strangers = [n for tree in found for words in written(tree) for n in NUMBER.findall(words) if float(n) > SMALL]
    assert strangers == []


def test_a_number_that_is_written_by_hand_is_found() -> None:
    (tree,) = answers_in("answer = f'it is {x} here, and 12.5 there'")
    assert [NUMBER.findall(words) for words in written(tree)] == [[], ["12.5"]]


@pytest.mark.parametrize("number", [1, 10])
def test_no_workbook_holds_an_answer(number: int, tmp_path: Path) -> None:
    of = level(number)
    write_level(of, "Ada", tmp_path / "w.xlsx")
    book = load_workbook(tmp_path / "w.xlsx")
    text = " ".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value)
    for task in of.pages:
        answer = task.work(seed_of("Ada", number)).answer
        assert not answer or not any(part in text for part in re.split(r"(?<=[.;:])\s", answer) if len(part) > 20)
        assert all(question in text for question in task.questions)


def test_how_numbers_are_said() -> None:
    assert said(Tensor([[1.0, -0.0], [0.123456, 12.0]])) == "((1, 0), (0.1235, 12))"
    assert said((2, 3)) == "(2, 3)" and said((2,)) == "(2,)" and said(Tensor(1024.0)) == "1024"
