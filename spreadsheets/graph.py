"""The graph behind a tensor, with a name for everything in it: what a workbook shows and carries.

`trace` walks from a root tensor to its leaves; `run` computes a graph forward and backward on saitama's kernels and
keeps every value. Neither touches the user's tensors or their .grad.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

from saitama.autograd.function import OPS, Function, ancestors
from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

from .formulas import FORMULAS
from .layout import Shape, flatten
from .parts import Part, find_parts, innermost, module_paths, name_of

if TYPE_CHECKING:
    from .step import Step


@dataclass(eq=False)
class Item:
    """A tensor of the graph."""

    name: str
    shape: Shape
    dtype: str
    requires_grad: bool


@dataclass(eq=False)
class Leaf(Item):
    """A tensor nothing in the graph computed: an input, a weight, a constant."""

    array: Any = None
    source: Any = None  # the Tensor it was made from


@dataclass(eq=False)
class Node(Item):
    """The result of an operation."""

    op: str = ""
    params: Dict[str, Any] = field(default_factory=dict)
    inputs: Tuple[Item, ...] = ()
    needs: Tuple[bool, ...] = ()
    number: int = 0

    @property
    def text(self) -> str:
        """The operation as an expression: `sigmoid(net)`."""
        return FORMULAS[self.op].text([item.name for item in self.inputs], self.params)


@dataclass
class Graph:
    """Leaves, and nodes in an order in which inputs come first; the last node is the root."""

    leaves: List[Leaf]
    nodes: List[Node]
    parts: List[Part] = field(default_factory=list)  # the calls of modules that made the nodes
    step: Optional[Step] = None  # of an optimiser, with the gradients of this graph

    @property
    def inputs(self) -> List[Leaf]:
        """Everything that has yellow cells: the leaves, and what an optimiser's step starts from."""
        return [*self.leaves, *(self.step.inputs if self.step else [])]

    @property
    def root(self) -> Node:
        return self.nodes[-1]

    @property
    def dtype(self) -> str:
        """float32 if any part of the graph is, else float64."""
        items: List[Item] = [*self.leaves, *self.nodes]
        return "float32" if any(item.dtype == "float32" for item in items) else "float64"


# --- from tensors ---------------------------------------------------------------------------------------------------
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
    if op not in OPS:
        function.forward()  # which says why it cannot be shown
    name = name_of(part, number, op, function.name) if function.name or function not in given else given[function]
    params = {param: getattr(function, param) for param in function.params}
    inputs = tuple(items[source] for source in function.inputs or ())
    flows = function.differentiable and any(function.needs)
    return Node(_unique(name, taken), function.shape, function.dtype, flows, op, params, inputs, function.needs, number)


# --- computing it ---------------------------------------------------------------------------------------------------
@dataclass
class Run:
    """Every value and gradient of a graph. What could not be computed is not in it."""

    values: Dict[Item, Any] = field(default_factory=dict)
    gradients: Dict[Item, Any] = field(default_factory=dict)  # dE/d item, complete
    contributions: Dict[Tuple[Node, int], Any] = field(default_factory=dict)  # what a node hands to its k-th input


def run(graph: Graph, leaves: Mapping[Any, Any], given: Optional[Mapping[Any, Any]] = None) -> Run:
    """Compute the graph from the arrays of its leaves.

    `given` holds values of nodes and contributions (by `node` and `(node, k)`) that stand in where an operand is
    missing.
    """
    given = given or {}
    result = Run()
    result.values.update(leaves)
    functions: Dict[Node, Function] = {}
    for node in graph.nodes:
        if all(item in result.values for item in node.inputs):
            function = OPS[node.op](**node.params)
            function.needs = node.needs
            result.values[node] = function.forward(*[result.values[item] for item in node.inputs])
            functions[node] = function
        elif node in given:
            result.values[node] = given[node]
    root = graph.root
    result.gradients[root] = K.full(root.shape, 1, root.dtype)
    incomplete = set()  # items to which some contribution is missing
    for node in reversed(graph.nodes):
        dy = None if node in incomplete else result.gradients.get(node)
        if not receives(node, node.needs) or (dy is None and node not in incomplete):
            continue
        parts: Tuple[Any, ...] = (None,) * len(node.inputs)
        if dy is not None and node in functions:
            parts = functions[node].backward(dy)
        for k, item in enumerate(node.inputs):
            if not node.needs[k]:
                continue
            dx = parts[k] if parts[k] is not None else given.get((node, k))
            if dx is None:
                incomplete.add(item)
                continue
            result.contributions[node, k] = dx
            known = result.gradients.get(item)
            result.gradients[item] = dx if known is None else K.add(known, dx)
    for item in incomplete:
        result.gradients.pop(item, None)
    return result


def receives(node: Node, needs: Tuple[bool, ...]) -> bool:
    """Whether the operation hands a gradient on at all."""
    return OPS[node.op].differentiable and any(needs)


def numbers(array: Any) -> List[Any]:
    """The numbers of an array, row by row, as a spreadsheet holds them: floats and ints; True is 1."""
    flat = flatten(array.tolist(), array.ndim)
    return [int(value) for value in flat] if array.dtype == "bool" else flat
