"""Where the time goes: every operation and every module, forward and backward, beside what the machine can do.

    with profile() as p:
        loss = loss_function(model(x), y)
        loss.backward()
        optimizer.step()
    print(p)                       # a table of the operations, and one of the modules
    p.export("profile.xlsx")

An operation cannot take less time than its FLOP at the machine's fastest, nor than its bytes at that of the memory. The
longer of the two, over the time it took, is its share of the peak: what is left to gain. (More than 1 is possible: a
cache is faster than memory.)
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Sequence, Tuple, Union

from saitama.autograd.cost import backward_cost, forward_cost
from saitama.autograd.function import Function
from saitama.autograd.observe import Observer, observe
from saitama.nn.calls import Calls, follow
from saitama.optim.optimizer import Optimizer
from saitama.tensor.backend import K

ELSE = "(all else)"  # Python between the operations, gradients that are added up, data, clipping
MIB = 1 << 20
WIDTHS = (6, 11, 11, 5, 8, 8, 8, 7)  # of the columns behind the name


@dataclass
class Row:
    """What an operation or a module took in all."""

    name: str
    calls: int = 0
    forward: float = 0.0  # seconds
    backward: float = 0.0
    flop: int = 0
    bytes: int = 0
    dtype: str = "float64"  # of its results, the last one

    @property
    def seconds(self) -> float:
        return self.forward + self.backward


class Peaks(NamedTuple):
    """What this machine can do now, with as many threads as are set."""

    flops: Dict[str, float]  # a second, in products of one dtype
    bandwidth: float  # bytes a second, read and written

    def least(self, row: Row) -> float:
        """The time below which nobody gets."""
        return max(row.flop / self.flops[row.dtype], row.bytes / self.bandwidth)


class Shape(NamedTuple):
    """What is left to know of an array."""

    shape: Tuple[int, ...]
    size: int
    dtype: str


class profile(Observer):
    """`with profile() as p:` measures all in the block; as long as no profile runs, nothing is measured.

    Attributes, after the block: seconds: in all. operations, modules: rows, the longest first; a module's include those
    of all modules inside. One profile at a time: RuntimeError for a second.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._calls = Calls()
        self._operations: Dict[str, Row] = {}
        self._modules: Dict[str, Row] = {}
        # By the id of a node: the modules it was made in, and what its inputs were. A new node may have the id of one
        # that is gone, and then takes its place.
        self._made: Dict[int, Tuple[List[str], List[Shape]]] = {}

    def __enter__(self) -> profile:
        self._stack = ExitStack()
        with ExitStack() as stack:
            stack.enter_context(observe(self))
            stack.enter_context(follow(self._calls, began=self._began))
            stack.enter_context(_timed(Optimizer, "step", self._step))
            self._stack = stack.pop_all()
        self._start = perf_counter()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.seconds = perf_counter() - self._start
        self._stack.close()
        self._made.clear()

    @property
    def operations(self) -> List[Row]:
        """Those that ran, and all else as a row of its own."""
        rows = list(self._operations.values())
        rest = Row(ELSE, forward=max(0.0, self.seconds - sum(row.seconds for row in rows)))
        return [*sorted(rows, key=lambda row: -row.seconds), rest]

    @property
    def modules(self) -> List[Row]:
        """Each with all that is inside, as they were met: a module stands above its parts."""
        order = [path for path in self._calls.modules if path in self._modules]
        return [self._modules[path] for path in order]

    # --- what is seen -------------------------------------------------------------------------------------------------
    def _began(self, path: str, module: Any) -> None:
        self._modules.setdefault(path, Row(path)).calls += 1

    def forward(self, node: Function, inputs: Sequence[Any], output: Any, seconds: float) -> None:
        paths = list(dict.fromkeys(self._calls.paths))
        self._made[id(node)] = paths, [Shape(x.shape, x.size, x.dtype) for x in inputs]
        flop, moved = forward_cost(node, inputs, output)
        for row in self._rows(node, paths):
            row.forward += seconds
            row.flop, row.bytes = row.flop + flop, row.bytes + moved
            row.dtype = output.dtype if output.dtype in ("float64", "float32") else row.dtype
        self._operations[type(node).__name__].calls += 1

    def backward(self, node: Function, dy: Any, gradients: Sequence[Any], seconds: float) -> None:
        paths, inputs = self._made.get(id(node), ([], []))  # the forward pass may have been before the profile
        flop, moved = backward_cost(node, inputs, dy, gradients) if inputs else (0, 0)
        for row in self._rows(node, paths):
            row.backward += seconds
            row.flop, row.bytes = row.flop + flop, row.bytes + moved

    def _step(self, optimizer: Optimizer, seconds: float) -> None:
        name = f"{type(optimizer).__name__}.step"
        row = self._operations.setdefault(name, Row(name))
        row.calls += 1
        row.forward += seconds

    def _rows(self, node: Function, paths: Iterable[str]) -> List[Row]:
        name = type(node).__name__
        return [self._operations.setdefault(name, Row(name)), *(self._modules.setdefault(p, Row(p)) for p in paths)]

    # --- what is told -------------------------------------------------------------------------------------------------
    def __str__(self) -> str:
        peaks = measure_peaks()
        speeds = ", ".join(f"{dtype} {rate / 1e9:.0f} GFLOP/s" for dtype, rate in peaks.flops.items())
        lines = [f"{self.seconds * 1e3:.1f} ms in all; this machine now: {speeds}, {peaks.bandwidth / 1e9:.0f} GB/s"]
        for title, rows in (("operation", self.operations), ("module (with all inside)", self.modules)):
            width = max([len(title), *(len(row.name) for row in rows)])
            lines.append("")
            head = ("calls", "forward", "backward", "time", "GFLOP", "MB", "GFLOP/s", "of peak")
            lines.append("  ".join([title.ljust(width), *(name.rjust(size) for name, size in zip(head, WIDTHS))]))
            for row in rows:
                cells = [str(row.calls or ""), f"{row.forward * 1e3:.2f} ms", f"{row.backward * 1e3:.2f} ms"]
                cells.append(f"{row.seconds / (self.seconds or 1):.0%}")
                if row.bytes and row.seconds:
                    rate, share = row.flop / row.seconds / 1e9, peaks.least(row) / row.seconds
                    cells += [f"{row.flop / 1e9:.3f}", f"{row.bytes / 1e6:.1f}", f"{rate:.1f}", f"{share:.0%}"]
                lines.append("  ".join([row.name.ljust(width), *(c.rjust(size) for c, size in zip(cells, WIDTHS))]))
        return "\n".join(lines)

    def export(self, path: Union[str, os.PathLike[str]]) -> None:
        """Write the tables to an .xlsx workbook, in which rates and shares are formulas on the numbers measured."""
        from saitama.spreadsheets.write.curves import Table, write_curves

        peaks = measure_peaks()
        machine = [[f"FLOP a second, {dtype}", rate] for dtype, rate in peaks.flops.items()]
        machine.append(["bytes a second", peaks.bandwidth])
        machine.append(["seconds in all", self.seconds])
        columns = ["name", "calls", "forward s", "backward s", "seconds", "share of the time", "FLOP", "bytes"]
        columns += ["dtype", "GFLOP/s", "least seconds", "share of peak"]
        formats = ["", "0", *["0.000000"] * 3, "0.0%", "#,##0", "#,##0", "", "0.0", "0.000000", "0.0%"]
        places = {dtype: f"Machine!$B${row}" for row, dtype in enumerate(peaks.flops, start=4)}
        bandwidth, total = f"Machine!$B${4 + len(places)}", f"Machine!$B${5 + len(places)}"

        def cells(row: Row) -> List[Any]:
            least = f"=MAX(G{{row}}/{places[row.dtype]},H{{row}}/{bandwidth})"
            share = ["=C{row}+D{row}", f"=E{{row}}/{total}", row.flop, row.bytes, row.dtype]
            rates = ["=IF(E{row}>0,G{row}/E{row}/1E9,0)", least, "=IF(E{row}>0,K{row}/E{row},0)"]
            return [row.name, row.calls, row.forward, row.backward, *share, *rates]

        operations = Table("Operations", columns, [cells(row) for row in self.operations], formats=formats)
        modules = Table(
            "Modules", columns, [cells(row) for row in self.modules], "each with all inside", formats=formats
        )
        notes = [
            "Operations and modules: what was measured, and rates that follow from it.",
            "Least seconds: FLOP at the machine's fastest product, or bytes at that of its memory: the longer one.",
        ]
        table = Table(
            "Machine", ["measured", "value"], machine, "with the threads that were set", formats=["", "0.000E+00"]
        )
        write_curves(path, "Profile", notes, [], [operations, modules, table])


_peaks: Dict[int, Peaks] = {}


def measure_peaks() -> Peaks:
    """The fastest of a few large products and copies, once for each number of threads; a fifth of a second."""
    threads = K.get_num_threads()
    if threads not in _peaks:
        n = 512 if K.info()["backend"] == "compiled" else 24
        flops = {}
        for dtype in ("float64", "float32"):
            a = K.full((n, n), 1.0, dtype)
            flops[dtype] = 2 * n**3 / _fastest(lambda a=a: K.matmul(a, a))  # type: ignore[misc]
        block = K.full((4 * MIB if n == 512 else 1000,), 1.0, "float64")
        _peaks[threads] = Peaks(flops, 2 * 8 * block.size / _fastest(lambda: K.neg(block)))
    return _peaks[threads]


def _fastest(call: Callable[[], Any]) -> float:
    """Seconds of the fastest of several calls."""
    times = []
    for _ in range(7):
        begin = perf_counter()
        call()
        times.append(perf_counter() - begin)
    return min(times)


class _timed:
    """Replace a method for a block by one that tells how long it took."""

    def __init__(self, owner: Any, name: str, tell: Callable[[Any, float], None]) -> None:
        self.owner, self.name, self.tell, self.plain = owner, name, tell, vars(owner)[name]

    def __enter__(self) -> None:
        def method(this: Any, *args: Any, **kwargs: Any) -> Any:
            begin = perf_counter()
            result = self.plain(this, *args, **kwargs)
            self.tell(this, perf_counter() - begin)
            return result

        setattr(self.owner, self.name, method)

    def __exit__(self, *exception: Any) -> None:
        setattr(self.owner, self.name, self.plain)
