"""The data sets: right numbers, right shapes, repeated by the seed."""

from __future__ import annotations

import hashlib
from math import hypot

import pytest

from saitama.datasets import IRIS_FEATURES, IRIS_SPECIES, corpus, digits, iris, moons, noisy_line, spirals, xor
from saitama.tensor import manual_seed


def test_xor():
    x, y = xor()
    assert [(int(a) ^ int(b)) for a, b in x.tolist()] == [int(row[0]) for row in y.tolist()]
    assert (x.shape, y.shape) == ((4, 2), (4, 1))


def test_iris_is_fishers():
    x, y = iris()
    assert (x.shape, y.shape, y.dtype) == ((150, 4), (150,), "int64")
    assert y.tolist() == [0] * 50 + [1] * 50 + [2] * 50
    # The means of Fisher's table II, in cm.
    means = [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]]
    for species, expected in enumerate(means):
        assert x[50 * species : 50 * species + 50].mean(0).tolist() == pytest.approx(expected, abs=1e-12)
    assert x[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert x[37].tolist() == [4.9, 3.6, 1.4, 0.1]
    assert (len(IRIS_FEATURES), len(IRIS_SPECIES)) == (4, 3)


def test_digits():
    x, y = digits()
    assert (x.shape, y.shape, y.dtype) == ((1797, 64), (1797,), "int64")
    assert [y.tolist().count(digit) for digit in range(10)] == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    values = {value * 16 for row in x.tolist() for value in row}
    assert values == set(range(17))
    assert x.sum().item() * 16 == 561718
    assert y.tolist()[:10] == list(range(10))


def test_corpus():
    text = corpus()
    assert 30_000 < len(text) < 60_000 and len(set(text)) < 60 and "\r" not in text and text.endswith("\n")
    paragraphs = [part for part in text.split("\n") if len(part) > 40]
    assert len(paragraphs) == len(set(paragraphs))  # nothing is there twice


@pytest.mark.parametrize(
    ("make", "shapes"),
    [
        (lambda: noisy_line(20), ((20, 1), (20, 1))),
        (lambda: moons(31, noise=0.2), ((31, 2), (31,))),
        (lambda: spirals(50, classes=4), ((50, 2), (50,))),
    ],
)
def test_the_seed_repeats_them(make, shapes):
    def drawn(seed):
        manual_seed(seed)
        x, y = make()
        assert (x.shape, y.shape) == shapes
        return x.tolist(), y.tolist()

    assert drawn(1) == drawn(1) != drawn(2)


def test_without_noise_they_are_their_formulas():
    x, y = noisy_line(5, slope=3.0, intercept=0.5, noise=0)
    assert y.tolist() == (x * 3 + 0.5).tolist()
    x, y = moons(40, noise=0)
    for (a, b), label in zip(x.tolist(), y.tolist()):
        radius, upper = (hypot(a, b), b >= -1e-12) if label == 0 else (hypot(a - 1, b - 0.5), b <= 0.5 + 1e-12)
        assert radius == pytest.approx(1)
        assert upper
    x, y = spirals(30, classes=3, noise=0)
    assert [hypot(a, b) for a, b in x[:10].tolist()] == pytest.approx([place / 9 for place in range(10)])
    assert y.tolist() == [0] * 10 + [1] * 10 + [2] * 10
    assert [spirals(8, classes=3)[1].tolist().count(label) for label in range(3)] == [3, 3, 2]


@pytest.mark.parametrize(
    "make",
    [
        lambda: moons(3),
        lambda: moons(10, noise=-1),
        lambda: noisy_line(0),
        lambda: noisy_line(5, noise=float("nan")),
        lambda: spirals(5, classes=3),
        lambda: spirals(10, classes=1),
        lambda: moons(10.5),
    ],
)
def test_bad_input(make):
    with pytest.raises(ValueError, match="must be a whole number|standard deviation"):
        make()


def test_the_shipped_data_is_unchanged():
    text = repr(iris()[0].tolist()).encode()
    assert hashlib.sha256(text).hexdigest().startswith(IRIS_HASH)


IRIS_HASH = "4512a5d5d7b1218c"
