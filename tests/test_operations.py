"""The places of an operation: one test names each that was forgotten. CONTRIBUTING.md leads through them."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any, Iterator, List, Set

from operations import OPERATIONS

import saitama
from saitama.autograd.function import OPS, Function
from saitama.spreadsheets.formulas import FORMULAS
from saitama.tensor.backend import K
from saitama.tensor.reference import KERNELS

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = Path(saitama.__file__).parent


def test_every_operation_has_all_its_places() -> None:
    assert list(forgotten()) == []


def forgotten() -> Iterator[str]:
    """A line for each place that an operation lacks: what is missing, and where it is added."""
    operations = {op: cls for op, cls in OPS.items() if cls.__module__.startswith("saitama.autograd.ops.")}
    sources = {path: path.read_text(encoding="utf-8") for path in LIBRARY.rglob("*.py")}
    outside = "".join(text for path, text in sources.items() if "ops" not in path.parts)
    inside = "".join(sources.values())
    compiled = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "kernels").glob("*.pxi"))
    cases = set(tried())
    for op, cls in operations.items():
        for name in sorted(kernels_of(cls)):
            if name not in KERNELS:
                yield f"{op} has no twin: add {name} to saitama/tensor/reference/"
            if f"def {name}(" not in compiled:
                yield f"{op} has no compiled kernel: add {name} to kernels/operations.pxi"
            elif not hasattr(K, name) and name in KERNELS:
                yield f"{op} has a kernel that is not built: run `python setup.py build_ext --inplace` for {name}"
        if op not in FORMULAS:
            yield f"{op} has no formula: add a class to spreadsheets/formulas/"
        if op not in cases:
            yield f"{op} has no case in the tests: add one to tests/operations.py, or to tests/spreadsheets/graphs.py"
        if f'"{op}"' not in outside:
            yield f"{op} has no public name: add a function to saitama/nn/functional.py or a method to Tensor"
    classless = {case.op for case in OPERATIONS} | set(FORMULAS)
    for op in sorted(classless - set(OPS)):
        yield f"{op} has no class: add one, with its derivative, to saitama/autograd/ops/"
    used = set(re.findall(r"\bK\.(\w+)", inside))
    for name in KERNELS:
        if name not in used:
            yield f"{name} is a kernel that nothing uses: add the class of its operation to saitama/autograd/ops/"


def kernels_of(cls: Any) -> Set[str]:
    """The kernels that an operation's forward and backward name."""
    source = inspect.getsource(cls.forward) + inspect.getsource(cls.backward)
    return {name for name in re.findall(r"\bK\.(\w+)", source) if name[0].islower()}


def tried() -> Iterator[str]:
    """The operations that the cases for workbooks are made of, without computing them: their names come first."""
    sys.path.insert(0, str(ROOT / "tests" / "spreadsheets"))
    try:
        from graphs import CASES
    finally:
        sys.path.pop(0)
    return (name.split()[0] for name in CASES)


def test_a_class_alone_lacks_all_the_rest(monkeypatch: Any) -> None:
    class Nothing(Function, abstract=True):
        def forward(self, x: Any) -> Any:
            return K.nothing(x)  # type: ignore[attr-defined]

    Nothing.__module__ = "saitama.autograd.ops.elementwise"
    monkeypatch.setitem(OPS, "Nothing", Nothing)
    assert [line.split(":")[0] for line in forgotten()] == [
        "Nothing has no twin",
        "Nothing has no compiled kernel",
        "Nothing has no formula",
        "Nothing has no case in the tests",
        "Nothing has no public name",
    ]


def test_a_formula_or_a_kernel_alone_lacks_its_class(monkeypatch: Any) -> None:
    monkeypatch.setitem(FORMULAS, "Nothing", FORMULAS["Exp"])
    monkeypatch.setitem(KERNELS, "nothing", KERNELS["exp"])
    lines: List[str] = [line.split(":")[0] for line in forgotten()]
    assert lines == ["Nothing has no class", "nothing is a kernel that nothing uses"]
