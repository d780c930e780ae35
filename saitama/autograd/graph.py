"""The graph as a picture: to_dot writes Graphviz text with the name, shape and numbers of every step.

Path("loss.dot").write_text(to_dot(loss))        # then: dot -Tsvg loss.dot -o loss.svg
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple, Union

from saitama.tensor import Tensor
from saitama.tensor.backend import K

from .function import Function
from .replay import Replay, replay
from .value import Value, results_below

SHOWN_IN_FULL = 16  # elements; a larger tensor is drawn as its least, mean and greatest number
LEAF, CONSTANT, STEP, ROOT = "#fff3c4", "#f1f1f1", "#e3eefb", "#d9f2df"  # fill colours


class Box(NamedTuple):
    """One node of the picture."""

    title: str  # bold: the name of a leaf, or the operation
    lines: List[str]  # below it
    fill: str
    inputs: Tuple[Any, ...]  # keys of other boxes


def to_dot(root: Union[Tensor, Value], names: Optional[Mapping[str, Any]] = None) -> str:
    """The graph behind `root` as Graphviz text: yellow leaves, grey constants, blue operations, the green root.

    Tensors of up to 16 elements are shown in full with 4 significant digits, larger ones by their least, mean and
    greatest number; gradients where .grad holds one. `names`, for example locals(), names what has no name of its own.

    Raises RuntimeError if no operation made the tensor, or a backward() freed its graph; TypeError for other objects.
    """
    if not isinstance(root, (Tensor, Value)):
        raise TypeError(f"to_dot draws the graph behind a Tensor or a Value, not {type(root).__name__}")
    given = {_key(thing): name for name, thing in (names or {}).items() if isinstance(thing, (Tensor, Value))}
    boxes = _value_boxes(root, given) if isinstance(root, Value) else _tensor_boxes(root, given)
    return "\n".join(_lines(boxes)) + "\n"


def _key(thing: Union[Tensor, Value]) -> Any:
    """What stands for it in the graph: the operation that made a tensor, else the thing itself."""
    return thing if isinstance(thing, Value) or thing.node is None else thing.node


# --- tensors ---------------------------------------------------------------------------------------------------------


def _tensor_boxes(root: Tensor, given: Dict[Any, str]) -> Dict[Any, Box]:
    graph = _replay(root)
    boxes: Dict[Any, Box] = {}
    for leaf in graph.leaves:
        name, fill = leaf.name or given.get(leaf), LEAF if leaf.requires_grad else CONSTANT
        grad = [] if leaf.grad is None else ["gradient", *_numbers(leaf.grad.array)]
        boxes[leaf] = _leaf_box(name, _shape(leaf.array), [*_numbers(leaf.array), *grad], fill)
    for node in graph.nodes:
        array, name = graph.values[node], node.name or given.get(node)
        lines = [*filter(None, [_shape(array)]), *_numbers(array)]
        boxes[node] = Box(_title(name, _operation(node)), lines, STEP, tuple(node.inputs or ()))
    boxes[node] = boxes[node]._replace(fill=ROOT)  # the last one
    return boxes


def _replay(root: Tensor) -> Replay:
    """The graph computed again: training does not keep the numbers of the steps in between."""
    if root.node is not None and root.node.inputs is None:
        raise RuntimeError(
            "to_dot: the graph was freed by backward(); draw it before backward(), or call backward(retain_graph=True)"
        )
    return replay(root)


def _operation(node: Function) -> str:
    """Softmax dim=1, for example; a switch that is off goes without saying."""
    params = [(param, getattr(node, param)) for param in node.params]
    return " ".join([type(node).__name__, *(f"{param}={value}" for param, value in params if value is not False)])


def _shape(array: K.Array) -> str:
    return "" if array.shape == () else str(array.shape)


def _numbers(array: K.Array) -> List[str]:
    """The numbers, one line for each row of a small matrix."""
    if array.size == 0:
        return ["no elements"]
    if array.size > SHOWN_IN_FULL or array.ndim > 2:
        numbers = K.cast(array, "float64")
        dims = tuple(range(array.ndim))
        return [f"{what} {_digits(reduce(numbers, dims, False).item()):>10}" for what, reduce in _SUMMARY]
    rows = array.reshape((-1, array.shape[-1] if array.shape else 1)).tolist()
    texts = [[_digits(number) for number in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts)]
    return ["  ".join(text.rjust(width) for text, width in zip(row, widths)) for row in texts]


_SUMMARY = (("min ", K.min), ("mean", K.mean), ("max ", K.max))


def _digits(number: Any) -> str:
    return f"{number:.4g}" if isinstance(number, float) else str(number)


# --- values ----------------------------------------------------------------------------------------------------------


def _value_boxes(root: Value, given: Dict[Any, str]) -> Dict[Any, Box]:
    boxes: Dict[Any, Box] = {}
    results = sorted(results_below(root), key=lambda y: y.order)
    for y in results:
        inputs = tuple(v for v in (y.a, y.b) if v is not None)
        for v in inputs:
            if v.a is None and v not in boxes:
                boxes[v] = _value_leaf(v, given)
        title = _title(y.name or given.get(y), y.op)
        boxes[y] = Box(title, [f"{y.data:.4g}", f"gradient {y.grad:.4g}"], STEP, inputs)
    if not results:
        boxes[root] = _value_leaf(root, given)
    boxes[root] = boxes[root]._replace(fill=ROOT)
    return boxes


def _value_leaf(v: Value, given: Dict[Any, str]) -> Box:
    name = v.name or given.get(v)
    if name is None:  # most likely a constant in a formula: its gradient is not shown
        return Box(f"{v.data:.4g}", [], CONSTANT, ())
    return Box(name, [f"{v.data:.4g}", f"gradient {v.grad:.4g}"], LEAF, ())


# --- drawing ---------------------------------------------------------------------------------------------------------


def _title(name: Optional[str], operation: str) -> str:
    return operation if name is None else f"{name} = {operation}"


def _leaf_box(name: Optional[str], shape: str, numbers: List[str], fill: str) -> Box:
    title = " ".join(filter(None, [name, shape]))
    return Box(title, numbers, fill, ()) if title else Box(numbers[0].strip(), numbers[1:], fill, ())


def _lines(boxes: Dict[Any, Box]) -> Iterator[str]:
    number = {key: f"n{i}" for i, key in enumerate(boxes)}
    yield "digraph {"
    yield "  rankdir=LR; bgcolor=white; nodesep=0.25; ranksep=0.45;"
    yield '  node [shape=box, style="rounded,filled", color="#8a8f98", penwidth=0.8, margin="0.12,0.07"];'
    yield '  node [fontname="Helvetica", fontsize=11];'
    yield '  edge [color="#8a8f98", arrowsize=0.6, fontname="Helvetica", fontsize=8, fontcolor="#6b7280"];'
    for key, box in boxes.items():
        style = "" if box.inputs else ", style=filled"  # leaves have sharp corners
        yield f'  {number[key]} [label=<{_label(box)}>, fillcolor="{box.fill}"{style}];'
    for key, box in boxes.items():
        for position, source in enumerate(box.inputs, 1):
            order = f' [headlabel="{position}", labeldistance=1.4]' if len(box.inputs) > 1 else ""
            yield f"  {number[source]} -> {number[key]}{order};"
    yield "}"


def _label(box: Box) -> str:
    """An HTML-like label; the numbers in a fixed-width font, so that columns line up."""
    lines = [f"<b>{_text(box.title)}</b>"]
    lines += [f'<font face="Courier" point-size="10">{_text(line)}</font>' for line in box.lines]
    return "<br/>".join(lines)


def _text(text: str) -> str:
    """Anything as text of a label: no markup, no control characters, and spaces that are kept."""
    from html import escape  # only for drawings: `import saitama` shall be quick

    printable = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return escape(printable).replace(" ", "&#160;") or "&#160;"
