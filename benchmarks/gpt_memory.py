"""How much memory training steps of a GPT take: the most that was resident during three steps, less what was before the
model was made, in a fresh process for each library. The model, its gradients and AdamW's state are a part of it.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Dict, Iterator, List

from benchmarks.gpt import BABY
from benchmarks.peers import peer
from benchmarks.timing import Result

TITLE = "Memory of a GPT's training"
QUANTITY = "memory"
ROUNDS = 3

PROGRAM = """
from benchmarks.gpt import BABY, TINY, saitama_gpt, saitama_step, torch_step

def status(field):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))

{setup}
step()  # a smaller model: what the libraries load on the way
before = status("VmRSS")
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # forget the highest memory so far
{make}
for _ in range(3):
    step()
print(status("VmHWM") - before)
"""
MAKERS = {
    "saitama": "step = saitama_step({sizes}, {dtype!r})",
    "torch": "import torch; step = torch_step(torch, {sizes}, {dtype!r}, same=False)",
}


def highest(library: str, dtype: str) -> float:
    """Bytes over those before the model was made."""
    setup, make = (MAKERS[library].format(sizes=sizes, dtype=dtype) for sizes in ("TINY", "BABY"))
    code = PROGRAM.format(setup=setup, make=make)
    run = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    return float(run.stdout)


def results() -> Iterator[Result]:
    if not sys.platform.startswith("linux"):
        print("  gpt_memory: reads Linux's /proc, skipped")
        return
    libraries = [name for name in MAKERS if peer(name)]
    for dtype in ("float32", "float64"):
        used: Dict[str, List[float]] = {name: [highest(name, dtype) for _ in range(ROUNDS)] for name in libraries}
        yield Result(f"training steps, {BABY}, {dtype}", used, reach=1.0)
