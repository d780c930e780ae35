"""Pipeline parallelism: every rank has a part of the model, and micro-batches pass through (Huang et al. 2019).

    pipeline = Pipeline([first, second], loss_function, micro_batches=4, schedule="1f1b")
    optimizer = AdamW(pipeline.parameters())           # those of this rank's stage
    for x, y in loader:                                # the same batch on every rank
        optimizer.zero_grad()
        loss = pipeline.step(x, y)                     # forward and backward of all micro-batches
        optimizer.step()

What a rank does in a step is a list of instructions (schedule.py) that is worked off one by one.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from saitama.autograd import no_grad
from saitama.nn import Module, Parameter, Sequential
from saitama.tensor import Tensor, get_rng_state, set_rng_state
from saitama.tensor.backend import K
from saitama.tensor.dtype import DTYPES
from saitama.training.accumulate import Accumulation, items_of
from saitama.training.clipping import grad_norm, scale_gradients

from .data_parallel import check_same_model, share_state
from .ranks import world
from .sampler import part
from .schedule import Instruction, instructions

MOST_AXES = 6  # of what passes from stage to stage


class Pipeline:
    """A model in as many stages as there are ranks.

    Args:
        modules: the model as modules one after the other (a Sequential, say), each taking what the one before gives: a
            Tensor. Every rank makes all of them, and keeps those of its own stage up to date.
        loss_function: (output, target) -> the mean loss of a micro-batch.
        micro_batches: into how many a batch is cut, along its first axis; fewer where it has fewer rows.
        schedule: "naive", "gpipe" or "1f1b" (see schedule.py).
        sizes: how many of the modules each stage has; by default so that the parameters are spread evenly.

    Gradients are those of a single process on the whole batch, the mean taken over all items, but for dropout: each
    stage draws random numbers of its own. A parameter that several stages share (tied weights) gets the sum of their
    gradients. Attributes: instructions: of this stage; stage: its modules.

    Raises ValueError for an unknown schedule, fewer modules than ranks, or ranks that disagree on the model.
    """

    def __init__(
        self,
        modules: Sequence[Module],
        loss_function: Callable[[Any, Any], Tensor],
        *,
        micro_batches: int = 4,
        schedule: str = "gpipe",
        sizes: Optional[Sequence[int]] = None,
    ) -> None:
        self.world, self.loss_function, self.schedule = world(), loss_function, schedule
        self.rank, self.stages, self.micro_batches = self.world.rank, self.world.size, micro_batches
        parts = list(modules)
        instructions(schedule, self.stages, micro_batches)  # which refuses what cannot be, before anything is sent
        if any(not isinstance(module, Module) for module in parts):
            raise TypeError("Pipeline: expected a list of Modules")
        counts = spread(parts, self.stages) if sizes is None else list(sizes)
        if len(counts) != self.stages or sum(counts) != len(parts) or min(counts) < 1:
            raise ValueError(
                f"Pipeline: {len(parts)} modules cannot be {self.stages} stages of {counts}; every rank needs one at "
                "least"
            )
        starts = [sum(counts[:stage]) for stage in range(self.stages + 1)]
        whole = Sequential(*parts)
        check_same_model(self.world, whole)
        share_state(self.world, whole)
        self.all = [Sequential(*parts[a:b]) for a, b in zip(starts, starts[1:])]
        self.stage = self.all[self.rank]
        self.owners: Dict[Parameter, List[int]] = {}  # the stages that have it
        for stage, module in enumerate(self.all):
            for parameter in module.parameters():
                self.owners.setdefault(parameter, []).append(stage)
        self.instructions = instructions(schedule, self.stages, micro_batches)[self.rank]

    @property
    def first(self) -> bool:
        return self.rank == 0

    @property
    def last(self) -> bool:
        return self.rank == self.stages - 1

    def parameters(self) -> Iterator[Parameter]:
        """Those of this stage: what its optimiser is given."""
        return self.stage.parameters()

    # --- a step -------------------------------------------------------------------------------------------------------
    def step(self, x: Tensor, y: Tensor) -> float:
        """Forward and backward pass of a batch, which every rank is given whole. Returns the mean loss, on every rank.

        Raises ValueError for an empty batch, or an x and y of different lengths.
        """
        if not isinstance(x, Tensor) or not isinstance(y, Tensor) or not x.ndim or not len(x) or len(x) != len(y):
            shapes = [getattr(z, "shape", type(z).__name__) for z in (x, y)]
            raise ValueError(f"Pipeline.step: expected tensors x and y of the same number of rows, got {shapes}")
        if any(p.grad is not None for p in self.parameters()):
            raise RuntimeError(
                "Pipeline.step: there are gradients of an earlier step; call optimizer.zero_grad() first"
            )
        count = min(self.micro_batches, len(x))
        self.world.exchange("pipeline step", len(x), count)
        run = Run(self, cut(x, count), cut(y, count))
        for instruction in instructions(self.schedule, self.stages, count)[self.rank]:
            run.do(instruction)
        run.wait_for_sends()
        given = self.world.gather((run.drew, run.finish() if self.last else None))
        loss, factor = given[-1][1]
        scale_gradients(self.parameters(), factor)
        self._add_up_shared()
        if any(drew for drew, _ in given):  # past what the stages have drawn
            state = get_rng_state()
            set_rng_state({**state, "position": (state["position"] + 2**32) % 2**64})
        return float(loss)

    def clip_grad_norm_(self, max_norm: float) -> float:
        """Clip the norm of the gradients of all stages together; returns what it was."""
        mine = [p for p in self.parameters() if self.owners[p][0] == self.rank]  # each parameter counts once
        own = grad_norm(mine) if mine else 0.0
        total: float = self.world.sum([own * own])[0] ** 0.5
        factor = min(1.0, max_norm / (total + 1e-6)) if total == total else total
        if factor != 1.0:
            scale_gradients(self.parameters(), factor)
        return total

    def __call__(self, x: Tensor) -> Optional[Tensor]:
        """What the model gives for x, without gradients: on the last rank; None on the others."""
        self.world.exchange("pipeline forward")
        with no_grad():
            run = Run(self, [x], [])
            for instruction in instructions(self.schedule, self.stages, 1)[self.rank]:
                if instruction.what in ("receive input", "forward", "send output"):
                    run.do(instruction)
        run.wait_for_sends()
        return run.outputs[0] if self.last else None

    def collect(self, optimizer: Any = None) -> None:
        """Bring all parameters on every rank up to date, and the state of an optimiser that has all of them."""
        for parameter, owners in self.owners.items():
            parameter.array = self.world.broadcast_array(parameter.array, owners[0])
            if optimizer is None:
                continue
            state = optimizer.state.get(parameter, {}) if self.rank == owners[0] else {}
            kinds = self.world.gather({k: None if isinstance(v, Tensor) else v for k, v in state.items()})[owners[0]]
            for name, value in kinds.items():
                held = optimizer.state.setdefault(parameter, {})
                if value is None:
                    array = state[name].array if self.rank == owners[0] else K.full(parameter.shape, 0, parameter.dtype)
                    held[name] = Tensor._wrap(self.world.broadcast_array(array, owners[0]))
                else:
                    held[name] = value

    # --- inside -------------------------------------------------------------------------------------------------------
    def _add_up_shared(self) -> None:
        for parameter, owners in self.owners.items():
            if len(owners) > 1:
                own = parameter.grad if self.rank in owners else None
                array = K.full(parameter.shape, 0, parameter.dtype) if own is None else own.array
                total = self.world.sum_array(array)
                if self.rank in owners:
                    parameter.grad = Tensor._wrap(total)


@contextmanager
def random_numbers_of(stage: int, stages: int, m: int) -> Iterator[None]:
    """A stream for each stage and micro-batch: the same one would leave out the same units everywhere. The ranks' own
    random numbers, which choose the batches, stay the same on all."""
    state = get_rng_state()
    if stages > 1:
        seed, position = state["seed"] + stage * 0x9E3779B97F4A7C15, state["position"] + m * 2**24
        set_rng_state({"seed": seed % 2**64, "position": position % 2**64})
    try:
        yield
    finally:
        if stages > 1:
            set_rng_state(state)


class Run:
    """One batch on its way: what has come in, what has come out, and messages that are still being sent."""

    def __init__(self, pipeline: Pipeline, xs: List[Tensor], ys: List[Tensor]) -> None:
        self.pipeline, self.world, self.xs, self.ys = pipeline, pipeline.world, xs, ys
        self.inputs: Dict[int, Tensor] = {}
        self.outputs: Dict[int, Tensor] = {}
        self.gradients: Dict[int, Tensor] = {}
        self.mean = Accumulation()
        self.drew = False  # whether the stage drew random numbers
        self.sends: List[Tuple[Any, Any]] = []  # requests, and the memory they read

    def do(self, instruction: Instruction) -> None:
        """One instruction."""
        what, m = instruction
        getattr(self, what.replace(" ", "_"))(m)
        for request, _ in self.sends:
            request.Test()  # MPI gets on with it only while it is asked

    def receive_input(self, m: int) -> None:
        x = receive(self.world, self.pipeline.rank - 1)
        self.inputs[m] = x.requires_grad_() if x.dtype in ("float64", "float32") else x

    def forward(self, m: int) -> None:
        if self.pipeline.first:
            self.inputs[m] = self.xs[m]
        with random_numbers_of(self.pipeline.rank, self.pipeline.stages, m):
            before = get_rng_state()
            y = self.pipeline.stage(self.inputs[m])
            self.drew = self.drew or (self.pipeline.stages > 1 and get_rng_state() != before)
        if not isinstance(y, Tensor):
            raise TypeError(f"Pipeline: stage {self.pipeline.rank} gave a {type(y).__name__}, expected a Tensor")
        if self.pipeline.last and self.ys:
            loss = self.pipeline.loss_function(y, self.ys[m])
            items = items_of(self.pipeline.loss_function, y, self.ys[m], len(self.ys[m]))
            y = self.mean.share(loss, items, y)
        self.outputs[m] = y

    def send_output(self, m: int) -> None:
        self.sends += send(self.world, self.outputs[m], self.pipeline.rank + 1)

    def receive_gradient(self, m: int) -> None:
        self.gradients[m] = receive(self.world, self.pipeline.rank + 1)

    def backward(self, m: int) -> None:
        y = self.outputs.pop(m)
        if y.requires_grad:
            y.backward(self.gradients.pop(m, None))

    def send_gradient(self, m: int) -> None:
        x = self.inputs.pop(m)
        dx = x.grad if x.grad is not None else Tensor._wrap(K.full(x.shape, 0, x.dtype))
        self.sends += send(self.world, dx, self.pipeline.rank - 1)

    def wait_for_sends(self) -> None:
        for request, _ in self.sends:
            self.world.wait(request)  # type: ignore[attr-defined]

    def finish(self) -> Tuple[float, float]:
        """On the last stage: the mean loss, and what the gradients of all stages are still to be multiplied by."""
        loss = self.mean.finish([])
        whole = self.mean.is_sum or not self.mean.items
        return loss, 1.0 if whole else (self.mean.first or 1.0) / self.mean.items


def send(world: Any, tensor: Tensor, to: int) -> List[Tuple[Any, Any]]:
    """The requests that send shape, dtype and numbers, with what they read."""
    if tensor.ndim > MOST_AXES:
        raise ValueError(f"Pipeline: {tensor.ndim} axes are too many to send; at most {MOST_AXES}")
    head = memoryview(bytearray(8 * (MOST_AXES + 2))).cast("q")
    for place, number in enumerate((DTYPES.index(tensor.dtype), tensor.ndim, *tensor.shape)):
        head[place] = number
    array = tensor.array
    requests = [(world.arrays.Isend([head, world.mpi.INT64_T], to, tag=0), head)]
    return [*requests, (world.arrays.Isend(world.buffer(array), to, tag=1), array)]


def receive(world: Any, source: int) -> Tensor:
    """What a neighbour sent, as a new leaf."""
    head = memoryview(bytearray(8 * (MOST_AXES + 2))).cast("q")
    world.wait(world.arrays.Irecv([head, world.mpi.INT64_T], source, tag=0))
    dtype, ndim, *sizes = head.tolist()
    array = K.full(tuple(sizes[:ndim]), 0, DTYPES[dtype])
    world.wait(world.arrays.Irecv(world.buffer(array), source, tag=1))
    return Tensor._wrap(array)


def cut(x: Tensor, count: int) -> List[Tensor]:
    """The rows in so many parts, whose sizes differ by one at most."""
    return [x[part(len(x), i, count) : part(len(x), i + 1, count)] for i in range(count)]


def spread(modules: Sequence[Module], stages: int) -> List[int]:
    """How many neighbours each stage takes so that the largest share of the parameters is as small as can be."""
    weights = [module.num_parameters() + 1 for module in modules]
    if len(weights) < stages:
        raise ValueError(f"Pipeline: {len(weights)} modules cannot be {stages} stages; every rank needs one at least")
    best: Dict[Tuple[int, int], Tuple[int, List[int]]] = {(0, 0): (0, [])}  # (stages, modules) -> largest share, sizes
    for stage in range(1, stages + 1):
        for end in range(stage, len(weights) - (stages - stage) + 1):
            found = [
                (max(best[stage - 1, start][0], sum(weights[start:end])), [*best[stage - 1, start][1], end - start])
                for start in range(stage - 1, end)
                if (stage - 1, start) in best
            ]
            best[stage, end] = min(found)
    return best[stages, len(weights)][1]
