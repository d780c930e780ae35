"""SAITAMA_KERNELS chooses who computes."""

from __future__ import annotations

import importlib
import types
from pathlib import Path
from typing import Any, Optional

import pytest

from saitama.tensor import backend, reference


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What importing saitama.kernels gives in this test: a module, or the error it raises."""
    found = {"saitama.kernels": types.SimpleNamespace(Array=object)}

    def import_module(name: str) -> Any:
        module = found.get(name) or importlib_import(name)
        if isinstance(module, Exception):
            raise module
        return module

    importlib_import = importlib.import_module
    monkeypatch.setattr(backend, "importlib", types.SimpleNamespace(import_module=import_module))
    monkeypatch.setattr(backend.cpu, "kernels_folder", lambda wanted: backend.cpu.PACKAGE)
    monkeypatch.setattr(backend, "built_elsewhere", lambda: None)
    return found


def test_the_reference_can_be_chosen(modules: Any) -> None:
    assert backend.choose("reference") is reference


def test_compiled_kernels_are_used_where_there_are_some(modules: Any) -> None:
    assert backend.choose("") is modules["saitama.kernels"]
    assert backend.choose("compiled") is modules["saitama.kernels"]


MISSING = ModuleNotFoundError("No module named 'saitama.kernels'")


@pytest.mark.parametrize("checkout", [Path("/source"), None], ids=["checkout", "installed"])
def test_missing_kernels_are_an_error_or_one_warning(modules: Any, monkeypatch: Any, checkout: Optional[Path]) -> None:
    modules["saitama.kernels"] = MISSING
    monkeypatch.setattr(backend, "CHECKOUT", checkout)
    advice = "`pip install -e .` in .source builds them" if checkout else "install a C compiler and then saitama again"
    with pytest.raises(ImportError, match=f"are not built.*; .*{advice}"):
        backend.choose("compiled")
    with pytest.warns(RuntimeWarning, match=advice) as warned:
        assert backend.choose("") is reference
    assert len(warned) == 1


def test_kernels_that_cannot_be_loaded_say_why(modules: Any) -> None:
    modules["saitama.kernels"] = ImportError("libgomp.so.1: cannot open shared object file")
    with pytest.raises(ImportError, match=r"are not usable \(libgomp.so.1: cannot open shared object file\); "):
        backend.choose("compiled")


def test_a_processor_that_lacks_instructions_never_loads_them(modules: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    modules["saitama.kernels"] = AssertionError("must not be imported")

    def kernels_folder(wanted: str) -> Path:
        raise ImportError("this processor lacks avx512f")

    monkeypatch.setattr(backend.cpu, "kernels_folder", kernels_folder)
    with pytest.raises(ImportError, match="lacks avx512f"):
        backend.choose("compiled")
    with pytest.warns(RuntimeWarning, match="lacks avx512f"):
        assert backend.choose("") is reference


def test_anything_else_names_the_choices(modules: Any) -> None:
    with pytest.raises(ValueError, match="SAITAMA_KERNELS=fast: choose compiled or reference"):
        backend.choose("fast")
