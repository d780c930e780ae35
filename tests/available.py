"""The engines that recalculate workbooks, for tests that ask each of them. One that is not installed is skipped."""

from __future__ import annotations

import sys
from typing import Any, List

import pytest

from saitama.spreadsheets.engines import gnumeric_engine, libreoffice_engine

needs_ironcalc = pytest.mark.skipif(sys.version_info < (3, 10), reason="IronCalc needs Python 3.10")
needs_libreoffice = pytest.mark.skipif(not libreoffice_engine.is_available(), reason="LibreOffice is not installed")
needs_gnumeric = pytest.mark.skipif(not gnumeric_engine.is_available(), reason="Gnumeric is not installed")

LIBREOFFICE: Any = pytest.param("libreoffice", marks=needs_libreoffice)
GNUMERIC: Any = pytest.param("gnumeric", marks=needs_gnumeric)
ENGINES: List[Any] = [pytest.param("ironcalc", marks=needs_ironcalc), LIBREOFFICE, GNUMERIC]
