"""`python -m benchmarks` runs every benchmark, `python -m benchmarks value matmul` those named.

--output FILE.xlsx writes the results as a workbook with charts, and `python -m benchmarks compare BEFORE.xlsx
AFTER.xlsx` says what changed between two of those. What a benchmark module holds:

    TITLE = "Elementwise operations"             # of its table
    def results() -> Iterator[Result]: ...       # see timing.py; or main(), which prints
    QUANTITY = "memory"                          # optional: the numbers are bytes, not seconds
    def point(result) -> Tuple[str, float]: ...  # optional: (curve, size) for a chart of the cost against the size
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
from pathlib import Path
from typing import Dict, Iterator, List, Optional

from benchmarks import machine, peers
from benchmarks.report import QUANTITIES, Report, line, summary
from benchmarks.timing import Result
from saitama.tensor.backend import K

HARNESS = {"__main__", "compare", "machine", "peers", "report", "roofline", "timing", "workbook"}


def names() -> List[str]:
    """The benchmarks there are: the modules of this folder, except the harness."""
    folder = str(Path(__file__).parent)
    modules = [module.name for module in pkgutil.iter_modules([folder]) if not module.ispkg]
    return sorted(name for name in modules if name not in HARNESS)


def run(name: str, peaks: Optional[machine.Peaks], options: argparse.Namespace) -> Optional[Report]:
    """Print each result of a benchmark as it comes, then what they amount to. None for one that prints by itself."""
    module = importlib.import_module(f"benchmarks.{name}")
    if not hasattr(module, "results"):
        module.main(**of_reasons(options))
        return None
    title, quantity = getattr(module, "TITLE", name), QUANTITIES[getattr(module, "QUANTITY", "time")]
    start = time.perf_counter()
    print(f"\n{title}", flush=True)
    results: List[Result] = []
    for result in module.results():
        results.append(result)
        print("  " + line(result, quantity, peaks.of(result) if peaks else None), flush=True)
    points = {result.case: module.point(result) for result in results} if hasattr(module, "point") else {}
    report = Report(name, title, results, quantity, points)
    for text in summary(report):
        print("  " + text)
    print(f"  ({time.perf_counter() - start:.0f} s)", flush=True)
    return report


def of_reasons(options: argparse.Namespace) -> Dict[str, int]:
    """The options that only `reasons` has, as far as they were given."""
    return {name: vars(options)[name] for name in ("sheets", "seed") if vars(options)[name] is not None}


def warnings(before: Optional[machine.Peaks], load: Optional[float]) -> Iterator[str]:
    """Why these numbers may not be this machine's."""
    if load is not None and load > 0.5:
        yield f"the load average was {load:.1f} before the first measurement: something else was running"
    if before and machine.crowded(before):
        yield "all cores together were hardly faster than one: something else was running"
    after = machine.measure() if before else None
    if before and after and machine.drift(before, after) > machine.DRIFT:
        yield f"the machine's own peaks changed by up to {machine.drift(before, after):.0%} between begin and end"


def main(arguments: List[str]) -> int:
    if arguments[:1] == ["compare"]:
        from benchmarks import compare

        return compare.main(arguments[1:])
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="saitama against its peers, in one run")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}; all, if none is given")
    parser.add_argument("--output", metavar="FILE.xlsx", help="a workbook for tables and charts")
    parser.add_argument("--force", action="store_true", help="replace such a workbook although somebody worked in it")
    parser.add_argument("--sheets", type=int, metavar="N", help="of `reasons`: how many a misconception (default 60)")
    parser.add_argument("--seed", type=int, help="of `reasons`: of the numbers and of the slips (default 0)")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in names()]
    if unknown:
        parser.error(f"no benchmark called {', '.join(unknown)}; there are: {', '.join(names())}")
    if options.output and not options.output.lower().endswith(".xlsx"):
        parser.error(f"--output {options.output}: give a name that ends with .xlsx")
    if of_reasons(options) and options.names != ["reasons"]:
        parser.error("--sheets and --seed are for `reasons` alone")
    overwrite = options.force or None
    if options.output:
        from saitama.spreadsheets.write.saving import check_replaceable

        try:
            check_replaceable(options.output, overwrite)  # before minutes of measuring
        except FileExistsError as error:
            parser.error(str(error))
    load, facts, peaks = machine.load(), machine.description(), machine.measure()
    held = peers.hold_to(str(K.info().get("simd", "")))
    if held:
        facts["held"] = held
    for key, value in facts.items():
        print(f"{key:12}{value}")
    print("\n".join(machine.table(peaks)) if peaks else "no peaks: they need a C compiler (CC chooses one)")
    reports = [report for report in (run(name, peaks, options) for name in options.names or names()) if report]
    facts["noise"] = "; ".join(warnings(peaks, load)) or "none seen"
    print(f"noise       {facts['noise']}")
    if options.output:
        from benchmarks.workbook import write

        write(reports, facts, peaks, options.output, overwrite)
        print(f"wrote {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
