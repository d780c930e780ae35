"""The text of a spreadsheet formula, taken apart: `A1*2+SUM(B1:B3)` as a tree.

The grammar is that of Excel: from the loosest to the tightest, comparisons, `&`, `+ -`, `* /`, `^`, `%`, and a sign,
which binds tighter than a power (-2^2 is 4). Powers go from left to right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Iterator, List, NamedTuple, Optional, Tuple, Union

from ..address import column_number


class SyntaxProblem(ValueError):
    """A formula, or a part of one, that cannot be taken apart here."""


class Place(NamedTuple):
    """A cell; `sheet` is None for the sheet of the formula."""

    sheet: Optional[str]
    row: int
    column: int


@dataclass(frozen=True)
class Constant:
    value: Union[float, str, bool]


@dataclass(frozen=True)
class Reference:
    """A cell or, with `last`, the block from `first` to `last`. `fixed`: which of row and column carry a `$`."""

    first: Place
    last: Optional[Place] = None
    fixed: Tuple[bool, bool] = (False, False)

    def places(self) -> Iterator[Place]:
        """Every cell, row by row."""
        last = self.last or self.first
        for row in range(self.first.row, last.row + 1):
            for column in range(self.first.column, last.column + 1):
                yield Place(self.first.sheet, row, column)

    @property
    def shape(self) -> Tuple[int, int]:
        last = self.last or self.first
        return last.row - self.first.row + 1, last.column - self.first.column + 1


@dataclass(frozen=True)
class Signed:
    """-x, +x, or x% (sign "%")."""

    sign: str
    x: Tree


@dataclass(frozen=True)
class Binary:
    operator: str
    left: Tree
    right: Tree


@dataclass(frozen=True)
class Call:
    name: str  # in capitals, without _xlfn.
    arguments: Tuple[Tree, ...]


Tree = Union[Constant, Reference, Signed, Binary, Call]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?)
    | (?P<text>"(?:[^"]|"")*")
    | (?P<cell>(?:(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)?\$?[A-Za-z]{1,3}\$?\d{1,7}(?![\w(.]))
    | (?P<name>[A-Za-z_][\w.]*)
    | (?P<mark><=|>=|<>|[-+*/^&=<>%(),:;])
    )""",
    re.VERBOSE,
)
_CELL = re.compile(r"(?:(?P<sheet>'(?:[^']|'')+'|[^\W\d][\w.]*)!)?(\$?)([A-Za-z]{1,3})(\$?)(\d{1,7})")
_TIGHTNESS = {**dict.fromkeys(["=", "<>", "<", ">", "<=", ">="], 1), "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}
MAX_DEPTH = 200


class Token(NamedTuple):
    kind: str
    text: str


@lru_cache(maxsize=4096)
def parse_formula(text: str) -> Tree:
    """The tree of a formula, with or without its leading "=". Raises SyntaxProblem."""
    parser = _Parser(list(_tokens(text[1:] if text.startswith("=") else text)))
    tree = parser.expression(0)
    if parser.at < len(parser.tokens):
        raise SyntaxProblem(f"something is left over at {parser.tokens[parser.at].text!r}")
    return tree


def _tokens(text: str) -> Iterator[Token]:
    at, text = 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise SyntaxProblem(f"{text[at : at + 10]!r} is not understood")
        yield Token(match.lastgroup, match.group(match.lastgroup))
        at = match.end()


class _Parser:
    """Precedence climbing: an operand, then every operator that binds tighter than what stands before."""

    def __init__(self, tokens: List[Token]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def peek(self) -> str:
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> Token:
        if self.at == len(self.tokens) or (expected and self.peek() != expected):
            raise SyntaxProblem(f"{expected or 'an operand'} is missing")
        self.at += 1
        return self.tokens[self.at - 1]

    def expression(self, loosest: int) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise SyntaxProblem("it is nested too deeply")
        left = self.operand()
        while _TIGHTNESS.get(self.peek(), 0) > loosest and self.tokens[self.at].kind == "mark":
            operator = self.take().text
            left = Binary(operator, left, self.expression(_TIGHTNESS[operator]))
        self.depth -= 1
        return left

    def operand(self) -> Tree:
        token = self.take()
        tree: Tree
        if token.kind == "mark" and token.text in "+-":
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise SyntaxProblem("it is nested too deeply")
            tree = Signed(token.text, self.operand())
            self.depth -= 1
            return tree
        if token.kind == "number":
            tree = Constant(float(token.text))
        elif token.kind == "text":
            tree = Constant(token.text[1:-1].replace('""', '"'))
        elif token.kind == "cell":
            tree = self.reference(token.text)
        elif token.kind == "name":
            tree = self.call_or_truth(token.text)
        elif token.text == "(":
            tree = self.expression(0)
            self.take(")")
        else:
            raise SyntaxProblem(f"{token.text!r} stands where an operand belongs")
        while self.peek() == "%":
            self.take()
            tree = Signed("%", tree)
        return tree

    def reference(self, text: str) -> Reference:
        first, fixed = _place(text)
        if self.peek() != ":":
            return Reference(first, None, fixed)
        self.take()
        last, _ = _place(self.take().text)
        (top, bottom), (left, right) = sorted((first.row, last.row)), sorted((first.column, last.column))
        return Reference(Place(first.sheet, top, left), Place(first.sheet, bottom, right), fixed)

    def call_or_truth(self, name: str) -> Tree:
        if self.peek() != "(":
            if name.upper() in ("TRUE", "FALSE"):
                return Constant(name.upper() == "TRUE")
            raise SyntaxProblem(f"the name {name!r} is not understood")
        self.take("(")
        arguments: List[Tree] = []
        while self.peek() != ")":
            if arguments:
                self.take(";" if self.peek() == ";" else ",")
            arguments.append(self.expression(0))
        self.take(")")
        name = name.upper()
        return Call(name[6:] if name.startswith("_XLFN.") else name, tuple(arguments))


def _place(text: str) -> Tuple[Place, Tuple[bool, bool]]:
    match = _CELL.fullmatch(text)
    if match is None:
        raise SyntaxProblem(f"{text!r} is not a cell")
    sheet = match.group("sheet")
    if sheet is not None and sheet.startswith("'"):
        sheet = sheet[1:-1].replace("''", "'")
    _, fixed_column, letters, fixed_row, row = match.groups()
    return Place(sheet, int(row), column_number(letters)), (bool(fixed_row), bool(fixed_column))


def references(tree: Tree) -> Iterator[Reference]:
    """Every reference in a formula, from left to right."""
    if isinstance(tree, Reference):
        yield tree
    for part in parts(tree):
        yield from references(part)


def parts(tree: Tree) -> Tuple[Tree, ...]:
    if isinstance(tree, Signed):
        return (tree.x,)
    if isinstance(tree, Binary):
        return tree.left, tree.right
    return tree.arguments if isinstance(tree, Call) else ()
