"""Derive the polynomials of kernels/vector_math.pxi, sigmoid.pxi and gelu.pxi: `python scripts/minimax.py` prints them.

Among the polynomials p of one degree, the minimax one has the smallest largest relative error against f on an interval.
Remez' exchange finds it: the error of the best one swings between +E and -E at degree + 2 points, so

1. start from degree + 2 Chebyshev points,
2. solve the linear system  p(x_i) + (-1)^i E w(x_i) = f(x_i)  for the coefficients and E (w turns an error of p into a
   relative error of the result),
3. move each x_i to the extremum of the error near it, and repeat from 2 until no extremum exceeds E.

Everything runs in 60 decimal digits; only the printed coefficients are rounded to double. Needs mpmath.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, List, Tuple

from mpmath import mp, mpf

mp.dps = 60
Function = Callable[[Any], Any]


def remez(f: Function, w: Function, low: Any, high: Any, degree: int, rounds: int = 12) -> Tuple[List[Any], Any]:
    """(coefficients from the constant up, largest |p - f| / w) on [low, high]."""
    n = degree + 2
    middle, half = (low + high) / 2, (high - low) / 2
    points = [middle - half * mp.cos(mp.pi * i / (n - 1)) for i in range(n)]
    grid = [middle - half * mp.cos(mp.pi * i / (16 * n)) for i in range(16 * n + 1)]
    values = [(f(x), w(x)) for x in grid]
    for _ in range(rounds):
        rows = [[x**j for j in range(degree + 1)] + [(-1) ** i * w(x)] for i, x in enumerate(points)]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([f(x) for x in points]))
        coefficients = list(solution)[: degree + 1]
        errors = [(mp.polyval(coefficients[::-1], x) - fx) / wx for x, (fx, wx) in zip(grid, values)]
        worst = max(abs(error) for error in errors)
        if worst <= abs(solution[degree + 1]) * 1.02:
            break
        points = extrema(grid, errors, n, points)
    return coefficients, worst


def extrema(grid: List[Any], errors: List[Any], n: int, points: List[Any]) -> List[Any]:
    """The largest error of each run of one sign: the n consecutive ones that are largest, if there are so many."""
    runs: List[Tuple[Any, Any]] = []
    for x, error in zip(grid, errors):
        if runs and (runs[-1][1] > 0) == (error > 0):
            if abs(error) > abs(runs[-1][1]):
                runs[-1] = (x, error)
        else:
            runs.append((x, error))
    while len(runs) > n:
        runs.pop(0 if abs(runs[0][1]) < abs(runs[-1][1]) else -1)
    return [x for x, _ in runs] if len(runs) == n else points


def show(name: str, f: Function, low: Any, high: Any, degree: int, share: Any = None) -> None:
    """Print the polynomial for f. `share`: how much of the function computed is at most made of f (then the error is
    kept even over the interval); without it f is a factor (then the relative error is)."""
    coefficients, worst = remez(f, (lambda x: mpf(1)) if share else f, mpf(low), mpf(high), degree)
    error = float(mp.log(worst * (share or 1), 2))
    print(f"{name}, degree {degree}: relative error of the function 2^{error:.1f}; from the highest power down")
    for c in reversed(coefficients):
        print(f"    {float(c)!r}")


def exp_tail(r: Any) -> Any:
    """P with e^r = 1 + r + r^2 P(r)."""
    return mp.expm1(r) / r**2 - 1 / r if abs(r) > mpf(10) ** -12 else mpf(1) / 2 + r / 6 + r * r / 24


def log_tail(z: Any) -> Any:
    """Q with log((1 + s) / (1 - s)) = 2s + s z Q(z), z = s^2."""
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) / s - 2) / z if z > mpf(10) ** -15 else mpf(2) / 3 + z * 2 / 5


def tanh_tail(z: Any) -> Any:
    """P with tanh v = v + v z P(z), z = v^2."""
    v = mp.sqrt(z)
    return (mp.tanh(v) / v - 1) / z if z > mpf(10) ** -14 else -mpf(1) / 3 + z * 2 / 15


def mills(t: Any, k: Any) -> Any:
    """Q with Phi(-a) = e^(-a^2/2) Q(t) / (a + k), t = (a - k) / (a + k)."""
    a = k * (1 + t) / (1 - t)
    return (a + k) * mp.exp(a * a / 2) * mp.erfc(a / mp.sqrt(2)) / 2


def main() -> None:
    half = mp.log(2) / 2 * mpf("1.0001")
    largest_z = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf("1.0001")
    largest_v = mp.log(2) * 7 / 16 * mpf("1.0001")  # n goes up to the next whole number from 7/8 on
    for kind, degrees, k, largest_a in (
        ("float64", (10, 6, 7, 25), mpf("3.5"), 40),
        ("float32", (5, 3, 3, 10), mpf(3), 15),
    ):
        show(f"{kind} exp", exp_tail, -half, half, degrees[0], half**2)
        show(f"{kind} log", log_tail, 0, largest_z, degrees[1], largest_z / 2)
        show(f"{kind} tanh", tanh_tail, 0, largest_v**2, degrees[2], largest_v**2 / 3)
        show(f"{kind} gelu, k = {float(k)}", partial(mills, k=k), -1, (largest_a - k) / (largest_a + k), degrees[3])


if __name__ == "__main__":
    main()
