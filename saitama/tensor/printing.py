"""How a Tensor shows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List

from .dtype import get_default_dtype

if TYPE_CHECKING:
    from .tensor import Tensor

EDGE = 3  # items shown at either end of a long axis
LIMIT = 1000  # elements above which long axes are shortened


def to_string(tensor: Tensor) -> str:
    """For example `tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)`, one row a line."""
    shorten = tensor.numel() > LIMIT
    short = _shortened(tensor) if shorten else tensor.tolist() if tensor.numel() else []
    width = max((len(text) for text in _texts(short)), default=0)
    parts = [_nested(short, indent=len("tensor("), width=width)]
    if shorten or tensor.numel() == 0:
        parts.append(f"shape={tensor.shape}")
    if tensor.dtype != get_default_dtype() and tensor.dtype != "bool":
        parts.append(f"dtype={tensor.dtype}")
    if tensor.name:
        parts.append(f"name={tensor.name!r}")
    if tensor.node is not None:
        parts.append(f"made by {type(tensor.node).__name__}")
    elif tensor.requires_grad:
        parts.append("requires_grad=True")
    return f"tensor({', '.join(parts)})"


def _shortened(tensor: Tensor) -> Any:
    """The nested list with the middle of each long axis replaced by an ellipsis, without listing all of it."""
    if tensor.ndim == 0:
        return tensor.item()
    size = tensor.shape[0]
    rows = range(size) if size <= 2 * EDGE else [*range(EDGE), *range(size - EDGE, size)]
    plain = tensor.detach()
    items: List[Any] = [_shortened(plain[index]) for index in rows]
    if size > 2 * EDGE:
        items.insert(EDGE, ...)
    return items


def _text(value: Any) -> str:
    if value is ...:
        return "..."
    if isinstance(value, float):
        text = f"{value:.6g}"
        return text if any(mark in text for mark in ".en") else text + ".0"
    return repr(value)


def _texts(value: Any) -> List[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [_text(value)] if value is not ... else []


def _nested(value: Any, indent: int, width: int) -> str:
    if not isinstance(value, list):
        return _text(value).rjust(width) if value is not ... else "..."
    if not any(isinstance(item, list) for item in value):
        return "[" + ", ".join(_nested(item, indent + 1, width) for item in value) + "]"
    separator = ",\n" + " " * (indent + 1)
    return "[" + separator.join(_nested(item, indent + 1, width) for item in value) + "]"
