"""A GPT in stages, one on each rank, and micro-batches that pass through.

saitama launch -n 2 examples/pipeline.py        # two stages
python examples/pipeline.py                     # one, which is the model whole
saitama export examples/pipeline.py -o loss.xlsx        # the loss of one text, in numbers

Prints what each stage does, as a list of small instructions, how much of the time it has to wait, and the loss, which
is that of the model whole.
"""

from __future__ import annotations

from saitama import Tensor, manual_seed, optim
from saitama.distributed import Pipeline, world
from saitama.distributed.schedule import bubble, instructions, timeline
from saitama.distributed.stages import NextToken, gpt_parts
from saitama.transformer import GPT

MICRO_BATCHES, SCHEDULE = 4, "1f1b"

manual_seed(0)
model = GPT(vocab_size=7, block_size=6, n_layer=2, n_head=2, n_embd=8, dtype="float64")
pipeline = Pipeline(gpt_parts(model), NextToken(), micro_batches=MICRO_BATCHES, schedule=SCHEDULE)
optimizer = optim.AdamW(pipeline.parameters(), lr=0.02)
idx = Tensor([[(i * i + j) % 7 for i in range(6)] for j in range(8)], dtype="int64")  # (8, 6)
targets = Tensor([[(i * i + 2 * i + 1 + j) % 7 for i in range(6)] for j in range(8)], dtype="int64")

losses = []
for _ in range(40):
    optimizer.zero_grad()
    losses.append(pipeline.step(idx, targets))
    optimizer.step()

if world().first:
    work = instructions(SCHEDULE, world().size, MICRO_BATCHES)
    for stage, steps in enumerate(work):
        print(f"stage {stage}: {', '.join(map(str, steps))}")
    print(f"waiting: {float(bubble(timeline(work))):.0%} of the time")
    print(f"loss {losses[0]:.6f} at first, {losses[-1]:.6f} at the end")

pipeline.collect()
_, loss = model(idx[:1, :4], targets[:1, :4])
