"""What is remembered of an operation on tensors: the same on both backends, and what it should be.

The program runs once on each backend, in a process of its own, as a process has one class of tensors.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, Callable, List

import pytest
from twin_cases import Twins

PROGRAM = """
import threading
from saitama import Tensor, no_grad
from saitama.autograd.function import apply, is_grad_enabled, watchers
from saitama.tensor.backend import K

names = {}

def name(source):
    return names.get(id(source), type(source).__name__)

def tell(what, y):
    node = y.node
    graph = None if node is None else (
        type(node).__name__, [name(x) for x in node.inputs], node.needs, node.shape, node.dtype, node.name, node.calls,
        node.kept, node.operands)
    kept = None if y.origin is None else (
        type(y.origin).__name__, [name(x) for x in y.origin.operands], y.origin.depth, y.origin.inputs)
    node = node or y.origin
    what += str([getattr(node, param) for param in node.params]) if node is not None and node.params else ""
    print(what, y.dtype, y.shape, y.requires_grad, "graph", graph, "origin", kept)

def attempt(what, call):
    try:
        tell(what, call())
    except Exception as error:
        print(what, type(error).__name__, error)

a, b, w = Tensor([1.0, 2.0]), Tensor([[3.0], [4.0]]), Tensor([0.5, -0.5], requires_grad=True)
f, i, t = Tensor([1.0, 2.0], dtype="float32"), Tensor([1, 2], dtype="int64"), Tensor([True, False])
large = Tensor([1.0] * 1025)
names.update({id(x): text for text, x in dict(a=a, b=b, w=w, f=f, i=i, t=t, large=large).items()})

for what, x in list(locals().items()):
    if isinstance(x, Tensor) and len(what) == 1:
        for other in (a, b, w, f, i, t):
            attempt(f"{what} + {name(other)}", lambda: x + other)
        for number in (2, 2.5, -3, True, 2**53, 2**53 + 1, 10**400, 1e300, float("nan"), None, "2", 1j, [1.0, 2.0]):
            attempt(f"{what} * {str(number)[:20]}", lambda: x * number)
            attempt(f"{str(number)[:20]} - {what}", lambda: number - x)
        attempt(f"relu {what}", lambda: x.relu())
        attempt(f"-{what}", lambda: -x)
        attempt(f"{what} > a", lambda: x > a)
        attempt(f"sum {what}", lambda: x.sum(dim=0))
        attempt(f"matmul {what}", lambda: x @ Tensor([1.0, 2.0]))
tell("2 of them", (a + b).relu())
tell("where", K.apply("Where", [t, a, w]))
tell("part", b[::2, 0:1])
tell("part", w[1:])
tell("large", large + 1.0)
tell("of large", large.sum())
x = a
for _ in range(70):
    x = x + 1.0
    print(None if x.origin is None else x.origin.depth, end=" ")
y, z = a + a, w * w
print(y.origin.seq < z.node.seq < K.next_seq())
with no_grad():
    tell("no_grad", a + a)
    tell("no_grad", w + a)
    watchers.append(print)
    tell("watched", a + a)
    tell("watched", w + a)
    watchers.clear()
    seen = []
    thread = threading.Thread(target=lambda: seen.append(is_grad_enabled()))
    thread.start()
    thread.join()
    print("grad", is_grad_enabled(), seen)
print("grad", is_grad_enabled(), K.set_grad_enabled(True))
attempt("no tensor", lambda: apply("Add", (a, 1.0)))
attempt("nothing", lambda: apply("Add", (a, None)))
attempt("no numbers", lambda: a + Tensor.__new__(Tensor))
attempt("without numbers", lambda: apply("Where", (t, a, Tensor.__new__(Tensor))))
attempt("unknown", lambda: apply("Nonsense", (a,)))
try:
    print(apply("Add", (a, b), size=1))
except TypeError as error:
    print("parameter", str(error)[-6:])
leaf = K.wrap(a.array, True)
print(type(leaf).__name__, leaf.requires_grad, leaf.node, leaf.origin, leaf.grad, leaf.name)
"""


def lines_of(backend: str) -> List[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "SAITAMA_KERNELS": backend},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def lines() -> List[str]:
    return lines_of("reference")


def test_both_backends_remember_the_same(twins: Twins, lines: List[str]) -> None:
    assert lines_of("compiled") == lines


@pytest.mark.parametrize(
    "line",
    [
        "a + a float64 (2,) False graph None origin ('Add', ['a', 'a'], 1, None)",
        "2 of them float64 (2, 2) False graph None origin ('ReLU', ['Tensor'], 2, None)",
        "w + a float64 (2,) True graph ('Add', ['w', 'a'], (True, False), (2,), 'float64', None, None, None, None) "
        "origin None",
        "w > a bool (2,) False graph ('Gt', ['w', 'a'], (True, False), (2,), 'bool', None, None, None, None) "
        "origin None",
        "part[(0, 0), (2, 1), (1, 1), (1, 1)] float64 (1, 1) False graph None origin ('Slice', ['b'], 1, None)",
        "large float64 (1025,) False graph None origin None",
        "no_grad float64 (2,) False graph None origin None",
        "watched float64 (2,) False graph None origin ('Add', ['w', 'a'], 1, None)",
        "grad False [True]",
        "parameter 'size'",
        "no tensor TypeError Add: expected Tensors, got float",
        "f * 1e+300 float32 (2,) False graph None origin ('Mul', ['f', 'Tensor'], 1, None)",
    ],
)
def test_what_is_remembered(line: str, lines: List[str]) -> None:
    assert line in lines


def test_a_long_loop_is_kept_for_64_steps(lines: List[str]) -> None:
    steps = next(line for line in lines if line.startswith("1 2 3")).split()[:70]
    assert steps[:64] == [str(step) for step in range(1, 65)] and steps[64:66] == ["None", "1"]


def test_what_is_no_tensor_cannot_be_recorded(kernels: Any) -> None:
    out = kernels.wrap(kernels.full((), 1.0, "float64"), cls=kernels.TensorBase)
    empty = kernels.TensorBase.__new__(kernels.TensorBase)
    attempts: List[Callable[[], Any]] = [
        lambda: kernels.record(kernels.FunctionBase(), (1.0,), out),
        lambda: kernels.record(kernels.FunctionBase(), (None,), out),
        lambda: kernels.apply("Nothing", (None,)),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError, match="expected Tensors, got"):
            attempt()
    for inputs, result in (((out,), empty), ((empty,), out)):
        with pytest.raises(TypeError, match="record: a Tensor without numbers"):
            kernels.record(kernels.FunctionBase(), inputs, result)
