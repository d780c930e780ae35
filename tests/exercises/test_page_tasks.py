"""Every page of the course with one learner's numbers; scripts/check-course has twenty, and spreadsheet programs."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from saitama import Tensor
from saitama.exercises.guard import Bench, Slip, faults, faults_on
from saitama.exercises.levels import LEVELS, level
from saitama.exercises.numbers import Numbers, seed_of
from saitama.exercises.task import Task, Work, page
from saitama.exercises.text import text_of
from saitama.exercises.workbook import write_level

TASKS: List[Task] = [task for number in LEVELS for task in level(number).pages]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_a_blank_page_is_open_its_solution_is_right_and_each_slip_is_named(task: Task) -> None:
    assert list(faults([task], seed_of("somebody", task.level))) == []


def test_every_level_names_slips() -> None:
    for number in LEVELS:
        slugs = {slug for task in level(number).pages for slug in task.work(1).slips}
        assert len(slugs) >= 3, number


def test_the_tasks_are_those_of_the_texts() -> None:
    for number in LEVELS:
        ids = [task.id for task in level(number).tasks]
        assert len(set(ids)) == len(ids)
        assert set(text_of(number).tasks) <= set(ids)
        more = set(ids) - set(text_of(number).tasks)
        assert all(task.words for task in level(number).pages if task.id in more)
        assert text_of(number).questions and text_of(number).signature and text_of(number).goal


def test_every_task_has_one_to_four_hints() -> None:
    for number in LEVELS:
        for task in level(number).tasks:
            assert 1 <= len(task.hints) <= 4, task.id


def test_the_guard_finds_what_is_wrong_with_a_task() -> None:
    @page("01-broken", "A task with mistakes", "A hint.")
    def broken(n: Numbers) -> Work:
        a, b = n.eighths("a", 3), n.eighths("b", 3)
        y = a + b
        slips = {"missing-bias": {"y": Tensor([77.0, 78.0, 79.0])}, "sign": {"z": a}, "wrong-operation": {"y": y}}
        return Work(locals(), y, slips=slips)

    told = "\n".join(faults([broken], 1))
    assert "missing-bias at y: is called nothing" in told
    assert "no step is called 'z'" in told
    assert "gives the right numbers" in told


def test_of_several_pages_in_one_workbook_the_wrong_one_is_named(tmp_path: Path) -> None:
    tasks = level(1).pages[:3]
    write_level(level(1), "Ada", tmp_path / "w.xlsx")
    bench = Bench(tasks, seed_of("Ada", 1), tmp_path / "w.xlsx")
    assert list(faults_on(bench, tmp_path, strict=True)) == []
    (step,) = bench.steps[tasks[2].id]
    bench.steps[tasks[2].id] = [step._replace(right=(step.right[0] + 1, *step.right[1:]))]
    first, *_ = faults_on(bench, tmp_path, strict=True)
    assert first.startswith(tasks[2].id) and "its own solution is refused" in first
    bench.slips[tasks[0].id] = [Slip("transposed", bench.slips[tasks[0].id][0].step, (7.0, 8.0, 9.0))]
    told = "\n".join(faults_on(bench, tmp_path, strict=True))
    assert f"{tasks[0].id}, numbers {bench.seed}: transposed" in told and f"{tasks[1].id}," not in told


def test_numbers_are_a_learners_own_and_multiples_of_an_eighth() -> None:
    assert seed_of("Ada  Lovelace", 3) == seed_of("ada lovelace", 3)
    assert len({seed_of(f"learner {n}", 3) for n in range(100)}) > 95
    assert seed_of("Ada", 3) != seed_of("Ada", 4)
    one, same, other = Numbers(5, "01-a"), Numbers(5, "01-a"), Numbers(5, "01-b")
    x = one.eighths("x", 4, 3)
    assert x.tolist() == same.eighths("x", 4, 3).tolist() != other.eighths("x", 4, 3).tolist()
    flat = [v for row in x.tolist() for v in row]
    assert all(v * 8 == int(v * 8) and v not in (0.0, 1.0, -1.0) for v in flat)
    assert min(flat) < 0 < max(flat)


def test_the_seeds_stay_as_they_are() -> None:
    """A change here gives every learner other numbers than those on their sheets."""
    assert seed_of("Ada", 1) == 50629
    assert Numbers(50629, "01-scaling").halves("c").item() == level(1).pages[0].work(50629).names["c"].item()


def test_a_task_of_ones_own_is_guarded_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from saitama.exercises import guard

    file = tmp_path / "mine.py"
    file.write_text(
        """from saitama.exercises.task import Work, page


@page("01-halve", "Halve a vector", "Divide every number by 2.", words="Given a (3,). Find a / 2.")
def halve(n):
    a = n.eighths("a", 3)
    y = a / 2
    return Work(locals(), y, slips={"wrong-operation": {"y": a * 2}})
""",
        encoding="utf-8",
    )
    assert guard.main([str(file), "--seeds", "2"]) == 0
    assert "01-halve: ok" in capsys.readouterr().out
