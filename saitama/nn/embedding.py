"""A table of vectors, one for each symbol."""

from __future__ import annotations

from typing import Any

from saitama.options import whole
from saitama.tensor import Tensor, zeros

from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class Embedding(Module):
    """y = the rows of `weight` that `index` names: the same as a one-hot vector times the weight, without the zeros.

    Attributes:
        weight: (num_embeddings, embedding_dim), standard normal at the start.

    Shape: index (...) of int64 in [0, num_embeddings) -> y (..., embedding_dim). Raises IndexError out of range.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, dtype: Any = None) -> None:
        self.num_embeddings = whole("Embedding: num_embeddings", num_embeddings)
        self.embedding_dim = whole("Embedding: embedding_dim", embedding_dim)
        self.weight = Parameter(zeros(num_embeddings, embedding_dim, dtype=dtype))
        init.normal_(self.weight)

    def forward(self, index: Tensor) -> Tensor:
        return F.embedding(index, self.weight)

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}"
