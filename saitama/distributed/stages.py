"""A GPT as modules one after the other, as a pipeline takes it."""

from __future__ import annotations

from typing import List

from saitama.autograd import checkpoint
from saitama.nn import Module
from saitama.nn import functional as F
from saitama.tensor import Tensor, arange
from saitama.transformer import GPT


class Start(Module):
    """Tokens (B, T) -> what they are and where they stand (B, T, C)."""

    def __init__(self, model: GPT) -> None:
        self.wte, self.wpe, self.drop = model.transformer.wte, model.transformer.wpe, model.transformer.drop
        self.model = (model,)  # in a tuple: not a part of this module

    def forward(self, idx: Tensor) -> Tensor:
        self.model[0].check_tokens(idx)
        return self.drop(self.wte(idx) + self.wpe(arange(idx.shape[-1])))


class Middle(Module):
    """A block, (B, T, C) -> (B, T, C)."""

    def __init__(self, block: Module, again: bool) -> None:
        self.block, self.again = block, again

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = checkpoint(self.block, x) if self.again else self.block(x)
        return y


class End(Module):
    """(B, T, C) -> logits (B, T, V)."""

    def __init__(self, model: GPT) -> None:
        self.ln_f, self.lm_head = model.transformer.ln_f, model.lm_head

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.lm_head(self.ln_f(x))
        return y


def gpt_parts(model: GPT) -> List[Module]:
    """Start, blocks and end: the model's own parts and parameters."""
    again = model.transformer.checkpoint_blocks
    return [Start(model), *(Middle(block, again) for block in model.transformer.h), End(model)]


class NextToken:
    """The mean cross-entropy of logits (B, T, V) and targets (B, T); -1 counts for nothing."""

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=-1)

    def items(self, logits: Tensor, targets: Tensor) -> int:
        """How many targets count."""
        return F.kept_targets(logits, targets, -1)
