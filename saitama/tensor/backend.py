"""Chooses who computes: the compiled kernels or their pure-Python twin. Everything else calls `K.add(a, b)`.

The environment variable SAITAMA_KERNELS decides: `compiled` or `reference`; unset, the compiled kernels are used if
they were built and this machine can run them, else the reference, with one warning that says why and what to do. Of
kernels that were built in several variants, SAITAMA_VARIANT can name one.
"""

from __future__ import annotations

import importlib
import os
import warnings
from typing import TYPE_CHECKING, Any

import saitama
from saitama.source_tree import CHECKOUT, PACKAGE, built_elsewhere

from . import cpu


def import_reference() -> Any:
    """The pure-Python kernels: always there, slow, made to be read."""
    return importlib.import_module("saitama.tensor.reference")


def import_compiled() -> Any:
    """The compiled kernels. Raises ImportError that says why they cannot be used, ValueError if SAITAMA_VARIANT names
    no variant of them."""
    folder = str(cpu.kernels_folder(os.environ.get("SAITAMA_VARIANT", "")))
    if folder not in saitama.__path__:  # a folder inside saitama/, with nothing but kernels
        saitama.__path__.insert(0, folder)
    try:
        return importlib.import_module("saitama.kernels")
    except ModuleNotFoundError as error:
        raise ImportError(not_built()) from error
    except ImportError as error:
        raise ImportError(f"the compiled kernels in {PACKAGE} are not usable ({error}); {how_to_build()}") from error


def not_built() -> str:
    """One line: what is imported, from where, and what to do."""
    installed = built_elsewhere()
    if CHECKOUT is not None and installed is not None:
        return (
            f"`import saitama` found the source folder {CHECKOUT}, whose kernels are not built, before the built one "
            f"in {installed}; run from another folder to use that one, or build this one with `pip install -e .` in "
            f"{CHECKOUT}"
        )
    reason = cpu.build_record().get("reason")
    why = f" ({reason})" if reason else ""
    return f"the compiled kernels of {PACKAGE} are not built{why}; {how_to_build()}"


def how_to_build() -> str:
    if CHECKOUT is None:
        return "install a C compiler and then saitama again"
    return f"with a C compiler, `pip install -e .` in {CHECKOUT} builds them"


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
