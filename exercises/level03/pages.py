from __future__ import annotations

from ..task import PAGES

PAGES.setdefault(__name__, [])
