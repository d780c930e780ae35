"""gradcheck: is the derivative that backward() gives the slope that the function really has?

After reading it you can test any operation of your own: central differences know nothing of its backward.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from itertools import count
from typing import Any, Callable, Iterator, List, Sequence, Tuple, Union

from saitama.tensor import Tensor
from saitama.tensor.dtype import is_float

from .by_hand import numeric_derivative
from .function import Function, ancestors, no_grad


class GradcheckError(AssertionError):
    """A derivative differs from the numeric one, or the function is not one that has a derivative."""


def gradcheck(
    function: Callable[..., Any],
    inputs: Union[Tensor, Sequence[Tensor]],
    *,
    eps: float = 1e-6,
    atol: float = 1e-6,
    rtol: float = 1e-5,
) -> bool:
    """Compare backward() with central differences for every element of every input that requires a gradient. True if
    all agree.

    Outputs of many elements are checked all at once: backward() starts from one fixed irregular weight for each
    element, and the differences are taken of the sum of the outputs times those weights. No `.grad` is changed by the
    check.

    Args:
        function: takes the inputs, gives a Tensor or several, and must give the same for the same inputs.
        inputs: one Tensor or a sequence of them; those to be checked are float64 and require a gradient.
        eps: the step of the differences, see `numeric_derivative`.
        atol, rtol: right means |analytic - numeric| <= atol + rtol · |numeric|.

    Raises:
        GradcheckError: names the input, its worst element and both numbers, or says that two calls gave different
        results. TypeError, ValueError: for inputs or outputs that cannot be checked.
    """
    leaves = _leaves(inputs)
    outputs = _call(function, leaves)
    tracked = [output for output in outputs if output.requires_grad]
    if not tracked:
        raise ValueError(
            "gradcheck: recorded operations lead from the inputs to no output, so there is no derivative to check"
        )
    with _grads_aside(tracked):
        _backward(outputs)
        analytic = [None if leaf.grad is None else leaf.grad.reshape(-1).tolist() for leaf in leaves]
    with no_grad():
        _check_repeatable(outputs, _call(function, leaves))
        for position, leaf in enumerate(leaves):
            if leaf.requires_grad:
                numeric = _numeric(function, leaves, position, eps)
                _compare(position, leaf, analytic[position] or [0.0] * leaf.numel(), numeric, atol, rtol)
    return True


def _leaves(inputs: Union[Tensor, Sequence[Tensor]]) -> List[Tensor]:
    """Leaves of our own with the numbers of the inputs."""
    tensors = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"gradcheck: input {position} is {type(tensor).__name__} {tensor!r:.40}, expected a Tensor")
        if tensor.requires_grad and tensor.dtype != "float64":
            raise TypeError(
                f"gradcheck: input {position} is {tensor.dtype}, expected float64: differences of coarser "
                "numbers say nothing; use Tensor(..., dtype='float64', requires_grad=True)"
            )
    if not any(tensor.requires_grad for tensor in tensors):
        raise ValueError("gradcheck: no input requires a gradient; make the ones to check with requires_grad=True")
    return [Tensor(t.detach(), requires_grad=t.requires_grad, name=t.name) for t in tensors]


def _call(function: Callable[..., Any], inputs: Sequence[Tensor]) -> List[Tensor]:
    result = function(*inputs)
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    for output in outputs:
        if not isinstance(output, Tensor):
            raise TypeError(f"gradcheck: the function gave {type(output).__name__} {output!r:.40}, expected a Tensor")
        if is_float(output.dtype) and output.dtype != "float64":
            raise TypeError(
                f"gradcheck: the function gave {output.dtype}, too coarse for differences; keep to float64 inside it"
            )
    return outputs


def _weights(outputs: Sequence[Tensor]) -> List[List[float]]:
    """One number between 0.5 and 1.5 for each element: irregular, so that mistakes in several do not cancel, and always
    the same.

    A single element has the weight 1: then the two numbers in a message are the derivative itself.
    """
    if sum(output.numel() for output in outputs) == 1:
        return [[1.0] * output.numel() for output in outputs]
    golden = (math.sqrt(5) - 1) / 2
    k = count(1)
    return [[0.5 + (next(k) * golden) % 1.0 for _ in range(output.numel())] for output in outputs]


def _backward(outputs: Sequence[Tensor]) -> None:
    for output, weights in zip(outputs, _weights(outputs)):
        if output.requires_grad:
            output.backward(Tensor(weights).reshape(output.shape), retain_graph=True)


def _numbers(tensor: Tensor) -> List[float]:
    return tensor.detach().reshape(-1).tolist()


def _weighted_sum(outputs: Sequence[Tensor]) -> float:
    terms = [
        weight * number
        for output, weights in zip(outputs, _weights(outputs))
        if is_float(output.dtype)  # integers and bools change in steps: their slope is 0
        for weight, number in zip(weights, _numbers(output))
    ]
    return math.fsum(terms) if all(map(math.isfinite, terms)) else math.nan


def _numeric(function: Callable[..., Any], leaves: Sequence[Tensor], position: int, eps: float) -> List[float]:
    """The slope of the weighted sum of the outputs along each element of one input."""
    leaf, numbers = leaves[position], _numbers(leaves[position])

    def slope(i: int) -> float:
        def f(number: float) -> float:
            changed = Tensor([*numbers[:i], number, *numbers[i + 1 :]]).reshape(leaf.shape)
            return _weighted_sum(_call(function, [*leaves[:position], changed, *leaves[position + 1 :]]))

        return numeric_derivative(f, numbers[i], eps)

    return [slope(i) for i in range(len(numbers))]


def _compare(
    position: int, leaf: Tensor, analytic: List[float], numeric: List[float], atol: float, rtol: float
) -> None:
    excess = [abs(a - n) - (atol + rtol * abs(n)) for a, n in zip(analytic, numeric)]
    wrong = [i for i, e in enumerate(excess) if not e <= 0]  # a NaN is wrong too
    if not wrong:
        return
    worst = max(wrong, key=lambda i: math.inf if math.isnan(excess[i]) else excess[i])
    name = "" if leaf.name is None else f" ({leaf.name})"
    raise GradcheckError(
        f"gradcheck: the derivative by input {position}{name} at {_index(worst, leaf.shape)} is {analytic[worst]:.9g} "
        f"by backward(), {numeric[worst]:.9g} by differences (of the weighted sum of several outputs); "
        f"{len(wrong)} of its {leaf.numel()} elements differ. Either a backward is wrong, or the function has a jump "
        "or a kink there, as relu has at 0: then move the input"
    )


def _index(flat: int, shape: Tuple[int, ...]) -> List[int]:
    index = []
    for size in reversed(shape):
        flat, last = divmod(flat, size)
        index.append(last)
    return index[::-1]


def _check_repeatable(first: Sequence[Tensor], second: Sequence[Tensor]) -> None:
    if [output.shape for output in first] != [output.shape for output in second]:
        raise GradcheckError("gradcheck: two calls with the same inputs gave outputs of different shapes")
    for a, b in zip(first, second):
        for i, (x, y) in enumerate(zip(_numbers(a), _numbers(b))):
            if x != y and not (x != x and y != y):
                raise GradcheckError(
                    f"gradcheck: two calls with the same inputs gave {x!r} and {y!r} at {_index(i, a.shape)}; "
                    "a function to be checked must not be random: call manual_seed inside it, or switch off its dropout"
                )


@contextmanager
def _grads_aside(outputs: Sequence[Tensor]) -> Iterator[None]:
    """Inside, every leaf that the outputs come from has no .grad; afterwards each has its old one back."""
    nodes = [node for output in outputs if output.node is not None for node in ancestors(output.node)]
    sources = {source for node in nodes for source in node.inputs or () if not isinstance(source, Function)}
    sources.update(output for output in outputs if output.node is None)
    before = {tensor: tensor.grad for tensor in sources}
    try:
        for tensor in before:
            tensor.grad = None
        yield
    finally:
        for tensor, grad in before.items():
            tensor.grad = grad
