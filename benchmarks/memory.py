"""How much memory ((a * b + c).exp() * d).sum() takes on ten million elements: the most that was resident during the
expression, less what was before it (the four inputs), in a fresh process for each library.

needed: what the expression cannot do without where every operation makes a new array. Forward alone, two: the input and
the output of an operation. With gradients, four: the gradients of the four inputs at the end, no more on the way.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Dict, Iterator, List

from benchmarks.peers import peer
from benchmarks.timing import Result

TITLE = "Memory of a chain of operations"
QUANTITY = "memory"
ELEMENTS = 10_000_000
ROUNDS = 3

PROGRAM = """
import {library} as library
exp = getattr(library, "exp", None) or library.Tensor.exp

def expression(a, b, c, d):
    return (exp(a * b + c) * d).sum()

def step(*inputs):
    y = expression(*inputs)
    if {gradients}:
        y.backward()

def inputs(n):
    values = [library.ones({shape}, dtype={dtype}) for _ in range(4)]
    if {gradients}:
        for x in values:
            x.requires_grad = True
    return values

def status(field):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))

step(*inputs(1000))
values = inputs({elements})
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # forget the highest memory so far
before = status("VmRSS")
step(*values)
print(status("VmHWM") - before)
"""


def highest(library: str, dtype: str, gradients: bool) -> float:
    """Bytes over those of the inputs."""
    code = PROGRAM.format(
        library=library,
        dtype=f"library.{dtype}" if library != "saitama" else repr(dtype),
        gradients=gradients,
        elements=ELEMENTS,
        shape="n" if library != "numpy" else "(n,)",
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    return float(run.stdout)


def results() -> Iterator[Result]:
    if not sys.platform.startswith("linux"):
        print("  memory: reads Linux's /proc, skipped")
        return
    for dtype, itemsize in (("float64", 8), ("float32", 4)):
        for gradients in (False, True):
            libraries = ["saitama", "torch"] if gradients else ["saitama", "numpy", "torch"]
            used: Dict[str, List[float]] = {
                name: [highest(name, dtype, gradients) for _ in range(ROUNDS)] for name in libraries if peer(name)
            }
            used["needed"] = [(4.0 if gradients else 2.0) * itemsize * ELEMENTS] * ROUNDS
            case = "forward and backward" if gradients else "forward"
            yield Result(f"((a * b + c).exp() * d).sum(), {case}, {dtype}", used, reach=1.05)
