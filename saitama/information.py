"""What runs here: for `saitama info`, and for the first line of a report about a problem."""

from __future__ import annotations

import platform
from typing import Dict, List

import saitama
from saitama.tensor.backend import K

PROGRAMS = {"ironcalc": "IronCalc", "libreoffice": "LibreOffice", "gnumeric": "Gnumeric"}
HOW = "pip install 'saitama-dl[recalc]', or install LibreOffice or Gnumeric"


def information() -> Dict[str, str]:
    """Version, Python, kernels, and which programs can recalculate a workbook, as texts to print."""
    kernels = dict(K.info())
    backend = kernels.pop("backend")
    details = ", ".join(f"{name} {value}" for name, value in kernels.items())
    return {
        "saitama": saitama.__version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "kernels": f"{backend} ({details})",
        "recalculation": ", ".join(_engines()) or f"none: {HOW}",
    }


def _engines() -> List[str]:
    from saitama.spreadsheets.recalculate import ENGINES

    return [PROGRAMS[name] for name, engine in ENGINES.items() if engine.is_available()]
