"""Digits exchanged, and numbers rounded too early."""

from __future__ import annotations

from typing import Callable

from ..lists import Nested, each, flat
from ..steps import Desk
from .mistake import Page, anywhere, work_again


@anywhere("digits", scope="one", as_is=True)
def exchanged_digits(s: Desk, page: Page) -> Nested:
    def exchanged(x: float) -> float:
        text = repr(page.written(x))
        if "e" in text or "inf" in text:
            raise ValueError("no plain digits")
        pairs = [n for n in range(len(text) - 1) if text[n : n + 2].isdigit() and text[n] != text[n + 1]]
        n = page.pick(pairs)
        return float(text[:n] + text[n + 1] + text[n] + text[n + 2 :])

    return one_by_one(exchanged, page)


@anywhere("digits", scope="one", as_is=True)
def misplaced_point(s: Desk, page: Page) -> Nested:
    factor = page.pick((0.1, 10.0, 100.0))
    return one_by_one(lambda x: float(f"{page.written(x) * factor:.12g}"), page)


def one_by_one(f: Callable[[float], float], page: Page) -> Nested:
    """Numbers that it cannot be done with stay right."""

    def attempt(x: float) -> float:
        try:
            return f(x)
        except (ValueError, IndexError):
            return page.written(x)

    return each(attempt, page.right)


@anywhere("rounded-early", scope="any", as_is=True)
def shown_too_early(s: Desk, page: Page) -> Nested:
    """The result with fewer decimals than everything else."""
    fewer = page.rng.randrange(0, 2)
    if any(x and page.decimals(x) < fewer + 2 for x in flat(page.right)):
        raise ValueError("few decimals anyhow")
    return each(lambda x: round(x, fewer), page.right)


@anywhere("rounded-early", scope="all")
def operands_too_early(s: Desk, page: Page) -> Nested:
    """Everything that the step reads, rounded to one or two decimals first."""
    fewer = page.rng.choice((1, 2))
    if any(x and page.decimals(x) < fewer + 2 for x in flat(page.right)):
        raise ValueError("few decimals anyhow")

    def early(nested: Nested) -> Nested:
        return each(lambda x: round(x, fewer) if abs(x) < 1e9 else x, nested) if nested is not None else None

    if s.op in ("SGD", "Momentum", "Adam"):
        raise ValueError("the rate is not rounded")
    kept = {name: value if name in ("scale", "eps") else early(value) for name, value in s.kept.items()}
    x = [early(part) for part in s.x]
    if s.op == "Pow":
        x[1] = s.x[1]
    return work_again(s, x=x, y=early(s.y), dy=early(s.dy), kept=kept)
