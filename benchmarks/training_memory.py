"""The memory of training steps of a GPT of 4 layers: bytes of all arrays alive at one time, over model and state.

    accumulation: a batch of 48 contexts at once, or as 4 or 16 batches of 12 and 3
    activation checkpointing: each block computed again in the backward pass

Counted by the kernels (saitama.max_memory_allocated), so the numbers are the same in every run.
"""

from __future__ import annotations

from typing import Any, Iterator, List

from benchmarks.gpt import BABY, VOCABULARY, tokens
from benchmarks.timing import Result

TITLE = "Memory of accumulation and checkpointing"
QUANTITY = "memory"


def peak(batch: int, accumulate: int, layers: int = BABY.layers, checkpoint_blocks: bool = False) -> float:
    """Bytes at most in the second step, when the optimiser has its state, over those before it."""
    from saitama import Tensor, manual_seed, max_memory_allocated, memory_allocated, optim, reset_peak_memory_stats
    from saitama.training import Accumulation, clip_grad_norm_
    from saitama.transformer import GPT

    manual_seed(1)
    sizes = (VOCABULARY, BABY.context, layers, BABY.heads, BABY.width)
    model = GPT(*sizes, dtype="float32", checkpoint_blocks=checkpoint_blocks)
    optimizer = optim.AdamW(model.parameters())
    x, y = (Tensor(rows, dtype="int64") for rows in tokens(BABY._replace(batch=batch)))
    before: List[Any] = [0]
    for _ in range(2):
        optimizer.zero_grad()
        reset_peak_memory_stats()
        before[0] = memory_allocated()
        mean = Accumulation()
        each = batch // accumulate
        for start in range(0, batch, each):
            _, loss = model(x[start : start + each], y[start : start + each])
            assert loss is not None
            mean.share(loss, each * BABY.context).backward()
            del loss
        mean.finish(model.parameters())
        clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return float(max_memory_allocated() - before[0])


def results() -> Iterator[Result]:
    whole = peak(48, 1)
    for count in (2, 4, 16):
        case = f"48 contexts as {count} batches of {48 // count}, beside all at once"
        yield Result(case, {"saitama": [peak(48, count)], "at once": [whole]})
    for count in (4, 16):
        yield Result(
            f"{count} batches of 3 contexts, beside 2",
            {"saitama": [peak(3 * count, count)], "2": [peak(6, 2)]},
            reach=1.0,
        )
    for layers in (2, 4, 8, 16):
        kept, again = peak(12, 1, layers), peak(12, 1, layers, True)
        yield Result(f"{layers} layers, 12 contexts, blocks computed again", {"saitama": [again], "all kept": [kept]})
