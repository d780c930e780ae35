"""The graph behind a tensor, with a name for everything in it: what a workbook shows and carries."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from saitama.autograd.function import Function, ancestors
from saitama.tensor.tensor import Tensor

from .graph import Graph
from .items import Item, Leaf, Node
from .parts import Part, find_parts, innermost, module_paths, name_of


def trace(root: Tensor, names: Any = None) -> Graph:
    """The graph behind `root`, a tensor of one element. Names come from `Tensor(name=…)`, then from `names`, then
    from the paths of the modules that made the operations."""
    if not isinstance(root, Tensor):
        raise TypeError(
            f"export: the root is a {type(root).__name__}; give the Tensor whose graph you want, the loss say"
        )
    if root.node is None:
        why = "it is an input itself" if root.requires_grad else "nothing it was computed from requires grad"
        raise ValueError(
            f"export: no operation was recorded behind this tensor ({why}): set requires_grad=True on an input and "
            "compute the result from it, outside no_grad()"
        )
    if root.numel() != 1:
        raise ValueError(f"export: the root has shape {root.shape}; reduce it to one number with .sum() or .mean()")
    try:
        functions = sorted(ancestors(root.node), key=lambda function: function.seq)
    except RuntimeError:
        raise RuntimeError(
            "export: the graph was freed by backward(): call export before backward(), or backward(retain_graph=True)"
        ) from None
    if not root.requires_grad:
        raise ValueError("export: nothing here requires grad: no gradient flows from this root (a comparison, perhaps)")
    given = _given_names(names)
    taken: Dict[str, int] = {}
    items: Dict[Any, Item] = {}
    leaves: List[Leaf] = []
    nodes: List[Node] = []
    parts = find_parts(functions, module_paths(names))
    for number, function in enumerate(functions, 1):
        for source in function.inputs or ():
            if isinstance(source, Tensor) and source not in items:
                items[source] = leaf = _leaf(source, given, taken, len(leaves) + 1)
                leaves.append(leaf)
        items[function] = node = _node(function, items, given, taken, number, innermost(parts, number))
        nodes.append(node)
    return Graph(leaves, nodes, parts)


def _given_names(names: Any) -> Dict[Any, str]:
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


def _unique(name: str, taken: Dict[str, int]) -> str:
    """`name`, or `name (2)` where it was given before."""
    name = "".join(c if c.isprintable() else " " for c in name).strip()[:60] or "unnamed"
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else _unique(f"{name} ({taken[name]})", taken)


def _leaf(tensor: Tensor, given: Dict[Any, str], taken: Dict[str, int], number: int) -> Leaf:
    name = tensor.name or given.get(tensor)
    if name is None and tensor.shape == () and not tensor.requires_grad:
        name = f"{tensor.item():g}"  # a number written in the expression: many may be the same
    else:
        name = _unique(name or f"input{number}", taken)
    return Leaf(name, tensor.shape, tensor.dtype, tensor.requires_grad, tensor.array, tensor)


def _node(
    function: Function,
    items: Dict[Any, Item],
    given: Dict[Any, str],
    taken: Dict[str, int],
    number: int,
    part: Optional[Part],
) -> Node:
    op = type(function).__name__
    name = name_of(part, number, op, function.name) if function.name or function not in given else given[function]
    params = {param: getattr(function, param) for param in function.params}
    inputs = tuple(items[source] for source in function.inputs or ())
    flows = function.differentiable and any(function.needs)
    return Node(_unique(name, taken), function.shape, function.dtype, flows, op, params, inputs, function.needs, number)
