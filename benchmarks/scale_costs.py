"""What the tools of level 14 cost in time, on training steps of a GPT of 4 layers in float32 with 2 threads:

autocast to bfloat16 and float16 (with a GradScaler): the rounding is real, and a CPU has no faster products for it
blocks computed again in the backward pass (checkpoint_blocks)
a profile that runs; and one that has run before and is off, which must cost nothing
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator

from benchmarks.gpt import BABY, THREADS, VOCABULARY, tokens
from benchmarks.timing import Result, alternate

TITLE = "The cost of autocast, checkpointing and the profiler"


def step(precision: Any = None, checkpoint_blocks: bool = False) -> Callable[[], Any]:
    from saitama import Tensor, manual_seed, optim, set_num_threads
    from saitama.training import GradScaler, autocast, clip_grad_norm_
    from saitama.transformer import GPT

    manual_seed(1)
    set_num_threads(THREADS)
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


def results() -> Iterator[Result]:
    from saitama.training import profile

    options: Any = {"rounds": 9, "seconds_per_sample": 0.3, "settle": 0.1}
    plain = step()
    for name in ("bfloat16", "float16"):
        yield Result(f"autocast to {name}, 2 threads", alternate({"saitama": step(name), "float32": plain}, **options))
    again = {"saitama": step(checkpoint_blocks=True), "all kept": plain}
    yield Result("blocks computed again, 2 threads", alternate(again, **options))
    profiled, other = step(), step()

    def under_profile() -> None:
        with profile():
            profiled()

    before: Dict[str, Callable[[], Any]] = {"saitama": other, "never profiled": plain}
    yield Result("the same step twice, 2 threads (what noise makes)", alternate(before, **options))
    yield Result("under a profile, 2 threads", alternate({"saitama": under_profile, "without": plain}, **options))
    yield Result(
        "a profile that has run and is off, 2 threads", alternate({"saitama": profiled, "without": plain}, **options)
    )
