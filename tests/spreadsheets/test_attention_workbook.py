"""Attention, LayerNorm and a recurrent net as workbooks: recalculated by IronCalc, verified, and broken on purpose."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from saitama import Tensor, manual_seed, randn, transformer
from saitama.attention import GRU, LSTM, RNN, scaled_dot_product_attention
from saitama.spreadsheets import Exported, export, recalculate, verify


def agrees(exported: Exported) -> None:
    target = exported.path.with_name("calculated.xlsx")
    found = recalculate(exported, engine="ironcalc", output=target)
    assert found.errors == {}
    assert str(found["Check!A3"]).startswith("PASS")
    assert verify(target, rtol=1e-9).differences == []


@pytest.fixture(scope="module")
def block(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A causal block of width 4 with 2 heads over 3 positions, pre-norm, and a loss."""
    manual_seed(8)
    model = transformer.TransformerBlock(4, 2, 6, causal=True)
    x, target = randn(1, 3, 4, requires_grad=True), randn(1, 3, 4)
    error = model(x) - target
    path = tmp_path_factory.mktemp("block") / "block.xlsx"
    return export((error * error).mean(), path, names=model)


def test_a_transformer_block(block: Exported) -> None:
    assert block.left_out == ()
    agrees(block)


def test_a_wrong_formula_in_a_block_is_found(block: Exported) -> None:
    """One weight of the attention, off by a millionth."""
    workbook = openpyxl.load_workbook(block.path)
    (title,) = [name for name in workbook.sheetnames if "attention" in name]
    sheet = workbook[title]
    cells = [cell for row in sheet.iter_rows() for cell in row if "/" in str(cell.value) and "EXP" not in cell.value]
    cell = next(cell for cell in cells if str(cell.value).startswith("=") and sheet.title not in str(cell.value))
    cell.value = f"=1.000001*({cell.value[1:]})"
    broken = block.path.with_name("broken.xlsx")
    workbook.save(broken)
    found = recalculate(broken, engine="ironcalc", output=block.path.with_name("broken calculated.xlsx"))
    assert str(found["Check!A3"]).startswith("FAIL")


def test_masks_with_infinities_and_empty_rows(tmp_path: Path) -> None:
    manual_seed(9)
    q, k, v = (randn(3, 2, requires_grad=True) for _ in range(3))
    inf = float("inf")
    mask = Tensor([[0.0, -inf, 0.5], [-inf, -inf, -inf], [0.25, 0.0, -1.0]])
    y = scaled_dot_product_attention(q, k, v, mask, is_causal=True)
    assert isinstance(y, Tensor)
    agrees(export((y * y).sum(), tmp_path / "masked.xlsx"))


@pytest.mark.parametrize("net", [RNN, LSTM, GRU])
def test_a_recurrent_net_shows_its_steps(net: type, tmp_path: Path) -> None:
    manual_seed(10)
    output, _ = net(2, 2)(randn(3, 1, 2))
    exported = export((output * output).sum(), tmp_path / "net.xlsx")
    (title,) = [name for name in exported.sheets if "h_l0" in name or "hc_l0" in name]
    texts = [str(row[1]) for row in openpyxl.load_workbook(exported.path)[title].iter_rows(values_only=True)]
    for t in range(3):
        assert all(any(text.startswith(f"{name}({t}) = ") for text in texts) for name in ("h", "dh", "da"))
    agrees(exported)


def test_an_unrolled_net_has_a_sheet_for_each_step(tmp_path: Path) -> None:
    manual_seed(10)
    output, _ = LSTM(2, 2, unroll=True)(randn(3, 1, 2))
    exported = export((output * output).sum(), tmp_path / "net.xlsx")
    assert all(any(f"{part}{t}_l0" in name for name in exported.sheets) for t in range(3) for part in "hc")
    agrees(exported)
