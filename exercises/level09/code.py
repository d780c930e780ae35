from __future__ import annotations

from ..task import CODE

CODE.setdefault(__name__, [])
