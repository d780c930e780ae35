"""How a page to work on is to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional, Set, Tuple

from ..graph.items import Item, Leaf
from ..graph.keys import Inner, Share, Value
from .work import Step


@dataclass(frozen=True)
class PageOptions:
    """Which steps are blank, what the marks go by, and what stands in head and foot."""

    blank: Set[Item] = field(default_factory=set)  # operations and updates whose values are blank
    blank_back: Set[Item] = field(default_factory=set)  # operations and inputs whose gradients are
    marks: str = "own"  # or "true", or "none"
    title: str = ""
    numbers: Optional[int] = None  # the seed of the numbers
    digest: str = ""
    name: str = ""
    solved: bool = False
    sheet: str = "Page"  # the title of its sheet
    task: str = ""  # what is asked for, in words
    questions: Tuple[str, ...] = ()  # to be answered in words
    order: Tuple[str, ...] = ()  # names of what is given, as its author made it

    def is_blank(self, step: Step) -> bool:
        key: Any = step.key.of if isinstance(step.key, Inner) else step.key
        if isinstance(key, Value):
            return step.of in self.blank
        if isinstance(key, Share):  # where only one comes back to an input, it is the input's gradient
            return key.node in self.blank_back or (isinstance(key.item, Leaf) and key.item in self.blank_back)
        return key.item in self.blank_back
