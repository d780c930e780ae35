"""What runs here: for `saitama info`, and for the first line of a report about a problem."""

from __future__ import annotations

import platform
from typing import Dict

import saitama
from saitama.spreadsheets import installed_engines
from saitama.tensor.backend import K

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
        "recalculation": ", ".join(installed_engines()) or f"none: {HOW}",
    }
