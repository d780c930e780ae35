"""The right operation along another axis."""

from __future__ import annotations

from typing import Iterator

from ...formulas.syntax import Reference, Tree
from ...graph.keys import Inner
from ...layout import Index, size_of
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case, Operand
from .transposed import is_square, turned, turning
from .trees import replaced


@misconception("wrong-axis", KNOWS_THE_OPERATION)
class WrongAxis(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        """Where a block is square, its columns give as many numbers as its rows."""
        squares = [one for one in case.operands if is_square(one)]
        blocks = [one for one in squares if size_of(one.shape) > size_of(case.shape)]
        if not blocks or case.op == "MatMul":
            return
        words = f"{case.rule} is taken along the other axis"
        yield words, turning(case, *blocks)

        def all_turned(one: Operand, i: Index) -> Tree:
            """Steps in between are taken along the other axis too."""
            if isinstance(one.key, Inner) and one not in squares and one.block.size > 1:
                return replaced(case.tree_of(one.block, i), part)
            return one.cell(turned(i) if one in blocks else i)

        def part(tree: Tree) -> Tree:
            return all_turned(*case.read(tree)) if isinstance(tree, Reference) else tree

        yield words, case.reading(all_turned)
