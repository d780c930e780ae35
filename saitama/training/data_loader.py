"""Batches: how a data set is given to a model, a few examples at a time."""

from __future__ import annotations

from typing import Any, Iterator, List, Sequence

from saitama.options import whole
from saitama.tensor import Tensor, stack

from .dataset import TensorDataset, permutation


class DataLoader:
    """Goes through a data set in batches; each `for` starts from the beginning, in a new order if shuffled.

    Args:
        dataset: a TensorDataset, or anything with len() and [i]. Its examples, Tensors, numbers or tuples of them, are
            stacked along a new first axis.
        batch_size: examples at a time; the last batch holds what is left.
        shuffle: a new random order every time, from the generator that manual_seed() starts: the same seed gives the
            same batches.
        drop_last: leave out a last batch that is smaller.
        sampler: anything that gives positions in the data set, in the order wanted, and has a len(); instead of
            shuffle. With a DistributedSampler batch_size is that of all ranks together, and each rank gets its share of
            every batch, which may be empty: so the batches are the same on any number of ranks.

    Raises ValueError for an empty data set, a batch size below 1, or both a sampler and shuffle; TypeError for a data
    set without len() or [i].
    """

    def __init__(
        self, dataset: Any, batch_size: int = 1, shuffle: bool = False, drop_last: bool = False, sampler: Any = None
    ) -> None:
        if isinstance(dataset, Tensor) or not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
            raise TypeError(f"DataLoader: {type(dataset).__name__} is no data set; give it TensorDataset(x, y)")
        batch_size = whole("DataLoader: batch_size", batch_size)
        if not len(dataset):
            raise ValueError("DataLoader: the data set is empty")
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: a sampler decides the order; give it, or shuffle=True, not both")
        self.sampler = sampler
        count = len(dataset) if sampler is None else self._count()
        if drop_last and count < batch_size:
            raise ValueError(
                f"DataLoader: {count} examples make no whole batch of {batch_size}, so all would be dropped"
            )
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, int(batch_size), shuffle, drop_last

    def __len__(self) -> int:
        """The number of batches."""
        whole, rest = divmod(len(self.dataset) if self.sampler is None else self._count(), self.batch_size)
        return whole if self.drop_last or not rest else whole + 1

    def __iter__(self) -> Iterator[Any]:
        # The order is drawn here rather than at the first batch, so that what is drawn in between does not change it.
        if self.sampler is not None:
            return self._batches(self.sampler.order() if self._is_shared() else list(self.sampler))
        count = len(self.dataset)
        return self._batches(permutation(count) if self.shuffle else range(count))

    def _is_shared(self) -> bool:
        """Whether the sampler gives each rank a share of every batch."""
        return hasattr(self.sampler, "share")

    def _count(self) -> int:
        return len(self.sampler.order()) if self._is_shared() else len(self.sampler)

    def _batches(self, order: Sequence[int]) -> Iterator[Any]:
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            places = order[start : start + self.batch_size]
            if self._is_shared():
                places = places[self.sampler.share(len(places))]
            if not isinstance(self.dataset, TensorDataset):
                yield collate([self.dataset[place] for place in places])
            elif self.shuffle or self.sampler is not None:
                yield self.dataset[Tensor(places, dtype="int64")]
            else:
                yield self.dataset[start : start + len(places)]


def collate(examples: List[Any]) -> Any:
    """Examples as one batch: tensors and numbers stacked along a new first axis, tuples part by part."""
    if isinstance(examples[0], (tuple, list)):
        sizes = sorted({len(example) if isinstance(example, (tuple, list)) else 1 for example in examples})
        if len(sizes) > 1:
            raise ValueError(f"DataLoader: the examples of a batch have different numbers of parts: {sizes}")
        return tuple(collate(list(parts)) for parts in zip(*examples))
    if isinstance(examples[0], Tensor):
        return stack(examples)
    return Tensor(examples, dtype="int64" if all(isinstance(each, int) for each in examples) else None)
