"""Training on several ranks: a GPT of 4 layers (benchmarks/gpt.py's BABY) with the same batch on

    1 process with 2 threads, 2 ranks with 1 thread each, and 4 ranks (on 2 cores: what ranks cost, rather than what
    they bring); and the same model as a pipeline of 2 stages.

Every measurement is a job of its own, `STEPS` steps long; jobs take turns, round after round, and the first steps
of each do not count. Beside each time: the share of it that went into adding up gradients (the packing and the
waiting for slower ranks included), how much of that was waiting at the end, and the bytes of gradients that a rank
sends a step. Where others use the machine too, times say who got how much of it, rather than how fast it is: the
processor time of all ranks together says that better. Needs mpi4py and an mpiexec.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any, Dict, Iterator, List

from benchmarks.timing import Result
from saitama.distributed.data_parallel import BUCKET_MB

TITLE = "A GPT of 4 layers on several ranks"
ROUNDS, STEPS, WARM = 3, 20, 4

PROGRAM = """
import json, sys, time
from saitama import Tensor, manual_seed, optim, set_num_threads
from saitama.distributed import DistributedDataParallel, Pipeline, world
from saitama.distributed.sampler import share_of
from saitama.distributed.stages import NextToken, gpt_parts
from saitama.training import clip_grad_norm_
from benchmarks.gpt import BABY, VOCABULARY, tokens
from saitama.transformer import GPT

threads, schedule, steps, warm = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
bucket = float(sys.argv[5])
here = world()
manual_seed(1)
model = GPT(VOCABULARY, BABY.context, BABY.layers, BABY.heads, BABY.width, dtype="float32")
set_num_threads(threads)
x, y = (Tensor(rows, dtype="int64") for rows in tokens(BABY))
optimizer = optim.AdamW(model.parameters())
if schedule == "none":
    parallel, rows = DistributedDataParallel(model, bucket), share_of(here, len(x))
    x, y = x[rows], y[rows]
else:
    pipeline = Pipeline(gpt_parts(model), NextToken(), micro_batches=4, schedule=schedule)

def step():
    optimizer.zero_grad()
    if schedule == "none":
        _, loss = parallel(x, y)
        loss.backward()
        clip_grad_norm_(model.parameters(), 1.0)
    else:
        pipeline.step(x, y)
        pipeline.clip_grad_norm_(1.0)
    optimizer.step()

for _ in range(warm):
    step()
before = dict(parallel.communication) if schedule == "none" else {"seconds": getattr(here, "waited", 0.0)}
here.sum([0.0])
begin, busy = time.perf_counter(), time.process_time()
for _ in range(steps):
    step()
busy = here.sum([time.process_time() - busy])[0] / steps
seconds = (time.perf_counter() - begin) / steps
after = parallel.communication if schedule == "none" else {"seconds": getattr(here, "waited", 0.0)}
found = {name: (after[name] - before[name]) / steps for name in before}
if here.first:
    print(json.dumps({"step": seconds, "busy": busy, **found}))
"""


def job(ranks: int, threads: int, schedule: str = "none", bucket: float = BUCKET_MB) -> Dict[str, float]:
    """Seconds a step, and what of them went into adding up gradients, as rank 0 saw it."""
    from saitama.distributed.launch import find_starter

    arguments = [str(threads), schedule, str(STEPS), str(WARM), str(bucket)]
    command = [sys.executable, "-c", PROGRAM, *arguments]
    if ranks > 1:
        command = find_starter().command(ranks, None, command)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compared(jobs: Dict[str, Any]) -> Dict[str, List[Dict[str, float]]]:
    """The jobs in turn, round after round, every second round backwards."""
    found: Dict[str, List[Dict[str, float]]] = {name: [] for name in jobs}
    order = list(jobs)
    for _ in range(ROUNDS):
        for name in order:
            found[name].append(job(*jobs[name]))
        order.reverse()
    return found


def times(found: Dict[str, List[Dict[str, float]]], **rivals: str) -> Dict[str, List[float]]:
    return {rival.replace("_", " "): [one["step"] for one in found[name]] for rival, name in rivals.items()}


def results() -> Iterator[Result]:
    try:
        import mpi4py  # noqa: F401
    except ImportError:
        print("  distributed: needs mpi4py (pip install 'saitama-dl[mpi]'), skipped")
        return
    jobs = {
        "whole": (1, 2),
        "alone": (1, 1),
        "two": (2, 1),
        "two, 1 MB": (2, 1, "none", 1.0),
        "two, one bucket": (2, 1, "none", 1000.0),
        "two, a bucket each": (2, 1, "none", 1e-9),
        "four": (4, 1),
    }
    found = compared(jobs)
    for case, name, reach in (
        ("2 ranks x 1 thread", "two", 0.95),
        ("2 ranks x 1 thread, buckets of 1 MB", "two, 1 MB", None),
        ("2 ranks x 1 thread, all gradients in one bucket", "two, one bucket", None),
        ("2 ranks x 1 thread, a bucket for each gradient", "two, a bucket each", None),
        ("4 ranks x 1 thread", "four", None),
    ):
        rivals = {"saitama": name, "1_process_x_2_threads": "whole", "1_process_x_1_thread": "alone"}
        yield Result(case, times(found, **rivals), reach=reach)
        share = statistics.median(one["seconds"] / one["step"] for one in found[name])
        waited = statistics.median(one["waited"] / one["step"] for one in found[name])
        busy = statistics.median(one["busy"] / two["busy"] for one, two in zip(found[name], found["whole"]))
        single = statistics.median(one["busy"] / two["busy"] for one, two in zip(found[name], found["alone"]))
        sent = found[name][0]["bytes"] / 1e6
        print(f"    adding up {share:.0%} of a step, {waited:.0%} of a step at its end; {sent:.2f} MB a step;")
        print(f"    processor time of all ranks {busy:.2f} of that of 1 process with 2 threads, {single:.2f} with 1")
    stages = compared({"whole": (1, 2), **{name: (2, 1, name) for name in ("naive", "gpipe", "1f1b")}})
    for name in ("naive", "gpipe", "1f1b"):
        yield Result(
            f"a pipeline of 2 stages, 4 micro-batches, {name}", times(stages, saitama=name, one_process="whole")
        )
        share = statistics.median(one["seconds"] / one["step"] for one in stages[name])
        print(f"    rank 0 waits {share:.0%} of a step")
