"""What spreadsheet programs insist on in a workbook file, and what Excel offers to repair where it is not so.

The order of elements, and those that must be there, are of ISO/IEC 29500-1, sections 18 (sheets), 20.5 (drawings) and
21.2 (charts); lengths and titles are the limits that Excel names.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Dict, Iterator, List
from xml.etree import ElementTree

from saitama.spreadsheets.address import parse_address
from saitama.spreadsheets.texts import units

AXIS = (
    "axId! scaling! delete axPos! majorGridlines minorGridlines title numFmt majorTickMark minorTickMark tickLblPos "
    "spPr txPr crossAx! crosses crossesAt"
)
SERIES = "idx! order! tx spPr invertIfNegative marker dPt dLbls trendline errBars cat val xVal yVal smooth"
ORDER = {  # element -> its children in their order; those that must be there with a "!"
    "workbook": "workbookPr workbookProtection bookViews sheets! definedNames calcPr",
    "styleSheet": "numFmts fonts fills borders cellStyleXfs cellXfs cellStyles dxfs tableStyles colors",
    "xf": "alignment protection",
    "dxf": "font numFmt fill alignment border protection",
    "worksheet": "sheetPr dimension sheetViews sheetFormatPr cols sheetData! sheetProtection autoFilter mergeCells "
    "conditionalFormatting dataValidations hyperlinks printOptions pageMargins pageSetup headerFooter rowBreaks "
    "colBreaks drawing tableParts",
    "sheetPr": "tabColor outlinePr pageSetUpPr",
    "sheetView": "pane selection",
    "c": "f v is",
    "cfRule": "formula colorScale",
    "colorScale": "cfvo! color!",
    "dataValidation": "formula1 formula2",
    "wsDr": "absoluteAnchor oneCellAnchor twoCellAnchor",
    "oneCellAnchor": "from! ext! grpSp graphicFrame clientData!",
    "grpSp": "nvGrpSpPr! grpSpPr! cxnSp sp",
    "sp": "nvSpPr! spPr! style txBody",
    "cxnSp": "nvCxnSpPr! spPr! style",
    "ln": "noFill solidFill prstDash round headEnd tailEnd",
    "chartSpace": "date1904 roundedCorners style chart! spPr txPr",
    "chart": "title autoTitleDeleted plotArea! legend plotVisOnly dispBlanksAs",
    "plotArea": "layout scatterChart barChart lineChart valAx catAx dTable spPr",
    "scatterChart": "scatterStyle! varyColors ser dLbls axId!",
    "barChart": "barDir! grouping varyColors ser dLbls gapWidth overlap serLines axId!",
    "ser": SERIES,
    "scaling": "logBase orientation max min",
    "valAx": f"{AXIS} crossBetween majorUnit minorUnit dispUnits",
    "catAx": f"{AXIS} auto lblAlgn lblOffset tickLblSkip tickMarkSkip noMultiLvlLbl",
}
ATTRIBUTES = {  # element -> those that must be there
    "sheet": "name sheetId",
    "c": "r",
    "cfRule": "priority type",
    "dataValidation": "sqref",
    "conditionalFormatting": "sqref",
    "hyperlink": "ref",
    "mergeCell": "ref",
    "sheetView": "workbookViewId",
    "Relationship": "Id Type Target",
}
LONGEST = {"promptTitle": 32, "errorTitle": 32, "prompt": 255, "error": 225, "display": 2084, "location": 2084}
TYPES = {"n", "s", "str", "inlineStr", "b", "e"}
XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"}


def faults(path: Path) -> List[str]:
    """Whatever is not as it must be, each in a line that begins with the part."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    trees = {name: ElementTree.fromstring(data) for name, data in parts.items() if name.endswith((".xml", ".rels"))}
    found = [f"{name}: twice" for name, count in Counter(name.lower() for name in parts).items() if count > 1]
    found += _package(trees)
    for name, tree in trees.items():
        checks = [_elements(tree)]
        if name.startswith("xl/worksheets/sheet"):
            checks.append(_sheet(tree, trees["xl/styles.xml"]))
        if name == "xl/workbook.xml":
            checks.append(_titles(tree))
        found += [f"{name}: {fault}" for check in checks for fault in check]
    return found


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _elements(tree: ElementTree.Element) -> Iterator[str]:
    """The order of the children, and which must be there."""
    for element in tree.iter():
        name = _local(element)
        for attribute in ATTRIBUTES.get(name, "").split():
            if attribute not in element.attrib and "chart" not in element.tag:
                yield f"<{name}> has no {attribute}"
        if XML_SPACE in element.attrib and name != "t" or "drawingml" in element.tag and XML_SPACE in element.attrib:
            yield f"<{name}> says what its blanks mean"  # which sheets do, Excel's too, but no chart may
        for attribute, most in LONGEST.items():
            if units(element.get(attribute, "")) > most:
                yield f"{attribute} of <{name}> has more than {most} characters"
        if name in ORDER and not (name == "chart" and not len(element)):  # a chart's frame refers to one by its id
            known = [child.rstrip("!") for child in ORDER[name].split()]
            children = [_local(child) for child in element]
            unknown = [child for child in children if child not in known]
            places = [known.index(child) for child in children if child in known]
            if unknown:
                yield f"<{name}> holds <{unknown[0]}>"
            if places != sorted(places) and name != "plotArea":  # whose axes come in any order
                yield f"the children of <{name}> are out of order: {' '.join(children)}"
            for child in ORDER[name].split():
                if child.endswith("!") and child[:-1] not in children:
                    yield f"<{name}> has no <{child[:-1]}>"


def _sheet(tree: ElementTree.Element, styles: ElementTree.Element) -> Iterator[str]:
    """Rows and cells in order, cells that hold what their type says, styles that exist, merges apart."""
    formats, conditional = (len(styles.find(f"{{*}}{name}") or ()) for name in ("cellXfs", "dxfs"))
    before = (0, 0)
    for cell in tree.iterfind(".//{*}c"):
        block = parse_address(cell.get("r", ""))
        if (block.top, block.left) <= before:
            yield f"{block} comes too late"
        before = block.top, block.left
        yield from (f"{block}: {fault}" for fault in _cell(cell, formats))
    for rule in tree.iterfind(".//{*}cfRule"):
        if int(rule.get("dxfId", "0")) >= max(conditional, 1):
            yield f"a conditional format of number {rule.get('dxfId')}, of {conditional}"
    merged = Counter(
        position
        for merge in tree.iterfind(".//{*}mergeCell")
        for position in parse_address(merge.get("ref", "")).cells()
    )
    yield from (f"{position} is merged twice" for position, count in merged.items() if count > 1)


def _cell(cell: ElementTree.Element, formats: int) -> Iterator[str]:
    kind, value, formula = cell.get("t", "n"), cell.findtext("{*}v"), cell.findtext("{*}f")
    text = "".join(part.text or "" for part in cell.iterfind(".//{*}t"))
    if kind not in TYPES:
        yield f"a cell of type {kind}"
    if int(cell.get("s", "0")) >= formats:
        yield f"style {cell.get('s')} of {formats}"
    if value and kind == "n" and not NUMBER.fullmatch(value):
        yield f"{value!r} is no number"
    if value and kind == "b" and value not in "01":
        yield f"{value!r} is neither true nor false"
    if kind == "e" and value not in ERRORS:
        yield f"{value!r} is no error"
    if kind == "inlineStr" and (value is not None or formula is not None):
        yield "a text beside its value"
    if formula is not None and (len(formula) > 8192 or not formula or formula[0] == "="):
        yield f"a formula of {len(formula)} characters, {formula[:10]!r}"
    if units(re.sub("_x[0-9A-Fa-f]{4}_", "_", text)) > 32_767:
        yield "a text of more than 32,767 characters"


def _titles(tree: ElementTree.Element) -> Iterator[str]:
    titles = [sheet.get("name", "") for sheet in tree.iterfind(".//{*}sheet")]
    for title in titles:
        if not 1 <= units(title) <= 31 or re.search(r"[\[\]:*?/\\\x00-\x1f]|^'|'$|_x[0-9A-Fa-f]{4}_", title):
            yield f"a sheet cannot be called {title!r}"
    for title, count in Counter(title.casefold() for title in titles).items():
        if count > 1:
            yield f"{count} sheets are called {title!r}"


def _package(trees: Dict[str, ElementTree.Element]) -> Iterator[str]:
    """Every part has a type, every relation a target."""
    types = trees["[Content_Types].xml"]
    defaults = {each.get("Extension") for each in types.iterfind("{*}Default")}
    named = {each.get("PartName", "").lstrip("/") for each in types.iterfind("{*}Override")}
    for name in trees:
        if name not in named and name.rpartition(".")[2] not in defaults and name != "[Content_Types].xml":
            yield f"{name}: a part without a type"
    yield from (f"{name}: a type without a part" for name in named - set(trees))
    for name, tree in trees.items():
        if name.endswith(".rels"):
            folder = posixpath.dirname(posixpath.dirname(name))
            for target in _targets(tree):
                place = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                if place not in trees:
                    yield f"{name}: there is no {place}"


def _targets(tree: ElementTree.Element) -> Iterator[str]:
    for relation in tree:
        if relation.get("TargetMode") != "External":
            yield relation.get("Target", "")
