"""An epoch of training a small network, against PyTorch eager: forward, backward and the optimiser's step.

moons:  2-16-16-1 on 100 points at once, binary cross-entropy with logits, SGD; an epoch is one step.
digits: 64-128-64-10 on 1,797 examples of 64 values in batches of 32, cross-entropy, Adam; an epoch is 57 steps.

Both start from the same weights and see the same batches; the losses after the run are compared.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Tuple

from benchmarks.peers import peer
from benchmarks.timing import Result, alternate

TITLE = "Training a small network"
THREADS = 2
EXAMPLES, BATCH = 1797, 32
Epoch = Callable[[], float]  # trains for an epoch and gives the last loss


def network(library: Any, sizes: Tuple[int, ...], dtype: Any) -> Any:
    layers: List[Any] = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [library.Linear(inputs, outputs, dtype=dtype), library.ReLU()]
    return library.Sequential(*layers[:-1])


def epoch_of(model: Any, criterion: Any, optimizer: Any, batches: List[Tuple[Any, Any]]) -> Epoch:
    def epoch() -> float:
        for x, y in batches:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        return float(loss.item())

    return epoch


def task_of(task: str, dtype: str) -> Tuple[Any, Any, List[Tuple[Any, Any]]]:
    """saitama's model, criterion and batches."""
    import saitama
    from saitama import nn

    saitama.manual_seed(0)
    if task == "moons":
        x = saitama.randn(100, 2, dtype=dtype)
        batches = [(x, (x.sum(1, keepdim=True) > 0).to(dtype))]
        return network(nn, (2, 16, 16, 1), dtype), nn.BCEWithLogitsLoss(), batches
    counts = [min(BATCH, EXAMPLES - start) for start in range(0, EXAMPLES, BATCH)]
    batches = [(saitama.rand(n, 64, dtype=dtype), saitama.randint(0, 10, (n,))) for n in counts]
    return network(nn, (64, 128, 64, 10), dtype), nn.CrossEntropyLoss(), batches


def optimizer_of(task: str, library: Any, parameters: Any) -> Any:
    return library.SGD(parameters, lr=0.1) if task == "moons" else library.Adam(parameters)


def rivals(task: str, dtype: str) -> Dict[str, Epoch]:
    """The same epoch on saitama and on PyTorch, there with two threads and, as waiting ones can cost much, with one."""
    from saitama import optim

    model, criterion, batches = task_of(task, dtype)
    ours = epoch_of(model, criterion, optimizer_of(task, optim, model.parameters()), batches)
    torch = peer("torch")
    if torch is None:
        return {"saitama": ours}
    copies = [tuple(torch.tensor(t.tolist(), dtype=getattr(torch, t.dtype)) for t in batch) for batch in batches]
    sizes = (2, 16, 16, 1) if task == "moons" else (64, 128, 64, 10)
    epochs = {}
    for threads in (THREADS, 1):
        twin = network(torch.nn, sizes, getattr(torch, dtype))
        for p, q in zip(model.parameters(), twin.parameters()):
            q.data = torch.tensor(p.tolist(), dtype=q.dtype)
        loss = getattr(torch.nn, type(criterion).__name__)()
        epoch = epoch_of(twin, loss, optimizer_of(task, torch.optim, twin.parameters()), copies)
        epochs[f"torch, {threads} thread{'s' * (threads > 1)}"] = with_threads(torch, threads, epoch)
    return {"saitama": ours, **epochs}


def with_threads(torch: Any, threads: int, epoch: Epoch) -> Epoch:
    def run() -> float:
        torch.set_num_threads(threads)
        return epoch()

    return run


def results() -> Iterator[Result]:
    import saitama

    saitama.set_num_threads(THREADS)
    for task in ("moons", "digits"):
        for dtype in ("float64", "float32"):
            epochs = rivals(task, dtype)
            losses = [epoch() for epoch in epochs.values()]
            worst = max(abs(loss - losses[0]) for loss in losses)
            if worst > (1e-9 if dtype == "float64" else 1e-2):
                raise ArithmeticError(f"MLP {task}, {dtype}: the losses after an epoch differ by {worst:.1e}")
            times = alternate(epochs, rounds=9, seconds_per_sample=0.05, settle=0.1)
            yield Result(f"MLP {task}, {dtype}, an epoch", times, reach=0.5)
