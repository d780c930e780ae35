"""Nested state (dicts and lists with tensors in them) taken apart into tensors by name and JSON for the rest, and
back."""

from __future__ import annotations

from typing import Any, Dict

from saitama.tensor import Tensor

PLAIN = (str, bool, int, float, type(None))


def take_apart(value: Any, where: str, tensors: Dict[str, Tensor]) -> Any:
    """JSON for `value`; its tensors are put into `tensors`, under names that start with `where`.

    Dicts and lists are wrapped, so that integer keys and tuples come back as they were; and so is a text with halves of
    characters (surrogates), two of which JSON would make one. Raises TypeError for anything but dicts, lists, tuples,
    tensors, strings, numbers, bools and None.
    """
    if isinstance(value, Tensor):
        tensors[where] = value
        return {"tensor": where}
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        return {"text": [ord(character) for character in value]}
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, dict):
        return {"dict": [[take_key(key, where), take_apart(value[key], f"{where}/{key}", tensors)] for key in value]}
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [take_apart(part, f"{where}/{place}", tensors) for place, part in enumerate(value)]}
    raise TypeError(
        f"checkpoint: {where} is a {type(value).__name__}; expected dicts, lists, tensors, numbers and strings"
    )


def take_key(key: Any, where: str) -> Any:
    """A key that JSON can hold as a value."""
    if isinstance(key, PLAIN):
        return take_apart(key, where, {})
    raise TypeError(f"checkpoint: a key in {where} is a {type(key).__name__}; use a string or a number")


def put_together(value: Any, tensors: Dict[str, Tensor]) -> Any:
    """What `take_apart` took apart. Raises KeyError, TypeError or ValueError for anything else."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "text":
        return "".join(map(chr, content))
    if kind == "dict":
        made = {put_together(key, tensors): put_together(part, tensors) for key, part in content}
        if len(made) < len(content):
            raise ValueError("a key comes twice")
        return made
    parts = [put_together(part, tensors) for part in content]
    return {"list": list, "tuple": tuple}[kind](parts)
