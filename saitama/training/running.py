"""Averages over the batches of an epoch, each batch counting as much as it has examples."""

from __future__ import annotations

from typing import Any, Dict, Mapping


class Averages:
    """add(examples, loss=..., accuracy=...) for each batch, then values()."""

    def __init__(self) -> None:
        self.sums: Dict[str, float] = {}
        self.examples = 0

    def add(self, examples: int, **values: float) -> None:
        """One batch more."""
        self.examples += examples
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value) * examples

    def values(self, prefix: str = "") -> Dict[str, float]:
        """The averages so far."""
        return {prefix + name: total / self.examples for name, total in self.sums.items()}

    def state_dict(self) -> Dict[str, Any]:
        """What a checkpoint in the middle of an epoch keeps."""
        return {"sums": dict(self.sums), "examples": self.examples}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state_dict()."""
        self.sums, self.examples = dict(state["sums"]), state["examples"]
