"""The mathematics of an operation in a person's own names: `y = a · b` as `area = width · height`.

Formulas are written with generic letters: y for the result, and for each operand a letter of its own. A letter counts
where it stands alone or with an index behind it, so that no word is taken apart: the b of `b₁` and of `bᵀ`, not that of
`by`. A gradient is written dE/da and becomes dloss/dwidth; that of the root is 1.
"""

from __future__ import annotations

import re
from copy import copy
from typing import Dict, List, Mapping, Sequence

from ..layout import Shape

_GRADIENT = re.compile(r"dE/d([A-Za-z])(?![A-Za-z])")
_LETTER = re.compile(r"(?<![\w/.'])([A-Za-z])(?![A-Za-z0-9_(]|\u0302)")  # not before a circumflex: that of x̂ is another
_ONCE = re.compile(r"(?<![\w.])1 · |(?<= )· 1(?![\w.])")

_BELOW_0 = re.compile(r"(?<=[·/+−] )-\d[\d.]*(e[+-]?\d+)?(?![\w.])")  # a number behind a sign


class Wording:
    """The names that stand for the letters of one operation.

    names, gradients and shapes are those of the operands; counts: numbers that have a letter.
    """

    def __init__(
        self,
        letters: Sequence[str],
        names: Sequence[str],
        gradients: Sequence[str],
        result: str,
        arriving: str,
        shapes: Sequence[Shape],
        counts: Mapping[str, int],
    ) -> None:
        self.shapes = shapes
        self._names = {**_both_cases(letters, names), **_both_cases("y", [result])}
        self._names.update({letter: str(n) for letter, n in counts.items()})
        self._gradients = {**_both_cases(letters, gradients), **_both_cases("y", [arriving])}

    def __call__(self, text: str) -> str:
        """`text` with a name for each letter."""
        marks: List[str] = []

        def keep(name: str) -> str:
            marks.append(name)
            return chr(0xE000 + len(marks) - 1)  # a character that no text has, so that nothing is replaced twice

        text = _GRADIENT.sub(lambda found: keep(self._gradients.get(found.group(1), found.group())), text)
        text = _LETTER.sub(lambda found: keep(self._names.get(found.group(1), found.group())), text)
        text = "".join(marks[ord(c) - 0xE000] if 0xE000 <= ord(c) < 0xE000 + len(marks) else c for c in text)
        return _BELOW_0.sub(r"(\g<0>)", _ONCE.sub("", text))

    def with_arriving(self, name: str) -> Wording:
        """The same, with another name for the gradient that arrives."""
        other = copy(self)
        other._gradients = {**self._gradients, "y": name, "Y": name}
        return other

    def rule(self, text: str) -> str:
        """The right side of an equation, without the remarks and the indices that may follow it."""
        right = text.partition(" = ")[2] or text
        return self(re.split(r":  |;  |,  ", right)[0])


def _both_cases(letters: Sequence[str], names: Sequence[str]) -> Dict[str, str]:
    """{letter: name}, in capitals and small: matrices are written X and their numbers x."""
    found: Dict[str, str] = {}
    for letter, name in zip(letters, names):
        found.update({letter: name, letter.lower(): name, letter.upper(): name})
    return found


__all__ = ["Wording"]
