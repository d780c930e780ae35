"""Random tensors: reproducible, in range, of the right distribution, and refusing nonsense."""

from __future__ import annotations

import pytest

from saitama import Tensor, get_rng_state, manual_seed, rand, randint, randn, set_rng_state


@pytest.fixture(autouse=True)
def _keep_the_state():
    state = get_rng_state()
    yield
    set_rng_state(state)


def test_a_seed_gives_the_same_numbers():
    draws = []
    for _ in range(2):
        manual_seed(7)
        draws.append([rand(3).tolist(), randn(2, 2).tolist(), randint(0, 100, (4,)).tolist(), rand(1).tolist()])
    assert draws[0] == draws[1]
    manual_seed(8)
    assert rand(3).tolist() != draws[0][0]


def test_a_state_goes_on_where_it_was():
    manual_seed(1)
    rand(5)
    state = get_rng_state()
    expected = randn(3).tolist()
    set_rng_state(state)
    assert randn(3).tolist() == expected


def test_draws_do_not_overlap():
    manual_seed(3)
    first, second = rand(101).tolist(), rand(101).tolist()
    assert not set(first) & set(second)


def test_distributions():
    manual_seed(0)
    u, n, i = rand(5000), randn(5000), randint(-2, 3, (5000,))
    assert 0 <= u.min().item() and u.max().item() < 1 and u.mean().item() == pytest.approx(0.5, abs=0.02)
    assert n.mean().item() == pytest.approx(0, abs=0.05) and (n * n).mean().item() == pytest.approx(1, abs=0.1)
    assert set(i.tolist()) == {-2, -1, 0, 1, 2} and i.dtype == "int64"


def test_shapes_and_dtypes():
    assert rand().shape == () and randn(0, 3).shape == (0, 3) and randint(0, 1, ()).item() == 0
    assert rand(2, dtype="float32").dtype == "float32" and randn((2, 3), requires_grad=True).requires_grad
    assert isinstance(randint(-(2**63), 2**63 - 1, (2,)), Tensor)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: manual_seed(-1), ValueError, r"^manual_seed: expected an integer from 0 to 2\^64 - 1, got -1$"),
        (lambda: manual_seed(1.0), TypeError, r"^manual_seed: expected an integer, got 1\.0$"),
        (lambda: manual_seed("1"), TypeError, r"^manual_seed: expected an integer, got '1'$"),
        (lambda: set_rng_state({}), TypeError, r"^set_rng_state: expected an integer seed, got None$"),
        (lambda: set_rng_state({"seed": 1, "position": -1}), ValueError, r"^set_rng_state: expected position from 0"),
        (lambda: rand(-1), ValueError, r"^rand: shape \(-1,\) has a negative size$"),
        (lambda: rand(2, dtype="int64"), TypeError, r"float64 or float32"),
        (lambda: randint(5, 5, (2,)), ValueError, r"^randint: there is no integer from 5 up to below 5$"),
        (lambda: randint(0.5, 5, (2,)), TypeError, r"^randint: expected integers, got 0\.5$"),
        (lambda: randint(0, 2**64, (2,)), ValueError, r"int64"),
    ],
)
def test_nonsense(call, error, message):
    with pytest.raises(error, match=message):
        call()
