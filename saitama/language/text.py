"""Files to one text, and the text to batches: what was read, and what comes next."""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence, Tuple, Union

from saitama.files import read_file
from saitama.tensor import Tensor, arange, randint
from saitama.transformer import CharTokenizer

Pair = Tuple[Tensor, Tensor]
MOST_BYTES = 1 << 30  # of one file; as tokens it takes eight times the memory


def read_texts(paths: Sequence[Union[str, os.PathLike[str]]]) -> str:
    """The text of UTF-8 files, one after the other, every line ended by "\\n".

    Raises OSError for files that cannot be read and for what is no ordinary file, such as a pipe; ValueError for an
    empty one, one of more than MOST_BYTES, and one that is not UTF-8, with the byte that is not.
    """
    return "\n".join(_read(Path(path)) for path in paths)


def _read(path: Path) -> str:
    if path.is_dir():
        raise IsADirectoryError(f"cannot read {path}: it is a folder; give the text files in it, such as {path}/*.txt")
    content = read_file(path, MOST_BYTES)
    try:
        text = content.decode("utf-8-sig")  # without the mark that some editors put in front
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"cannot read {path}: it is not UTF-8, as byte {error.start} (0x{content[error.start]:02X}, in line "
            f"{line}) shows; save it as UTF-8 in a text editor"
        ) from None
    if not text.strip():
        raise ValueError(f"cannot read {path}: there is no text in it ({len(content)} bytes)")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class TextBatches:
    """A text as tokens, the last part of it set aside: what a model learns by heart it has not understood.

    Args:
        text: of any length that leaves a context and one more character in both parts.
        block_size: T, the length of a context.
        validation: the share of the text, at its end, that is not trained on.

    Attributes: train (N,) and validation (M,), int64 tokens.

    Raises ValueError for a text that is too short.
    """

    def __init__(self, text: str, tokenizer: CharTokenizer, block_size: int, validation: float = 0.1) -> None:
        first = int(len(text) * (1 - validation))
        sizes, needed = (first, len(text) - first), block_size + 1
        if min(sizes) < needed:
            most = min(sizes) - 1
            smaller = f" or a block_size of at most {most}" if most > 0 else ""
            raise ValueError(
                f"the text is too short: of its {len(text):,} characters {sizes[0]:,} are to learn from and "
                f"{sizes[1]:,} to check on, but a context of block_size={block_size} needs {needed} in both; give more "
                f"text{smaller}"
            )
        tokens = Tensor(array("q", tokenizer.encode(text)))  # (N + M,)
        self.block_size, self.train, self.validation = block_size, tokens[:first], tokens[first:]

    def batch(self, batch_size: int, rows: slice = slice(None)) -> Pair:
        """Random pieces of the training part: x and y (B, T), y being x one character later. rows: only these."""
        starts = randint(0, len(self.train) - self.block_size, (batch_size, 1))  # (B, 1)
        return self._pieces(self.train, starts[rows])

    def validation_batches(self, batch_size: int, most: Optional[int] = None) -> Iterator[Pair]:
        """The validation part from its beginning, piece after piece; at most about `most` of them, evenly spaced."""
        starts = list(range(0, len(self.validation) - self.block_size, self.block_size))
        if most is not None:
            starts = starts[:: -(-len(starts) // most)]
        for place in range(0, len(starts), batch_size):
            some = starts[place : place + batch_size]
            yield self._pieces(self.validation, Tensor(some, dtype="int64").reshape(len(some), 1))

    def _pieces(self, tokens: Tensor, starts: Tensor) -> Pair:
        places: Any = (starts + arange(self.block_size + 1)).to("int64")  # (B, 1) + (T + 1,) -> (B, T + 1)
        pieces = tokens[places]
        return pieces[:, :-1], pieces[:, 1:]
