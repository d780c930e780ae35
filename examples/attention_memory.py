"""How much memory attention takes: all scores at once, or tile by tile.

python examples/attention_memory.py        # measures, prints a table and writes attention_memory.xlsx with a chart
saitama export examples/attention_memory.py -o online.xlsx        # attention tile by tile, every number of it

Written as its formula, softmax(Q K^T) V holds a score for each pair of positions, T^2 of them, and again for the
backward pass. The fused operation never does: it goes through the keys in tiles and keeps a maximum, a sum and an
output for each query (FlashAttention, Dao et al. 2022; saitama/attention/online.py is the same in plain tensors).
"""

from __future__ import annotations

from saitama import manual_seed, max_memory_allocated, memory_allocated, randn, reset_peak_memory_stats
from saitama.attention import online_attention, scaled_dot_product_attention
from saitama.spreadsheets.write.curves import Curve, CurveChart, Table, write_curves

WIDTH, LENGTHS = 32, (64, 128, 256, 512, 1024)


def peak(T: int, plain: bool) -> int:
    """Bytes that forward and backward pass take at most, besides queries, keys and values."""
    q, k, v = (randn(T, WIDTH, dtype="float32", requires_grad=True) for _ in range(3))
    reset_peak_memory_stats()
    before = memory_allocated()
    found = scaled_dot_product_attention(q, k, v, return_weights=plain)
    y = found[0] if plain else found
    y.sum().backward()
    return max_memory_allocated() - before


manual_seed(0)
rows = []
print(f"{'T':>6}{'formula, kB':>14}{'fused, kB':>12}")
for T in LENGTHS:
    rows.append([T, peak(T, True) / 1024, peak(T, False) / 1024])
    print(f"{T:6}{rows[-1][1]:14,.0f}{rows[-1][2]:12,.0f}")

names = ["positions T", "by the formula, kB", "fused, kB", "kB / T²", "kB / T"]
cells = [[*row, "=B{row}/A{row}^2", "=C{row}/A{row}"] for row in rows]
lines = [Curve("by the formula", "Memory", names[0], names[1]), Curve("fused", "Memory", names[0], names[2])]
notes = ["By the formula memory grows as T², fused as T: on logarithmic axes lines of slope 2 and 1."]
chart = CurveChart("Memory of attention", "positions T", "kB", lines, log_x=True, log_y=10)
write_curves("attention_memory.xlsx", "Attention and memory", notes, [chart], [Table("Memory", names, cells)])

q, k, v = (randn(*shape, requires_grad=True) for shape in ((2, 4), (6, 4), (6, 3)))
loss = online_attention(q, k, v, tile=2).sum()
