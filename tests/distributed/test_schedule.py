"""Schedules of a pipeline: what each stage does, and the bubble, counted against its formula."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama.distributed.schedule import Instruction, bubble, formula, instructions, kept, timeline

NAMES = ["naive", "gpipe", "1f1b"]


def test_what_two_stages_do_with_three_micro_batches():
    first, second = instructions("gpipe", 2, 3)
    assert [str(step) for step in first] == [
        "forward 0", "send output 0", "forward 1", "send output 1", "forward 2", "send output 2",
        "receive gradient 2", "backward 2", "receive gradient 1", "backward 1", "receive gradient 0", "backward 0",
    ]  # fmt: skip
    assert [str(step) for step in second][:6] == [
        "receive input 0", "forward 0", "receive input 1", "forward 1", "receive input 2", "forward 2",
    ]  # fmt: skip
    assert [str(step) for step in second][6:8] == ["backward 2", "send gradient 2"]
    passes = [
        [str(step) for step in stage if step.what in ("forward", "backward")] for stage in instructions("1f1b", 2, 3)
    ]
    assert passes[0] == ["forward 0", "forward 1", "backward 0", "forward 2", "backward 1", "backward 2"]
    assert passes[1] == ["forward 0", "backward 0", "forward 1", "backward 1", "forward 2", "backward 2"]


@given(st.sampled_from(NAMES), st.integers(1, 7), st.integers(1, 12), st.integers(1, 3), st.integers(1, 3))
def test_every_pass_is_made_once_and_the_bubble_is_what_the_formula_says(name, stages, count, forward, backward):
    work = instructions(name, stages, count)
    for stage, steps in enumerate(work):
        for what in ("forward", "backward"):
            assert sorted(step.micro_batch for step in steps if step.what == what) == list(range(count))
        assert ("receive input" in {s.what for s in steps}) == (stage > 0)
        assert ("receive gradient" in {s.what for s in steps}) == (stage < stages - 1)
    slots = timeline(work, forward, backward)
    for row in slots:
        assert all(a.end <= b.start for a, b in zip(row, row[1:]))  # one thing at a time
    assert bubble(slots) == formula(name, stages, count)
    whole = max(slot.end for row in slots for slot in row)
    if name != "naive":
        assert whole == (count + stages - 1) * (forward + backward)


def test_the_formulas():
    assert formula("gpipe", 4, 8) == formula("1f1b", 4, 8) == Fraction(3, 11)
    assert formula("naive", 4, 8) == Fraction(3, 4)
    assert formula("gpipe", 1, 8) == 0


def test_1f1b_keeps_fewer_results():
    assert [kept(stage) for stage in instructions("gpipe", 4, 8)] == [8, 8, 8, 8]
    assert [kept(stage) for stage in instructions("1f1b", 4, 8)] == [4, 3, 2, 1]
    assert [kept(stage) for stage in instructions("naive", 4, 8)] == [1, 1, 1, 1]


def test_a_schedule_that_never_ends_is_found():
    work = [[Instruction("backward", 0), Instruction("forward", 0)]]
    with pytest.raises(ValueError, match="this schedule never ends: stage 0 for backward 0"):
        timeline(work)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gpip", 2, 3), "unknown schedule 'gpip'; choose one of naive, gpipe, 1f1b"),
        (("gpipe", 0, 3), "stages must be a whole number from 1 on, got 0"),
        (("gpipe", 2, 0), "micro_batches must be a whole number from 1 on, got 0"),
        (("gpipe", 2, 1.5), "micro_batches must be"),
        (("gpipe", True, 1), "stages must be"),
    ],
)
def test_bad_schedules(arguments, words):
    with pytest.raises(ValueError, match=words):
        instructions(*arguments)
