"""Names for the tensors of a graph: from their makers, from a mapping such as locals(), from modules."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from saitama.tensor.tensor import Tensor


def given_names(names: Any) -> Dict[Any, str]:
    """{tensor or function: name} from a mapping such as locals(), or from a module's named_parameters()."""
    if names is None:
        return {}
    if hasattr(names, "named_parameters"):
        pairs = _tensors_of(names)
    elif isinstance(names, Mapping):
        pairs = list(names.items())
    else:
        raise TypeError(
            f"names is a {type(names).__name__}; give a mapping from names to tensors, locals() say, or a module"
        )
    given: Dict[Any, str] = {}
    for name, value in pairs:
        if hasattr(value, "named_parameters") and not isinstance(value, Tensor):
            for path, tensor in _tensors_of(value):
                given.setdefault(tensor, f"{name}.{path}")
        elif isinstance(value, Tensor) and not str(name).startswith("_"):
            given.setdefault(value if value.node is None else value.node, str(name))
    return given


def _tensors_of(module: Any) -> List[Tuple[str, Tensor]]:
    """The parameters and the buffers of a module, by their paths."""
    buffers = module.named_buffers() if hasattr(module, "named_buffers") else ()
    return [*module.named_parameters(), *buffers]


def unique(name: str, taken: Dict[str, int]) -> str:
    """`name`, or `name (2)` where it was given before."""
    name = "".join(c if c.isprintable() else " " for c in name).strip()[:60] or "unnamed"
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else unique(f"{name} ({taken[name]})", taken)
