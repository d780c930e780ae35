"""A pipeline's work as a list of small instructions for each stage, and how much of the time nobody works.

A model is cut into stages, one after the other, each on a rank of its own. While stage 1 works on a batch, stage 0
could work on the next. So the batch is cut into micro-batches, and a schedule says who does what when:

    naive   one micro-batch after the other, forward and back: one stage works, the others wait
    gpipe   first all forward, then all backward (Huang et al. 2019, "GPipe")
    1f1b    as soon as a stage can go back it does: the same waiting, fewer results to keep (Narayanan et al. 2019,
            "PipeDream"; with a flush after each step, 2021)

    print("\\n".join(map(str, instructions("gpipe", 2, 3)[1])))       # what the second of two stages does

The time in which a stage waits is the bubble. With S stages, M micro-batches and backward passes of any length it is
(S - 1) / (M + S - 1) of the whole for gpipe and 1f1b, and (S - 1) / S for naive: `bubble` counts it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Callable, Dict, List, NamedTuple, Sequence, Set, Tuple

from saitama.options import whole

FORWARD, BACKWARD = "forward", "backward"


class Instruction(NamedTuple):
    """Something a stage does for one micro-batch."""

    what: str  # receive input, forward, send output; receive gradient, backward, send gradient
    micro_batch: int

    def __str__(self) -> str:
        return f"{self.what} {self.micro_batch}"


class Slot(NamedTuple):
    """A forward or backward pass in the timeline of a stage."""

    what: str
    micro_batch: int
    start: int
    end: int


def naive(stage: int, stages: int, count: int) -> List[Tuple[str, int]]:
    """F0 B0 F1 B1 ..."""
    return [(what, m) for m in range(count) for what in (FORWARD, BACKWARD)]


def gpipe(stage: int, stages: int, count: int) -> List[Tuple[str, int]]:
    """F0 F1 F2 ... B2 B1 B0."""
    return [(FORWARD, m) for m in range(count)] + [(BACKWARD, m) for m in reversed(range(count))]


def one_forward_one_backward(stage: int, stages: int, count: int) -> List[Tuple[str, int]]:
    """As many forward passes as there are stages behind, then one forward and one backward in turn, then the rest."""
    ahead = min(stages - stage - 1, count)
    passes = [(FORWARD, m) for m in range(ahead)]
    for m in range(count - ahead):
        passes += [(FORWARD, ahead + m), (BACKWARD, m)]
    return passes + [(BACKWARD, m) for m in range(count - ahead, count)]


SCHEDULES: Dict[str, Callable[[int, int, int], List[Tuple[str, int]]]] = {
    "naive": naive,
    "gpipe": gpipe,
    "1f1b": one_forward_one_backward,
}


def instructions(schedule: str, stages: int, micro_batches: int) -> List[List[Instruction]]:
    """What each stage does, in order.

    Raises ValueError for a schedule that is unknown, and for numbers that are not whole or not positive.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"unknown schedule {schedule!r}; choose one of {', '.join(SCHEDULES)}")
    for name, number in (("stages", stages), ("micro_batches", micro_batches)):
        whole(name, number)
    return [_with_messages(stage, stages, SCHEDULES[schedule](stage, stages, micro_batches)) for stage in range(stages)]


def _with_messages(stage: int, stages: int, passes: Sequence[Tuple[str, int]]) -> List[Instruction]:
    """Every pass between what it needs from a neighbour and what a neighbour needs from it."""
    work: List[Instruction] = []
    for what, m in passes:
        first, last = stage == 0, stage == stages - 1
        before, after = ("input", "output") if what == FORWARD else ("gradient", "gradient")
        if not (first if what == FORWARD else last):
            work.append(Instruction(f"receive {before}", m))
        work.append(Instruction(what, m))
        if not (last if what == FORWARD else first):
            work.append(Instruction(f"send {after}", m))
    return work


def timeline(work: Sequence[Sequence[Instruction]], forward: int = 1, backward: int = 1) -> List[List[Slot]]:
    """When each stage makes its passes, if all forward passes take the same time, and all backward passes.

    Raises ValueError where stages would wait for each other for ever.
    """
    ended: Dict[Tuple[str, int, int], int] = {}  # (what, stage, micro-batch) -> when
    left = [[step for step in steps if step.what in (FORWARD, BACKWARD)] for steps in work]
    slots: List[List[Slot]] = [[] for _ in work]
    while any(left):
        ready = [
            stage for stage, steps in enumerate(left) if steps and _needed(stage, steps[0], len(work)) <= set(ended)
        ]
        if not ready:
            waiting = ", ".join(f"stage {stage} for {steps[0]}" for stage, steps in enumerate(left) if steps)
            raise ValueError(f"this schedule never ends: {waiting}")
        for stage in ready:
            step = left[stage].pop(0)
            free = slots[stage][-1].end if slots[stage] else 0
            start = max([free, *(ended[needed] for needed in _needed(stage, step, len(work)))])
            end = start + (forward if step.what == FORWARD else backward)
            slots[stage].append(Slot(step.what, step.micro_batch, start, end))
            ended[step.what, stage, step.micro_batch] = end
    return slots


def _needed(stage: int, step: Instruction, stages: int) -> Set[Tuple[str, int, int]]:
    """The passes that have to be over before this one: the neighbour's; and for going back, one's own forward pass."""
    m, needed = step.micro_batch, set()
    if step.what == FORWARD and stage > 0:
        needed.add((FORWARD, stage - 1, m))
    if step.what == BACKWARD:
        needed.add((FORWARD, stage, m))
        if stage < stages - 1:
            needed.add((BACKWARD, stage + 1, m))
    return needed


def bubble(slots: Sequence[Sequence[Slot]]) -> Fraction:
    """The share of the time in which a stage waits, over all stages, from begin to end."""
    whole = max(slot.end for row in slots for slot in row)
    busy = sum(slot.end - slot.start for row in slots for slot in row)
    return 1 - Fraction(busy, whole * len(slots))


def formula(schedule: str, stages: int, micro_batches: int) -> Fraction:
    """What the bubble should be."""
    if schedule == "naive":
        return Fraction(stages - 1, stages)
    return Fraction(stages - 1, micro_batches + stages - 1)


def kept(work: Sequence[Instruction]) -> int:
    """For how many micro-batches at most a stage keeps the results of its forward pass at one time."""
    now = most = 0
    for step in work:
        now += {FORWARD: 1, BACKWARD: -1}.get(step.what, 0)
        most = max(most, now)
    return most
