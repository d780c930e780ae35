"""A training step of a character model with one recurrent layer, against PyTorch eager, both on two threads.

Embedding 65 -> 128, RNN, LSTM or GRU with 128 hidden units, Linear 128 -> 65; 64 time steps of a batch of 32: forward,
cross-entropy, backward, clipping, Adam. Both start from the same weights and read the same characters.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, Tuple

from benchmarks.timing import Result, alternate

TITLE = "A training step of recurrent character models"
THREADS, SYMBOLS, WIDTH, STEPS, BATCH = 2, 65, 128, 64, 32
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
REACH = 1.0
Step = Callable[[], float]


def parts_of(nn: Any, nets: Any, net: str, dtype: Any) -> Tuple[Any, Any, Any]:
    return (
        nn.Embedding(SYMBOLS, WIDTH, dtype=dtype),
        getattr(nets, net)(WIDTH, WIDTH, dtype=dtype),
        nn.Linear(WIDTH, SYMBOLS, dtype=dtype),
    )


def step_of(model: Any, parts: Any, x: Any, target: Any, loss_of: Any, clip: Any, optimizer: Any) -> Step:
    embedding, net, head = parts

    def step() -> float:
        optimizer.zero_grad()
        output, _ = net(embedding(x))  # (T, B, H)
        loss = loss_of(head(output).reshape((-1, SYMBOLS)), target)
        loss.backward()
        clip(model.parameters(), 1.0)
        optimizer.step()
        return float(loss.item())

    return step


def rivals(net: str, dtype: str) -> Dict[str, Step]:
    """The same step on both sides; the first two losses of each are compared."""
    import torch

    import saitama
    from saitama import attention, nn, optim, training

    torch.set_num_threads(THREADS)
    saitama.set_num_threads(THREADS)
    saitama.manual_seed(0)
    ours = parts_of(nn, attention, net, dtype)
    theirs = parts_of(torch.nn, torch.nn, net, getattr(torch, dtype))
    for part, other in zip(ours, theirs):
        state = part.state_dict().items()
        other.load_state_dict({name: torch.tensor(value.tolist()) for name, value in state})
    x, target = (saitama.randint(0, SYMBOLS, (STEPS, BATCH)) for _ in range(2))
    y, wanted = (torch.tensor(symbols.tolist()) for symbols in (x, target))
    model, other = nn.ModuleList(ours), torch.nn.ModuleList(theirs)
    steps = {
        "saitama": step_of(
            model,
            ours,
            x,
            target.reshape((-1,)),
            nn.functional.cross_entropy,
            training.clip_grad_norm_,
            optim.Adam(model.parameters()),
        ),
        "pytorch": step_of(
            other,
            theirs,
            y,
            wanted.reshape(-1),
            torch.nn.functional.cross_entropy,
            torch.nn.utils.clip_grad_norm_,
            torch.optim.Adam(other.parameters()),
        ),
    }
    for _ in range(2):
        a, b = (step() for step in steps.values())
        if abs(a - b) > (1e-3 if dtype == "float32" else 1e-9) * abs(a):
            raise AssertionError(f"{net} {dtype}: the losses differ: {a} and {b}")
    return steps


def results() -> Iterator[Result]:
    for net, gates in GATES.items():
        # Each product of (T B, H) and a gate's weight, forward and twice backward; and those with the head's.
        work = 3 * 2e-9 * STEPS * BATCH * WIDTH * (2 * gates * WIDTH + SYMBOLS)
        for dtype in ("float32", "float64"):
            times = alternate(rivals(net, dtype), rounds=9, seconds_per_sample=0.1, settle=0.1)
            yield Result(f"{net} {dtype}, {THREADS} threads", times, work=work, reach=REACH)
