"""Level 14: training on several cores or machines, over MPI.

    saitama launch -n 4 train                # four processes, one training

    ranks.py            who else is there: rank, size, and numbers added up over all
    launch.py           starting the processes, and one clear message when one of them fails
    watch.py            a process that is gone ends the whole job
    sampler.py          which examples of each batch are whose
    data_parallel.py    every process has the whole model and a part of the batch; gradients are averaged
    batch_norm.py       batch normalisation over the whole batch
    schedule.py         a pipeline's work as a list of small instructions, and its bubble, counted
    pipeline.py         every process has a part of the model, and small batches pass through

Without mpi4py, or started as a single process, everything runs as a world of one.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "DistributedDataParallel": "data_parallel",
    "DistributedSampler": "sampler",
    "Pipeline": "pipeline",
    "SyncBatchNorm": "batch_norm",
    "world": "ranks",
}


def __getattr__(name: str) -> Any:  # imported when first used: training asks for ranks.py alone
    if name in _WHERE:
        return getattr(import_module(f"saitama.distributed.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'saitama.distributed' has no attribute {name!r}")


__all__ = ["DistributedDataParallel", "DistributedSampler", "Pipeline", "SyncBatchNorm", "world"]
