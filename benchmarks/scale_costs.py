"""What the tools of level 14 cost, on training steps of a GPT of 4 layers in float32:

autocast to bfloat16 and float16 (with a GradScaler): the rounding is real, and a CPU has no faster products for it
blocks computed again in the backward pass (checkpoint_blocks)
a profile that runs; and one that has run before and is off, which must cost nothing
"""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, Iterator, List

from benchmarks.gpt import BABY, VOCABULARY, tokens
from benchmarks.timing import Result

TITLE = "The cost of autocast, checkpointing and the profiler"


def step(precision: Any = None, checkpoint_blocks: bool = False) -> Callable[[], Any]:
    from saitama import Tensor, manual_seed, optim, set_num_threads
    from saitama.training import GradScaler, autocast, clip_grad_norm_
    from saitama.transformer import GPT

    manual_seed(1)
    set_num_threads(1)
    sizes = (VOCABULARY, BABY.context, BABY.layers, BABY.heads, BABY.width)
    model = GPT(*sizes, dtype="float32", checkpoint_blocks=checkpoint_blocks)
    optimizer, scaler = optim.AdamW(model.parameters()), GradScaler(enabled=precision == "float16")
    x, y = (Tensor(rows, dtype="int64") for rows in tokens(BABY))

    def run() -> None:
        with autocast(precision):
            _, loss = model(x, y)
        assert loss is not None
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()

    return run


def alternate(rivals: Dict[str, Callable[[], Any]], rounds: int = 25) -> Dict[str, List[float]]:
    """Seconds of processor time of one step of each, in turn, in every round."""
    times: Dict[str, List[float]] = {name: [] for name in rivals}
    for number in range(rounds + 2):
        for name in list(rivals) if number % 2 else reversed(list(rivals)):
            begin = time.process_time()
            rivals[name]()
            if number > 1:  # the first are not warm yet
                times[name].append(time.process_time() - begin)
    return times


def results() -> Iterator[Result]:
    from saitama.training import profile

    plain = step()
    for name in ("bfloat16", "float16"):
        yield Result(f"autocast to {name}, 1 thread", alternate({"saitama": step(name), "float32": plain}))
    again = {"saitama": step(checkpoint_blocks=True), "all kept": plain}
    yield Result("blocks computed again, 1 thread", alternate(again))
    profiled, other = step(), step()

    def under_profile() -> None:
        with profile():
            profiled()

    before: Dict[str, Callable[[], Any]] = {"saitama": other, "never profiled": plain}
    yield Result("the same step twice, 1 thread (what noise makes)", alternate(before))
    yield Result("under a profile, 1 thread", alternate({"saitama": under_profile, "without": plain}))
    yield Result("a profile that has run and is off, 1 thread", alternate({"saitama": profiled, "without": plain}))
