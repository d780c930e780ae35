"""Random changes to workbooks: to the XML of their parts, to their zips, and to the graphs that they carry."""

from __future__ import annotations

import copy
import json
import re
from random import Random
from typing import Any, Callable, Dict, List, Tuple

TEXTS = [
    "",
    " ",
    "0",
    "-1",
    "1e400",
    "nan",
    "INF",
    "TRUE",
    "1_0",
    "\u0661",
    "A1",
    "XFD1048576",
    "A0",
    "=1/0",
    "#REF!",
    "'",
    "\ud83d\ude00",
    "99999999999999999999",
    "inlineStr",
    "shared",
    "x" * 40_000,
]
PIECES = [
    "<c/>",
    '<c r="A1"><v>9</v></c>',
    "<v>9</v>",
    "<f>A1</f>",
    '<row r="1"/>',
    "<sheetData/>",
    '<q:c xmlns:q="urn:q" r="A1"><q:v>9</q:v></q:c>',
    "<extLst><ext/></extLst>",
    "<!-- <c> -->",
    "<![CDATA[<c>]]>",
    "<?x y?>",
    "&#65;",
    "&lt;",
    "</row>",
    '<is><t>a</t><r><t>b</t></r><rPh sb="0" eb="1"><t>c</t></rPh></is>',
]
NUMBERS: List[Any] = [0, 1, -1, 2, 3, 7, 10**6, 10**12, 2**31, 2**63, -(2**63), 0.5, -0.0, 1e308, 1e-300]
VALUES: List[Any] = [*NUMBERS, None, True, False, "", "x", "float64", "int64", "bool", [], {}, [0], [[1]], [1] * 33]


def text_of(random: Random, text: str) -> str:
    """The XML of a part with one to three changes."""
    for _ in range(random.randint(1, 3)):
        text = random.choice([_attribute, _content, _insert, _remove, _double, _swap, _characters])(random, text)
    return text


def _attribute(random: Random, text: str) -> str:
    return _replace(random, text, r'="([^"]*)"', lambda: f'="{_escaped(random.choice(TEXTS))}"')


def _content(random: Random, text: str) -> str:
    return _replace(random, text, r">([^<>]+)<", lambda: f">{_escaped(random.choice(TEXTS))}<")


def _replace(random: Random, text: str, pattern: str, new: Callable[[], str]) -> str:
    found = list(re.finditer(pattern, text))
    if not found:
        return text
    one = random.choice(found)
    return text[: one.start()] + new() + text[one.end() :]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _insert(random: Random, text: str) -> str:
    at = random.choice([m.start() for m in re.finditer("<", text)] or [0])
    return text[:at] + random.choice(PIECES) + text[at:]


def _remove(random: Random, text: str) -> str:
    return _replace(random, text, r"<[^<>]*>", lambda: "")


def _double(random: Random, text: str) -> str:
    found = list(re.finditer(r"<(\w+)[^<>]*>.*?</\1>|<[^<>]*/>", text, re.S))
    if not found:
        return text
    one = random.choice(found)
    return text[: one.end()] + one.group() + text[one.end() :]


def _swap(random: Random, text: str) -> str:
    return _replace(random, text, r"<[\w:]+", lambda: "<" + random.choice(["c", "row", "v", "f", "is", "t", "q:c"]))


def _characters(random: Random, text: str) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(["<", ">", "&", '"', "\0", "\x0c", "\ufffe", "]]>", "\u2028"]) + text[at + 1 :]


# --- the graph ------------------------------------------------------------------------------------------------------
Place = Tuple[Any, Any]  # a dict or list, and a key or index of it


def graph_of(random: Random, described: Dict[str, Any], ops: List[str]) -> str:
    """The JSON of a graph with one to four changes."""
    described = copy.deepcopy(described)
    for _ in range(random.randint(1, 4)):
        holder, key = random.choice(_places(described))
        random.choice([_value, _value, _number, _drop, _repeat, _exchange, _operation])(
            random, described, holder, key, ops
        )
    text = json.dumps(described)
    return text if random.random() < 0.97 else text[: random.randrange(len(text))]


def _places(described: Any) -> List[Place]:
    """Everything in the graph that could be changed."""
    found: List[Place] = []
    waiting = [described]
    while waiting:
        holder = waiting.pop()
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            if isinstance(holder[key], (dict, list)):
                waiting.append(holder[key])
    return found


def _value(random: Random, described: Any, holder: Any, key: Any, ops: List[str]) -> None:
    holder[key] = copy.deepcopy(random.choice(VALUES))


def _number(random: Random, described: Any, holder: Any, key: Any, ops: List[str]) -> None:
    old = holder[key]
    if isinstance(old, (int, float)) and not isinstance(old, bool):
        holder[key] = random.choice([old + 1, old - 1, -old, old * 2, old * 1000, random.choice(NUMBERS)])


def _drop(random: Random, described: Any, holder: Any, key: Any, ops: List[str]) -> None:
    del holder[key]


def _repeat(random: Random, described: Any, holder: Any, key: Any, ops: List[str]) -> None:
    if isinstance(holder, list):
        holder.extend([copy.deepcopy(holder[key]) for _ in range(random.choice([1, 1, 2, 50]))])


def _exchange(random: Random, described: Any, holder: Any, key: Any, ops: List[str]) -> None:
    """With something of the same kind elsewhere: another shape, another place, another input."""
    others = [(h, k) for h, k in _places(described) if k == key and type(h[k]) is type(holder[key])]
    other, there = random.choice(others or [(holder, key)])
    holder[key], other[there] = copy.deepcopy(other[there]), copy.deepcopy(holder[key])


def _operation(random: Random, described: Any, holder: Any, key: Any, ops: List[str]) -> None:
    nodes = described.get("nodes")
    nodes = [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
    if nodes:
        random.choice(nodes)["op"] = random.choice(ops)
