"""A cell's own format with another background: added to the styles of a workbook, whose others stay byte for byte."""

from __future__ import annotations

import re
from typing import Dict, List, Tuple

from ..read.xml_events import SPREADSHEET, Attributes, Names, make_parser, parse
from .sheet_scan import START_TAG

_COUNT = re.compile(rb"""(\scount\s*=\s*)("[^"]*"|'[^']*')""")
_FILL = re.compile(rb"""\s(?:fillId|applyFill)\s*=\s*("[^"]*"|'[^']*')""")


class StyleVariants:
    """`of(style, color)` is the number of a format with another background, `part()` the styles with all of them."""

    def __init__(self, styles: bytes) -> None:
        """Raises XmlError where these are no styles, ValueError where they lack formats to be changed."""
        self.styles = styles
        self.formats: List[Tuple[int, int]] = []  # where each format of cells starts and ends
        self.fills = 0
        self._tags: Dict[str, Tuple[int, int]] = {}  # of fills and cellXfs: their start and end tags
        self._scan()
        if set(self._tags) != {"fills", "cellXfs"} or not self.formats:
            raise ValueError("these styles have no formats of cells")
        self._colors: Dict[str, int] = {}
        self._made: Dict[Tuple[int, str], int] = {}
        self._new: List[bytes] = []
        tag = START_TAG.match(styles, self._tags["fills"][0])
        self.prefix = tag[1][: tag[1].find(b":") + 1] if tag else b""

    def of(self, style: int, color: str) -> int:
        style = style if style < len(self.formats) else 0
        if (style, color) not in self._made:
            fill = self.fills + self._colors.setdefault(color, len(self._colors))
            start, end = self.formats[style]
            tag = START_TAG.match(self.styles, start)
            if tag is None:
                return style
            attributes = _FILL.sub(b"", tag[2]) + b' fillId="%d" applyFill="1"' % fill
            new = b"<%s%s%s>" % (tag[1], attributes, tag[3]) + self.styles[tag.end() : end]
            self._new.append(new)
            self._made[style, color] = len(self.formats) + len(self._new) - 1
        return self._made[style, color]

    def part(self) -> bytes:
        """The styles with what was asked for."""
        p = self.prefix
        fills = [
            b'<%sfill><%spatternFill patternType="solid"><%sfgColor rgb="FF%s"/><%sbgColor indexed="64"/>'
            b"</%spatternFill></%sfill>" % (p, p, p, color.encode(), p, p, p)
            for color in self._colors
        ]
        edits = [
            *self._added("fills", fills, self.fills + len(fills)),
            *self._added("cellXfs", self._new, len(self.formats) + len(self._new)),
        ]
        return edited(self.styles, edits)

    def _added(self, element: str, new: List[bytes], count: int) -> List[Edit]:
        start, end = self._tags[element]
        tag = START_TAG.match(self.styles, start)
        counted = _COUNT.sub(rb'\g<1>"%d"' % count, tag[0]) if tag else b""
        return [(start, start + len(tag[0]) if tag else start, counted), (end, end, b"".join(new))]

    def _scan(self) -> None:
        names, here = Names(SPREADSHEET), []  # type: Names, List[str]

        def start(name: str, attributes: Attributes) -> None:
            here.append(names[name])
            path, at = tuple(here), parser.CurrentByteIndex
            if path in (("styleSheet", "fills"), ("styleSheet", "cellXfs")):
                self._tags[here[-1]] = at, at
            elif path == ("styleSheet", "fills", "fill"):
                self.fills += 1
            elif path == ("styleSheet", "cellXfs", "xf"):
                self.formats.append((at, at))

        def end(name: str) -> None:
            path, at = tuple(here), parser.CurrentByteIndex
            here.pop()
            if path in (("styleSheet", "fills"), ("styleSheet", "cellXfs")):
                self._tags[path[-1]] = self._tags[path[-1]][0], at
            elif path == ("styleSheet", "cellXfs", "xf"):
                first, _ = self.formats[-1]
                tag = START_TAG.match(self.styles, first)
                is_empty = tag is None or bool(tag[3])  # expat is behind `<xf/>` by now
                self.formats[-1] = first, tag.end() if tag and is_empty else self.styles.index(b">", at) + 1

        parser = make_parser(start, end, lambda text: None)
        parse(parser, self.styles)


Edit = Tuple[int, int, bytes]  # from, to, what stands there instead


def edited(data: bytes, edits: List[Edit]) -> bytes:
    """All edits made at once; those at one place in the order in which they are given."""
    pieces, done = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [data[done:start], new]
        done = end
    return b"".join([*pieces, data[done:]])
