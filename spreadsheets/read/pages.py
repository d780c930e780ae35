"""A workbook of several pages, each with its own graph on hidden sheets "Graph 1", "Exported 1" and so on.

A page looks like a workbook of its own, so that nobody who judges one has to know of the others.
"""

from __future__ import annotations

import re
from typing import Any, Iterator, List, Mapping, Optional

from ..errors import WorkbookError
from .carried import page_title
from .workbook import Sheet

CARRIED = ("Graph", "Exported")  # the hidden sheets that each page has of its own
_NUMBERED = re.compile(r"Graph ([1-9][0-9]{0,3})")


class SeveralPages(WorkbookError):
    """One of the pages with these titles has to be chosen."""

    def __init__(self, message: str, titles: List[str]) -> None:
        super().__init__(message)
        self.titles = titles


class PageRead(Mapping[str, Sheet]):
    """The workbook as its page with this number sees it."""

    def __init__(self, book: Any, number: int) -> None:
        self.book, self.number = book, number
        self.path, self.package = book.path, book.package
        self._title = {title: f"{title} {number}" for title in CARRIED}

    def __getitem__(self, title: str) -> Sheet:
        sheet: Sheet = self.book[self._title.get(title, title)]
        return sheet

    def __iter__(self) -> Iterator[str]:
        return iter(self.book)

    def __len__(self) -> int:
        return len(self.book)

    def __contains__(self, title: object) -> bool:
        return self._title.get(title, title) in self.book  # type: ignore[call-overload]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.book, name)


def pages_in(book: Any) -> List[Any]:
    """The pages of a workbook that has several, in their order; else the workbook itself."""
    numbers = sorted(int(match.group(1)) for match in map(_NUMBERED.fullmatch, book) if match)
    return [book] if not numbers or "Graph" in book else [PageRead(book, number) for number in numbers]


def choose(book: Any, page: Optional[str]) -> Any:
    """The workbook as the page with this title sees it; where there is only one, none has to be named."""
    pages = pages_in(book)
    if page is None and len(pages) == 1:
        return pages[0]
    titles = [page_title(one) for one in pages]
    if page is None:
        raise SeveralPages(f"{book.path}: it has {len(pages)} pages: choose one: {', '.join(titles)}", titles)
    if page not in titles:
        raise WorkbookError(f"{book.path}: it has no page {str(page)[:60]!r}; there are {', '.join(titles)}")
    return pages[titles.index(page)]


__all__ = ["PageRead", "SeveralPages", "choose", "pages_in"]
