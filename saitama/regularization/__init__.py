"""Level 8: regularisation, the ways to do well on data that was not trained on.

A model that has learnt its examples by heart is said to overfit. Each file here holds one cure:

    dropout.py          no unit can rely on one other: each is missing half of the time
    penalty.py          large weights cost something; and what "decoupled" weight decay changes
    max_norm.py         the weights into a unit have a greatest length
    early_stopping.py   stop where the loss on other data is least, and go back to the weights of that moment
    batch_norm.py       activations keep mean 0 and variance 1, with a little noise from each batch
"""

from __future__ import annotations

from .batch_norm import BatchNorm1d
from .dropout import Dropout, dropout
from .early_stopping import EarlyStopping
from .max_norm import max_norm
from .penalty import l1_penalty, l2_penalty

__all__ = ["BatchNorm1d", "Dropout", "EarlyStopping", "dropout", "l1_penalty", "l2_penalty", "max_norm"]
