"""Trainer: train_loop for runs that last, with everything that goes wrong in them in mind."""

from __future__ import annotations

import os
from math import isfinite
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from saitama.autograd import no_grad
from saitama.distributed.ranks import ALONE, World
from saitama.nn import Module
from saitama.optim.lr_scheduler import ReduceLROnPlateau
from saitama.options import whole
from saitama.regularization import EarlyStopping
from saitama.tensor import Tensor, get_rng_state, set_rng_state

from .accumulate import Accumulation, gathering, items_of
from .checkpoint import load_checkpoint, read_checkpoint, save_checkpoint
from .clipping import clip_grad_norm_, grad_norm
from .finite import NonFiniteError, first_bad, first_bad_gradient
from .grad_scaler import GradScaler
from .history import History
from .interrupt import Interrupt
from .precision import autocast
from .progress import ProgressBar, shown_numbers
from .running import Averages

Metric = Callable[[Tensor, Tensor], float]
Buffers = List[Tuple[Tensor, Any]]


class Trainer:
    """Trains a model on batches (x, y).

        trainer = Trainer(model, optimizer, CrossEntropyLoss(), metrics=[accuracy], checkpoint="run.safetensors")
        history = trainer.fit(train_loader, validation_loader, epochs=20)

    Args:
        metrics: functions (output, target) -> number, by name or as a list; averaged over the examples.
        accumulate: how many batches make one step of the optimiser: their losses are averaged over all their items, as
            if they were one batch, in the memory of one.
        items: a function (output, target) -> how many items a batch's mean loss is the mean of. By default what the
            loss says (targets to be ignored do not count), else the examples.
        precision: "bfloat16" or "float16" for products in 16 bits (see autocast); float16 with a GradScaler.
        scheduler: a learning-rate schedule, which steps after each epoch, or each step of the optimiser with
            scheduler_every="step" (or "batch", which is the same where nothing accumulates).
        clip_norm: the greatest norm of all gradients together.
        early_stopping: watches `monitor`; its best weights are restored at the end.
        monitor: the column that early stopping and ReduceLROnPlateau watch: "val_loss", or "loss" without validation.
        checkpoint: a .safetensors file to write after every `checkpoint_every` epochs and at Ctrl-C.
        record_steps: keep the loss, learning rate and gradient norm of each step in history.steps too.
        progress: True or False; None shows a bar only on a terminal.

    With a DistributedDataParallel model every rank makes a Trainer of its own and calls the same methods; the loaders
    take a DistributedSampler. All ranks have the same history; rank 0 alone writes and prints.

    Attributes:
        history: what happened so far, epoch: how many epochs are done, step: how many steps the optimiser made.
    """

    def __init__(
        self,
        model: Module,
        optimizer: Any,
        loss_function: Callable[[Any, Any], Tensor],
        *,
        metrics: Union[Mapping[str, Metric], Sequence[Metric]] = (),
        accumulate: int = 1,
        items: Optional[Callable[[Any, Any], float]] = None,
        precision: Optional[str] = None,
        scheduler: Any = None,
        scheduler_every: str = "epoch",
        clip_norm: Optional[float] = None,
        early_stopping: Optional[EarlyStopping] = None,
        monitor: Optional[str] = None,
        checkpoint: Union[None, str, os.PathLike[str]] = None,
        checkpoint_every: int = 1,
        record_steps: bool = False,
        progress: Optional[bool] = None,
    ) -> None:
        if not isinstance(model, Module):
            raise TypeError(f"Trainer: expected a Module to train, got a {type(model).__name__}")
        if scheduler_every not in ("epoch", "step", "batch"):
            raise ValueError(f'Trainer: scheduler_every must be "epoch" or "step", got {scheduler_every!r}')
        whole("Trainer: accumulate", accumulate, wanted="a whole number of batches from 1 on")
        whole("Trainer: checkpoint_every", checkpoint_every, wanted="a whole number of epochs from 1 on")
        self.model, self.optimizer, self.loss_function = model, optimizer, loss_function
        self.world: World = getattr(model, "world", ALONE)
        named = metrics.items() if isinstance(metrics, Mapping) else [(metric.__name__, metric) for metric in metrics]
        self.metrics: Dict[str, Metric] = dict(named)
        self.accumulate, self.items = accumulate, items
        self.autocast, self.scaler = autocast(precision), GradScaler(enabled=precision == "float16")
        self.scheduler, self.scheduler_every, self.clip_norm = scheduler, scheduler_every, clip_norm
        self.early_stopping, self.monitor = early_stopping, monitor
        self.checkpoint, self.checkpoint_every = checkpoint, checkpoint_every
        self.record_steps, self.progress = record_steps, progress if self.world.first else False
        self.history = History()
        self.epoch = self.step = 0
        # In the middle of an epoch: batches done, their averages, and the random numbers with which the epoch began.
        self.batch, self.averages, self.epoch_random = 0, Averages(), get_rng_state()
        self.interrupt = Interrupt()

    def fit(self, loader: Any, validation: Optional[Iterable[Any]] = None, epochs: int = 1) -> History:
        """Train until `epochs` epochs are done in all, counting those before a resume.

        Args:
            loader: gives batches (x, y) each time it is gone through, as a DataLoader does.
            validation: the same for data that is not trained on.

        Raises NonFiniteError as soon as the loss or a gradient is NaN or infinite, before the step that would spread
        it; the message names the first tensor that went bad. At Ctrl-C the batch is finished, a checkpoint written if
        one is configured, and KeyboardInterrupt says how to go on.
        """
        epochs = whole("fit: epochs", epochs)
        if not hasattr(loader, "__len__"):
            raise TypeError(
                "fit: the loader must give its batches again in every epoch; use DataLoader(TensorDataset(x, y))"
            )
        if self.world.size > 1 and not hasattr(getattr(loader, "sampler", None), "share"):
            raise ValueError(
                "fit: every rank would train on all of the data; use DataLoader(..., sampler=DistributedSampler(data))"
            )
        done = self.epoch * len(loader) + self.batch
        with Interrupt() as self.interrupt, ProgressBar("training", epochs * len(loader), done, self.progress) as bar:
            while self.epoch < epochs and not (self.early_stopping and self.early_stopping.stopped):
                self._train_epoch(loader, bar)
                row = self._over_all_ranks(self.averages)
                row["lr"] = self.optimizer.param_groups[0]["lr"]
                if validation is not None:
                    row.update({f"val_{name}": value for name, value in self.evaluate(validation).items()})
                self._finish_epoch(row)
                bar.show(self.epoch * len(loader), shown_numbers(row), f"epoch {self.epoch}/{epochs}")
        if self.early_stopping is not None:
            self.early_stopping.restore(self.model)
        return self.history

    def evaluate(self, loader: Iterable[Any]) -> Dict[str, float]:
        """The loss and the metrics on other data, in evaluation mode and without gradients."""
        averages, training = Averages(), self.model.training
        self.model.eval()
        try:
            with no_grad(), self.autocast:
                for x, y in loader:
                    self._stop_if_asked()
                    if len(x):  # a rank's share of a small batch may be empty
                        output = self.model(x)
                        items = self._items(output, y, len(x))
                        averages.add(len(x) if items is None else items, loss=self.loss_function(output, y).item())
                        averages.add(len(x), **self._judge(output, y))
        finally:
            self.model.train(training)
        return self._over_all_ranks(averages)

    def resume(self, path: Union[None, str, os.PathLike[str]] = None) -> None:
        """Go on from a checkpoint of a Trainer, from its own file by default: the same numbers as if it had never
        stopped. On another number of ranks the batches are the same, and numbers differ by the rounding of sums.

        Raises FileNotFoundError for no file, ValueError for one that does not fit; then nothing has been changed.
        """
        source = self.checkpoint if path is None else path
        if source is None:
            raise ValueError("resume: no checkpoint is configured; give resume(path)")
        saved = read_checkpoint(source)
        if "epoch" not in saved.extra or saved.random is None:  # before anything is changed
            raise ValueError(f"{source} was not written by a Trainer; use load_checkpoint(path, model) for its weights")
        scaler = self.scaler if self.scaler.enabled else None
        saved = load_checkpoint(source, self.model, self.optimizer, self.scheduler, scaler=scaler)
        extra = saved.extra
        if self.early_stopping is not None and extra["early_stopping"] is not None:
            self.early_stopping.load_state_dict(extra["early_stopping"])
        self.history.load_state_dict(extra["history"])
        self.epoch, self.batch, self.step, self.epoch_random = (
            extra["epoch"],
            extra["batch"],
            saved.step,
            extra["epoch_random"],
        )
        self._take_up(extra["ranks"])

    # --- inside -------------------------------------------------------------------------------------------------------
    def _train_epoch(self, loader: Any, bar: ProgressBar) -> None:
        self.model.train()
        batches, count = self._batches_left(loader), len(loader)
        while self.batch < count:
            some = min(self.accumulate, count - self.batch)
            self._train_step(batches, some)
            self.batch += some
            bar.advance(some)
            self._stop_if_asked()
        if not count:
            raise ValueError("fit: the loader gave no batches")

    def _batches_left(self, loader: Any) -> Iterator[Tuple[Any, Any]]:
        """The batches of this epoch; after a resume in its middle, those that were not done."""
        if hasattr(getattr(loader, "sampler", None), "set_epoch"):
            loader.sampler.set_epoch(self.epoch)
        if not self.batch:
            self.epoch_random = get_rng_state()
            return iter(loader)
        now = get_rng_state()
        set_rng_state(self.epoch_random)  # so that the batches come in the order they had
        batches = iter(loader)
        for _ in range(self.batch):
            next(batches)
        set_rng_state(now)
        return batches

    def _train_step(self, batches: Iterator[Tuple[Any, Any]], count: int) -> None:
        """One step of the optimiser, from as many batches."""
        mean, rows = Accumulation(self.world), 0
        buffers = [(buffer, buffer.array) for buffer in self.model.buffers()]
        self.optimizer.zero_grad()
        for number, (x, y) in zip(range(1, count + 1), batches):
            with gathering(self.model, last=number == count):
                self._add_gradient(x, y, mean, buffers)
            rows += len(x)
        loss = mean.finish(self.model.parameters())
        if not isfinite(loss):
            raise NonFiniteError(self._stopped(f"the loss is {loss}", "every target of the batch is to be ignored"))
        self.scaler.unscale_(self.optimizer)
        parameters = list(self.model.parameters())
        norm = grad_norm(parameters) if self.clip_norm is None else clip_grad_norm_(parameters, self.clip_norm).item()
        if not isfinite(norm) and not (self.scaler.found_inf(self.optimizer) and self.scaler.get_scale() > 1):
            bad = first_bad_gradient(self.model)
            if bad is not None:
                raise NonFiniteError(self._stopped("the loss is finite, its gradient is not", bad))
        stepped = self.scaler.step(self.optimizer)
        self.scaler.update()
        self.step += 1
        if self.record_steps:
            self.history.add_step(loss=loss, lr=self.optimizer.param_groups[0]["lr"], grad_norm=norm)
        if self.scheduler is not None and self.scheduler_every != "epoch":
            self.scheduler.step()
        self.averages.add(rows if stepped else 0, grad_norm=norm)

    def _add_gradient(self, x: Any, y: Any, mean: Accumulation, buffers: Buffers) -> None:
        """Forward and backward pass of a batch, whose gradient is added to those before."""
        random = get_rng_state()
        with self.autocast:
            output = self.model(x)
            loss = self.loss_function(output, y)
        number, items = loss.item(), self._items(output, y, len(x))
        if not isfinite(number) and items != 0:
            set_rng_state(random)  # the same dropout masks when the forward pass is run again
            for buffer, array in buffers:  # running statistics as they were: a bad batch is not averaged in
                buffer.array = array
            with self.autocast:
                why = first_bad(getattr(self.model, "module", self.model), x, y, loss)
            raise NonFiniteError(self._stopped(f"the loss is {number}", why))
        self.scaler.scale(mean.share(loss, items, output)).backward()
        self.averages.add(len(x) if items is None else items, loss=number)
        if len(x):
            self.averages.add(len(x), **self._judge(output, y))

    def _items(self, output: Any, y: Any, rows: int) -> Optional[float]:
        if self.items is not None:
            return self.items(output, y)
        return items_of(self.loss_function, output, y, rows)

    def _judge(self, output: Tensor, target: Tensor) -> Dict[str, float]:
        return {name: metric(output, target) for name, metric in self.metrics.items()}

    def _over_all_ranks(self, averages: Averages) -> Dict[str, float]:
        return Averages.together(self.world.gather(averages.state_dict())).values()

    def _finish_epoch(self, row: Dict[str, float]) -> None:
        self.history.add_epoch(**row)
        self.epoch, self.batch, self.averages = self.epoch + 1, 0, Averages()
        if self.scheduler is not None and self.scheduler_every == "epoch":
            watched = (self._watched(row),) if isinstance(self.scheduler, ReduceLROnPlateau) else ()
            self.scheduler.step(*watched)
        if self.early_stopping is not None:
            self.early_stopping.step(self._watched(row), self.model)
        if self.checkpoint is not None and self.epoch % self.checkpoint_every == 0:
            self._save()

    def _watched(self, row: Mapping[str, float]) -> float:
        name = self.monitor or ("val_loss" if "val_loss" in row else "loss")
        if name not in row:
            raise ValueError(f"Trainer: monitor is {name!r}, but an epoch has only {', '.join(row)}")
        return row[name]

    def _save(self) -> None:
        assert self.checkpoint is not None
        ranks = self.world.gather({"averages": self.averages.state_dict(), "random": get_rng_state()})
        extra = {
            "epoch": self.epoch,
            "batch": self.batch,
            "epoch_random": self.epoch_random,
            "history": self.history.state_dict(),
            "early_stopping": None if self.early_stopping is None else self.early_stopping.state_dict(),
            "ranks": ranks,
        }
        if self.world.first:
            scaler = self.scaler if self.scaler.enabled else None
            state = (self.model, self.optimizer, self.scheduler, self.step, extra, scaler)
            save_checkpoint(self.checkpoint, *state)

    def _take_up(self, ranks: List[Dict[str, Any]]) -> None:
        """Go on with what this rank had in its hands; on another number of ranks, rank 0 with what all had."""
        if len(ranks) == self.world.size:
            self.averages.load_state_dict(ranks[self.world.rank]["averages"])
        elif self.world.first:
            self.averages = Averages.together(rank["averages"] for rank in ranks)
        else:
            self.averages = Averages()
        set_rng_state(ranks[self.world.rank if len(ranks) == self.world.size else 0]["random"])

    def _stop_if_asked(self) -> None:
        if not self.world.any(self.interrupt.asked):
            return
        where = f"stopped in epoch {self.epoch + 1} after {self.batch} batches"
        if self.checkpoint is None:
            raise KeyboardInterrupt(f"{where}; nothing was saved, as Trainer has no checkpoint=")
        self._save()
        raise KeyboardInterrupt(
            f"{where}; to go on, make the same Trainer and call resume({os.fspath(self.checkpoint)!r})"
        )

    def _stopped(self, what: str, why: str) -> str:
        largest = "; float16 holds numbers up to 65504, bfloat16 larger ones" if self.scaler.enabled else ""
        return (
            f"training stopped in epoch {self.epoch + 1}, batch {self.batch + 1}: {what}. First to go bad: {why}. "
            f"No parameter was changed by this batch. A smaller learning rate or clip_norm= often helps{largest}"
        )
