"""The online softmax, tile by tile: the same attention, and a workbook that shows how."""

from __future__ import annotations

import pytest

from saitama import Tensor, manual_seed, randn
from saitama.attention import online_attention, scaled_dot_product_attention
from saitama.spreadsheets import export, recalculate


def operands(scale=1.0):
    manual_seed(3)
    return [(randn(*shape) * scale).detach().requires_grad_() for shape in ((3, 4), (7, 4), (7, 2))]


@pytest.mark.parametrize("tile", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_any_tile_gives_the_same_output_and_gradients(tile, scale):
    results = []
    for attend in (scaled_dot_product_attention, lambda q, k, v: online_attention(q, k, v, tile)):
        tensors = operands(scale)
        y = attend(*tensors)
        (y * Tensor([[1.0, -2.0], [0.5, 1.0], [2.0, 0.25]])).sum().backward()
        results.append([y.detach(), *(t.grad for t in tensors)])
    for a, b in zip(*results):
        assert a.tolist() == [pytest.approx(row, rel=1e-10, abs=1e-12) for row in b.tolist()]


def test_each_tiles_numbers_are_in_the_workbook(tmp_path):
    q, k, v = operands()
    written = export(online_attention(q, k, v, tile=3).sum(), tmp_path / "online.xlsx", names={"q": q, "k": k, "v": v})
    for name in ("scores of tile 1", "maximum after tile 1", "sum after tile 2", "output after tile 3"):
        assert any(name in title for title in written.sheets), written.sheets
    found = recalculate(written, engine="ironcalc")
    assert str(found["Check!A3"]).startswith("PASS")


def test_bad_arguments():
    q, k, v = operands()
    for wrong in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="tile must be a whole number"):
            online_attention(q, k, v, wrong)
    with pytest.raises(ValueError, match=r"expected q \(T, d\), k \(S, d\), v \(S, d_v\)"):
        online_attention(q, k[:, :3], v, 2)
