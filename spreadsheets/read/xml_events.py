"""The XML of a workbook's parts, read as a stream of events by expat.

Tags and attributes come without their namespace prefix, as one program writes `<c>` and another `<x:c>` for the same
thing. A document type declaration is refused, so no entity is ever expanded.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Set, Tuple
from xml.parsers import expat

Attributes = Dict[str, str]


class XmlError(ValueError):
    """A part is not the XML it should be."""


def _refuse_doctype(*_: object) -> None:
    raise XmlError("it declares its own XML entities (DOCTYPE)")


def make_parser(
    start: Callable[[str, Attributes], None], end: Callable[[str], None], text: Callable[[str], None]
) -> expat.XMLParserType:
    """An expat parser that calls these three and refuses a DOCTYPE. Tags keep their prefix; see `local_name`."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def parse(parser: expat.XMLParserType, data: bytes) -> None:
    """Feed all of `data`; raises XmlError where it is not well-formed."""
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise XmlError(f"its XML is broken: {error}") from error


def local_name(name: str) -> str:
    """`x:c` -> `c`."""
    return name[name.find(":") + 1 :]


def find_elements(data: bytes, tags: Set[str]) -> List[Tuple[str, Attributes]]:
    """(tag, attributes) of every element of one of these local names, in document order."""
    found: List[Tuple[str, Attributes]] = []

    def start(name: str, attributes: Attributes) -> None:
        if local_name(name) in tags:
            found.append((local_name(name), attributes))

    parse(make_parser(start, lambda name: None, lambda text: None), data)
    return found
