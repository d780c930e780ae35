"""A planned sheet as XML, row by row, straight into the zip: memory does not grow with it, and no cell is an object.

openpyxl writes all of a sheet but its rows. These are a million cells at times, for which its way, an element of a tree
for each, takes longer than everything else.
"""

from __future__ import annotations

import re
from io import BytesIO
from operator import attrgetter, itemgetter
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple
from xml.sax.saxutils import escape, quoteattr

from openpyxl.packaging.relationship import Relationship
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.related import Related
from openpyxl.xml.functions import Element, SubElement

from ..layout import column
from ..plan.page import target
from ..plan.sheet import Content, Live, PlannedSheet, Spot, Texts
from ..plan.sheet import Element as Part
from ..texts import cell_text, cut, escaped
from ..waiting import Advance
from .style import Styles

CHUNK = 1 << 16  # characters that are packed at once

_ROWS = re.compile(rb"(.*<sheetData>).*(</sheetData>.*)", re.DOTALL)


class _AroundRows(WorksheetWriter):
    """All of a sheet but its rows."""

    def write_formatting(self) -> None:
        """Rules over the same cells stand together, and the first that is named comes first."""
        rules: Dict[str, Any] = {}
        for priority, colour in enumerate(self.ws.planned.colours, 1):
            if colour.cells not in rules:
                rules[colour.cells] = Element("conditionalFormatting", sqref=colour.cells)
            stop = {"stopIfTrue": "1"} if colour.stop else {}
            style = str(self.ws.styles.colour(colour.look))
            rule = SubElement(
                rules[colour.cells], "cfRule", type="expression", priority=str(priority), **stop, dxfId=style
            )
            SubElement(rule, "formula").text = colour.formula
        for together in rules.values():
            self.xf.send(together)

    def write_drawings(self) -> None:
        if self.ws.planned.picture is None:
            return super().write_drawings()
        relation = Relationship(type="drawing", Target="")
        self._rels.append(relation)
        self.xf.send(Related(id=relation.id).to_tree("drawing"))


class PlannedWorksheet(WriteOnlyWorksheet):
    """A sheet of an openpyxl workbook whose rows come from a plan."""

    def __init__(self, workbook: Any, sheet: PlannedSheet, styles: Styles, advance: Advance) -> None:
        super().__init__(workbook, sheet.title)
        self.planned, self.styles, self.advance = sheet, styles, advance
        self._ids: Dict[Tuple[str, Optional[str]], str] = {}
        self._rels: Any = None

    def write_to(self, part: Any) -> None:
        """Write the whole sheet into an open file."""
        writer = _AroundRows(self, BytesIO())
        writer.write_top()
        around = writer.xf.send(True)
        with around.element("sheetData"):
            around.write(Element("row"))
        writer.xf.send(None)
        self._hyperlinks = list(links(self.planned))
        writer.write_tail()
        writer.close()
        self._rels = writer._rels
        found = _ROWS.fullmatch(writer.out.getvalue())
        assert found is not None
        part.write(found[1])
        pieces, size, cells = [], 0, 0
        for number, spots in rows(self.planned):
            pieces.append(self._row(number, spots))
            size, cells = size + len(pieces[-1]), cells + len(spots)
            if size > CHUNK:
                part.write("".join(pieces).encode())
                self.advance(cells)
                pieces, size, cells = [], 0, 0
        part.write("".join(pieces).encode())
        self.advance(cells)
        part.write(found[2])

    def _row(self, number: int, spots: Sequence[Spot]) -> str:
        how = self.row_dimensions.get(number, {})
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in dict(how).items() if name != "r")
        before, cells = 0, []
        for place, content, style, number_format, _ in spots:
            if place <= before:
                raise ValueError(f"two cells at {column(place)}{number}")
            before = place
            key = style, number_format
            if key not in self._ids:
                self._ids[key] = str(self.parent._cell_styles.add(self.styles.array(*key)))
            cells.append(f'<c r="{column(place)}{number}" s="{self._ids[key]}"{inside(content)}')
        return f'<row r="{number}"{attributes}>{"".join(cells)}</row>'


def inside(content: Content) -> str:
    """What follows the place and the style of a cell: its type, and what it holds."""
    if isinstance(content, float):
        text = repr(content)
        if text[-1] not in "fn":
            return f"><v>{text}</v></c>"
        content = text  # NaN and infinities, which no cell can hold, become text
    if isinstance(content, Live):
        return f"><f>{escape(content)}</f><v/></c>"
    if isinstance(content, str):
        text = cell_text(content)
        space = ' xml:space="preserve"' if text != text.strip() else ""
        return f' t="inlineStr"><is><t{space}>{escape(text)}</t></is></c>' if text else "/>"
    return "/>" if content is None else f"><v>{content!r}</v></c>"


def links(sheet: PlannedSheet) -> Iterator[Hyperlink]:
    """Where cells lead to."""
    texts = [element for element in sheet.elements if isinstance(element, Texts)]
    for number, spots in sorted((row for element in texts for row in element.rows.items()), key=itemgetter(0)):
        for spot in spots.values():
            if spot.link is not None:
                text, place = escaped(cut(str(spot.content), 200)), f"{column(spot.column)}{number}"
                yield Hyperlink(ref=place, location=target(*spot.link), display=text)


def rows(sheet: PlannedSheet) -> Iterator[Tuple[int, List[Spot]]]:
    """Every row from the first to the last that has cells: its number and its cells from left to right."""
    waiting = sorted(sheet.elements, key=attrgetter("top"), reverse=True)
    open_elements: List[Part] = []
    last = max((element.bottom for element in sheet.elements), default=0)
    for number in range(1, last + 1):
        while waiting and waiting[-1].top <= number:
            open_elements.append(waiting.pop())
        open_elements = [element for element in open_elements if element.bottom >= number]
        sheet.overflow.start(number)
        spots = [spot for element in open_elements for spot in element.row(number)]
        spots.sort(key=attrgetter("column"))
        yield number, spots + sheet.overflow.spots
