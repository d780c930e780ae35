"""The graph behind a tensor, with a name for everything in it: what a workbook shows and carries."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from saitama.autograd.function import OPS, Function, ancestors
from saitama.autograd.origin import operations_behind
from saitama.autograd.value import Value
from saitama.tensor.tensor import Tensor

from .graph import Graph
from .items import Item, Leaf, Node
from .names import given_names, unique
from .parts import Part, find_parts, innermost, module_paths, name_of
from .trace_value import trace_value


def trace(root: Any, names: Any = None, forward: bool = False) -> Graph:
    """The graph behind `root`, a tensor of one element through which a gradient flows, or a Value.

    Names come from `Tensor(name=…)`, then from `names`, then from the paths of the modules that made the operations.
    With `forward`, a tensor of any shape will do, and none needs to require a gradient; and there may be several, of
    which the one that was computed last is the root.
    """
    roots = list(root) if forward and isinstance(root, (list, tuple)) and root else [root]
    root = roots[-1]
    if isinstance(root, Value):
        return trace_value(root, names)
    other = next((each for each in roots if not isinstance(each, Tensor)), None)
    if other is not None:
        raise TypeError(
            f"export: the root is a {type(other).__name__}; give the Tensor whose graph you want, the loss say"
        )
    made = operations_behind(roots) if forward and root.node is None else []
    if root.node is None and not made:
        why = "it is an input itself" if root.requires_grad else "nothing it was computed from requires grad"
        raise ValueError(
            f"export: no operation was recorded behind this tensor ({why}): set requires_grad=True on an input "
            "and compute the result from it, outside no_grad()"
        )
    if root.numel() != 1 and not forward:
        raise ValueError(f"export: the root has shape {root.shape}; reduce it to one number with .sum() or .mean()")
    try:
        recorded = [each.node for each in roots if each.node is not None]
        functions = [function for function, _ in made] or ancestors(*recorded)
    except RuntimeError:
        raise RuntimeError(
            "export: the graph was freed by backward(): call export before backward(), compute the result once more, "
            "or use backward(retain_graph=True)"
        ) from None
    if not root.requires_grad and not forward:
        raise ValueError("export: nothing here requires grad: no gradient flows from this root (a comparison, perhaps)")
    if made:
        root = made[-1][1]  # the one that was computed last
    elif functions[-1] is not root.node:
        raise ValueError("export: of several roots the last one, which gradients are taken of, has to be computed last")
    given = given_names(names)
    given.update((function, given[tensor]) for function, tensor in made if tensor in given)
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


def _leaf(tensor: Tensor, given: Dict[Any, str], taken: Dict[str, int], number: int) -> Leaf:
    name = tensor.name or given.get(tensor)
    if name is None and tensor.shape == () and not tensor.requires_grad:
        name = f"{tensor.item():g}"  # a number written in the expression: many may be the same
    else:
        name = unique(name or f"input{number}", taken)
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
    if op not in OPS:
        function.forward()  # which says why it cannot be shown
    name = name_of(part, number, op, function.name) if function.name or function not in given else given[function]
    params = {param: getattr(function, param) for param in function.params}
    inputs = tuple(items[source] for source in function.inputs or ())
    flows = function.differentiable and any(function.needs)
    return Node(unique(name, taken), function.shape, function.dtype, flows, op, params, inputs, function.needs, number)
