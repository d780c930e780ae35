"""Chooses who computes: the compiled kernels or their pure-Python twin. Everything else calls `K.add(a, b)`.

The environment variable SAITAMA_KERNELS decides: `compiled` or `reference`; unset, the compiled kernels are used if
they were built and this machine can run them, else the reference, with one warning that says why and what to do.
"""

from __future__ import annotations

import importlib
import os
import warnings
from typing import TYPE_CHECKING, Any

from . import cpu

HOW_TO_BUILD = (
    "install a C compiler and run `pip install .` again (or `python setup.py build_ext --inplace` in the source folder)"
)


def import_reference() -> Any:
    """The pure-Python kernels: always there, slow, made to be read."""
    return importlib.import_module("saitama.tensor.reference")


def import_compiled() -> Any:
    """The compiled kernels. Raises ImportError that says why they cannot be used."""
    problem = cpu.unsupported_instructions()  # asked first: an unknown instruction would end the process
    if problem:
        raise ImportError(problem)
    try:
        kernels = importlib.import_module("saitama.kernels")
    except ImportError as error:
        raise ImportError(f"the compiled kernels are not available ({error}); {HOW_TO_BUILD}") from error
    if not hasattr(kernels, "Array"):  # a folder called kernels imports too, as an empty namespace package
        reason = cpu.build_record().get("reason")
        raise ImportError(f"the compiled kernels are not built{f' ({reason})' if reason else ''}; {HOW_TO_BUILD}")
    return kernels


def choose(wanted: str) -> Any:
    """The module for a value of SAITAMA_KERNELS. Raises ImportError if it cannot be had, ValueError if unknown."""
    if wanted == "compiled":
        return import_compiled()
    if wanted == "reference":
        return import_reference()
    if wanted:
        raise ValueError(f"SAITAMA_KERNELS={wanted}: choose compiled or reference")
    try:
        return import_compiled()
    except ImportError as error:
        warnings.warn(
            f"saitama computes with its slow pure-Python kernels: {error}. SAITAMA_KERNELS=reference silences this.",
            RuntimeWarning,
            stacklevel=2,
        )
        return import_reference()


if TYPE_CHECKING:
    from saitama import kernels as K
else:
    K = choose(os.environ.get("SAITAMA_KERNELS", ""))

__all__ = ["K"]
