"""A learner who works a small graph through: right but for the numbers that a test puts in."""

from __future__ import annotations

from math import isfinite
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

from saitama import Tensor
from saitama.attention import scaled_dot_product_attention
from saitama.autograd.function import apply
from saitama.nn import functional as F
from saitama.spreadsheets.export import computed
from saitama.spreadsheets.formulas.box import Box
from saitama.spreadsheets.formulas.evaluate import Evaluator
from saitama.spreadsheets.judge.causes import Judged, Judgement, Typed, given_numbers, judge
from saitama.spreadsheets.judge.reasons import Case, Reason, reason_for
from saitama.spreadsheets.layout import Index
from saitama.spreadsheets.plan.calculated import looking_into, true_values
from saitama.spreadsheets.plan.reads import is_constant
from saitama.spreadsheets.plan.subject import subject_of
from saitama.spreadsheets.plan.work import Apart, Position, Step, Work

Graph = Tuple[Any, Dict[str, Any]]  # the root, and the tensors by their names
Slip = Union[float, None, List[Any], Mapping[Tuple[int, ...], float]]


class Learner:
    """`put` gives by the name of a step the numbers that stand in its blanks: all of them, None for a blank, or some by
    their index. Every other number follows from what stands before it, rounded to `decimals`, or to `digits` (neither:
    not at all). `kept`: the learner goes on with every digit of what is shown rounded."""

    def __init__(
        self,
        root: Any,
        names: Dict[str, Any],
        put: Mapping[str, Slip],
        decimals: Optional[int] = 4,
        optimizer: Any = None,
        digits: Optional[int] = None,
        kept: bool = False,
    ) -> None:
        graph, result = computed(root, names, optimizer, forward=True)
        self.work = Work(subject_of(graph, result, 10_000), Apart("Work"), "Work")
        self.true = true_values(self.work)
        unknown = set(put) - {step.name for step in self.work.steps}
        assert not unknown, f"no step is called {unknown}; there are {[step.name for step in self.work.steps]}"
        self.typed: Dict[Tuple[int, int], Typed] = {}
        cells = dict(given_numbers(self.work, self.true))

        def write(step: Step, index: Index, position: Position, value: Any) -> Any:
            number = value.at if isinstance(value, Box) else float(value)
            right = written(number, decimals, digits)
            shown = None if step.aside or is_constant(step) else slipped(put.get(step.name, {}), index, right)
            if shown is None:
                return value
            self.typed[position] = Typed(shown)
            number = number if kept and shown == right else shown
            return Box.exact(number) if isfinite(number) else str(number)

        work_through(self.work, cells, write)
        self.judgement: Judgement = judge(self.work, self.true, self.typed)

    def step(self, name: str) -> Step:
        return next(step for step in self.work.steps if step.name == name)

    def cells(self, name: str) -> List[Judged]:
        return self.judgement.of(self.step(name).key)

    def causes(self) -> Dict[str, List[Optional[str]]]:
        """Of the steps with a number that is not right."""
        found = {step.name: [cell.cause for cell in self.judgement.of(step.key)] for step in self.work.steps}
        return {name: causes for name, causes in found.items() if any(causes)}

    def reasons(self) -> Dict[str, Optional[Reason]]:
        """Of each slip, in the order of the work."""
        return {step.name: reason_for(Case(self.work, self.judgement, step)) for step in self.judgement.slips()}

    def reason(self, name: str) -> Reason:
        """Of the only slip there is."""
        reasons = self.reasons()
        assert list(reasons) == [name], reasons
        reason = reasons[name]
        assert reason is not None, f"no reason for {[cell.typed.number for cell in self.cells(name)]}"
        return reason


def work_through(work: Work, cells: Dict[Position, Any], write: Callable[[Step, Index, Position, Any], Any]) -> None:
    """Every number of the work in its order. `cells` has those that are given, and gets what the learner goes on with:
    that is what `write` makes of a number that follows from those before it."""
    evaluator = Evaluator(looking_into(work, cells))
    for step in work.steps:
        for (index, *_), position in zip(step.block.cells(), step.positions):
            cells[position] = write(step, index, position, work.number(evaluator, position))


def slipped(slip: Any, index: Tuple[int, ...], right: float) -> Optional[float]:
    if isinstance(slip, Mapping):
        return slip.get(index, right)
    for i in index:
        slip = slip[i]
    return None if slip is None else float(slip)


def written(number: float, decimals: Optional[int], digits: Optional[int] = None) -> float:
    if not isfinite(number):
        return number
    if digits is not None:
        return float(f"{number:.{digits}g}")
    return number if decimals is None else round(number, decimals)


def slugs(reason: Optional[Reason]) -> List[str]:
    """The one that is named, and those that fit as well."""
    return [] if reason is None else [reason.slug, *reason.others]


# --- small graphs -----------------------------------------------------------------------------------------------------
def leaf(data: Any) -> Tensor:
    return Tensor(data, requires_grad=True)


def chain(*numbers: float) -> Graph:
    """(a · b + c)²."""
    a, b, c = map(leaf, numbers or (2.0, -3.0, 10.0))
    d = a * b
    e = d + c
    L = e**2
    return L, {"a": a, "b": b, "c": c, "d": d, "e": e, "L": L}


def layer(function: str = "tanh") -> Graph:
    """A layer of two neurons, two examples, and the mean of the squared errors."""
    x, W, b = Tensor([[0.5, 1.25], [-0.75, 0.25]]), leaf([[0.5, -1.0], [0.75, 0.25]]), leaf([0.1, -0.2])
    net = F.linear(x, W, b)
    h = getattr(net, function)()
    t = Tensor([[0.25, 0.5], [-0.5, 1.0]])
    e = h - t
    q = e**2
    L = q.mean()
    return L, {"x": x, "W": W, "b": b, "net": net, "h": h, "t": t, "e": e, "q": q, "L": L}


def product() -> Graph:
    """x W as a product of matrices, weighted and added up."""
    x, W, c = leaf([[0.5, 1.25], [-0.75, 0.25]]), leaf([[0.5, -1.0], [0.75, 0.25]]), Tensor([[1.0, 2.0], [-0.5, 1.5]])
    y = x @ W
    q = y * c
    L = q.sum()
    return L, {"x": x, "W": W, "c": c, "y": y, "q": q, "L": L}


def attention(is_causal: bool = True) -> Graph:
    Q, K, V = leaf([[1.0, 0.5], [0.25, -1.0]]), leaf([[0.5, 1.25], [-1.0, 0.75]]), leaf([[1.0, 2.0], [3.0, -4.0]])
    Y = scaled_dot_product_attention(Q, K, V, is_causal=is_causal)
    c = Tensor([[1.0, 2.0], [-0.5, 1.5]])
    q = Y * c
    L = q.sum()
    return L, {"Q": Q, "K": K, "V": V, "Y": Y, "c": c, "q": q, "L": L}


def norm(eps: float = 0.1) -> Graph:
    x = leaf([[1.0, 2.0, 4.0], [3.0, -1.0, 0.5], [0.25, 1.5, -2.0]])
    w, b = leaf([1.0, 2.0, 0.5]), leaf([0.1, 0.2, 0.3])
    y = apply("LayerNorm", [x, w, b], eps=eps)
    c = Tensor([[1.0, 2.0, -1.0], [-0.5, 1.5, 0.25], [0.75, -1.0, 2.0]])
    q = y * c
    L = q.sum()
    return L, {"x": x, "w": w, "b": b, "y": y, "c": c, "q": q, "L": L}


def softmax() -> Graph:
    z, c = leaf([[1.0, 2.0, 0.5], [3.0, 1.75, 0.75], [0.25, 1.5, 2.25]]), Tensor([[1.0, 2.0, -1.0]] * 3)
    p = z.softmax(1)
    q = p * c
    L = q.sum()
    return L, {"z": z, "p": p, "c": c, "q": q, "L": L}


def classifier() -> Graph:
    z, t = leaf([[1.0, 2.0, 0.5], [3.0, 1.75, 0.75]]), Tensor([0, 2], dtype="int64")
    L = F.cross_entropy(z, t)
    return L, {"z": z, "t": t, "L": L}


GRAPHS: Mapping[str, Callable[[], Graph]] = {
    "chain": chain,
    "layer": layer,
    "product": product,
    "attention": attention,
    "norm": norm,
    "softmax": softmax,
    "classifier": classifier,
}
