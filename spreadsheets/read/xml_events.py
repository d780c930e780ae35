"""The XML of a workbook's parts, read as a stream of events by expat.

One program writes `<c>` and another `<x:c>` for the same thing, and a third puts a `c` of its own beside it; so names
are told apart by their namespace, never by their prefix. A document type declaration is refused, so no entity is ever
expanded, and what a part can make the reader do and keep is bounded.
"""

from __future__ import annotations

from io import BytesIO
from typing import BinaryIO, Callable, Collection, Dict, List, Optional, Tuple, Union
from xml.parsers import expat

# The namespaces of the format, each in the dialects "transitional", which programs write, and "strict".
SPREADSHEET = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
OFFICE_RELATIONS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
PACKAGE_RELATIONS = ("http://schemas.openxmlformats.org/package/2006/relationships",)

MAX_TAGS = 32_000_000  # of all parts of a workbook, each start and end counted: half a minute's work
MAX_DEPTH = 200  # of elements inside elements; honest parts have up to 20
MAX_NAMES = 50_000  # different names of elements and attributes in a part
MAX_TAG = 1 << 24  # bytes of one tag or comment
MAX_LENGTH = 2_000_000  # characters of the text of one element; a cell of a spreadsheet holds 32,767
MAX_PIECES = 4_000  # in which expat gives them: of 8,192 characters, where nothing stands between
CHUNK = 1 << 18

_MARK = "\x01"  # between the parts of a name that expat gives; no XML can hold it

Attributes = Dict[str, str]
Path = Tuple[str, ...]  # ("workbook", "sheets", "sheet")


class XmlError(ValueError):
    """A part is not the XML it should be."""


class XmlLimit(XmlError):
    """A part may be what it should, but it is more than is read."""


class Budget:
    """How many tags the parts of one workbook may still have."""

    def __init__(self, tags: int = MAX_TAGS) -> None:
        self.tags = self.left = tags

    def spend(self, tags: int) -> None:
        self.left -= tags
        if self.left < 0:
            raise XmlLimit(f"it has more than {self.tags:,} XML tags, more than are read here")


class Names(Dict[str, str]):
    """From a name as expat gives it to `c`, where its namespace is one of `home`, or to `{namespace}c`."""

    def __init__(self, home: Collection[str]) -> None:
        self.home = home

    def __missing__(self, name: str) -> str:
        namespace = name.split(_MARK)[0] if _MARK in name else ""
        found = self[name] = local_name(name) if namespace in self.home else f"{{{namespace}}}{local_name(name)}"
        return found


def local_name(name: str) -> str:
    """A name as expat gives it, without its namespace and prefix."""
    return name.split(_MARK)[1] if _MARK in name else name


def as_written(name: str) -> str:
    """The name as it stands in the file, `x:c`."""
    return ":".join(reversed(name.split(_MARK)[1:])) if _MARK in name else name


def attribute(attributes: Attributes, namespaces: Collection[str], name: str) -> str:
    """The attribute of that name from one of the namespaces, whatever its prefix; "" where there is none."""
    names = Names(namespaces)
    return next((value for key, value in attributes.items() if _MARK in key and names[key] == name), "")


def _refuse_doctype(*_: object) -> None:
    raise XmlError("it declares its own XML entities (DOCTYPE)")


def make_parser(
    start: Callable[[str, Attributes], None], end: Callable[[str], None], text: Callable[[str], None]
) -> expat.XMLParserType:
    """An expat parser that calls these three and refuses a DOCTYPE. What it gives as names is for `Names`."""
    parser = expat.ParserCreate(namespace_separator=_MARK, intern={})
    parser.namespace_prefixes = True
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def parse(parser: expat.XMLParserType, source: Union[bytes, BinaryIO], budget: Optional[Budget] = None) -> None:
    """Feed all of `source`; raises XmlError where it is not well-formed, XmlLimit where it is too much."""
    stream = BytesIO(source) if isinstance(source, bytes) else source
    budget, fed = budget or Budget(), 0
    try:
        while True:
            chunk = stream.read(CHUNK)
            budget.spend(chunk.count(b"<"))
            parser.Parse(chunk, not chunk)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > MAX_TAG:
                raise XmlLimit(f"it has a single tag of more than {MAX_TAG >> 20} MB")
            if len(parser.intern) > MAX_NAMES:
                raise XmlLimit(f"it has more than {MAX_NAMES:,} different names")
            if not chunk:
                return
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise XmlError(f"its XML is broken: {error}") from error


def check_length(pieces: List[str]) -> None:
    """Raise XmlLimit where the text of one element gets too long; to be asked when it has more than one piece."""
    if len(pieces) > MAX_PIECES or sum(map(len, pieces)) > MAX_LENGTH:
        raise XmlLimit(f"it has a text of more than {MAX_LENGTH:,} characters, or in more than {MAX_PIECES:,} pieces")


def too_deep() -> XmlLimit:
    return XmlLimit(f"it has elements inside elements, more than {MAX_DEPTH} deep")


def find_elements(
    source: Union[bytes, BinaryIO], home: Collection[str], paths: Collection[Path], budget: Budget
) -> Dict[Path, List[Tuple[Attributes, str]]]:
    """By path the (attributes, text) of every element at exactly that place, in document order."""
    found: Dict[Path, List[Tuple[Attributes, str]]] = {path: [] for path in paths}
    longest = max(map(len, paths))
    names = Names(home)
    here: List[str] = []
    pieces: List[str] = []
    keep = False  # are these characters the text of an element that is looked for?

    def start(name: str, attributes: Attributes) -> None:
        nonlocal keep
        here.append(names[name])
        if len(here) > MAX_DEPTH:
            raise too_deep()
        keep = len(here) <= longest and tuple(here) in found
        if keep:
            found[tuple(here)].append((attributes, ""))
            pieces.clear()

    def end(name: str) -> None:
        nonlocal keep
        if keep:
            elements = found[tuple(here)]
            elements[-1] = (elements[-1][0], "".join(pieces))
        keep = False
        here.pop()

    def text(characters: str) -> None:
        if keep:
            pieces.append(characters)
            if len(pieces) > 1:
                check_length(pieces)

    parse(make_parser(start, end, text), source, budget)
    return found
