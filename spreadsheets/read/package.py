"""The parts of a workbook file: which holds which sheet, the texts that cells share, which formats show a date."""

from __future__ import annotations

import posixpath
import zipfile
from io import BytesIO
from typing import BinaryIO, Collection, Dict, List, Optional, Tuple
from urllib.parse import unquote

from ..address import fold
from ..errors import WorkbookError
from .dates import date_styles
from .safety import PathLike, part_name, read_checked
from .xml_events import (
    MAX_DEPTH,
    OFFICE_RELATIONS,
    PACKAGE_RELATIONS,
    SPREADSHEET,
    Attributes,
    Budget,
    Names,
    Path,
    XmlError,
    XmlLimit,
    attribute,
    check_length,
    find_elements,
    make_parser,
    parse,
    too_deep,
)

MAX_TITLE = 255  # characters; Excel has 31, others more
MAX_TEXTS = 4_000_000  # shared by cells
MAX_TEXT = 400_000_000  # characters of all of them, and of what cells hold themselves

_SHEETS = ("workbook", "sheets", "sheet")
_SETTINGS = ("workbook", "workbookPr")
_NAMES = ("workbook", "definedNames", "definedName")
_TRUE = ("1", "true")


class Package:
    """A checked workbook file in memory. `sheets` maps each worksheet's title, in order, to the part that holds it."""

    def __init__(self, path: PathLike) -> None:
        self.path = str(path)
        self.data = read_checked(path)
        self.budget = Budget()
        self.archive = zipfile.ZipFile(BytesIO(self.data))
        self._parts = {part_name(name): name for name in self.archive.namelist()}
        workbook = self.workbook = self._find_workbook()  # the part that lists the sheets
        found = self.elements(workbook, SPREADSHEET, [_SHEETS, _SETTINGS, _NAMES])
        self.since_1904 = any(a.get("date1904", "").strip() in _TRUE for a, _ in found[_SETTINGS])
        self.names: Dict[str, List[str]] = {}  # a name -> what it stands for, on one sheet and on others
        for a, text in found[_NAMES]:
            self.names.setdefault(fold(a.get("name", "")), []).append(text)
        relations = self._relations(workbook)
        self._texts_part = self._related(relations, "sharedStrings")
        self._styles_part = self._related(relations, "styles")
        self.sheets = self._find_sheets([a for a, _ in found[_SHEETS]], relations)
        if not self.sheets:
            raise WorkbookError(f"{self.path} has no worksheet: nothing to read")

    def read(self, part: str) -> bytes:
        return self.archive.read(part)

    def open(self, part: str) -> BinaryIO:
        return self.archive.open(part)  # type: ignore[return-value]

    def elements(
        self, part: str, home: Collection[str], paths: Collection[Path]
    ) -> Dict[Path, List[Tuple[Attributes, str]]]:
        try:
            with self.open(part) as stream:
                return find_elements(stream, home, paths, self.budget)
        except XmlError as error:
            raise self.trouble(f"{part!r:.60}", error) from error

    def damage(self, what: str) -> WorkbookError:
        return WorkbookError(f"{self.path} is damaged: {what}; save it again or take another copy")

    def trouble(self, where: str, error: ValueError) -> WorkbookError:
        """What to say of an error in a part: that it is too much to read, or that it is damaged."""
        if isinstance(error, XmlLimit):
            return WorkbookError(f"{self.path} is too large to read, {where}: {error}; take what is needed from it")
        return self.damage(f"{where}: {error}")

    def shared_texts(self) -> List[str]:
        """The texts that cells refer to by number. Phonetic guides (`rPh`) are not part of a text."""
        if self._texts_part is None:
            return []
        texts: List[str] = []
        runs: List[str] = []
        here: List[str] = []
        names = Names(SPREADSHEET)
        keep = False
        characters = 0

        def start(name: str, attributes: Attributes) -> None:
            nonlocal keep
            here.append(names[name])
            if len(here) > MAX_DEPTH:
                raise too_deep()
            keep = here[-1] == "t" and here[:2] == ["sst", "si"] and here[2:-1] in ([], ["r"])

        def end(name: str) -> None:
            nonlocal keep, characters
            if here == ["sst", "si"]:
                texts.append("".join(runs))
                characters += len(texts[-1])
                if len(texts) > MAX_TEXTS or characters > MAX_TEXT:
                    raise XmlLimit(f"more than {MAX_TEXTS:,} texts, or than {MAX_TEXT:,} characters")
                runs.clear()
            here.pop()
            keep = False

        def text(data: str) -> None:
            if keep:
                runs.append(data)
                if len(runs) > 1:
                    check_length(runs)

        try:
            with self.open(self._texts_part) as stream:
                parse(make_parser(start, end, text), stream, self.budget)
        except XmlError as error:
            raise self.trouble(f"{self._texts_part!r:.60}", error) from error
        return texts

    def date_styles(self) -> Dict[str, str]:
        """By the number of a cell's style "date" or "time", where it shows a number as such.

        A workbook without styles, or with some that cannot be read, shows numbers.
        """
        if self._styles_part is None:
            return {}
        try:
            with self.open(self._styles_part) as stream:
                return date_styles(stream, self.budget)
        except ValueError:
            return {}

    @property
    def styles_part(self) -> Optional[str]:
        """The part with the formats of cells."""
        return self._styles_part

    def related_parts(self, part: str) -> List[str]:
        """The parts that a part refers to: a sheet's drawings, say."""
        found = (self.part(relation["target"]) for relation in self._relations(part).values())
        return [one for one in found if one is not None]

    # --- finding parts ----------------------------------------------------------------------------------------------
    def part(self, target: str) -> Optional[str]:
        """The part that a relation leads to, by the name that it has in the zip."""
        return self._parts.get(part_name(target)) or self._parts.get(part_name(unquote(target)))

    def _find_sheets(self, sheets: List[Attributes], relations: Dict[str, Attributes]) -> Dict[str, str]:
        found: Dict[str, str] = {}
        titles: Dict[str, str] = {}
        for attributes in sheets:
            title = attributes.get("name", "")
            if len(title) > MAX_TITLE:
                raise self.damage(f"it has a sheet whose title has {len(title):,} characters, {title!r:.60}")
            relation = relations.get(attribute(attributes, OFFICE_RELATIONS, "id"))
            if relation is None:
                raise self.damage(f"nothing says which part is the sheet {title!r:.60}")
            if fold(title) in titles:
                raise self.damage(f"it has two sheets of one title, {titles[fold(title)]!r:.60} and {title!r:.60}")
            titles[fold(title)] = title
            if not _is(relation, "worksheet"):
                continue  # a chart sheet or a macro sheet has no cells
            part = self.part(relation["target"])
            if part is None:
                raise self.damage(f"the part of sheet {title!r:.60} is missing")
            if part in found.values():
                raise self.damage(f"the sheet {title!r:.60} is the same part as another, {part!r:.60}")
            found[title] = part
        return found

    def _find_workbook(self) -> str:
        targets = [r["target"] for r in self._relations("").values() if _is(r, "officeDocument")]
        for target in [*targets, "xl/workbook.xml"]:
            if target.lower().endswith(".bin"):
                raise WorkbookError(f"{self.path} is a binary workbook (.xlsb): save it as an Excel workbook (.xlsx)")
            part = self.part(target)
            if part is not None and self.elements(part, SPREADSHEET, [("workbook",)])[("workbook",)]:
                return part
        if "content.xml" in self._parts:
            raise WorkbookError(f"{self.path} is an OpenDocument file: save it as an Excel workbook (.xlsx)")
        raise WorkbookError(f"{self.path} is a zip file but not a workbook: give an .xlsx file")

    def _relations(self, part: str) -> Dict[str, Attributes]:
        """Relation id -> its type and its target, the latter as a part's full name."""
        folder, name = posixpath.split(part.replace("\\", "/"))
        rels = self.part(posixpath.join(folder, "_rels", f"{name}.rels"))
        if rels is None:
            return {}
        found: Dict[str, Attributes] = {}
        path = ("Relationships", "Relationship")
        for a, _ in self.elements(rels, PACKAGE_RELATIONS, [path])[path]:
            if a.get("Id", "") in found:
                raise self.damage(f"{rels!r:.60}: it has two relations {a.get('Id', '')!r:.60}")
            target = posixpath.join("/", folder, a.get("Target", "").replace("\\", "/"))
            found[a.get("Id", "")] = {"type": a.get("Type", ""), "target": posixpath.normpath(target).lstrip("/")}
        return found

    def _related(self, relations: Dict[str, Attributes], kind: str) -> Optional[str]:
        """The one part of a kind; None where there is none."""
        targets = {r["target"] for r in relations.values() if _is(r, kind)}
        if len(targets) > 1:
            raise self.damage(f"it has {len(targets)} parts of the kind {kind!r}")
        return self.part(targets.pop()) if targets else None


def _is(relation: Attributes, kind: str) -> bool:
    return relation["type"] in [f"{office}/{kind}" for office in OFFICE_RELATIONS]
