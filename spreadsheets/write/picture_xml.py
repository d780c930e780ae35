"""A picture as the drawing of a sheet: rectangles with texts and lines with arrow heads, which programs show and print
as such. (ISO/IEC 29500-1, 20.5: SpreadsheetML drawings.)
"""

from __future__ import annotations

from typing import Any, List
from xml.sax.saxutils import escape

from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.xml.functions import fromstring

from ..plan.picture import HEIGHT, WIDTH, Frame, Picture, Point
from .style import BLUE, BLUE_INK, FONT, GREY, HEADING, INK, YELLOW

CM = 360_000  # of the units of a drawing
FILLS = {"input": YELLOW, "operation": "FFFFFF", "more": "FFFFFF", "result": BLUE}

_NAMESPACES = (
    'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)


class DrawnPicture(SpreadsheetDrawing):
    """`row`: of its upper left corner, from 1; in the second column."""

    def __init__(self, picture: Picture, row: int) -> None:
        super().__init__()
        self.picture, self.row = picture, row

    def __bool__(self) -> bool:
        return True

    def _write(self) -> Any:
        picture = self.picture
        shapes: List[str] = []
        for arrow in picture.arrows:
            for n, (start, end) in enumerate(zip(arrow, arrow[1:]), 2):
                shapes.append(line(len(shapes) + 3, start, end, n == len(arrow)))
        for box in picture.boxes:
            shapes.append(rectangle(len(shapes) + 3, box))
        size = f'cx="{emu(picture.width)}" cy="{emu(picture.height)}"'
        group = (
            '<xdr:grpSp><xdr:nvGrpSpPr><xdr:cNvPr id="2" name="The graph"/><xdr:cNvGrpSpPr/></xdr:nvGrpSpPr>'
            f'<xdr:grpSpPr><a:xfrm><a:off x="0" y="0"/><a:ext {size}/><a:chOff x="0" y="0"/><a:chExt {size}/></a:xfrm>'
            f"</xdr:grpSpPr>{''.join(shapes)}</xdr:grpSp>"
        )
        column = "<xdr:col>1</xdr:col><xdr:colOff>0</xdr:colOff>"
        place = f"{column}<xdr:row>{self.row - 1}</xdr:row><xdr:rowOff>0</xdr:rowOff>"
        return fromstring(
            f"<xdr:wsDr {_NAMESPACES}><xdr:oneCellAnchor><xdr:from>{place}</xdr:from><xdr:ext {size}/>{group}"
            "<xdr:clientData/></xdr:oneCellAnchor></xdr:wsDr>"
        )


def emu(cm: float) -> int:
    return round(cm * CM)


def rectangle(number: int, box: Frame) -> str:
    dash = '<a:prstDash val="dash"/>' if box.kind == "more" else ""
    ink = HEADING if box.kind == "result" else GREY
    paragraphs = "".join(paragraph(text, n == 0) for n, text in enumerate(box.lines))
    return (
        f'<xdr:sp macro="" textlink=""><xdr:nvSpPr><xdr:cNvPr id="{number}" name="box {number}"/><xdr:cNvSpPr/>'
        f'</xdr:nvSpPr><xdr:spPr><a:xfrm><a:off x="{emu(box.left)}" y="{emu(box.top)}"/>'
        f'<a:ext cx="{emu(WIDTH)}" cy="{emu(HEIGHT)}"/></a:xfrm><a:prstGeom prst="roundRect"><a:avLst>'
        f'<a:gd name="adj" fmla="val 8000"/></a:avLst></a:prstGeom>{solid(FILLS[box.kind])}'
        f'<a:ln w="12700">{solid(ink)}{dash}</a:ln></xdr:spPr>'
        '<xdr:txBody><a:bodyPr wrap="square" lIns="36000" tIns="18000" rIns="36000" bIns="18000" anchor="ctr"/>'
        f"<a:lstStyle/>{paragraphs}</xdr:txBody></xdr:sp>"
    )


def paragraph(text: str, first: bool) -> str:
    bold = ' b="1"' if first else ""
    ink = BLUE_INK if first else INK
    return (
        f'<a:p><a:pPr algn="ctr"/><a:r><a:rPr lang="en-GB" sz="{900 if first else 800}"{bold}>{solid(ink)}'
        f'<a:latin typeface="{FONT}"/></a:rPr><a:t>{escape(text)}</a:t></a:r></a:p>'
    )


def line(number: int, start: Point, end: Point, arrow: bool) -> str:
    (x1, y1), (x2, y2) = start, end
    flip = ' flipH="1"' if x2 < x1 else ""
    head = '<a:tailEnd type="triangle"/>' if arrow else ""
    return (
        f'<xdr:cxnSp macro=""><xdr:nvCxnSpPr><xdr:cNvPr id="{number}" name="arrow {number}"/><xdr:cNvCxnSpPr/>'
        f'</xdr:nvCxnSpPr><xdr:spPr><a:xfrm{flip}><a:off x="{emu(min(x1, x2))}" y="{emu(y1)}"/>'
        f'<a:ext cx="{emu(abs(x2 - x1))}" cy="{emu(y2 - y1)}"/></a:xfrm>'
        f'<a:prstGeom prst="line"><a:avLst/></a:prstGeom><a:ln w="12700">{solid(GREY)}{head}</a:ln></xdr:spPr>'
        "</xdr:cxnSp>"
    )


def solid(color: str) -> str:
    return f'<a:solidFill><a:srgbClr val="{color}"/></a:solidFill>'
