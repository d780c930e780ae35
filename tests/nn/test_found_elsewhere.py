"""Layers of later levels under nn, where PyTorch's users look."""

from __future__ import annotations

import subprocess
import sys

import pytest

from saitama import attention, nn, regularization, transformer

ALIASES = {
    "BatchNorm1d": regularization.BatchNorm1d,
    "Dropout": regularization.Dropout,
    "GRU": attention.GRU,
    "GRUCell": attention.GRUCell,
    "LSTM": attention.LSTM,
    "LSTMCell": attention.LSTMCell,
    "LayerNorm": transformer.LayerNorm,
    "MultiheadAttention": attention.MultiHeadAttention,
    "RNN": attention.RNN,
    "RNNCell": attention.RNNCell,
}


def test_they_are_the_same_classes() -> None:
    assert {name: getattr(nn, name) for name in nn.ELSEWHERE} == ALIASES
    assert set(ALIASES) <= set(dir(nn)) and set(ALIASES) <= set(nn.__all__)
    assert len(nn.__all__) == len(set(nn.__all__)) and all(hasattr(nn, name) for name in nn.__all__)


@pytest.mark.parametrize("name", ["Dropout", "LSTM", "LayerNorm"])
def test_each_can_be_the_first_thing_that_is_imported(name: str) -> None:
    """Whatever is imported first, no circle of imports is left half done; and nn alone imports none of them."""
    code = (
        "import sys, saitama.nn; later = {'saitama.attention', 'saitama.regularization', 'saitama.transformer'}; "
        f"print(sorted(later & set(sys.modules))); from saitama.nn import {name}; print({name}.__name__)"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split("\n")[:2] == ["[]", ALIASES[name].__name__]


def test_what_is_nowhere() -> None:
    with pytest.raises(AttributeError, match="module 'saitama.nn' has no attribute 'Conv2d'"):
        nn.Conv2d  # noqa: B018
