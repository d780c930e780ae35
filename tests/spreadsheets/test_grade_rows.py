"""Several files of a learner in one row, and what the work of two learners has in common."""

from __future__ import annotations

from typing import Any, List

from saitama.spreadsheets.grade.class_list import Learner
from saitama.spreadsheets.grade.crew import Job
from saitama.spreadsheets.grade.exercises import Exercises
from saitama.spreadsheets.grade.marked import Count, Marked, Said
from saitama.spreadsheets.grade.rows import HandedInFile, note_same, rows_of


class Own(Exercises):
    learners = [Learner(name, seed, f"{name}.xlsx") for seed, name in enumerate(("Number One", "Number Two", "Three"))]
    own = True


def part(learner: int, file: str, level: str = "level 1", wrong: int = 0, error: str = "", **said: Any) -> HandedInFile:
    page = Said("a", f"{level} a", seed=learner, **{"digest": "d", "original": "d", **said})
    marked = Marked(file, error, [Count(f"{level} a", blanks=2, right=2 - wrong, wrong=wrong)], pages=[page])
    if error:
        marked.tasks, marked.pages = [], []
    return HandedInFile(Job(file, file, learner=Own.learners[learner], part=level), marked)


def test_a_row_has_one_file_of_each_part() -> None:
    done = [part(0, "b", "level 10"), part(0, "a", "level 2"), part(0, "again", "level 2"), part(1, "c", "level 2")]
    one, again, two, three = rows_of(done, Own())
    assert list(one.ours) == [] and [task.name for task in one.marked.tasks] == ["level 2 a", "level 10 a"]
    assert one.marked.file == "a and 1 more" and one.flags == ["level 2: one of 2 files of this learner"]
    assert again.marked.file == "again" and again.flags == one.flags and not again.listed and not again.lacking
    assert two.flags == ["level 10: handed in nothing"] and two.lacking == {"level 10"}
    assert three.marked.error == "handed in nothing" and three.listed


def test_a_file_with_an_error_leaves_the_others_marked() -> None:
    (row, *_) = rows_of([part(0, "a", "level 1", error="damaged"), part(0, "b", "level 2")], Own())
    assert row.problems == ["level 1: damaged"] and not row.marked.error and row.lacking == {"level 1"}
    (row, *_) = rows_of([part(0, "a", error="damaged")], Own())
    assert row.problems == ["damaged"] == [row.marked.error]


def same(*parts: HandedInFile) -> List[List[str]]:
    rows = rows_of(parts, Own())
    for row in rows:
        row.flags = []
    note_same(rows, True)
    return [row.flags for row in rows]


def test_a_page_with_somebody_elses_numbers() -> None:
    def typed(learner: int, wrong: int, original: str, page: str = "typed", rest: str = "") -> HandedInFile:
        found = part(learner, str(learner), wrong=wrong, original=original, numbers=page, many=True)
        found.marked.pages.append(Said("b", "level 1 b", numbers=rest or str(learner)))  # so that the files differ
        return found

    told = "level 1 a: identical, number by number, to"
    assert same(typed(0, 0, "x"), typed(1, 2, "y")) == [[f"{told} Number Two"], [f"{told} Number One"], []]
    assert same(typed(0, 0, "x"), typed(1, 0, "y")) == [[], [], []]  # both right: the numbers happen to agree
    assert same(typed(0, 1, "x"), typed(1, 1, "x")) == [[], [], []]  # the same exercise and the same slip
    assert same(typed(0, 1, "x"), typed(1, 1, "y", "other")) == [[], [], []]
    whole = same(typed(0, 1, "x", rest="r"), typed(1, 1, "y", rest="r"))
    assert whole[0] == ["identical, number by number, to Number Two, slips too"]
