"""Loading a state_dict: all of it or, with an error that lists what is wrong, nothing."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple

from saitama.tensor import Tensor
from saitama.tensor.parse import first_changed

MOST = 10  # differences that an error lists


class LoadResult(NamedTuple):
    """What load_state_dict(strict=False) passed over."""

    missing_keys: List[str]
    unexpected_keys: List[str]


def load_into(own: Dict[str, Tensor], state: Mapping[str, Any], strict: bool, what: str) -> LoadResult:
    """Give each tensor of `own` the numbers that `state` has under its name. Raises ValueError before any change."""
    if not isinstance(state, Mapping):
        raise TypeError(f"load_state_dict: expected a dict of names and tensors, got a {type(state).__name__}")
    missing = [name for name in own if name not in state]
    unexpected = [name for name in state if name not in own]
    tensors = {name: _tensor(name, value, own[name].dtype) for name, value in state.items() if name in own}
    problems = [
        f"{name} has shape {tensors[name].shape}, expected {tensor.shape}"
        for name, tensor in own.items()
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    if strict:
        problems += [f"{name} is missing" for name in missing] + [f"{name} is unexpected" for name in unexpected]
    problems += [_changed(name, tensor, own[name].dtype) for name, tensor in tensors.items()]
    problems = list(filter(None, problems))
    if problems:
        more = [f"and {len(problems) - MOST} more"] if len(problems) > MOST else []
        raise ValueError(f"load_state_dict: this state does not fit {what}: {'; '.join(problems[:MOST] + more)}")
    for name, tensor in tensors.items():
        own[name].array = tensor.detach().to(own[name].dtype).array
    return LoadResult(missing, unexpected)


def _changed(name: str, tensor: Tensor, dtype: str) -> str:
    """What is wrong with a number that `dtype` cannot hold, as half a batch for a counter of batches; "" if nothing."""
    place = first_changed(tensor.array, dtype)
    if place is None:
        return ""
    value = tensor.array.reshape((tensor.numel(),)).tolist()[place]
    return f"{name} has the {tensor.dtype} {value!r}, which its {dtype} cannot hold"


def _tensor(name: str, value: Any, dtype: str) -> Tensor:
    if isinstance(value, Tensor):
        return value
    try:
        return Tensor(value, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise type(error)(f"load_state_dict: {name}: {error}") from None
