"""The larger commands of `saitama`, one in each file: its options, and what it does with them."""

from __future__ import annotations
