"""A source checkout works as an install does: there the folder X beside saitama/ is the sub-package saitama.X.

SUBPACKAGES is the one list of these folders. setup.py installs them inside saitama/, scripts/check shows mypy the same
layout, and the finder below imports them from where they stand; nothing else in the checkout is part of saitama.
"""

from __future__ import annotations

import sys
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path
from typing import Any, Optional

SUBPACKAGES = ("spreadsheets", "exercises")  # one that does not exist is passed over

PACKAGE = Path(__file__).resolve().parent
_ROOT = PACKAGE.parent
CHECKOUT: Optional[Path] = _ROOT if (_ROOT / "setup.py").is_file() and (_ROOT / SUBPACKAGES[0]).is_dir() else None


class SourceTree:
    """What Python asks for a module, as an entry of sys.meta_path: it knows all of saitama in this checkout.

    Nobody is asked after it: an editable install of another checkout would offer the parts that this one has not, its
    kernels say, and two versions would be mixed.
    """

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Optional[ModuleSpec]:
        parent, _, part = name.partition(".")
        if parent != "saitama" or not part:
            return None
        beside = part in SUBPACKAGES
        spec = PathFinder.find_spec(name, [str(CHECKOUT)] if beside else path, target)
        if spec is None or beside and not spec.origin:  # a folder without __init__.py has no origin
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return spec


def connect() -> None:
    """Make the parts of a checkout importable, before others are asked; once only, if saitama is imported again."""
    if CHECKOUT is not None and not any(getattr(each, "__name__", "") == "SourceTree" for each in sys.meta_path):
        sys.meta_path.insert(0, SourceTree)


def built_elsewhere() -> Optional[Path]:
    """The folder of another saitama that has its compiled kernels, which Python would import without this one in the
    way; None if there is none."""
    others = [entry for entry in sys.path if Path(entry or ".").resolve() != _ROOT]
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec("saitama", others)
        except (AttributeError, ImportError):  # a finder of another kind has nothing to say
            continue
        if spec is not None and spec.origin and Path(spec.origin).resolve().parent != PACKAGE:
            folder = Path(spec.origin).parent
            return folder if any((folder / f"kernels{suffix}").is_file() for suffix in EXTENSION_SUFFIXES) else None
    return None
