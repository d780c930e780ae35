"""The compiled functions of one number against mpmath: errors in ulp over the whole range, and the special numbers."""

from __future__ import annotations

import math
import random
import struct
from types import ModuleType
from typing import Any, Callable, Dict, List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twin_cases import FLOATS, Twins

mpmath = pytest.importorskip("mpmath")
mp = mpmath.mp.clone()
mp.dps = 50
BITS = {"float64": (53, -1074), "float32": (24, -149)}  # of a fraction, and the exponent of the smallest number
inf, nan = math.inf, math.nan


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x)) if x >= 0 else mp.exp(x) / (1 + mp.exp(x))


def twice_inner(x: Any) -> Any:
    return 2 * mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)


def gelu_slope(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2 + x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def gelu_tanh_slope(x: Any) -> Any:
    inner_slope = 2 * mp.sqrt(2 / mp.pi) * (1 + 3 * mp.mpf("0.044715") * x**2)
    return sigmoid(twice_inner(x)) * (1 + x * sigmoid(-twice_inner(x)) * inner_slope)


# name: the function, the largest error allowed (in ulp), beyond which |x| the result is constant, x or infinite
FUNCTIONS: Dict[str, Tuple[Callable[[Any], Any], float, float]] = {
    "exp": (mp.exp, 1, 750),
    "log": (mp.log, 1, inf),
    "sqrt": (mp.sqrt, 0.5, inf),
    "tanh": (mp.tanh, 2, 25),
    "sigmoid": (sigmoid, 2, 750),
    "gelu": (lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2, 2, 40),
    "gelu_tanh": (lambda x: x * sigmoid(twice_inner(x)), 2, 23),
}
DERIVATIVES = {"gelu_grad": (gelu_slope, 40), "gelu_tanh_grad": (gelu_tanh_slope, 23)}


def ulp(y: Any, dtype: str) -> Any:
    """The spacing of the dtype's numbers at y."""
    digits, least = BITS[dtype]
    return mp.mpf(2) ** max(int(mp.frexp(y)[1]) - digits, least) if y else mp.mpf(2) ** least


def sample(name: str, dtype: str, limit: float) -> List[float]:
    """Numbers of every size: evenly up to the limit, evenly near 0 and 1, and of every exponent."""
    rng = random.Random(name + dtype)
    exponents = (-1074, 1023) if dtype == "float64" else (-149, 127)
    even = min(limit, 800.0)
    points = [rng.uniform(-even, even) for _ in range(400)] + [rng.uniform(-3, 3) for _ in range(400)]
    points += [math.ldexp(rng.choice([-1, 1]) * rng.uniform(1, 2), rng.randint(*exponents)) for _ in range(400)]
    if name in ("log", "sqrt"):
        points = [abs(x) for x in points] + [rng.uniform(0.5, 2) for _ in range(400)]
    if dtype == "float32":
        points = [struct.unpack("f", struct.pack("f", x))[0] for x in points if abs(x) < 3.4e38]
    return [x for x in points if abs(x) < limit]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors(compiled: ModuleType, name: str, dtype: str) -> None:
    f, bound, limit = FUNCTIONS[name]
    fused = compiled.info()["simd"] in ("AVX-512", "AVX2", "NEON")  # which come with fused multiply-add
    bound = bound if fused or name == "sqrt" else 1.7 * bound
    largest = 3.4028234663852886e38 if dtype == "float32" else 1.7976931348623157e308
    points = sample(name, dtype, limit)
    results = getattr(compiled, name)(compiled.from_list(points, (len(points),), dtype)).tolist()
    for x, y in zip(points, results):
        exact = f(mp.mpf(x)) if x or name != "log" else -inf
        if abs(exact) > largest:
            assert y == math.copysign(inf, exact), x
        else:
            assert abs(y - exact) <= bound * ulp(exact, dtype), (x, y, float(abs(y - exact) / ulp(exact, dtype)))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", DERIVATIVES)
def test_errors_of_derivatives(compiled: ModuleType, name: str, dtype: str) -> None:
    """They pass through 0, where no relative error is small: theirs is measured against 1, three ulp at most."""
    f, limit = DERIVATIVES[name]
    points = sample(name, dtype, limit)
    x = compiled.from_list(points, (len(points),), dtype)
    slopes = getattr(compiled, name)(x, compiled.full((len(points),), 1, dtype)).tolist()
    for x, y in zip(points, slopes):
        exact = f(mp.mpf(x))
        assert abs(y - exact) <= 3 * ulp(max(abs(exact), 1 / mp.mpf(2)), dtype), x


SPECIAL = {
    "exp": [(0.0, 1.0), (-0.0, 1.0), (inf, inf), (-inf, 0.0), (1e30, inf), (-1e30, 0.0), (5e-324, 1.0)],
    "log": [(0.0, -inf), (-0.0, -inf), (1.0, 0.0), (inf, inf), (-inf, nan), (-1.0, nan), (-5e-324, nan)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (inf, 1.0), (-inf, -1.0), (1e30, 1.0), (5e-324, 5e-324), (-5e-324, -5e-324)],
    "sigmoid": [(0.0, 0.5), (inf, 1.0), (-inf, 0.0), (1e30, 1.0), (-1e30, 0.0)],
    "gelu": [(0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, nan), (1e30, 1e30), (-1e30, -0.0)],
    "gelu_tanh": [(0.0, 0.0), (-0.0, -0.0), (inf, inf), (-inf, nan), (1e30, 1e30), (-1e30, -0.0)],
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", SPECIAL)
def test_special_numbers(compiled: ModuleType, name: str, dtype: str) -> None:
    """As the formula has it: gelu(-inf) is -inf times 0. float32's smallest number takes the place of float64's."""
    least = 5e-324 if dtype == "float64" else 2.0**-149
    for x, expected in [*SPECIAL[name], (nan, nan)]:
        x, expected = (math.copysign(least, z) if abs(z) == 5e-324 else z for z in (x, expected))
        y = getattr(compiled, name)(compiled.full((), x, dtype)).item()
        if expected == 1e30:
            expected = compiled.full((), 1e30, dtype).item()
        assert (y == expected and math.copysign(1, y) == math.copysign(1, expected)) or (
            y != y and expected != expected
        ), x


@pytest.mark.parametrize("name", [*FUNCTIONS, "relu", "softplus"])
@settings(max_examples=20)
@given(n=st.integers(1, 100), dtype=st.sampled_from(FLOATS), seed=st.integers(0, 1000))
def test_the_place_in_an_array_changes_no_bit(twins: Twins, name: str, n: int, dtype: str, seed: int) -> None:
    compiled = twins[1]
    f = getattr(compiled, name)
    x = compiled.normal((n,), dtype, seed, 0)
    alone = [f(compiled.full((1,), value, dtype)).item() for value in x.tolist()]
    assert [math.isnan(a) and math.isnan(b) or a == b for a, b in zip(alone, f(x).tolist())] == [True] * n


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["exp", "log", "sigmoid", "gelu"])
def test_a_number_gives_the_same_bits_beside_easy_numbers_and_beside_hard_ones(
    compiled: ModuleType, name: str, dtype: str
) -> None:
    """Blocks of numbers within some bounds are computed without care for others; here also just inside and outside."""
    edges = [708.0, 87.0, 37.0, 13.0, 2.2250738585072014e-308, 1.1754943508222875e-38]
    near = [edge * (1 + step * 2.0**-22) for edge in edges for step in (-2, -1, 0, 1, 2)]
    rng = random.Random(name + dtype)
    halves = [(rng.randint(-900, 900) + 0.5) * math.log(2) * (1 + rng.randint(-4, 4) * 2.0**-53) for _ in range(800)]
    small = [rng.uniform(-708, -660) for _ in range(800)] + [rng.uniform(-87, -72) for _ in range(800)]
    points = sample(name, dtype, inf) + near + halves + small  # between two powers, and where e^x has small parts
    points = [x for y in points for x in (y, -y)] if name != "log" else points
    function = getattr(compiled, name)
    alone = [function(compiled.full((1,), x, dtype)).item().hex() for x in points]
    for hard in (inf, nan, 0.0, -1.0, 1e30):
        flat = [*points, hard]
        among = function(compiled.from_list(flat, (len(flat),), dtype)).tolist()
        assert [x.hex() for x in among[:-1]] == alone
    bound = {"exp": (708, 87), "sigmoid": (708, 87), "gelu": (37, 13), "log": (1e300, 1e38)}[name][dtype == "float32"]
    normal = {"float64": 2.2250738585072014e-308, "float32": 1.1754943508222875e-38}[dtype]
    easy = [place for place, x in enumerate(points) if abs(x) <= bound and (name != "log" or x > normal)]
    together = function(compiled.from_list([points[place] for place in easy], (len(easy),), dtype)).tolist()
    assert len(easy) > 1024 and [x.hex() for x in together] == [alone[place] for place in easy]


# --- small losses, which formulas that subtract large numbers lose ----------------------------------------------------
def some(kernels: ModuleType, values: List[float], dtype: str, *shape: int) -> Any:
    return kernels.from_list(values, shape or (len(values),), dtype)


def check_digits(results: Any, expected: List[Any], dtype: str) -> None:
    """Relative errors of at most 8 units of the last place, for results above the smallest normal number."""
    for y, true in zip(results.tolist(), expected):
        assert abs(mp.mpf(y) - true) <= 8 * ulp(true, dtype), (dtype, y, float(true))


CONFIDENT = [0.5, 2.0, 5.0, 10.0, 12.0, 17.0, 30.0, 40.0, 80.0]


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_confident_logit_has_all_digits_on_both_sides(kernels: ModuleType, dtype: str) -> None:
    small = [mp.log1p(mp.exp(-mp.mpf(x))) for x in CONFIDENT]
    slopes = [1 / (1 + mp.exp(mp.mpf(x))) for x in CONFIDENT]
    ones, zeros = (some(kernels, [t] * len(CONFIDENT), dtype) for t in (1.0, 0.0))
    up, down = some(kernels, CONFIDENT, dtype), some(kernels, [-x for x in CONFIDENT], dtype)
    check_digits(kernels.bce_with_logits(up, ones), small, dtype)
    check_digits(kernels.bce_with_logits(down, zeros), small, dtype)
    check_digits(kernels.softplus(down), small, dtype)
    check_digits(kernels.bce_with_logits_slope(up, ones), [-s for s in slopes], dtype)
    check_digits(kernels.bce_with_logits_slope(down, zeros), slopes, dtype)
    wrong = [mp.mpf(x) + loss for x, loss in zip(CONFIDENT, small)]
    check_digits(kernels.bce_with_logits(up, zeros), wrong, dtype)
    between = [mp.mpf(x) / 4 + loss for x, loss in zip(CONFIDENT, small)]
    check_digits(kernels.bce_with_logits(up, some(kernels, [0.75] * len(CONFIDENT), dtype)), between, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_small_probability_of_the_wrong_answer_has_all_digits(kernels: ModuleType, dtype: str) -> None:
    p = some(kernels, [1e-30, 1e-12, 1e-7, 1e-4, 0.1, 0.3, 0.499, 0.5, 0.7, 0.999], dtype)
    zeros, ones = (kernels.full(p.shape, t, dtype) for t in (0.0, 1.0))
    check_digits(kernels.bce(p, zeros), [-mp.log1p(-mp.mpf(x)) for x in p.tolist()], dtype)
    check_digits(kernels.bce(p, ones), [-mp.log(mp.mpf(x)) for x in p.tolist()], dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("classes", [2, 3, 40, 300])
def test_a_confident_class_has_all_digits(kernels: ModuleType, dtype: str, classes: int) -> None:
    """Loss, log-softmax along either axis, and the derivatives that begin with dy = -1 at the class."""
    rows = [[-x - 0.25 * (j % 7) for j in range(classes)] for x in CONFIDENT[1:]]
    for i, row in enumerate(rows):
        row[i % classes] = 0.0
    n = len(rows)
    x, t = some(kernels, [v for row in rows for v in row], dtype, n, classes), [i % classes for i in range(n)]
    others = [mp.fsum(mp.exp(mp.mpf(v)) for j, v in enumerate(row) if j != t[i]) for i, row in enumerate(rows)]
    losses, log_p = kernels.cross_entropy(x, kernels.from_list(t, (n,), "int64"), -100, 0.0)
    check_digits(losses, [mp.log1p(z) for z in others], dtype)
    for y in (log_p, kernels.log_softmax(x, 1), transposed(kernels, kernels.log_softmax(transposed(kernels, x), 0))):
        check_digits(picked(kernels, y, t), [-mp.log1p(z) for z in others], dtype)
    slopes = [-z / (1 + z) for z in others]  # p - 1
    targets = kernels.from_list(t, (n,), "int64")
    dx = kernels.cross_entropy_grad(log_p, targets, kernels.full((n,), 1.0, dtype), -100, 0.0)
    check_digits(picked(kernels, dx, t), slopes, dtype)
    dy = some(kernels, [-1.0 * (j == t[i]) for i in range(n) for j in range(classes)], dtype, n, classes)
    check_digits(picked(kernels, kernels.log_softmax_grad(log_p, dy, 1), t), slopes, dtype)


def transposed(kernels: ModuleType, a: Any) -> Any:
    return kernels.transpose(a, (1, 0))


def picked(kernels: ModuleType, a: Any, t: List[int]) -> Any:
    return kernels.gather(a, 1, kernels.from_list(t, (len(t), 1), "int64")).reshape((len(t),))
