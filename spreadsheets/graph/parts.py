"""Which module made which operations: the parts of a graph that a workbook leads through, and names from their paths.

A module notes at the operation behind its output when its call began; all operations since then are of that call.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from saitama.autograd.function import Function
from saitama.nn import Module


@dataclass(eq=False)
class Part:
    """One call of a module: the operations from number `first` to number `last`."""

    path: str  # "transformer.h.0.attn"; "" for the model itself
    kind: str  # the name of its class
    words: str  # the first line of what the class says of itself
    first: int
    last: int

    @property
    def title(self) -> str:
        return f"{self.path}    {self.kind}" if self.path else self.kind

    @property
    def is_section(self) -> bool:
        return self.last > self.first


def find_parts(functions: Sequence[Function], paths: Mapping[Any, str]) -> List[Part]:
    """The calls of the modules that have a path; of two that overlap, the inner one comes later."""
    order = [function.seq for function in functions]
    ends: Dict[Tuple[Any, int], int] = {}
    for number, function in enumerate(functions, 1):
        for module, began in _calls(function):
            if module in paths:
                ends[module, began] = number
    parts = []
    for (module, began), last in ends.items():
        first = bisect_right(order, began) + 1
        if first <= last:
            kind = type(module)
            words = " ".join((vars(kind).get("__doc__") or "").split("\n\n")[0].split())
            parts.append((began, Part(paths[module], kind.__name__, words, first, last)))
    return [part for _, part in sorted(parts, key=lambda pair: pair[0])]


def _calls(function: Function) -> Iterator[Tuple[Any, int]]:
    calls = function.calls
    while calls is not None:
        module, began, calls = calls
        yield module, began


def named_values(names: Any) -> List[Tuple[str, Any]]:
    """What is called how: (name, value) of a mapping such as locals(); a module by itself is called "".

    Names with an underscore come last: in a notebook `_` and `_3` are what a cell showed, and has a name of its own.
    """
    if names is None:
        return []
    if isinstance(names, Module):
        return [("", names)]
    if not isinstance(names, Mapping):
        raise TypeError(
            f"names is a {type(names).__name__}; give a mapping from names to tensors, locals() say, or a module"
        )
    return sorted(((str(name), value) for name, value in names.items()), key=lambda pair: pair[0].startswith("_"))


def module_paths(names: Any) -> Dict[Any, str]:
    """{module: path} of a module, or of every module in a mapping such as locals()."""
    paths: Dict[Any, str] = {}
    for name, value in named_values(names):
        if isinstance(value, Module):
            for path, module in value.named_modules(name):
                paths.setdefault(module, path)
    return paths


def innermost(parts: Sequence[Part], number: int, sections: bool = False) -> Optional[Part]:
    """The smallest call that made an operation; with `sections`, of those that made several."""
    around = [part for part in parts if part.first <= number <= part.last and (part.is_section or not sections)]
    return around[-1] if around else None


def name_of(part: Optional[Part], number: int, op: str, name: Optional[str]) -> str:
    """What an operation is called, from the module that made it and from the name of its own, if it has one.

    The last of a module is called as the module is, `h.0.attn`, the others by the path and what they do, `h.0.add`.
    """
    path = "" if part is None else part.path
    ends = part is not None and part.last == number
    if name:
        return name if ends or not path else f"{path}.{name}"
    if not path:
        return f"{op.lower()}{number}"
    return path if ends and not path.replace(".", "").isdigit() else f"{path}.{op.lower()}"


def local(name: str, part: Optional[Part]) -> str:
    """A name as it is read inside a module, without what its path and the module's have in common."""
    there, here = name.split("."), (part.path.split(".") if part is not None else [])
    shared = 0
    while shared < min(len(there) - 1, len(here)) and there[shared] == here[shared]:
        shared += 1
    while shared and there[shared].isdigit():  # `h.0`, not `0`
        shared -= 1
    return ".".join(there[shared:])


__all__ = ["Part", "find_parts", "innermost", "local", "module_paths", "name_of", "named_values"]
