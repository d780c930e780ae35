"""Every code task: its reference passes, and typical wrong solutions fail with a message that says why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest
from wrong_solutions import RUNAWAY, WRONG, Wrong

from saitama.exercises import trying as told
from saitama.exercises.levels import LEVELS, level
from saitama.exercises.running import run_code, skeleton


def reference(number: int) -> str:
    return (level(number).folder / "solution.py").read_text(encoding="utf-8")


def changed(one: Wrong) -> str:
    source = reference(int(one.task[:2]))
    assert source.count(one.old) >= 1, f"{one.task}: the reference has no {one.old!r}"
    return source.replace(one.old, one.new)


@pytest.mark.parametrize("number", LEVELS)
def test_the_reference_passes(number: int) -> None:
    of = level(number)
    results = run_code(of, of.folder / "solution.py")
    assert [r.task.id for r in results] == [task.id for task in of.code]
    assert all(r.solved for r in results), [(r.task.id, r.message) for r in results]


def test_a_skeleton_is_not_begun_and_a_word_more_fails(tmp_path: Path) -> None:
    for number in LEVELS:
        file = tmp_path / f"level{number}.py"
        file.write_text(skeleton(level(number)), encoding="utf-8")
        assert all(not r.begun and not r.solved for r in run_code(level(number), file))


@pytest.mark.parametrize("number", LEVELS)
def test_the_skeleton_alone_solves_nothing(number: int, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(skeleton(level(number)) + "\n# begun\n", encoding="utf-8")
    results = run_code(level(number), file)
    assert not any(r.solved for r in results)
    assert all(r.message for r in results)


def test_each_task_has_three_wrong_solutions() -> None:
    counts: Dict[str, int] = {}
    for one in WRONG:
        if one.said:
            counts[one.task] = counts.get(one.task, 0) + 1
    few = [task.id for number in LEVELS for task in level(number).code if counts.get(task.id, 0) < 3]
    assert not few


def failing(one: Wrong, folder: Path, seconds: float = 30.0) -> List[str]:
    """What is said of a wrong solution's own task; [] where it passes."""
    file = folder / "mine.py"
    file.write_text(changed(one), encoding="utf-8")
    results = run_code(level(int(one.task[:2])), file, seconds)
    return [r.message for r in results if r.task.id == one.task and not r.solved]


@pytest.mark.parametrize("one", WRONG, ids=lambda w: f"{w.task}: {w.said}")
def test_a_wrong_solution_is_told_why(one: Wrong) -> None:
    """Without the process of its own, which would take most of the time."""
    (task,) = [task for task in level(int(one.task[:2])).code if task.id == one.task]
    names: Dict[str, Any] = {"__name__": "learner"}
    exec(compile(changed(one), "mine.py", "exec"), names)
    limit = sys.getrecursionlimit()
    try:
        with pytest.raises(told.Wrong) as caught:
            task.check(told.Try(names, "mine.py"))
    finally:
        sys.setrecursionlimit(limit)
    assert one.said in str(caught.value)


def test_an_endless_loop_is_a_message(tmp_path: Path) -> None:
    (message,) = failing(RUNAWAY, tmp_path, 4.0)
    assert RUNAWAY.said in message and "matmul" in message


def test_what_else_may_happen_is_a_message(tmp_path: Path) -> None:
    for source, said in (
        ("def (:\n", "line 1"),
        ("import sys\nsys.exit()\n", "ended the program"),
        ("1 / 0\n", "ZeroDivisionError"),
        ("import os\nos._exit(3)\n", "ended with code 3"),
        ("x = bytearray(1 << 40)\n", "MemoryError"),
        ("class Tensor:\n    def __init__(self, data):\n        raise SystemExit\n", "ended the program"),
        ("x = 1\n", "has no Tensor"),
    ):
        file = tmp_path / "mine.py"
        file.write_text(source, encoding="utf-8")
        message = run_code(level(1), file)[0].message
        assert said in message, message


def test_names_of_ones_own(tmp_path: Path) -> None:
    """shape() as a list, multiply for mul, to_data() for the numbers."""
    source = reference(1)
    for old, new in (
        ("self.shape = shape_of(data)", "self.size = shape_of(data)"),
        ("def tolist(self):", "def shape(self):\n        return list(self.size)\n\n    def to_data(self):"),
        ("self.data", "self.held"),
        ("other.data", "other.held"),
        ("self.shape", "self.size"),
        ("other.shape", "other.size"),
        ("def mul(", "def multiply("),
    ):
        source = source.replace(old, new)
    file = tmp_path / "mine.py"
    file.write_text(source, encoding="utf-8")
    results = run_code(level(1), file)
    assert all(r.solved for r in results), [r.message for r in results]


def test_a_message_names_the_line_that_raised_and_the_first_difference(tmp_path: Path) -> None:
    source = "def multi_head(X, W_Q, W_K, W_V, W_O, h, causal=False, memory=None):\n    d = h // 2\n    return d / 0\n"
    file = tmp_path / "mine.py"
    file.write_text(source, encoding="utf-8")
    (message,) = [one.message for one in run_code(level(11), file) if one.task.id == "11-code-multi-head"]
    assert message.endswith("raised ZeroDivisionError: division by zero (mine.py, line 3)")
    want = [[float(10 * i + j) for j in range(9)] for i in range(9)]
    got = [list(row) for row in want]
    got[7][2] += 0.5
    with pytest.raises(told.Wrong, match=r"table\(\) returned .*…, expected .*…: \[7\]\[2\] is 72\.5, expected 72"):
        told.expect("table()", got, want)
