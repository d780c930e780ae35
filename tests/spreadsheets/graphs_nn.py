"""The graphs of graphs.py for the operations of layers and losses."""

from __future__ import annotations

from typing import Tuple

from graphs import case, tensor, weighted

from saitama.autograd.function import apply
from saitama.tensor.tensor import Tensor


def _linear(rows: Tuple[int, ...], inputs: int, outputs: int, bias: bool) -> None:
    @case(f"Linear {rows} {inputs} {outputs} {bias}")
    def make() -> Tensor:
        operands = [tensor(*rows, inputs), tensor(outputs, inputs)] + ([tensor(outputs)] if bias else [])
        return weighted(apply("Linear", operands))


for _rows, _inputs, _outputs, _bias in [
    ((2,), 3, 4, True),
    ((9,), 10, 9, True),
    ((2,), 3, 2, False),
    ((), 3, 2, True),
    ((), 9, 10, False),
    ((2, 3), 4, 2, True),
    ((2, 2, 3), 9, 10, True),
    ((1,), 1, 1, True),
]:
    _linear(_rows, _inputs, _outputs, _bias)


@case("Softplus")
def _softplus() -> Tensor:
    return weighted(apply("Softplus", [tensor(2, 4, low=-30.0, high=30.0)]))


def _cross_entropy(classes: int, smoothing: float) -> None:
    @case(f"CrossEntropy {classes} {smoothing}")
    def make() -> Tensor:
        targets = Tensor([0, classes - 1, -100, classes // 2], dtype="int64")
        params = {"ignore_index": -100, "label_smoothing": smoothing}
        return weighted(apply("CrossEntropy", [tensor(4, classes), targets], **params))


for _classes, _smoothing in [(3, 0.0), (5, 0.1), (1, 0.0), (2, 1.0)]:
    _cross_entropy(_classes, _smoothing)


def _batch_norm(rows: int, affine: bool) -> None:
    @case(f"BatchNorm {rows} {affine}")
    def make() -> Tensor:
        operands = [tensor(rows, 3)] + ([tensor(3), tensor(3)] if affine else [])
        return weighted(apply("BatchNorm", operands, eps=1e-5))


for _rows, _affine in [(4, True), (4, False), (2, True)]:
    _batch_norm(_rows, _affine)
