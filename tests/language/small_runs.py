"""Runs so small that a test can have many of them."""

from __future__ import annotations

from typing import Any

from saitama.language import Settings

TEXT = "the cat sat on the mat. the dog sat on the log. " * 8


def small(**options: Any) -> Settings:
    """6 steps of a GPT with 1 layer; dropout, so that random numbers matter."""
    sizes = {"n_layer": 1, "n_head": 2, "n_embd": 8, "block_size": 8, "batch_size": 2, "dropout": 0.1}
    return Settings(**{**sizes, "steps": 6, "evaluate_every": 2, "warmup": 0, **options})
