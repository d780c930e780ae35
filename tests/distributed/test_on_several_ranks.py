"""Training on 2 and 4 ranks (which may be more than there are cores). The checks are in programs/."""

from __future__ import annotations

from typing import List

import pytest


def passed(finished) -> List[str]:
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return [line.split(": ")[1] for line in finished.stdout.splitlines() if line.startswith("passed")]


@pytest.mark.parametrize("ranks", [2, 4])
def test_data_parallel_training_is_that_of_a_single_process(mpi, ranks):
    assert passed(mpi(ranks, "data_parallel.py")) == [
        "small_things",
        "trainer_agrees_with_a_single_process",
        "a_loop_of_ones_own_agrees",
        "ranks_are_the_same_to_the_bit_for_100_steps",
        "a_gpt_with_tied_weights",
        "gradients_stay_at_home_in_no_sync",
        "refusals",
    ]


@pytest.mark.parametrize("ranks", [2, 4])
def test_a_pipeline_is_the_model_in_one_piece(mpi, ranks):
    assert passed(mpi(ranks, "pipeline.py")) == [
        "gradients_are_those_of_a_single_process",
        "training_and_forward_passes",
        "a_gpt_with_tied_weights",
        "refusals",
        "stages_leave_out_units_of_their_own",
    ]
