"""Names for the tensors of a graph: from their makers, from a mapping such as locals(), from modules."""

from __future__ import annotations

from typing import Any, Dict

from saitama.nn import Module
from saitama.tensor.tensor import Tensor

from ..texts import printable
from .parts import named_values


def given_names(names: Any) -> Dict[Any, str]:
    """{tensor or function: name} from a mapping such as locals(), or from a module's parameters and buffers.

    Whatever else a mapping holds, classes, functions and imported modules among it, is passed over.
    """
    given: Dict[Any, str] = {}
    for name, value in named_values(names):
        if isinstance(value, Module):
            for path, tensor in [*value.named_parameters(), *value.named_buffers()]:
                given.setdefault(tensor, f"{name}.{path}" if name else path)
        elif isinstance(value, Tensor) and not name.startswith("_"):
            given.setdefault(value if value.node is None else value.node, name)
    return given


def unique(name: str, taken: Dict[str, int]) -> str:
    """`name`, or `name (2)` where it was given before."""
    name = printable(name).strip()[:60].strip() or "unnamed"
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else unique(f"{name} ({taken[name]})", taken)
