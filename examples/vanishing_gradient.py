"""The gradient over time: in a plain RNN it vanishes or explodes, through open gates it passes; what clipping changes.

python examples/vanishing_gradient.py        # prints both tables and writes vanishing_gradient.xlsx, with the curves
saitama export examples/vanishing_gradient.py -o rnn.xlsx        # the gradient of 6 steps back, step by step

The second table is the loss of saying the first of 20 random numbers at the end; 1 is no better than always saying 0.
"""

from __future__ import annotations

from math import inf, log10
from typing import Any, List, Optional

from saitama import Tensor, attention, cat, manual_seed, nn, optim, randn, zeros
from saitama.training import History, clip_grad_norm_, export_histories

HIDDEN, BATCH = 16, 16
KINDS = ["RNN", "RNN, large weights", "LSTM", "LSTM, open gates", "GRU", "GRU, open gates"]
TRIALS = {"RNN": None, "LSTM, open gates": None, "GRU, open gates": None}  # trained by Adam
CLIPS = {"RNN, large weights": inf, "RNN, large weights, clipped": 1.0}  # trained by plain descent with momentum


def cell(kind: str) -> Any:
    """The cell of that kind; open gates have a bias of 3 towards keeping at first (Jozefowicz et al. 2015)."""
    made = getattr(attention, kind.split(",")[0] + "Cell")(1, HIDDEN)
    if "open" in kind:  # the second block of rows is the LSTM's forget gate, the GRU's update gate
        made.bias_ih.data = cat([zeros(HIDDEN), zeros(HIDDEN) + 3, zeros((made.gates - 2) * HIDDEN)])
    made.weight_hh.data = made.weight_hh.data * (4 if "large" in kind else 1)
    return made


def read(cell: Any, x: Tensor) -> List[Tensor]:
    """h after every step of x (T, B, 1): what RNN, LSTM and GRU do, written out so that each h keeps its gradient."""
    state, hidden = None, []
    for x_t in x:
        state = cell(x_t, state)
        hidden.append(state[0] if isinstance(state, tuple) else state)  # an LSTM's state is (h, c)
        hidden[-1].retain_grad()
    return hidden


def gradient_norms(cell: Any) -> List[float]:
    """|dL/dh| 0, 1, ... 59 steps before the end, L being the sum of the last h."""
    hidden = read(cell, randn(60, BATCH, 1))
    hidden[-1].sum().backward()
    return [(h.grad * h.grad).sum().sqrt().item() for h in reversed(hidden)]


def remember(cell: Any, clip: Optional[float]) -> float:
    """Train to say the first number at the end; the mean loss of the last 20 of 200 updates."""
    model, losses = nn.ModuleList([cell, nn.Linear(HIDDEN, 1)]), []
    descent = optim.Adam(model.parameters(), lr=0.02) if clip is None else optim.Momentum(model.parameters(), lr=0.1)
    for _ in range(200):
        x = randn(20, BATCH, 1)
        loss = nn.functional.mse_loss(model[1](read(cell, x)[-1]), x[0])
        model.zero_grad()
        loss.backward()
        clip_grad_norm_(model.parameters(), inf if clip is None else clip)
        descent.step()
        losses.append(loss.item())
    return sum(losses[-20:]) / 20


manual_seed(2)
norms = {kind: gradient_norms(cell(kind)) for kind in KINDS}
runs = {kind: History() for kind in KINDS}
for kind, row in norms.items():
    print(f"{kind:28}|dL/dh| 0, 10, 30, 59 steps back:", *(f"{row[k]:9.1e}" for k in (0, 10, 30, 59)))
    for norm in row:
        runs[kind].add_step(**{"log10 |dL/dh|": log10(norm)})
export_histories(runs, "vanishing_gradient.xlsx")
losses = {name: remember(cell(name), clip) for name, clip in {**TRIALS, **CLIPS}.items()}
print(*(f"{name:28}loss of remembering: {loss:.3f}" for name, loss in losses.items()), sep="\n")

h = read(cell("RNN"), randn(6, 1, 1))  # after each of 6 steps
loss = h[-1].sum()
