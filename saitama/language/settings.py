"""The size of the model and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict

from saitama.options import number, whole


@dataclass(frozen=True)
class Settings:
    """Everything that decides a run, but the text. The defaults are those of the preset "baby".

    The learning rate rises in a straight line for `warmup` steps (at most a tenth of all) and falls along half a cosine
    to a tenth of itself. Weight decay is for matrices only: a bias or a scale near 0 is no simpler than another.

    Raises ValueError for what cannot be; sizes of the model are checked by GPT.
    """

    n_layer: int = 4
    n_head: int = 4
    n_embd: int = 128
    block_size: int = 64  # T, the context
    dropout: float = 0.0
    bias: bool = True
    weight_tying: bool = True
    dtype: str = "float32"
    batch_size: int = 12  # B, contexts in each step
    steps: int = 2000
    lr: float = 1e-3
    warmup: int = 100
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.1
    clip_norm: float = 1.0
    validation: float = 0.1  # the share of the text that is not trained on
    evaluate_every: int = 250  # steps; then a checkpoint is written too
    seed: int = 1337

    def __post_init__(self) -> None:
        for name in ("batch_size", "steps", "evaluate_every"):
            whole(name, getattr(self, name))
        whole("warmup", self.warmup, 0)
        whole("seed", self.seed, 0)
        for name in ("lr", "clip_norm"):
            number(name, getattr(self, name), above=True)
        number("validation is a share of the text and", self.validation, most=1, above=True, below=True)
        if self.dtype not in ("float32", "float64"):
            raise ValueError(f"dtype must be float32 or float64, got {self.dtype!r}")

    def model_options(self) -> Dict[str, Any]:
        """Those of GPT, all but vocab_size."""
        names = ("block_size", "n_layer", "n_head", "n_embd", "dropout", "bias", "weight_tying", "dtype")
        return {name: getattr(self, name) for name in names}


PRESETS: Dict[str, Settings] = {
    # Half a minute on two cores, for the corpus that comes with saitama.
    "tiny": Settings(n_layer=2, n_embd=64, batch_size=16, steps=2000, lr=4e-3, evaluate_every=400),
    # What nanoGPT's README publishes for training its character model on a CPU (Andrej Karpathy, 2022).
    "baby": Settings(),
}
