"""Whether a saved state belongs to the parameters at hand: found out before anything is changed."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Set

from saitama.tensor import Tensor


def check_state(
    optimizer: str, saved: Mapping[str, Any], groups: List[Dict[str, Any]], params: Sequence[Tensor], options: Set[str]
) -> None:
    """ValueError unless `saved` has the groups, options and shapes of an optimiser for these parameters."""
    refuse = f"load_state_dict: this state does not fit this {optimizer}: "
    if not isinstance(saved, Mapping) or not {"state", "param_groups"} <= set(saved):
        raise ValueError(refuse + 'expected a dict with "state" and "param_groups"')
    theirs = [len(group["params"]) for group in saved["param_groups"]]
    ours = [len(group["params"]) for group in groups]
    if theirs != ours:
        raise ValueError(refuse + f"it has groups of {theirs} parameters, here they have {ours}")
    for i, group in enumerate(saved["param_groups"]):
        missing, unexpected = sorted(options - set(group)), sorted(set(group) - options - {"params", "initial_lr"})
        if missing or unexpected:
            problems = [f"{', '.join(missing)} missing"] * bool(missing)
            problems += [f"{', '.join(unexpected)} unexpected"] * bool(unexpected)
            raise ValueError(refuse + f"options of group {i}: {'; '.join(problems)}")
    for i, state in saved["state"].items():
        if isinstance(i, bool) or not isinstance(i, int) or not 0 <= i < len(params):
            raise ValueError(refuse + f"it has a state for parameter {i!r}, here there are {len(params)}")
        for name, value in state.items():
            if isinstance(value, Tensor) and (value.shape, value.dtype) != (params[i].shape, params[i].dtype):
                raise ValueError(
                    refuse + f"{name} of parameter {i} is {value.dtype} {value.shape}, the parameter "
                    f"{params[i].dtype} {params[i].shape}"
                )
