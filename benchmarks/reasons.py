"""How well verify finds slips and says why: on sheets of made-up learners, with a misconception planted in each.

Every misconception is planted at random places of random networks (paper/), written with 2 to 6 decimals or digits,
each step rounded or every digit kept and shown rounded; half of the sheets have a second slip of any other kind. A slip
that does not move a number beyond what rounding explains cannot be found, and is counted apart. A reason is right if
the misconception that was planted is named, or listed among those that fit as well.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Callable, Dict, Iterator, List, Tuple

from saitama.spreadsheets.judge.causes import Judgement, judge
from saitama.spreadsheets.judge.reasons import BANK, Case, reason_for
from saitama.spreadsheets.judge.verify import verify
from saitama.training.progress import ProgressBar

from .paper.mistakes import MISTAKES
from .paper.networks import FAMILIES, network
from .paper.planting import Slip, try_sheet
from .paper.sheet import Sheet, fill_all
from .paper.workbooks import write
from .paper.writing import Writing

SHEETS, CORRECT, TIMED, ROUNDS = 60, 500, 12, 3
FOUND, MISSED, HIDDEN, HIDDEN_FOUND = "found", "missed", "hidden", "hidden, found"
NAMED, LISTED, UNKNOWN, OTHER, ALARM = "named", "listed", "unknown", "other", "alarm"


def main(sheets: int = SHEETS, seed: int = 0) -> None:
    correct = CORRECT if sheets >= SHEETS else sheets
    start = time.perf_counter()
    print(f"\nSlips and their reasons: {sheets} sheets a misconception, seed {seed}", flush=True)
    total = sheets * len(MISTAKES) + correct
    by_slug: Dict[str, Counter] = {}
    by_kind: Dict[str, Counter] = {}
    with ProgressBar("sheet", total=total) as bar:
        for n, slug in enumerate(MISTAKES):
            counts = by_slug[slug] = Counter()
            for m, (sheet, slips) in enumerate(planted(slug, sheets, seed)):
                outcome = list(outcome_of(sheet, slips, slug))
                for count in (counts, *(by_kind.setdefault(kind, Counter()) for kind in kinds(sheet, slips))):
                    count.update(outcome)
                bar.show(n * sheets + m + 1, [slug])
        alarms = sum(bool(list(judged(sheet).slips())) for sheet in right_sheets(correct, seed))
        bar.show(total, [])
    print("\n".join(table(by_slug, by_kind)))
    print(f"  false alarms on {correct} correct sheets: {alarms}")
    with_reasons, without = times(seed)
    ratio = statistics.median(with_reasons) / statistics.median(without)
    print(f"  verify with reasons: {ratio:.2f} of the time without, of {TIMED} workbooks with a slip")
    print(f"  ({time.perf_counter() - start:.0f} s)")


# --- the sheets -------------------------------------------------------------------------------------------------------
def planted(slug: str, count: int, seed: int) -> Iterator[Tuple[Sheet, List[Slip]]]:
    """Sheets with a misconception, every second one with another slip."""
    rng = random.Random(f"{slug} {seed}")
    families, others = list(FAMILIES), [other for other in MISTAKES if other != slug]
    for n in range(count):
        made = None
        while made is None:
            slugs = [slug, rng.choice(others)] if n % 2 else [slug]
            made = try_sheet(rng.choice(families), slugs, rng)
        yield made


def right_sheets(count: int, seed: int) -> Iterator[Sheet]:
    rng, families = random.Random(f"correct {seed}"), list(FAMILIES)
    for n in range(count):
        sheet = Sheet(network(families[n % len(families)], rng), Writing.random(rng))
        fill_all(sheet)
        yield sheet


def kinds(sheet: Sheet, slips: List[Slip]) -> Iterator[str]:
    """What else may matter about a sheet."""
    writing = sheet.writing
    yield "significant digits" if writing.significant else "decimals"
    yield f"{writing.places} of them"
    yield "every digit kept" if writing.kept else "every step rounded"
    yield "dyadic numbers" if sheet.network.dyadic else "decimal numbers"
    yield "alone" if len(slips) == 1 else "two slips"


# --- what verify makes of them ----------------------------------------------------------------------------------------
def judged(sheet: Sheet) -> Judgement:
    return judge(sheet.work, sheet.network.true, sheet.typed)


def outcome_of(sheet: Sheet, slips: List[Slip], slug: str) -> Iterator[str]:
    """What became of the planted slip, and of its reason; and whether something is called a slip that is none."""
    judgement = judged(sheet)
    found = list(judgement.slips())
    there = {slip.step.key: slip for slip in slips}
    shown = [slip.step.key for slip in slips if slip.shows]
    own = [step.key for step in found]
    if any(key not in there for key in own):
        yield ALARM
    (slip,) = [one for one in slips if one.slug == slug]
    if not slip.shows:
        yield HIDDEN_FOUND if slip.step.key in own else HIDDEN
        return
    before = shown[: shown.index(slip.step.key)]  # slips that are to be told earlier
    if slip.step.key not in own or [key for key in own if key in shown][: len(before) + 1] != [*before, slip.step.key]:
        yield MISSED
        return
    yield FOUND
    reason = reason_for(Case(sheet.work, judgement, slip.step))
    if reason is None:
        yield UNKNOWN
    else:
        yield NAMED if slug == reason.slug else LISTED if slug in reason.others else OTHER


# --- time -------------------------------------------------------------------------------------------------------------
def times(seed: int) -> Tuple[List[float], List[float]]:
    """Seconds of verify on workbooks with a slip, with the bank of misconceptions and with an empty one."""
    rng, slugs = random.Random(f"time {seed}"), list(MISTAKES)
    with TemporaryDirectory() as folder:
        paths: List[Path] = []
        while len(paths) < TIMED:
            made = try_sheet(rng.choice(list(FAMILIES)), [rng.choice(slugs)], rng)
            if made is not None:
                paths.append(write(made[0], Path(folder) / f"{len(paths)}.xlsx"))
        bank = dict(BANK)
        with_reasons, without = [], []  # type: List[float], List[float]
        try:
            for _ in range(ROUNDS + 1):  # the first warms up
                BANK.update(bank)
                with_reasons.append(seconds(lambda: [verify(path) for path in paths]))
                BANK.clear()
                without.append(seconds(lambda: [verify(path) for path in paths]))
        finally:
            BANK.update(bank)
    return with_reasons[1:], without[1:]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# --- the table --------------------------------------------------------------------------------------------------------
HEAD = ("sheets", "beyond", "found", "right", "named", "unknown", "neither", "alarms")


def table(by_slug: Dict[str, Counter], by_kind: Dict[str, Counter]) -> Iterator[str]:
    """beyond: of the slips, those that move a number beyond its interval; of these found as the first own slip; of
    these with the right reason, named or listed; with no reason; with another. alarms: a step without a slip is
    called one."""
    yield "  " + f"{'planted':22}" + "".join(f"{name:>9}" for name in HEAD)
    for slug, counts in by_slug.items():
        yield "  " + line(slug, counts)
    yield "  " + line("all", sum(by_slug.values(), Counter()))
    yield ""
    for kind in sorted(by_kind):
        yield "  " + line(kind, by_kind[kind])


def line(name: str, counts: Counter) -> str:
    beyond = counts[FOUND] + counts[MISSED]
    sheets, right = beyond + counts[HIDDEN] + counts[HIDDEN_FOUND], counts[NAMED] + counts[LISTED]
    cells = [
        str(sheets),
        share(beyond, sheets),
        share(counts[FOUND], beyond),
        share(right, counts[FOUND]),
        share(counts[NAMED], counts[FOUND]),
        *(str(counts[which]) for which in (UNKNOWN, OTHER, ALARM)),
    ]
    return f"{name:22}" + "".join(f"{cell:>9}" for cell in cells)


def share(count: int, of: int) -> str:
    return f"{100 * count / of:.1f}%" if of else "-"
