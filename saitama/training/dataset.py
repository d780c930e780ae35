"""Examples in a row: what a DataLoader takes batches from."""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple

from saitama.tensor import Tensor, rand


class TensorDataset:
    """Tensors whose first axes belong together: example i is (x[i], y[i], ...).

    Raises ValueError for no tensors, a scalar, or different first sizes; TypeError for anything but Tensors.
    """

    def __init__(self, *tensors: Tensor) -> None:
        if not tensors:
            raise ValueError("TensorDataset: give at least one tensor, such as TensorDataset(x, y)")
        for place, tensor in enumerate(tensors):
            if not isinstance(tensor, Tensor):
                raise TypeError(f"TensorDataset: item {place} is {type(tensor).__name__}, expected a Tensor")
            if not tensor.ndim:
                raise ValueError(f"TensorDataset: tensor {place} is a scalar; it needs an axis of examples")
            if len(tensor) != len(tensors[0]):
                raise ValueError(
                    f"TensorDataset: tensor 0 has {len(tensors[0])} examples, tensor {place} {len(tensor)}"
                )
        self.tensors = tuple(tensor.detach() for tensor in tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: Any) -> Tuple[Tensor, ...]:
        """One example for an integer; several for a slice, a list of integers or a Tensor of them."""
        return tuple(tensor[index] for tensor in self.tensors)


def random_split(dataset: TensorDataset, lengths: Sequence[int]) -> List[TensorDataset]:
    """Deal the examples out at random: random_split(dataset, [120, 30]). manual_seed() repeats it.

    Raises ValueError unless the lengths add up to the number of examples.
    """
    if any(length < 0 for length in lengths) or sum(lengths) != len(dataset):
        raise ValueError(f"random_split: {list(lengths)} must add up to the {len(dataset)} examples")
    order, parts, start = permutation(len(dataset)), [], 0
    for length in lengths:
        parts.append(TensorDataset(*dataset[Tensor(order[start : start + length], dtype="int64")]))
        start += length
    return parts


def permutation(count: int) -> List[int]:
    """0, 1, ... count - 1 in random order, from the generator that manual_seed() starts."""
    keys = rand(count, dtype="float64").tolist()
    return sorted(range(count), key=keys.__getitem__)
