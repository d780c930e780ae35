"""Level 14 by hand: accumulation, loss scaling, bfloat16, the online softmax, an all-reduce and a pipeline as pages.

On each page the yellow cells are given and may be changed, the white ones are live formulas, one for each step as one
would do it by hand, and the pale blue ones what the framework made of the given numbers when the page was written.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

from openpyxl import Workbook
from openpyxl.utils import get_column_letter as letter

from saitama.attention import online_attention
from saitama.distributed.schedule import FORWARD, instructions, timeline
from saitama.tensor import Tensor
from saitama.tensor.backend import K
from saitama.training import Accumulation, GradScaler

from .formulas.rounding import exponent, whole
from .page import Page
from .saving import write_workbook
from .style import DIFFERENCE, GREEN, YELLOW, Styles, fill

GIVEN, LIVE, OURS = "input", "live", "framework"
CLOSE = 1e-9


class Sheet:
    """A page with tables, and a verdict on top: whether formulas and framework agree."""

    def __init__(self, workbook: Workbook, styles: Styles, title: str, lines: Sequence[str], widths: Sequence[int]) -> None:
        self.page = Page(workbook.create_sheet(title), styles, 1)
        self.compared: List[str] = []  # cells with differences
        self.page.line(title, "title")
        self.page.row += 1  # the verdict
        for line in lines:
            self.page.line(line, "maths" if line.startswith(" ") else "text")
        self.page.row += 1
        for number, width in enumerate(widths, 1):
            self.page.sheet.column_dimensions[letter(number)].width = width

    def head(self, *names: str) -> None:
        for number, name in enumerate(names, 1):
            self.page.text(self.page.row, number, name, "head")
        self.page.row += 1

    def given(self, label: str, value: float) -> str:
        """A labelled yellow cell; returns its address."""
        return self.labelled(label, GIVEN, value)

    def labelled(self, label: str, kind: str, value: Any, ours: Any = None) -> str:
        """A label, a cell, and if given the framework's number and the difference beside it."""
        self.page.text(self.page.row, 1, label, "text")
        self.row([None, (kind, value)], [] if ours is None else [(2, ours)], 3)
        return f"$B${self.page.row - 1}"

    def row(self, cells: Sequence[Any], ours: Sequence[Any] = (), after: int = 0) -> int:
        """Cells (kind, value), texts or None; {r} in a formula is the row, {p} the one before. Then for each (column,
        number) the framework's number, and its difference to that column. Returns the row."""
        r = self.page.row
        for column, cell in enumerate(cells, 1):
            if isinstance(cell, str):
                self.page.text(r, column, cell, "cell")
            elif cell is not None:
                kind, value = cell
                value = value.format(r=r, p=r - 1) if isinstance(value, str) else value
                self.page.put(r, column, value, kind, "General")
        column = after or len(cells) + 1
        for checked, number in ours:
            mine, difference = f"{letter(column)}{r}", f"{letter(column + 1)}{r}"
            self.page.put(r, column, number, OURS, "General")
            live = f"{letter(checked)}{r}"
            text = f"IF(EXACT({live},{mine}),0,1E+99)"
            formula = f"=IFERROR(IF(AND(ISNUMBER({live}),ISNUMBER({mine})),ABS({live}-{mine}),{text}),1E+99)"
            self.page.put(r, column + 1, formula, "difference", DIFFERENCE)
            self.compared.append(difference)
            column += 2
        self.page.row += 1
        return r

    def close(self) -> None:
        largest = f"MAX({','.join(self.compared)})"
        text = f'=IF({largest}<={CLOSE!r},"PASS: formulas and framework agree","FAIL: a difference of "&{largest})'
        self.page.put(2, 1, text, "strong")


def scale_pages(path: Union[str, os.PathLike[str]], overwrite: Optional[bool] = None) -> Path:
    """Write the pages to an .xlsx workbook: Accumulation, Loss scale, bfloat16, Online softmax, All-reduce, Pipeline.

    Raises ValueError for a name that is not .xlsx, FileExistsError for a file that somebody has worked in unless
    overwrite=True, OSError where it cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise ValueError(f"scale_pages: {os.fspath(path)!r} is not an .xlsx name; give one, such as 'scale.xlsx'")
    workbook = Workbook()
    workbook.remove(workbook.active)
    styles = Styles(workbook)
    for make in (_accumulation, _loss_scale, _bfloat16, _online_softmax, _all_reduce, _pipeline):
        make(workbook, styles).close()
    styles.close()
    workbook.active = 0
    write_workbook(workbook, path, overwrite)
    return path


def _accumulation(workbook: Workbook, styles: Styles) -> Sheet:
    s = Sheet(workbook, styles, "Accumulation", [
        "A batch of 5 examples in two micro-batches, of 3 and of 2. The model is y = w x, the loss of an example (y - t)².",
        "  L = (k1 L1 + k2 L2) / (k1 + k2): a mean over all items. The mean of the two means is another number.",
    ], [38, 14, 12, 12, 12, 14, 16])  # fmt: skip
    examples = [(1, 1.0, 2.0), (1, 2.0, 1.0), (1, -1.0, 0.5), (2, 0.5, 3.0), (2, 3.0, -1.0)]
    w, lr = s.given("w", 0.5), s.given("learning rate", 0.125)
    s.page.row += 1
    s.head("example", "micro-batch", "x", "t", "y = w x", "loss (y-t)²", "dL/dw = 2 (y-t) x")
    first = s.page.row
    for number, (batch, x, t) in enumerate(examples, 1):
        values = ["={w}*C{r}".replace("{w}", w), "=(E{r}-D{r})^2", "=2*(E{r}-D{r})*C{r}"]
        s.row([str(number), (GIVEN, batch), (GIVEN, x), (GIVEN, t), *((LIVE, value) for value in values)])
    b, losses, slopes = (f"{c}{first}:{c}{s.page.row - 1}" for c in "BFG")
    s.page.row += 1
    k1, k2 = (s.labelled(f"k{i}, items of micro-batch {i}", LIVE, f"=COUNTIF({b},{i})") for i in (1, 2))
    g1, g2 = (s.labelled(f"g{i}, its mean gradient", LIVE, f"=SUMIF({b},{i},{slopes})/{k}") for i, k in ((1, k1), (2, k2)))
    ours = Tensor(0.5, requires_grad=True)
    mean = Accumulation()
    for batch in (1, 2):
        x, t = (Tensor([row[place] for row in examples if row[0] == batch]) for place in (1, 2))
        mean.share(((ours * x - t) ** 2).mean(), len(x)).backward()
    loss = mean.finish([ours])
    added = s.labelled("added up: (k1/k1) g1 + (k2/k1) g2", LIVE, f"=({k1}/{k1})*{g1}+({k2}/{k1})*{g2}")
    total = s.labelled("times k1 / (k1 + k2)", LIVE, f"={added}*{k1}/({k1}+{k2})", ours.grad.item())  # type: ignore[union-attr]
    s.labelled("one large batch: the mean of all gradients", LIVE, f"=AVERAGE({slopes})", ours.grad.item())  # type: ignore[union-attr]
    s.labelled("the mean of the two means, which is wrong", LIVE, f"=({g1}+{g2})/2")
    s.labelled("mean loss", LIVE, f"=AVERAGE({losses})", loss)
    s.labelled("w after the step", LIVE, f"={w}-{lr}*{total}", 0.5 - 0.125 * ours.grad.item())  # type: ignore[union-attr]
    return s


def _loss_scale(workbook: Workbook, styles: Styles) -> Sheet:
    s = Sheet(workbook, styles, "Loss scale", [
        "What a GradScaler does with the gradient of a weight in float16, step by step.",
        "  S · gradient is rounded to float16: above 65504 it is infinite, below 3e-8 it is 0.",
        "  infinite: leave the step out, S becomes S · backoff; after `interval` good steps in a row S · growth.",
    ], [26, 14, 14, 14, 10, 14, 14, 11, 14, 10, 12, 14, 14, 12, 14])  # fmt: skip
    start, growth, backoff = s.given("S at first", 65536.0), s.given("growth", 2.0), s.given("backoff", 0.5)
    interval = s.given("interval", 3)
    s.page.row += 1
    s.head("step", "gradient", "S", "S · gradient", "exponent", "in last digits", "in float16", "infinite?", "gradient used",
           "exponent", "last digits", "without S", "good steps", "next S", "float16, ours", "difference", "next S, ours")  # fmt: skip
    scaler, first = GradScaler(growth_interval=3), s.page.row
    for number, g in enumerate([1e-9, 2.0, 1.5, 3e-8, 1e-5, 0.25, 1e-7, 4e-9], 1):
        scale = scaler.get_scale()
        half = K.round_to(Tensor(g * scale).array, "float16").item()
        scaler.factor, scaler.growth_tracker = scaler.rule(half in (float("inf"), float("-inf")))
        top, begin = s.page.row == first, f"={start}"
        cells = [
            (GIVEN, g),
            (LIVE, begin if top else "=N{p}"),
            (LIVE, "=B{r}*C{r}"),
            ("helper", "=" + exponent("D{r}", -14)),
            ("helper", "=ABS(D{r})/2^(E{r}-10)"),
            (LIVE, f'=IF({whole("F{r}")}*2^(E{{r}}-10)>65504,"inf",SIGN(D{{r}})*{whole("F{r}")}*2^(E{{r}}-10))'),
            (LIVE, "=IF(ISNUMBER(G{r}),0,1)"),
            (LIVE, '=IF(H{r}=1,"no step",G{r}/C{r})'),
            ("helper", "=" + exponent("B{r}", -14)),
            ("helper", "=ABS(B{r})/2^(J{r}-10)"),
            (LIVE, f'=SIGN(B{{r}})*{whole("K{r}")}*2^(J{{r}}-10)'),
            (LIVE, "=IF(H{r}=1,0,MOD(" + ("0" if top else "M{p}") + f"+1,{interval}))"),
            (LIVE, f"=IF(H{{r}}=1,C{{r}}*{backoff},IF(M{{r}}=0,C{{r}}*{growth},C{{r}}))"),
        ]
        s.row([str(number), *cells], [(7, half), (14, scaler.get_scale())])
    return s


def _bfloat16(workbook: Workbook, styles: Styles) -> Sheet:
    s = Sheet(workbook, styles, "bfloat16", [
        "A number in 16 bits: 1 for the sign, 8 for the exponent (+127), 7 for the fraction after the leading 1.",
        "  2^e ≤ |x| < 2^(e+1), n = |x| / 2^(e-7) lies between 128 and 256, and is rounded to a whole number;",
        "  of two that are equally near the even one is taken. n = 256 is 2^(e+1).",
    ], [16, 10, 12, 14, 14, 14, 10, 10, 12, 14, 16, 16, 12])  # fmt: skip
    s.head("x", "sign bit", "exponent e", "|x| / 2^e", "n", "below n", "rest", "a tie?", "n rounded", "exponent bits",
           "fraction bits", "value", "ours", "difference")  # fmt: skip
    for x in (3.14159, 0.1, -2.71828, 1 + 1 / 256, 1 + 3 / 256, 1.998046875, 100.0, -0.0009765625, 65535.0):
        live = [
            "=IF(A{r}<0,1,0)",
            "=" + exponent("A{r}", -126),
            "=ABS(A{r})/2^C{r}",
            "=D{r}*128",
            "=INT(E{r})",
            "=E{r}-F{r}",
            '=IF(G{r}=0.5,"tie","")',
            "=IF(G{r}=0.5,F{r}+MOD(F{r},2),IF(G{r}>0.5,F{r}+1,F{r}))",
            "=DEC2BIN(C{r}+127+IF(I{r}=256,1,0),8)",
            "=DEC2BIN(MOD(I{r},128),7)",
            "=IF(B{r}=1,-1,1)*I{r}*2^(C{r}-7)",
        ]
        rounded = K.round_to(Tensor(x).array, "bfloat16").item()
        s.row([(GIVEN, x), *((LIVE, formula) for formula in live)], [(12, rounded)])
    return s


def _online_softmax(workbook: Workbook, styles: Styles) -> Sheet:
    s = Sheet(workbook, styles, "Online softmax", [
        "One query's attention over 6 keys, two at a time, as FlashAttention computes it. Given: its scores, and the values.",
        "  m' = max(m, scores)    l' = l e^(m-m') + Σ e^(s-m')    o' = o e^(m-m') + Σ e^(s-m') v,    at the end y = o / l",
        "What was added up with an older, smaller maximum is corrected by one factor: nobody needs all scores at once.",
    ], [30, 14, 14, 14, 16, 14, 14, 14, 14, 14])  # fmt: skip
    scores, values = [1.0, 2.0, 0.5, 4.0, -1.0, 3.0], [[1.0, 0.0], [0.0, 2.0], [1.0, 1.0], [-1.0, 0.5], [2.0, 2.0], [0.0, 1.0]]
    s.head("key", "score", "v1", "v2")
    first = s.page.row
    for number, (score, value) in enumerate(zip(scores, values), 1):
        s.row([str(number), (GIVEN, score), (GIVEN, value[0]), (GIVEN, value[1])])
    s.page.row += 1
    s.head("tile", "largest score", "m", "e^(m-m')", "e^(s-m'), first", "second", "l", "o1", "o2")
    for tile in range(3):
        a, b = first + 2 * tile, first + 2 * tile + 1
        m, correction, l, o1, o2 = "=MAX(C{p},B{r})", "=EXP(C{p}-C{r})", "=G{p}*D{r}+", "=H{p}*D{r}+", "=I{p}*D{r}+"  # noqa: E741
        if tile == 0:
            m, correction, l, o1, o2 = "=B{r}", "=0", "=", "=", "="  # noqa: E741  (nothing was added up yet)
        cells = [f"=MAX(B{a}:B{b})", m, correction, f"=EXP(B{a}-C{{r}})", f"=EXP(B{b}-C{{r}})", f"{l}E{{r}}+F{{r}}"]
        cells += [f"{o1}E{{r}}*C{a}+F{{r}}*C{b}", f"{o2}E{{r}}*D{a}+F{{r}}*D{b}"]
        last = s.row([f"keys {2 * tile + 1} and {2 * tile + 2}", *((LIVE, cell) for cell in cells)])
    y = online_attention(Tensor([[1.0]]), Tensor([[x] for x in scores]), Tensor(values), tile=2, scale=1.0).tolist()[0]
    s.page.row += 1
    for number, column in ((1, "H"), (2, "I")):
        s.labelled(f"y{number} = o{number} / l", LIVE, f"={column}{last}/G{last}", y[number - 1])
    s.page.row += 1
    every, end = f"B{first}:B{first + 5}", first + 5
    s.page.line("and all at once, as softmax is defined:", "text")
    largest = s.labelled("the largest of all scores", LIVE, f"=MAX({every})")
    total = s.labelled("Σ e^(s-m)", LIVE, "=" + "+".join(f"EXP(B{row}-{largest})" for row in range(first, end + 1)))
    for number, column in ((1, "C"), (2, "D")):
        parts = "+".join(f"EXP(B{row}-{largest})*{column}{row}" for row in range(first, end + 1))
        s.labelled(f"y{number}", LIVE, f"=({parts})/{total}", y[number - 1])
    return s


def _all_reduce(workbook: Workbook, styles: Styles) -> Sheet:
    s = Sheet(workbook, styles, "All-reduce", [
        "Two ranks with the same weights and different examples: 3 on rank 0, 2 on rank 1. Each has its own mean gradient.",
        "  sent: gradient · n / (n0 + n1).   An all-reduce gives every rank the sum of what all sent: the mean over all examples.",
        "Then both make the same step, and their weights stay the same.",
    ], [34, 14, 14, 14, 14, 14, 14])  # fmt: skip
    weights, gradients, counts = [0.5, -0.25, 1.0], [[0.3, -1.2, 0.6], [1.1, 0.4, -0.9]], [3, 2]
    n0, n1 = (s.given(f"n{rank}, examples on rank {rank}", count) for rank, count in enumerate(counts))
    lr = s.given("learning rate", 0.1)
    s.page.row += 1
    s.head("", "number 1", "number 2", "number 3")
    w = s.row(["weights, on both ranks", *((GIVEN, x) for x in weights)])
    rows = [s.row([f"mean gradient on rank {rank}", *((GIVEN, x) for x in numbers)]) for rank, numbers in enumerate(gradients)]
    sent = [
        s.row([f"rank {rank} sends: times n{rank} / (n0 + n1)", *((LIVE, f"={c}{row}*{n}/({n0}+{n1})") for c in "BCD")])
        for rank, (row, n) in enumerate(zip(rows, (n0, n1)))
    ]
    total = [sum(g[i] * n for g, n in zip(map(Tensor, gradients), counts)) for i in range(3)]
    ours = [(one / sum(counts)).item() for one in total]
    reduced = s.row(["both receive the sum", *((LIVE, f"={c}{sent[0]}+{c}{sent[1]}") for c in "BCD")],
                    list(zip((2, 3, 4), ours)))  # fmt: skip
    s.row(["the mean without n, which is wrong", *((LIVE, f"=({c}{rows[0]}+{c}{rows[1]})/2") for c in "BCD")])
    for rank in (0, 1):
        after = [x - 0.1 * g for x, g in zip(weights, ours)]
        s.row([f"weights on rank {rank} after the step", *((LIVE, f"={c}{w}-{lr}*{c}{reduced}") for c in "BCD")],
              list(zip((2, 3, 4), after)))  # fmt: skip
    return s


def _pipeline(workbook: Workbook, styles: Styles) -> Sheet:
    S, M = 4, 6
    s = Sheet(workbook, styles, "Pipeline", [
        f"A model in {S} stages, a batch in {M} micro-batches. F3: forward pass of micro-batch 3, B3: backward. Empty: waiting.",
        "  bubble = empty / all.   GPipe and 1F1B: (S-1) / (M+S-1).   One after the other (naive): (S-1) / S",
    ], [30, 9])  # fmt: skip
    stages, batches = s.given("S, stages", S), s.given("M, micro-batches", M)
    for name, expected in (("naive", f"=({stages}-1)/{stages}"), *((name, f"=({stages}-1)/({batches}+{stages}-1)") for name in ("gpipe", "1f1b"))):
        slots = timeline(instructions(name, S, M))
        end = max(slot.end for row in slots for slot in row)
        s.page.row += 1
        s.page.heading(name, end + 1)
        first = s.page.row
        for stage, row in enumerate(slots):
            s.page.text(s.page.row, 1, f"stage {stage}", "row_index")
            for slot in row:
                forward = slot.what == FORWARD
                cell = s.page.text(s.page.row, 2 + slot.start, f"{'F' if forward else 'B'}{slot.micro_batch}", "index")
                cell.fill = fill(YELLOW if forward else GREEN)
            s.page.row += 1
        grid = f"B{first}:{letter(end + 1)}{s.page.row - 1}"
        counted = s.labelled("counted: empty / all", LIVE, f"=COUNTBLANK({grid})/({S}*{end})")
        formula = s.labelled("by the formula", LIVE, expected)
        s.compared.append(_difference(s, counted, formula))
    for column in range(2, 60):
        s.page.sheet.column_dimensions[letter(column)].width = 12 if column == 2 else 5
    return s


def _difference(s: Sheet, a: str, b: str) -> str:
    s.page.put(s.page.row - 1, 3, f"=ABS({a}-{b})", "difference", DIFFERENCE)
    return f"C{s.page.row - 1}"


PAGES: Dict[str, str] = {
    "Accumulation": "one large batch from two small ones",
    "Loss scale": "the scaler's rule",
    "bfloat16": "sign, exponent and fraction of a number",
    "Online softmax": "attention tile by tile",
    "All-reduce": "the gradients of two ranks",
    "Pipeline": "who works when, and who waits",
}
