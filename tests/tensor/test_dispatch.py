"""The door between Tensor and autograd."""

from __future__ import annotations

from saitama.autograd import engine, function
from saitama.tensor import dispatch


def test_autograd_stands_behind_the_door():
    assert dispatch.apply is function.apply and dispatch.backward is engine.backward
