"""The parts of a workbook file: which part holds which sheet, and the texts that cells share."""

from __future__ import annotations

import posixpath
import zipfile
from io import BytesIO
from typing import Dict, List

from .errors import WorkbookError
from .safety import PathLike, read_checked
from .xml_events import Attributes, XmlError, find_elements, local_name, make_parser, parse

_WORKBOOK = "/officeDocument"  # how the types of these relations end, in both dialects of the format
_WORKSHEET = "/worksheet"
_SHARED_STRINGS = "/sharedStrings"


class Package:
    """A checked workbook file in memory. `sheets` maps each worksheet's title, in order, to the part that holds it."""

    def __init__(self, path: PathLike) -> None:
        self.path = str(path)
        self.data = read_checked(path)
        self.archive = zipfile.ZipFile(BytesIO(self.data))
        self._parts = {name.lower(): name for name in self.archive.namelist()}
        workbook = self.workbook = self._find_workbook()  # the part that lists the sheets
        relations = self._relations(workbook)
        self.sheets: Dict[str, str] = {}
        for _, attributes in self.elements(workbook, {"sheet"}):
            relation = relations.get(_relation_id(attributes))
            if relation is None or not relation["type"].endswith(_WORKSHEET):
                continue  # a chart sheet or a macro sheet has no cells
            if relation["target"].lower() not in self._parts:
                raise self.damage(f"the part of sheet {attributes.get('name')!r} is missing")
            self.sheets[attributes.get("name", "")] = self._parts[relation["target"].lower()]
        if not self.sheets:
            raise WorkbookError(f"{self.path} has no worksheet: nothing to read")
        texts = [r["target"].lower() for r in relations.values() if r["type"].endswith(_SHARED_STRINGS)]
        self._texts_part = self._parts.get(texts[0]) if texts else None

    def read(self, part: str) -> bytes:
        return self.archive.read(part)

    def elements(self, part: str, tags: set[str]) -> list[tuple[str, Attributes]]:
        try:
            return find_elements(self.read(part), tags)
        except XmlError as error:
            raise self.damage(f"{part!r}: {error}") from error

    def damage(self, what: str) -> WorkbookError:
        return WorkbookError(f"{self.path} is damaged: {what}; save it again or take another copy")

    def shared_texts(self) -> List[str]:
        """The texts that cells refer to by number. Phonetic guides (`rPh`) are not part of a text."""
        if self._texts_part is None:
            return []
        texts: List[str] = []
        runs: List[str] = []
        open_tags: List[str] = []

        def start(name: str, attributes: Attributes) -> None:
            open_tags.append(local_name(name))

        def end(name: str) -> None:
            if open_tags.pop() == "si":
                texts.append("".join(runs))
                runs.clear()

        def text(data: str) -> None:
            if open_tags[-1] == "t" and "rPh" not in open_tags:
                runs.append(data)

        try:
            parse(make_parser(start, end, text), self.read(self._texts_part))
        except XmlError as error:
            raise self.damage(f"{self._texts_part!r}: {error}") from error
        return texts

    def _find_workbook(self) -> str:
        relations = self._relations("").values()
        for target in [r["target"] for r in relations if r["type"].endswith(_WORKBOOK)] + ["xl/workbook.xml"]:
            if target.lower().endswith(".bin"):
                raise WorkbookError(f"{self.path} is a binary workbook (.xlsb): save it as an Excel workbook (.xlsx)")
            if target.lower() in self._parts:
                part = self._parts[target.lower()]
                if self.elements(part, {"workbook"}):
                    return part
        if "content.xml" in self._parts:
            raise WorkbookError(f"{self.path} is an OpenDocument file: save it as an Excel workbook (.xlsx)")
        raise WorkbookError(f"{self.path} is a zip file but not a workbook: give an .xlsx file")

    def _relations(self, part: str) -> Dict[str, Attributes]:
        """Relation id -> its type and its target, the latter as a part's full name."""
        folder, name = posixpath.split(part)
        rels = self._parts.get(posixpath.join(folder, "_rels", f"{name}.rels").lower())
        if rels is None:
            return {}
        found: Dict[str, Attributes] = {}
        for _, a in self.elements(rels, {"Relationship"}):
            target = posixpath.normpath(posixpath.join("/", folder, a.get("Target", ""))).lstrip("/")
            found[a.get("Id", "")] = {"type": a.get("Type", ""), "target": target}
        return found


def _relation_id(attributes: Attributes) -> str:
    """The value of r:id, whatever prefix the file uses for r."""
    return next((value for name, value in attributes.items() if name.endswith(":id")), "")
