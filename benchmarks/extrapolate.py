"""How training on 8 and 64 machines would go, from what was measured on one: `python -m benchmarks extrapolate`.

Nothing here runs on more than one machine: it is arithmetic (docs/scaling.md explains it), from a step's time on one
machine, the bytes of its gradients, and the latency and bandwidth of a network.

    compute(R) = the time of a machine's part of the batch, of which the backward pass is two thirds
    ring(R)    = 2 (R - 1) / R G / bandwidth + 2 (R - 1) latency        for gradients of G bytes
    step(R)    = compute(R) + small messages + max(ring(R) - overlap backward(R), the last bucket)

    strong scaling: the whole batch stays the same, and each machine's part shrinks
    weak scaling:   each machine's part stays the same, and the whole batch grows
"""

from __future__ import annotations

from math import ceil, log2
from typing import Dict, List, NamedTuple

TITLE = "On many machines, by arithmetic"
BUCKET = 2**20  # bytes: what is still to be sent when the backward pass ends
SMALL = 7  # messages of a few bytes in a step: forward, backward, who has which gradient (2), items (2), Ctrl-C


class Network(NamedTuple):
    latency: float  # seconds of a small message
    bandwidth: float  # bytes a second, each way


class Work(NamedTuple):
    """A training step."""

    seconds: float  # on one machine, all of the batch
    gradients: float  # bytes
    batch: int  # contexts

    def compute(self, machines: int, weak: bool) -> float:
        """Of the machine with the most contexts."""
        if weak:
            return self.seconds
        return self.seconds * ceil(self.batch / machines) / self.batch


NETWORKS: Dict[str, Network] = {
    "Ethernet, 1 Gbit/s": Network(50e-6, 118e6),
    "Ethernet, 10 Gbit/s": Network(20e-6, 1.18e9),
    "InfiniBand, 100 Gbit/s": Network(2e-6, 12e9),
}


def ring(gradients: float, machines: int, network: Network) -> float:
    """Seconds of an all-reduce in a ring (Patarasuk and Yuan 2009): each sends 2 (R - 1) pieces of G / R."""
    if machines == 1:
        return 0.0
    return 2 * (machines - 1) * (gradients / machines / network.bandwidth + network.latency)


def step(work: Work, machines: int, network: Network, weak: bool, overlap: float) -> float:
    """Seconds of a step. overlap: the share of the backward pass in which gradients are under way, 0 to 1."""
    compute, reduce = work.compute(machines, weak), ring(work.gradients, machines, network)
    last = ring(min(BUCKET, work.gradients), machines, network)
    small = SMALL * ceil(log2(machines)) * network.latency if machines > 1 else 0.0
    return compute + small + max(reduce - overlap * compute * 2 / 3, last)


def efficiency(work: Work, machines: int, network: Network, weak: bool, overlap: float) -> float:
    """Tokens a second over `machines` times those of one."""
    contexts = work.batch * machines if weak else work.batch
    alone = work.batch / work.seconds
    return contexts / step(work, machines, network, weak, overlap) / (machines * alone)


def rows(work: Work) -> List[str]:
    lines = []
    for weak in (False, True):
        lines.append(f"  {'weak' if weak else 'strong'} scaling: efficiency without overlap -> with all of it")
        for name, network in NETWORKS.items():
            cells = []
            for machines in (2, 8, 64):
                a, b = (efficiency(work, machines, network, weak, overlap) for overlap in (0.0, 1.0))
                cells.append(f"{machines:3} machines {a:5.0%} -> {b:4.0%}")
            lines.append(f"    {name:24}{'   '.join(cells)}")
    return lines


# Of one machine: seconds a step as `python -m benchmarks distributed` and `gpt` measure them, here rounded; and a model
# of GPT-2's size, at 6 FLOP for each parameter and token and 50 GFLOP/s a core.
WORKS: Dict[str, Work] = {
    "a character GPT, 0.8 M parameters, 12 contexts of 64": Work(0.040, 3.24e6, 12),
    "the same with 768 contexts": Work(0.040 * 64, 3.24e6, 768),
    "GPT-2, 124 M parameters, 64 contexts of 1024, two cores": Work(6 * 124e6 * 64 * 1024 / 100e9, 498e6, 64),
}


def main() -> None:
    print(f"\n{TITLE}")
    for name, work in WORKS.items():
        print(f"  {name}: {work.seconds:.3g} s a step, {work.gradients / 1e6:.0f} MB of gradients")
        print("\n".join(rows(work)))


if __name__ == "__main__":
    main()
