"""A text to train a small language model on: conversations and tales about learning by hand, written for saitama."""

from __future__ import annotations

from pathlib import Path


def corpus() -> str:
    """Simple English prose in few different words and characters, ASCII; paragraphs have an empty line between them."""
    return (Path(__file__).parent / "data" / "corpus.txt").read_text(encoding="ascii")
