"""The same training with the model in stages, one on each rank (saitama.distributed.pipeline)."""

from __future__ import annotations

from math import isfinite
from typing import Any, Optional, Tuple

from saitama.distributed import Pipeline
from saitama.distributed.stages import NextToken, gpt_parts
from saitama.tensor import cat
from saitama.training.finite import first_bad_gradient

from .settings import Settings
from .trainer import LanguageModelTrainer


class PipelineLanguageModelTrainer(LanguageModelTrainer):
    """LanguageModelTrainer whose blocks are spread over the ranks, and whose batches pass through in micro-batches.

    Args, besides those of LanguageModelTrainer, also of resume():
        schedule: "naive", "gpipe" (the default) or "1f1b".
        micro_batches: into how many each batch is cut, 4 by default.

    Each rank keeps its own stage up to date; before an evaluation all are brought together. Raises ValueError for an
    unknown schedule, more ranks than blocks and two, and for float16, whose scaler would have to know all stages.
    """

    data_parallel = False

    def _set_up(
        self,
        text: str,
        settings: Settings,
        progress: Optional[bool],
        schedule: str = "gpipe",
        micro_batches: int = 4,
    ) -> None:
        if settings.precision == "float16":
            raise ValueError("a pipeline trains in bfloat16 or float32: the scaler of float16 would need all stages")
        super()._set_up(text, settings, progress)
        options: Any = {"schedule": schedule, "micro_batches": micro_batches * settings.accumulate}
        self.pipeline = Pipeline(gpt_parts(self.model), NextToken(), **options)

    def add_gradients(self) -> Tuple[float, float]:
        """The step's batches, cut into micro-batches, through all stages and back."""
        pairs = [self.text.batch(self.settings.batch_size) for _ in range(self.settings.accumulate)]
        x, y = (cat(list(parts), 0) for parts in zip(*pairs))  # (B, T) both, the same on every rank
        with self.autocast:
            loss = self.pipeline.step(x, y)
        norm = self.pipeline.clip_grad_norm_(self.settings.clip_norm)
        if not isfinite(loss) or not isfinite(norm):
            why = first_bad_gradient(self.model) or f"the loss is {loss}"
            raise self._diverged(self.step + 1, f"the loss is {loss}, the norm of its gradient {norm}", why)
        return loss, norm

    def evaluate(self, most: Optional[int] = None) -> float:
        """As LanguageModelTrainer does, once every rank has the numbers of all stages."""
        self.pipeline.collect(self.optimizer)
        return super().evaluate(most)

    def _save(self) -> None:
        self.pipeline.collect(self.optimizer)
        super()._save()
