"""Sheets of a person's own layout, checked against a computation: HandSheet(path), audit(path, script).

hand_sheet.py binds ranges to tensors and collects what is to be checked; what stands where in a range is said by
ranges.py and labels.py; watched.py keeps the graphs between the two, stages.py judges the numbers along them, and
audited.py tells it.
"""

from __future__ import annotations

from .audit import audit
from .audited import Audited
from .hand_sheet import HandSheet

__all__ = ["Audited", "HandSheet", "audit"]
