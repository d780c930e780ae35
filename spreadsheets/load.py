"""load(path): a workbook's graph as tensors again, computed from what stands in its yellow cells now."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Optional

from saitama.optim import Optimizer
from saitama.tensor import dispatch
from saitama.tensor.tensor import Tensor

from .errors import WorkbookError
from .graph.graph import Graph
from .graph.items import Item, Leaf, Node, numbers
from .graph.keys import Value
from .graph.step import OptimizerStep, Update
from .graph.trace_step import OPTIMIZERS, defaults
from .judge.verify import Verifier
from .plan.subject import tolerance
from .read.carried import LONGEST_REASON, read_graph
from .read.safety import PathLike
from .read.workbook import open_workbook

_UNUSABLE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, MemoryError)


class Loaded(Mapping[str, Tensor]):
    """The tensors of a workbook by their names: inputs, weights and results; `root` is the one at the end.

    optimizer: the one whose step the workbook shows, with its options and its state; None where it shows none.
    """

    def __init__(self, tensors: Dict[str, Tensor], root: Tensor, optimizer: Optional[Optimizer]) -> None:
        self._tensors, self.root, self.optimizer = tensors, root, optimizer

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._tensors:
            raise KeyError(f"the workbook has nothing called {name!r}; there are {', '.join(list(self._tensors)[:20])}")
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def load(path: PathLike, *, optimizer: bool = False) -> Loaded:
    """The tensors and the graph of a workbook that export or worksheet wrote, of any format since the first.

        net = load("network.xlsx")
        net.root.backward()
        net["W"].grad

    Inputs and weights are what stands in the yellow cells now: a number that was changed in the sheet is changed here.
    Everything else is computed from them. export(net.root, path, optimizer=net.optimizer) writes the same workbook
    again; what modules made an operation is not in the file, so Start leads through the operations only.

    optimizer: True for the state after the step that the workbook shows: weights, moments and counts are those of t+1,
        and the results are computed with them.

    Raises WorkbookError, in one line, where the workbook carries no graph, its structure was changed by hand, an input
    has no cells or no number, or there is no step to be taken.
    """
    book: Any = open_workbook(path)
    carried = read_graph(book)
    graph = carried.graph
    for leaf in graph.inputs:
        if Value(leaf) not in carried.places:
            raise WorkbookError(f"{book.path}: {leaf.name} has no cells here: export it with a larger max_cells")
    arrays = Verifier(book, carried, tolerance(graph), True, False).leaves(None)
    if optimizer and graph.step is None:
        raise WorkbookError(f"{book.path}: it shows no step of an optimizer: export it with optimizer=")
    leaves = {leaf: _tensor(leaf, arrays[leaf]) for leaf in graph.leaves}
    made = _optimizer(graph.step, leaves, arrays) if graph.step is not None else None
    try:
        tensors = _computed(graph, leaves)
        if optimizer and made is not None:
            _take_step(tensors[graph.root], leaves, made)
            tensors = _computed(graph, leaves)
    except _UNUSABLE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:LONGEST_REASON]
        raise WorkbookError(f"{book.path}: the inputs cannot be computed with: {reason}") from None
    return Loaded({item.name: tensor for item, tensor in tensors.items()}, tensors[graph.root], made)


def _tensor(leaf: Leaf, array: Any) -> Tensor:
    tensor = Tensor._wrap(array, leaf.requires_grad)
    is_constant = leaf.shape == () and not leaf.requires_grad and leaf.name == f"{array.tolist():g}"
    tensor.name = None if is_constant else leaf.name  # a number in an expression has no name of its own
    return tensor


def _computed(graph: Graph, leaves: Mapping[Leaf, Tensor]) -> Dict[Item, Tensor]:
    """Every tensor, each operation run and recorded in its order."""
    tensors: Dict[Item, Tensor] = {leaf: tensor for leaf, tensor in leaves.items()}  # noqa: C416
    for node in graph.nodes:
        made = dispatch.apply(node.op, tuple(tensors[item] for item in node.inputs), **node.params)
        if not is_unnamed(node):
            made.name = node.name
        tensors[node] = made
    return tensors


def is_unnamed(node: Node) -> bool:
    return node.name == f"{node.op.lower()}{node.number}"


# --- an optimiser -----------------------------------------------------------------------------------------------------
def _optimizer(step: OptimizerStep, leaves: Mapping[Leaf, Tensor], arrays: Mapping[Leaf, Any]) -> Optimizer:
    """The optimiser as it was before the step."""
    groups: List[Dict[str, Any]] = []
    for group in step.groups:
        options = {**group.off, **{name: arrays[leaf].tolist() for name, leaf in group.cells.items()}}
        params = [leaves[update.parameter] for update in step.updates if update.group is group]
        if params:
            groups.append({"params": params, **_nested(step.optimizer, options)})
    made: Optimizer = OPTIMIZERS[step.optimizer](groups)
    for update in step.updates:
        state = _state(step, update, arrays)
        if state:
            made.state[leaves[update.parameter]] = state
    return made


def _nested(kind: str, options: Mapping[str, Any]) -> Dict[str, Any]:
    """Options as the optimiser takes them: beta1 and beta2 are betas."""
    return {
        name: tuple(options[f"{name[:-1]}{n}"] for n in (1, 2)) if isinstance(default, tuple) else options[name]
        for name, default in defaults(kind).items()
    }


def _state(step: OptimizerStep, update: Update, arrays: Mapping[Leaf, Any]) -> Dict[str, Any]:
    """What the optimiser keeps of a parameter; nothing before its first step."""
    given = {symbol: arrays[leaf] for symbol, leaf in update.state.items()}
    counts = [given[symbol].tolist() for symbol in given if symbol in step.rule.counts]
    if (counts and not any(counts)) or (not counts and not any(map(_has_numbers, given.values()))):
        return {}
    return {
        step.rule.state[symbol]: array.tolist() if symbol in step.rule.counts else Tensor._wrap(array)
        for symbol, array in given.items()
        if step.rule.state[symbol]
    }


def _has_numbers(array: Any) -> bool:
    return any(numbers(array))


def _take_step(root: Tensor, leaves: Mapping[Leaf, Tensor], optimizer: Optimizer) -> None:
    root.backward()
    optimizer.step()
    for tensor in leaves.values():
        tensor.grad = None


__all__ = ["Loaded", "load"]
