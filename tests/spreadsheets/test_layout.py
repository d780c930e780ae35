"""Where tensors lie on a sheet."""

from __future__ import annotations

import re
from itertools import product
from typing import List, Optional, Set, Tuple

from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import range_boundaries

from saitama.spreadsheets.layout import ALL, Block, flatten, indices, slice_label

SHAPES = st.lists(st.integers(0, 4), max_size=5).map(tuple)


def test_places_of_a_matrix() -> None:
    block = Block("s", 5, 2, (2, 3))
    assert block.address((0, 0)) == "B5"
    assert block.address((1, 2)) == "D6"
    assert block.rectangle() == "B5:D6"
    assert block.ranges((ALL, 1)) == ["C5:C6"]
    assert block.ranges((1, ALL)) == ["B6:D6"]


def test_slices_are_stacked_downwards_under_a_label_row() -> None:
    block = Block("s", 5, 2, (2, 2, 3))
    assert [block.address((b, 0, 0)) for b in range(2)] == ["B5", "B8"]  # B7 holds the second slice's label row
    assert block.rectangle() == "B5:D9"
    assert block.ranges((ALL, ALL, 0)) == ["B5:B9"]
    assert block.ranges((ALL, 0, 0)) == ["B5", "B8"]


def test_a_number_is_one_cell() -> None:
    block = Block("s", 3, 2, ())
    assert (block.address(()), block.rectangle(), block.ranges(())) == ("B3", "B3", ["B3"])


def test_labels() -> None:
    assert slice_label((0,)) == "[b=0]"
    assert slice_label((0, 1)) == "[b=0, h=1]"


def test_flatten() -> None:
    assert flatten([[1, 2], [3, 4]], 2) == [1, 2, 3, 4]
    assert flatten(5, 0) == [5]


@given(SHAPES)
def test_every_number_has_a_cell_of_its_own(shape: Tuple[int, ...]) -> None:
    block = Block("s", 3, 2, shape)
    places = [(row, col) for _, row, col in block.cells()]
    assert len(set(places)) == len(places) == block.size
    if places:
        left, top, right, bottom = range_boundaries(block.rectangle())
        assert (min(r for r, _ in places), max(r for r, _ in places)) == (top, bottom)
        assert (min(c for _, c in places), max(c for _, c in places)) == (left, right)


@given(st.data(), st.lists(st.integers(1, 3), min_size=1, max_size=5).map(tuple))
def test_ranges_hold_exactly_the_numbers_of_a_pattern(data: st.DataObject, shape: Tuple[int, ...]) -> None:
    pattern: List[Optional[int]] = [data.draw(st.one_of(st.none(), st.integers(0, n - 1))) for n in shape]
    block = Block("s", 3, 2, shape)
    wanted = [i for i in indices(shape) if all(p is ALL or p == n for p, n in zip(pattern, i))]
    covered: Set[Tuple[int, int]] = set()
    for part in block.ranges(pattern):
        assert re.match(r"[A-Z]+\d+(:[A-Z]+\d+)?$", part)
        left, top, right, bottom = range_boundaries(part)
        covered |= set(product(range(int(top or 0), int(bottom or 0) + 1), range(int(left or 0), int(right or 0) + 1)))
    numbers = {block.at(i) for i in indices(shape)}
    assert covered & numbers == {block.at(i) for i in wanted}  # beyond these only label rows, which are empty
