"""Checkpoints: everything that a run needs to go on, in one .safetensors file.

The weights have their state_dict() names, so that a checkpoint of a model alone is a file of weights that other
programs read too. The state of the optimiser, the schedule and whatever is `extra` comes under "training/...", with its
numbers and names as JSON in the metadata. The file is written under another name and renamed: a run that is killed
while it writes leaves the checkpoint before.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Union

from saitama.nn import Module
from saitama.tensor import Tensor, get_rng_state

from .nested import put_together, take_apart
from .tensor_file import read_tensors, write_tensors

PREFIX = "training"
Path = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Checkpoint:
    """What a file held."""

    model: Dict[str, Tensor]  # the weights, by their state_dict() names
    step: int = 0
    optimizer: Optional[Dict[str, Any]] = None
    scheduler: Optional[Dict[str, Any]] = None
    scaler: Optional[Dict[str, Any]] = None
    extra: Dict[str, Any] = field(default_factory=dict)
    random: Optional[Dict[str, int]] = None  # for set_rng_state()


def save_checkpoint(
    path: Path,
    model: Module,
    optimizer: Any = None,
    scheduler: Any = None,
    step: int = 0,
    extra: Optional[Mapping[str, Any]] = None,
    scaler: Any = None,
) -> None:
    """Write the model's weights, and what else is given, to a .safetensors file.

    Args:
        optimizer, scheduler, scaler: anything with state_dict().
        step: how far the run has come, in units of your own.
        extra: dicts, lists, tensors, numbers and strings.

    Raises TypeError for what cannot be kept, OSError where the file cannot be written; then an old file is kept.
    """
    if not isinstance(model, Module):
        raise TypeError(f"save_checkpoint: expected (path, model), got a {type(model).__name__} as the model")
    tensors = model.state_dict()
    metadata: Dict[str, str] = {"format": "pt"}  # other programs want to know whose layout it is: PyTorch's
    if optimizer is not None or scheduler is not None or scaler is not None or step or extra:
        state = {
            "step": step,
            "optimizer": None if optimizer is None else optimizer.state_dict(),
            "scheduler": None if scheduler is None else scheduler.state_dict(),
            "scaler": None if scaler is None else scaler.state_dict(),
            "extra": dict(extra or {}),
            "random": get_rng_state(),
        }
        more: Dict[str, Tensor] = {}
        metadata[PREFIX] = json.dumps(take_apart(state, PREFIX, more))
        if set(more) & set(tensors):
            raise ValueError(
                f"save_checkpoint: the model itself has a part called {sorted(set(more) & set(tensors))[0]}"
            )
        tensors.update(more)
    write_tensors(path, tensors, metadata)


def load_checkpoint(
    path: Path,
    model: Optional[Module] = None,
    optimizer: Any = None,
    scheduler: Any = None,
    strict: bool = True,
    scaler: Any = None,
) -> Checkpoint:
    """Read a file of save_checkpoint(), or any other .safetensors file of weights, into what is given.

    Args:
        strict: whether weights that are missing in the file or unknown to the model are errors.

    Returns everything the file held; set_rng_state(checkpoint.random) goes on with its random numbers.

    Raises FileNotFoundError for no file, ValueError for one that is damaged, cut short, of another kind or another
    model, or without the state that is asked for. Then nothing has been changed.
    """
    checkpoint = read_checkpoint(path)
    wanted = {"optimizer": optimizer, "scheduler": scheduler, "scaler": scaler}
    for name, thing in wanted.items():
        if thing is not None and getattr(checkpoint, name) is None:
            raise ValueError(f"{path} holds no {name} state: it was saved without {name}=")
    before = [(thing, thing.state_dict()) for thing in (model, *wanted.values()) if thing is not None]
    try:
        if model is not None:
            model.load_state_dict(checkpoint.model, strict=strict)
        for name, thing in wanted.items():
            if thing is not None:
                thing.load_state_dict(getattr(checkpoint, name))
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # the last three: damaged, but valid JSON
        for thing, state in before:
            thing.load_state_dict(state)
        raise ValueError(f"{path}: {error}") from error
    return checkpoint


def read_checkpoint(path: Path) -> Checkpoint:
    """The file's content, and no more."""
    tensors, metadata = read_tensors(path)
    weights = {name: tensor for name, tensor in tensors.items() if not name.startswith(f"{PREFIX}/")}
    if PREFIX not in metadata:
        return Checkpoint(weights)
    try:
        return Checkpoint(weights, **put_together(json.loads(metadata[PREFIX]), tensors))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"cannot read {path}: its training state is damaged ({type(error).__name__}: {error})"
        ) from error
