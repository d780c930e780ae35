"""Which examples are whose: one order for all ranks, and every batch of it cut into as many parts as there are
ranks."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional, Sequence

from saitama.options import whole
from saitama.tensor import get_rng_state, manual_seed, set_rng_state
from saitama.training.dataset import TensorDataset, permutation

from .memory import checksum
from .ranks import world


class DistributedSampler:
    """Gives each rank its part of the data; for a DataLoader, its part of each batch.

        sampler = DistributedSampler(dataset)
        loader = DataLoader(dataset, batch_size=64, sampler=sampler)    # 64 examples on all ranks together
        for epoch in range(epochs):
            sampler.set_epoch(epoch)                                    # a new order; Trainer does it itself

    The order depends on seed and epoch alone: not on the number of ranks, nor on what was drawn before. Every example
    comes once: where a batch does not divide, some ranks have one more, and nothing is repeated to fill up (PyTorch's
    repeats). The parts are neighbours in the batch, rank 0's first.

    Args:
        num_replicas, rank: how many ranks, and which is this one; by default those of the world.
        shuffle: False keeps the order of the data set, as one wants it for validation.
        drop_last is the DataLoader's.

    Raises ValueError for a rank that there is not, and, on every rank, where the ranks have different data.
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: Optional[int] = None,
        rank: Optional[int] = None,
        shuffle: bool = True,
        seed: int = 0,
    ) -> None:
        here = world()
        self.size = whole("DistributedSampler: num_replicas", here.size if num_replicas is None else num_replicas)
        self.rank = whole("DistributedSampler: rank", here.rank if rank is None else rank, 0)
        self.seed = whole("DistributedSampler: seed", seed, 0)
        if self.rank >= self.size:
            raise ValueError(f"DistributedSampler: there is no rank {self.rank} among {self.size}, counted from 0")
        self.count, self.shuffle, self.epoch = len(dataset), shuffle, 0
        if num_replicas is None:
            here.check_same("the training data", fingerprint(dataset))

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of this epoch."""
        self.epoch = whole("set_epoch: epoch", epoch, 0)

    def order(self) -> Sequence[int]:
        """The positions of all examples in the order of this epoch, the same on all ranks."""
        if not self.shuffle:
            return range(self.count)
        before = get_rng_state()
        try:
            manual_seed((self.seed + self.epoch * 0x9E3779B97F4A7C15) % 2**64)  # far from those of other epochs
            return permutation(self.count)
        finally:
            set_rng_state(before)

    def share(self, count: int) -> slice:
        """This rank's part of `count` neighbours: all parts differ by one at most, and rank 0's is never empty."""
        return share_of(self, count)

    def __iter__(self) -> Iterator[int]:
        """This rank's part of the whole epoch, as one batch."""
        return iter(self.order()[self.share(self.count)])

    def __len__(self) -> int:
        """How many examples of the epoch are this rank's."""
        return len(range(self.count)[self.share(self.count)])

    def state_dict(self) -> Any:
        """Seed and epoch."""
        return {"seed": self.seed, "epoch": self.epoch}

    def load_state_dict(self, state: Any) -> None:
        """Go on from a state_dict()."""
        self.seed, self.epoch = state["seed"], state["epoch"]


def share_of(world: Any, count: int) -> slice:
    """The part of `count` neighbours that is the one of world.rank among world.size."""
    return slice(part(count, world.rank, world.size), part(count, world.rank + 1, world.size))


def part(count: int, rank: int, size: int) -> int:
    """Where the part of a rank begins."""
    return -(-count * rank // size)


def fingerprint(dataset: Any) -> str:
    """What says whether two ranks have the same data: of tensors their shapes and numbers, of anything else its
    length."""
    if isinstance(dataset, TensorDataset):
        parts: List[str] = [f"{t.dtype} {t.shape}, checksum {checksum([t]):08x}" for t in dataset.tensors]
        return "; ".join(parts)
    return f"{len(dataset)} examples"
