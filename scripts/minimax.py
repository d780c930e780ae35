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


def mills(a: Any) -> Any:
    """Phi(-a) e^(a^2/2)."""
    return mp.exp(a * a / 2) * mp.erfc(a / mp.sqrt(2)) / 2


def show_mills(name: str, c: Any, terms: int, largest: Any, rounds: int) -> None:
    """Print p, of so many terms, and m, of one less, with N / D near mills on [0, largest], where N = 1/2 + a p(a) and
    D = 1 + a (c a p(a) + m(a)).

    N - D mills = 0 is linear in the coefficients. Least squares solve it, weighted by 1 / (D mills) with the last D, so
    that relative errors count, and by how large the error was there before (Lawson), so that it becomes even.
    """
    n, top = 8 * terms, largest / (largest + 3)  # points crowd towards both ends of a / (a + 3)
    ends = [(1 - mp.cos(mp.pi * (2 * i + 1) / (2 * n))) / 2 * top for i in range(n)]
    points = [3 * u / (1 - u) for u in ends]
    values = [mills(a) for a in points]
    weights, denominators, best = [mpf(1)] * n, [mpf(1)] * n, mpf(1)
    for step in range(rounds):
        rows, right = [], []
        for a, f, d, weight in zip(points, values, denominators, weights):
            w = weight / (f * d)
            rows.append([w * (1 - c * a * f) * a ** (j + 1) for j in range(terms)])
            rows[-1] += [-w * f * a ** (j + 1) for j in range(terms - 1)]
            right.append(w * (f - mpf(1) / 2))
        scales = [max(abs(row[j]) for row in rows) for j in range(2 * terms - 1)]
        scaled = mp.matrix([[x / scale for x, scale in zip(row, scales)] for row in rows])
        solution = [x / scale for x, scale in zip(mp.lu_solve(scaled, mp.matrix(right)), scales)]
        p, m = solution[:terms], solution[terms:]
        ps = [mp.polyval(p[::-1], a) for a in points]
        denominators = [1 + a * (c * a * v + mp.polyval(m[::-1], a)) for a, v in zip(points, ps)]
        errors = [abs((a * v + mpf(1) / 2) / d / f - 1) for a, v, d, f in zip(points, ps, denominators, values)]
        worst = max(errors)
        if worst < best:
            best, chosen = worst, (p, m)
        if step > 3:
            weights = [w * mp.sqrt(e / worst + mpf("1e-3")) for w, e in zip(weights, errors)]
            weights = [w / max(weights) for w in weights]
    print(f"{name}, c = {float(c)!r}: relative error 2^{float(mp.log(best, 2)):.1f}; from the constant up")
    print("    p", *(repr(float(x)) for x in chosen[0]))
    print("    m", *(repr(float(x)) for x in chosen[1]))


def main() -> None:
    half = mp.log(2) / 2 * mpf("1.0001")
    largest_z = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf("1.0001")
    largest_v = mp.log(2) * 7 / 16 * mpf("1.0001")  # n goes up to the next whole number from 7/8 on
    for kind, degrees in (("float64", (10, 6, 7)), ("float32", (5, 3, 3))):
        show(f"{kind} exp", exp_tail, -half, half, degrees[0], half**2)
        show(f"{kind} log", log_tail, 0, largest_z, degrees[1], largest_z / 2)
        show(f"{kind} tanh", tanh_tail, 0, largest_v**2, degrees[2], largest_v**2 / 3)
    # c is near sqrt(2 pi), which the tail has for a to infinity; float32 ends before, and another c suits it better.
    show_mills("float64 gelu", mpf(float(mp.sqrt(2 * mp.pi))), 10, mpf(40), 30)
    show_mills("float32 gelu", mpf("2.506633758544921875"), 4, mpf("12.6"), 40)


if __name__ == "__main__":
    main()
