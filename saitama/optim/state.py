"""Whether a saved state belongs to the parameters at hand: found out before anything is changed."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Sequence, Set

from saitama.options import whole
from saitama.tensor import Tensor


def check_state(
    saved: Any,
    groups: List[Dict[str, Any]],
    params: Sequence[Tensor],
    options: Iterable[str],
    added: Iterable[str],
    kinds: Mapping[str, type],
    optional: Set[str],
) -> None:
    """Raise ValueError, which says what is wrong, unless `saved` has the groups, options, states and shapes of an
    optimiser for these parameters.

    `kinds`: the type of each entry of a parameter's state, a Tensor of the parameter's shape or an int that counts
    steps; all but the `optional` ones must be there, and all options but the `added` ones.
    """
    if not isinstance(saved, Mapping) or not {"state", "param_groups"} <= set(saved):
        raise ValueError('expected a dict with "state" and "param_groups"')
    if not isinstance(saved["param_groups"], (list, tuple)) or not isinstance(saved["state"], Mapping):
        raise ValueError('"param_groups" must be a list and "state" a dict')
    for i, group in enumerate(saved["param_groups"]):
        if not isinstance(group, Mapping) or not isinstance(group.get("params"), (list, tuple)):
            raise ValueError(f'group {i} must be a dict with a list "params"')
    theirs = [len(group["params"]) for group in saved["param_groups"]]
    ours = [len(group["params"]) for group in groups]
    if theirs != ours:
        raise ValueError(f"it has groups of {theirs} parameters, here they have {ours}")
    for i, group in enumerate(saved["param_groups"]):
        _same_names(f"options of group {i}", set(group) - {"params", "initial_lr"}, set(options), set(added))
    for i, state in saved["state"].items():
        if isinstance(i, bool) or not isinstance(i, int) or not 0 <= i < len(params):
            raise ValueError(f"it has a state for parameter {i!r}, here there are {len(params)}")
        if not isinstance(state, Mapping):
            raise ValueError(f"the state of parameter {i} must be a dict, got a {type(state).__name__}")
        _same_names(f"state of parameter {i}", set(state), set(kinds), optional)
        for name, value in state.items():
            _check_entry(f"{name} of parameter {i}", value, kinds[name], params[i])


def _same_names(what: str, there: Set[Any], wanted: Set[str], optional: Set[str]) -> None:
    missing, unexpected = sorted(wanted - there - optional), sorted(map(str, there - wanted))
    pairs = ((missing, "missing"), (unexpected, "unexpected"))
    problems = [f"{', '.join(names)} {word}" for names, word in pairs if names]
    if problems:
        raise ValueError(f"{what}: {'; '.join(problems)}")


def _check_entry(what: str, value: Any, kind: type, parameter: Tensor) -> None:
    if kind is int:
        whole(what, value)
    elif not isinstance(value, Tensor):
        raise ValueError(f"{what} must be a {kind.__name__}, got {value!r:.40}")
    elif (value.shape, value.dtype) != (parameter.shape, parameter.dtype):
        raise ValueError(f"{what} is {value.dtype} {value.shape}, the parameter {parameter.dtype} {parameter.shape}")
