"""No bias correction, or the moment before the update in place of the one after."""

from __future__ import annotations

from typing import Dict, Iterator

from ...graph.keys import Value
from ...graph.step import Update
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case


@misconception("moment", KNOWS_THE_OPERATION)
class Moment(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        update = case.step.of
        if not isinstance(update, Update):
            return
        shown = case.work.blocks  # a line that changes nothing is not
        lines: Dict[str, Value] = {symbol: Value(line) for symbol, line in update.lines.items() if Value(line) in shown}
        before: Dict[str, Value] = {symbol: Value(leaf) for symbol, leaf in update.state.items()}
        plain = {hat: lines[symbol] for hat, symbol in (("m̂", "m"), ("v̂", "v")) if hat in lines and symbol in lines}
        if case.step.name in plain:
            moment = case.operand(plain[case.step.name])
            yield f"{moment.name} is not corrected for its start at zero", moment.cell
        read = {hat: m for hat, m in plain.items() if case.has(lines[hat])}
        for hat, m in read.items():
            yield f"{case.operand(m).name} stands where {hat} belongs", case.instead((lines[hat], m))
        if len(read) > 1:
            pairs = [(lines[hat], m) for hat, m in read.items()]
            yield (
                "m and v stand where m̂ and v̂ belong: they are not corrected for their start at zero",
                case.instead(*pairs),
            )
        for symbol, old in before.items():
            if symbol in lines and case.has(lines[symbol]):
                yield (
                    f"the {symbol} before this step stands where the new one belongs",
                    case.instead((lines[symbol], old)),
                )
        if case.step.name == "t" and "t" in lines:
            count = case.operand(before["t"])
            yield "this step is not counted", lambda i: count.cell(i)
