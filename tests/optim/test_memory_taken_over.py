"""A step may use the memory of the old numbers again, but only where nobody sees them change: here everyone tries."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from copy import deepcopy
from typing import Any, Callable, Dict, List

import pytest

from saitama import Tensor, nn, ones, optim
from saitama.tensor.backend import K
from saitama.training import clip_grad_norm_

compiled = pytest.mark.skipif(K.info()["backend"] != "compiled", reason="the twin's arrays are always new")
START = [[1.0, -2.0, 0.5], [3.0, 4.0, -0.25]]

OPTIMIZERS: Dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "SGD with momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, lr=0.1),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.1, momentum=0.9, centered=True),
}
optimizers = pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())

# What a user may hold on to, and how to read it later.
HOLDERS: Dict[str, Callable[[Any], Callable[[], Any]]] = {
    "data": lambda p: p.data.tolist,
    "detached": lambda p: p.detach().tolist,
    "another tensor": lambda p: Tensor(p).tolist,
    "another parameter": lambda p: nn.Parameter(p).tolist,
    "array": lambda p: p.array.tolist,
    "reshaped array": lambda p: p.array.reshape((6,)).reshape((2, 3)).tolist,
    "reshaped tensor": lambda p: (lambda flat: lambda: flat.reshape(2, 3).tolist())(p.detach().reshape(3, 2)),
    "state_dict": lambda p: (lambda saved: lambda: saved["weight"].tolist())(module(p).state_dict()),
    "closure": lambda p: lambda old=p.data: old.tolist(),
    "deep copy": lambda p: deepcopy(p).tolist,
    "list": lambda p: (lambda held: lambda: held[0].tolist())([p.data]),
}
BUFFERS: Dict[str, Callable[[Any], Callable[[], Any]]] = {
    "memoryview": lambda p: memoryview(p).tolist,
    "part of a memoryview": lambda p: (lambda part: lambda: [part[:3].tolist(), part[3:].tolist()])(flat_view(p)[0:6]),
    "memoryview of the array": lambda p: memoryview(p.array).tolist,
    "ctypes": lambda p: (lambda c: lambda: [list(c[:3]), list(c[3:])])((ctypes.c_double * 6).from_buffer(p)),
}
if K.info()["backend"] == "compiled" or sys.version_info >= (3, 12):
    HOLDERS.update(BUFFERS)
holders = pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS.keys())


def module(p: nn.Parameter) -> nn.Module:
    owner = nn.Module()
    owner.weight = p
    return owner


def flat_view(p: Any) -> memoryview:
    return memoryview(p).cast("B").cast("d")


def address(p: Any) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(p))


def started(make: Callable[[Any], optim.Optimizer], *params: nn.Parameter) -> optim.Optimizer:
    """After a first step, so that there is a state."""
    optimizer = make(params)
    step(optimizer, *params)
    return optimizer


def step(optimizer: optim.Optimizer, *params: nn.Parameter) -> None:
    optimizer.zero_grad()
    for p in params:
        (p * p + p).sum().backward()
    optimizer.step()


def everything(optimizer: optim.Optimizer, *params: nn.Parameter) -> str:
    return repr([p.tolist() for p in params]) + repr(optimizer.state_dict())


@compiled
@optimizers
def test_memory_that_nobody_holds_is_taken_over(make: Any) -> None:
    p = nn.Parameter(START)
    optimizer = started(make, p)
    tensors = [p, *(value for value in optimizer.state.get(p, {}).values() if isinstance(value, Tensor))]
    places, arrays = [address(t) for t in tensors], [id(t.array) for t in tensors]
    before = p.tolist()
    for t, array in zip(tensors, arrays):
        assert id(t.array) == array
    step(optimizer, p)
    assert [address(t) for t in tensors] == places
    assert p.tolist() != before


@holders
@optimizers
def test_what_is_held_stays_as_it_is(make: Any, hold: Any) -> None:
    p, twin = nn.Parameter(START), nn.Parameter(START)
    optimizer, other = started(make, p), started(make, twin)
    before = p.tolist()
    read = hold(p)
    for _ in range(3):
        step(optimizer, p)
        step(other, twin)
        assert read() == before != p.tolist()
    assert everything(optimizer, p) == everything(other, twin)  # bit for bit as if nobody had held anything


@optimizers
def test_a_state_that_is_held_stays_as_it_is(make: Any) -> None:
    p = nn.Parameter(START)
    optimizer = started(make, p)
    held = [v.detach() for v in optimizer.state.get(p, {}).values() if isinstance(v, Tensor)]
    saved = optimizer.state_dict()
    before = repr((held, saved))
    step(optimizer, p)
    assert repr((held, saved)) == before
    optimizer.load_state_dict(saved)  # whose tensors are now the optimiser's too
    step(optimizer, p)
    assert repr((held, saved)) == before


@optimizers
def test_a_graph_keeps_the_numbers_that_it_was_made_with(make: Any) -> None:
    p = nn.Parameter(START)
    optimizer = started(make, p)
    x = Tensor([[1.0, 2.0]], requires_grad=True)
    before = p.data
    y = (x @ p).sum()  # dy/dx is the sum of the rows of p
    step(optimizer, p)
    y.backward()
    assert x.grad is not None and x.grad.tolist() == [before.sum(1).tolist()]


@optimizers
def test_a_loaded_state_dict_is_not_written_to(make: Any) -> None:
    p = nn.Parameter(START)
    optimizer, model = started(make, p), module(p)
    saved = model.state_dict()
    before = repr(saved)
    step(optimizer, p)
    model.load_state_dict(saved)
    step(optimizer, p)
    assert repr(saved) == before != repr(model.state_dict())


@optimizers
def test_parameters_that_share_their_numbers_part(make: Any) -> None:
    p = nn.Parameter(START)
    q = nn.Parameter(p)
    assert q.array is p.array
    alone = nn.Parameter(START)
    both, one = make([p, q]), make([alone])
    for _ in range(3):
        step(both, p, q)
        step(one, alone)
    assert p.tolist() == q.tolist() == alone.tolist()


def test_a_gradient_that_is_the_parameter() -> None:
    p = nn.Parameter(START)
    p.grad = p.data
    optim.SGD([p], lr=0.5).step()
    assert (p.tolist(), p.grad.tolist()) == ([[x / 2 for x in row] for row in START], START)


def test_a_tensor_given_twice_is_changed_once() -> None:
    """An optimiser refuses it; the kernel computes both from the old numbers."""
    p, g = Tensor(START), Tensor(START)
    K.sgd_step([p, p], [g, g], None, 0.5, 0.0, 0.0, False, 0.0)
    assert p.tolist() == [[x / 2 for x in row] for row in START]


@compiled
def test_another_thread_sees_all_or_nothing_of_a_step() -> None:
    """All numbers of p are always equal: whoever sees two of them caught a step at work."""
    p = nn.Parameter(ones(1_000_000, dtype="float32"))
    p.grad = p.data + 0
    optimizer = optim.SGD([p], lr=2.0**-10, momentum=0.5)
    done = threading.Event()
    seen: List[bool] = []

    def watch() -> None:
        while not done.is_set() or not seen:
            held = p.data
            first = held.max().item()
            seen.append(held.min().item() == first == held.max().item())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(50):
        optimizer.step()
    done.set()
    watcher.join()
    assert all(seen)


@compiled
@optimizers
def test_the_collector_may_look_at_any_moment(make: Any) -> None:
    """It runs Python code (finalisers, and these callbacks) in the middle of what is no Python code."""
    p = nn.Parameter(START)
    optimizer = started(make, p)
    looks = 0
    held: List[Any] = []

    def look(phase: str, info: Any) -> None:
        nonlocal looks
        looks += 1
        if looks == moment:
            held.extend([p.data, p.tolist()])

    thresholds = gc.get_threshold()
    for moment in range(1, 100):
        looks = 0
        optimizer.step()  # nobody holds what it makes
        gc.callbacks.append(look)
        gc.set_threshold(1)
        try:
            optimizer.step()
        finally:
            gc.set_threshold(*thresholds)
            gc.callbacks.remove(look)
        if looks < moment:
            break
        assert held[0].tolist() == held[1]
        held.clear()


@compiled
@optimizers
def test_a_finaliser_may_take_the_array(make: Any) -> None:
    """It swaps the parameter's array with another tensor's: the old one has as many owners as before, but a new one."""
    twin = nn.Parameter(START)
    other = started(make, twin)
    before = twin.tolist()
    step(other, twin)
    thief = Tensor([[0.0] * 3] * 2)
    looks = moment = 0

    def look(phase: str, info: Any) -> None:
        nonlocal looks
        looks += 1
        if looks == moment:
            thief.array, p.array = p.array, thief.array

    thresholds = gc.get_threshold()
    for moment in range(1, 100):
        p = nn.Parameter(START)
        optimizer = started(make, p)
        optimizer.zero_grad()
        (p * p + p).sum().backward()
        looks = 0
        gc.callbacks.append(look)
        gc.set_threshold(1)
        try:
            optimizer.step()
        finally:
            gc.set_threshold(*thresholds)
            gc.callbacks.remove(look)
        if looks < moment:
            break
        assert thief.tolist() in (before, twin.tolist())


@compiled
def test_an_array_of_numpy_keeps_the_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    p = nn.Parameter(START)
    optimizer = started(OPTIMIZERS["SGD"], p)
    flat, shaped, before = numpy.frombuffer(p), numpy.asarray(p), p.tolist()
    step(optimizer, p)
    del optimizer
    p.data = Tensor(START)
    gc.collect()
    assert shaped.tolist() == flat.reshape(2, 3).tolist() == before


@pytest.mark.parametrize("op", ["sgd_step", "adam_step", "rmsprop_step", "scale"])
def test_a_step_needs_its_lists(op: str) -> None:
    rest = {"sgd_step": (None, 0.1, 0, 0, False, 0), "adam_step": (None, None, 1, 0.1, 0.9, 0.9, 0, 0, False)}
    rest.update(rmsprop_step=(None, None, None, 0.1, 0.9, 0, 0, 0), scale=(0.5,))
    tensors = [None] if op == "scale" else [[Tensor(START)], None]
    with pytest.raises(TypeError):
        getattr(K, op)(*tensors, *rest[op])


@compiled
@optimizers
def test_ctrl_c_after_the_kernel_finds_a_whole_step(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python notices Ctrl-C when the kernel has returned: parameters and states are then both those after the step."""
    p, twin = nn.Parameter(START), nn.Parameter(START)
    optimizer, other = make([p]), make([twin])
    for _ in range(2):
        with monkeypatch.context() as patch:
            for name in ("sgd_step", "adam_step", "rmsprop_step"):
                patch.setattr(K, name, interrupted(getattr(K, name)))
            with pytest.raises(KeyboardInterrupt):
                step(optimizer, p)
        step(other, twin)
        assert everything(optimizer, p) == everything(other, twin)


def interrupted(kernel: Callable[..., None]) -> Callable[..., None]:
    def run(*args: Any) -> None:
        kernel(*args)
        raise KeyboardInterrupt

    return run


@optimizers
def test_after_an_error_nothing_has_changed(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    params = [nn.Parameter(START), nn.Parameter([1.0]), nn.Parameter([2.0, 3.0])]
    optimizer = started(make, *params[:2])  # the third has no state yet
    before = everything(optimizer, *params)
    for p in params:
        p.grad = p.data
    params[1].grad = Tensor([1.0], dtype="float32")
    with pytest.raises(TypeError, match="dtypes float64 and float32 differ"):
        optimizer.step()
    assert everything(optimizer, *params) == before

    def full(*args: Any) -> None:
        raise MemoryError("out of memory")

    for name in ("sgd_step", "adam_step", "rmsprop_step"):
        monkeypatch.setattr(K, name, full)
    with pytest.raises(MemoryError):
        optimizer.step()
    assert everything(optimizer, *params) == before


# --- gradients --------------------------------------------------------------------------------------------------------
def clipped(p: nn.Parameter) -> List[Any]:
    clip_grad_norm_([p], 1e-3)
    assert p.grad is not None
    return p.grad.tolist()


@compiled
def test_clipping_takes_the_memory_of_the_gradient() -> None:
    p = nn.Parameter(START)
    p.grad = Tensor(START)
    place = address(p.grad)
    clipped(p)
    assert address(p.grad) == place


@holders
def test_a_gradient_that_is_held_is_not_clipped(hold: Any) -> None:
    p = nn.Parameter(START)
    p.grad = Tensor(START)
    read = hold(p.grad) if hold is not HOLDERS["state_dict"] else p.grad.tolist
    tensor = p.grad
    short = clipped(p)
    assert read() == tensor.tolist() == START != short


def test_two_parameters_with_one_gradient_are_both_clipped() -> None:
    p, q = nn.Parameter([1.0]), nn.Parameter([1.0])
    p.grad = q.grad = Tensor([3.0])
    assert clip_grad_norm_([p, q], 1.0).item() == pytest.approx(18**0.5)
    assert p.grad.tolist() == q.grad.tolist() == [pytest.approx(0.5**0.5)]
