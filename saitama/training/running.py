"""Averages over the batches of an epoch, each batch counting as much as it has examples."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping

State = Mapping[str, Any]


class Averages:
    """add(examples, loss=..., accuracy=...) for each batch, then values(). Each name has a weight of its own."""

    def __init__(self) -> None:
        self.sums: Dict[str, float] = {}
        self.weights: Dict[str, float] = {}

    def add(self, weight: float, **values: float) -> None:
        """One batch more; of weight 0 it counts for nothing, whatever the values."""
        for name, value in values.items() if weight else ():
            self.sums[name] = self.sums.get(name, 0.0) + float(value) * weight
            self.weights[name] = self.weights.get(name, 0) + weight

    def values(self) -> Dict[str, float]:
        """The averages so far."""
        return {name: total / self.weights[name] for name, total in self.sums.items()}

    def state_dict(self) -> Dict[str, Any]:
        """What a checkpoint in the middle of an epoch keeps."""
        return {"sums": dict(self.sums), "weights": dict(self.weights)}

    def load_state_dict(self, state: State) -> None:
        """Go on from a state_dict()."""
        self.sums = dict(state["sums"])
        self.weights = dict(state.get("weights") or dict.fromkeys(self.sums, state.get("examples", 0)))

    @classmethod
    def together(cls, states: Iterable[State]) -> Averages:
        """The averages over what several counted, from their state_dicts."""
        whole = cls()
        for state in states:
            for name, total in state["sums"].items():
                whole.sums[name] = whole.sums.get(name, 0.0) + total
                whole.weights[name] = whole.weights.get(name, 0) + state["weights"][name]
        return whole
