"""The size of the model and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from saitama.options import number, whole

CHOICES: Dict[str, Tuple[Optional[str], ...]] = {
    "dtype": ("float32", "float64"),
    "precision": (None, "bfloat16", "float16"),
    "lr_schedule": ("cosine", "linear", "constant"),
}


@dataclass(frozen=True)
class Settings:
    """Everything that decides a run, but the text. The defaults are those of the preset "baby".

    The learning rate rises in a straight line for `warmup` steps (at most a tenth of all) and falls along half a
    cosine, or a straight line, to a tenth of itself, or stays. Weight decay is for matrices only: a bias or a scale
    near 0 is no simpler than another.

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
    batch_size: int = 12  # B, contexts in each batch
    accumulate: int = 1  # batches in each step
    precision: Optional[str] = None  # of products: "bfloat16" or "float16"; None: that of dtype
    checkpoint_blocks: bool = False  # compute each block again in the backward pass, to save memory
    steps: int = 2000
    lr: float = 1e-3
    warmup: int = 100
    lr_schedule: str = "cosine"  # after the warm-up: "cosine", "linear" or "constant"
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.1
    clip_norm: float = 1.0
    validation: float = 0.1  # the share of the text that is not trained on
    evaluate_every: int = 250  # steps; then a checkpoint is written too
    seed: int = 1337

    def __post_init__(self) -> None:
        for name in ("batch_size", "accumulate", "steps", "evaluate_every"):
            whole(name, getattr(self, name))
        whole("warmup", self.warmup, 0)
        whole("seed", self.seed, 0)
        for name in ("lr", "clip_norm"):
            number(name, getattr(self, name), above=True)
        number("validation is a share of the text and", self.validation, most=1, above=True, below=True)
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                shown = " or ".join(str(choice) for choice in choices)
                raise ValueError(f"{name} must be {shown}, got {getattr(self, name)!r:.60}")

    def model_options(self) -> Dict[str, Any]:
        """Those of GPT, all but vocab_size."""
        names = ["block_size", "n_layer", "n_head", "n_embd", "dropout", "bias", "weight_tying", "dtype"]
        names.append("checkpoint_blocks")
        return {name: getattr(self, name) for name in names}


PRESETS: Dict[str, Settings] = {
    # Half a minute on two cores, for the corpus that comes with saitama.
    "tiny": Settings(n_layer=2, n_embd=64, batch_size=16, steps=2000, lr=4e-3, evaluate_every=400),
    # What nanoGPT's README publishes for training its character model on a CPU (Andrej Karpathy, 2022).
    "baby": Settings(),
}
