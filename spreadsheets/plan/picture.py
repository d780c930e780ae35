"""The forward graph as a picture: boxes for tensors in layers, arrows from what is read to what reads it.

A layer holds what can be computed from the layers above it; an input stands just above the first that reads it. An
arrow that passes layers bends around their boxes, and the order within a layer is chosen so that few arrows cross.
(Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Mapping, Sequence, Set, Tuple, Union

from ..graph.graph import Graph
from ..graph.items import Item, Leaf, Node
from ..texts import printable
from .measure import pixels

MOST, WIDEST, TALLEST = 24, 5, 10  # boxes of a picture, side by side, and layers: a sheet of paper
WIDTH, HEIGHT, DOWN, ACROSS, BEND = 4.5, 1.2, 0.6, 0.5, 0.6  # cm of a box, between layers and boxes, and of a bend
SWEEPS = 6
INSIDE = 160  # pixels of a line in a box: its 4.5 cm without the edges

Point = Tuple[float, float]


@dataclass(frozen=True)
class Frame:
    lines: Tuple[str, ...]
    kind: str  # "input", "operation", "result" or "more": what is not shown
    left: float  # cm
    top: float


@dataclass(frozen=True)
class Picture:
    boxes: Tuple[Frame, ...]
    arrows: Tuple[Tuple[Point, ...], ...]  # each the points of its line, in cm
    width: float
    height: float
    words: str  # what of the graph is shown


Place = Union[Item, Tuple[Item, Item, int]]  # of a tensor, or where the arrow between two passes a layer


def draw(graph: Graph) -> Picture:
    """The graph, or the part of it around the result, where all of it would not fit."""
    whole = [*graph.leaves, *graph.nodes]
    for most in range(min(MOST, len(whole)), 0, -1):
        shown = set(whole) if most == len(whole) else nearest(graph, most)
        layers = layered(graph, shown)
        if max(map(width_of, layers)) <= width_of([graph.root] * WIDEST) and len(layers) <= TALLEST:
            break
    order(graph, layers, shown)
    return placed(graph, layers, shown)


def width_of(layer: Sequence[Place]) -> float:
    """cm"""
    return sum(WIDTH + ACROSS if isinstance(place, Item) else BEND for place in layer)


def nearest(graph: Graph, most: int) -> Set[Item]:
    """The result and what stands before it, as many as that, the nearest first."""
    found: Dict[Item, None] = {graph.root: None}
    for item in iter_growing(found):
        for operand in item.inputs if isinstance(item, Node) else ():
            if len(found) < most:
                found.setdefault(operand)
    return set(found)


def iter_growing(found: Dict[Item, None]) -> Iterator[Item]:
    done = 0
    while done < len(found):
        yield list(found)[done]
        done += 1


def layered(graph: Graph, shown: Set[Item]) -> List[List[Place]]:
    """The tensors of each layer, and where arrows pass."""
    level: Dict[Item, int] = {}
    for node in graph.nodes:
        if node in shown:
            level[node] = 1 + max([level.get(item, 0) for item in node.inputs if isinstance(item, Node)], default=0)
    for leaf in graph.leaves:
        if leaf in shown:
            level[leaf] = min(level[node] for node in graph.nodes if node in shown and leaf in node.inputs) - 1
    layers: List[List[Place]] = [[] for _ in range(max(level.values()) + 1)]
    for item, number in level.items():
        layers[number].append(item)
    for item, reader in edges(graph, shown):
        for number in range(level[item] + 1, level[reader]):
            layers[number].append((item, reader, number))
    return [layer for layer in layers if layer]


def edges(graph: Graph, shown: Set[Item]) -> List[Tuple[Item, Node]]:
    pairs = [(item, node) for node in graph.nodes if node in shown for item in dict.fromkeys(node.inputs)]
    return [(item, node) for item, node in pairs if item in shown]


def order(graph: Graph, layers: List[List[Place]], shown: Set[Item]) -> None:
    """Put each place below, then above, the middle of those it is joined with, again and again."""
    above: Dict[Place, List[Place]] = {}
    below: Dict[Place, List[Place]] = {}
    for chain in chains(graph, layers, shown):
        for first, second in zip(chain, chain[1:]):
            below.setdefault(first, []).append(second)
            above.setdefault(second, []).append(first)
    for sweep in range(SWEEPS):
        joined = above if sweep % 2 == 0 else below
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            middle = {place: centre for line in layers for place, centre in centres(line).items()}
            where = {place: mean([middle[other] for other in joined.get(place, [place])]) for place in layer}
            layer.sort(key=where.__getitem__)


def chains(graph: Graph, layers: List[List[Place]], shown: Set[Item]) -> List[List[Place]]:
    """Every arrow: where it starts, the bends it passes, where it ends."""
    bends: Dict[Tuple[Item, Item], List[Place]] = {}
    for layer in layers:
        for place in layer:
            if isinstance(place, tuple):
                bends.setdefault(place[:2], []).append(place)
    return [[item, *bends.get((item, reader), []), reader] for item, reader in edges(graph, shown)]


def centres(layer: Sequence[Place]) -> Mapping[Place, float]:
    """The middle of each place, in cm, from that of the layer."""
    left, found = -width_of(layer) / 2, {}
    for place in layer:
        found[place] = left + width_of([place]) / 2
        left += width_of([place])
    return found


def mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


def placed(graph: Graph, layers: List[List[Place]], shown: Set[Item]) -> Picture:
    width = max(map(width_of, layers))
    tops: Dict[Place, float] = {}
    middles: Dict[Place, float] = {}
    for number, layer in enumerate(layers):
        tops.update((place, number * (HEIGHT + DOWN)) for place in layer)
        middles.update((place, width / 2 + centre) for place, centre in centres(layer).items())
    items = [place for layer in layers for place in layer if isinstance(place, Item)]
    boxes = tuple(
        Frame(lines_of(item, shown), kind_of(item, graph, shown), middles[item] - WIDTH / 2, tops[item])
        for item in items
    )
    arrows = []
    for first, *bends, last in chains(graph, layers, shown):
        points: List[Point] = [(middles[first], tops[first] + HEIGHT)]
        for bend in bends:
            points += [(middles[bend], tops[bend]), (middles[bend], tops[bend] + HEIGHT)]
        arrows.append((*points, (middles[last], tops[last])))
    all_of_it = len(shown) == len(graph.leaves) + len(graph.nodes)
    count = sum(isinstance(item, Node) for item in shown)
    words = f"The whole graph, forward: {len(graph.nodes):,} operations."
    if not all_of_it:
        words = f"The {count:,} of {len(graph.nodes):,} operations that are nearest to {graph.root.name}."
    return Picture(boxes, tuple(arrows), width, len(layers) * (HEIGHT + DOWN) - DOWN, words)


def lines_of(item: Item, shown: Set[Item]) -> Tuple[str, ...]:
    shape = "one number" if item.shape == () else str(tuple(item.shape))
    if isinstance(item, Leaf):
        return name(item), shape
    assert isinstance(item, Node)
    missing = [operand.name for operand in dict.fromkeys(item.inputs) if operand not in shown]
    return name(item), short(item.text), short(f"{shape}  ← {', '.join(missing)}" if missing else shape)


def kind_of(item: Item, graph: Graph, shown: Set[Item]) -> str:
    if item is graph.root:
        return "result"
    if isinstance(item, Leaf):
        return "input"
    return "operation" if all(operand in shown for operand in item.inputs) else "more"  # type: ignore[attr-defined]


def name(item: Item) -> str:
    """The last part of a long name says most: ….h.1.mlp.gelu."""
    kept = printable(item.name)
    while pixels(kept, 9, bold=True) > INSIDE:
        kept = "…" + kept.lstrip("…")[1:]
    return kept


def short(text: str) -> str:
    kept = printable(text)
    while pixels(kept, 8) > INSIDE:
        kept = kept.rstrip("…")[:-1] + "…"
    return kept


__all__ = ["Frame", "Picture", "draw"]
