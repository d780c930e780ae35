"""Level 14 by hand: accumulation, loss scaling, bfloat16, the online softmax, an all-reduce and a pipeline as pages.

On each page the yellow cells are given and may be changed, the white ones are live formulas, one for each step as one
would do it by hand, and the pale blue ones what the framework made of the given numbers when the page was written.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, List, Optional, Sequence, Union

from saitama.attention import online_attention
from saitama.distributed.schedule import FORWARD, instructions, timeline
from saitama.tensor import Tensor
from saitama.tensor.backend import K
from saitama.training import Accumulation, GradScaler

from .formulas.rounding import exponent, whole
from .layout import column as letter
from .plan.page import DIFFERENCE, Page
from .plan.sheet import Plan, PlannedSheet
from .write.workbook import write_plan

GIVEN, LIVE, OURS = "input", "live", "framework"
CLOSE = 1e-9
SHOWN = "0.0#####"


class Handwork:
    """A page with tables, and a verdict on top: whether formulas and framework agree."""

    def __init__(self, title: str, lines: Sequence[str], widths: Sequence[int]) -> None:
        self.page = Page(title)
        self.compared: List[str] = []  # cells with differences
        self.page.line(title, "title")
        self.page.row += 1  # the verdict
        for line in lines:
            self.page.line(line, "maths" if line.startswith(" ") else "text")
        self.page.row += 1
        for number, width in enumerate(widths, 1):
            self.page.widths[number] = width

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
                self.page.put(r, column, value, kind, SHOWN)
        column = after or len(cells) + 1
        for checked, number in ours:
            mine, difference = f"{letter(column)}{r}", f"{letter(column + 1)}{r}"
            self.page.put(r, column, number, OURS, SHOWN)
            live = f"{letter(checked)}{r}"
            text = f"IF(EXACT({live},{mine}),0,1E+99)"
            formula = f"=IFERROR(IF(AND(ISNUMBER({live}),ISNUMBER({mine})),ABS({live}-{mine}),{text}),1E+99)"
            self.page.put(r, column + 1, formula, "difference", DIFFERENCE)
            self.compared.append(difference)
            column += 2
        self.page.row += 1
        return r

    def across(self, label: str, formulas: Any, kind: str = LIVE, shown: str = "General", count: int = 0) -> int:
        """A row for one quantity: a label, then a number for each column, or one formula for `count` columns in which
        {c} is the column and {p} the one before. Returns the row."""
        r = self.page.row
        self.page.text(r, 1, label, "text")
        for number in range(count or len(formulas)):
            value = formulas if isinstance(formulas, str) else formulas[number]
            if isinstance(value, str):
                value = value.replace("{c}", letter(number + 2)).replace("{p}", letter(number + 1))
            self.page.put(r, number + 2, value, kind, shown)
        self.page.row += 1
        return r

    def beside(self, row: int, numbers: Sequence[Any], shown: str = "General") -> None:
        """Below a quantity in `row` of across(): the framework's numbers, and the differences."""
        mine = self.across("   the framework's", numbers, OURS, shown)
        text = f"IF(EXACT({{c}}{row},{{c}}{mine}),0,1E+99)"
        both = f"AND(ISNUMBER({{c}}{row}),ISNUMBER({{c}}{mine}))"
        formula = f"=IFERROR(IF({both},ABS({{c}}{row}-{{c}}{mine}),{text}),1E+99)"
        r = self.across("   difference", formula, "difference", DIFFERENCE, len(numbers))
        self.compared.append(f"B{r}:{letter(len(numbers) + 1)}{r}")

    def finished(self) -> PlannedSheet:
        """The page, with its verdict."""
        largest = f"MAX({','.join(self.compared)})"
        text = f'=IF({largest}<={CLOSE!r},"PASS: formulas and framework agree","FAIL: a difference of "&{largest})'
        self.page.put(2, 1, text, "strong")
        return self.page.sheet()


def scale_pages(path: Union[str, os.PathLike[str]], overwrite: Optional[bool] = None) -> Path:
    """Write the pages to an .xlsx workbook: Accumulation, Loss scale, bfloat16, Online softmax, All-reduce, Pipeline.

    Raises ValueError for a name that is not .xlsx, FileExistsError for a file that somebody has worked in unless
    overwrite=True, OSError where it cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise ValueError(f"scale_pages: {os.fspath(path)!r} is not an .xlsx name; give one, such as 'scale.xlsx'")
    makers = (_accumulation, _loss_scale, _bfloat16, _online_softmax, _all_reduce, _pipeline)
    write_plan(Plan(tuple(make().finished() for make in makers), {}, 0, 0, ()), path, overwrite)
    return path


def _accumulation() -> Handwork:
    s = Handwork("Accumulation", [
        "A batch of 5 examples in two micro-batches, of 3 and of 2. The model is y = w x, an example's loss (y - t)².",
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
    g1, g2 = (
        s.labelled(f"g{i}, its mean gradient", LIVE, f"=SUMIF({b},{i},{slopes})/{k}") for i, k in ((1, k1), (2, k2))
    )
    ours = Tensor(0.5, requires_grad=True)
    mean = Accumulation()
    for batch in (1, 2):
        xs, ts = (Tensor([row[place] for row in examples if row[0] == batch]) for place in (1, 2))
        mean.share(((ours * xs - ts) ** 2).mean(), len(xs)).backward()
    loss = mean.finish([ours])
    added = s.labelled("added up: (k1/k1) g1 + (k2/k1) g2", LIVE, f"=({k1}/{k1})*{g1}+({k2}/{k1})*{g2}")
    total = s.labelled("times k1 / (k1 + k2)", LIVE, f"={added}*{k1}/({k1}+{k2})", ours.grad.item())  # type: ignore[union-attr]
    s.labelled("one large batch: the mean of all gradients", LIVE, f"=AVERAGE({slopes})", ours.grad.item())  # type: ignore[union-attr]
    s.labelled("the mean of the two means, which is wrong", LIVE, f"=({g1}+{g2})/2")
    s.labelled("mean loss", LIVE, f"=AVERAGE({losses})", loss)
    s.labelled("w after the step", LIVE, f"={w}-{lr}*{total}", 0.5 - 0.125 * ours.grad.item())  # type: ignore[union-attr]
    return s


def _loss_scale() -> Handwork:
    s = Handwork("Loss scale", [
        "What a GradScaler does with the gradient of a weight in float16, step by step.",
        "  S · gradient is rounded to float16: above 65504 it is infinite, below 3e-8 it is 0.",
        "  infinite: leave the step out, S becomes S · backoff; after `interval` good steps in a row S · growth.",
        "float16 has 11 binary digits: x is |x| / 2^(e-10) in units of its last digit, rounded to a whole number.",
    ], [34, *[12] * 8])  # fmt: skip
    start, growth, backoff = s.given("S at first", 65536), s.given("growth", 2), s.given("backoff", 0.5)
    interval = s.given("interval", 3)
    s.page.row += 1
    gradients, tiny, n = [1e-9, 2.0, 1.5, 3e-8, 1e-5, 0.25, 1e-7, 4e-9], "0.000E+00", 8
    scaler, scales, halves = GradScaler(growth_interval=3), [], []
    for g in gradients:
        halves.append(K.round_to(Tensor(g * scaler.get_scale()).array, "float16").item())
        scaler.factor, scaler.growth_tracker = scaler.rule(halves[-1] == float("inf"))
        scales.append(scaler.get_scale())
    s.head("step", *map(str, range(1, n + 1)))
    g = s.across("gradient", gradients, GIVEN, tiny)
    scale = s.page.row
    streak, following = scale + 7, scale + 8
    s.across("S", [f"={start}", *[f"={{p}}{following}"] * (n - 1)], shown="0")
    product = s.across("S · gradient", f"={{c}}{g}*{{c}}{scale}", shown=tiny, count=n)
    e = s.across("   its exponent e", "=" + exponent(f"{{c}}{product}", -14), "helper", "0", n)
    digits = s.across("   in units of its last digit", f"=ABS({{c}}{product})/2^({{c}}{e}-10)", "helper", "0.00", n)
    size = f"{whole(f'{{c}}{digits}')}*2^({{c}}{e}-10)"
    half = s.across("in float16", f'=IF({size}>65504,"inf",SIGN({{c}}{product})*{size})', shown=tiny, count=n)
    bad = s.across("infinite?", f'=IF(ISNUMBER({{c}}{half}),"no","yes")', count=n)
    used = f'=IF({{c}}{bad}="yes","no step",{{c}}{half}/{{c}}{scale})'
    s.across("the gradient that is used: / S", used, shown=tiny, count=n)
    good = f'=IF({{c}}{bad}="yes",0,MOD({{p}}{streak}+1,{interval}))'
    s.across("good steps in a row", [good.replace(f"{{p}}{streak}", "0"), *[good] * (n - 1)], shown="0")
    grown = f"IF({{c}}{streak}=0,{{c}}{scale}*{growth},{{c}}{scale})"
    s.across("next S", f'=IF({{c}}{bad}="yes",{{c}}{scale}*{backoff},{grown})', shown="0", count=n)
    s.beside(following, scales, "0")
    s.page.row += 1
    s.page.line("in float16 again, and without S:", "text")
    s.beside(half, halves, tiny)
    e = s.across("   exponent of the gradient itself", "=" + exponent(f"{{c}}{g}", -14), "helper", "0", n)
    digits = s.across("   in units of its last digit", f"=ABS({{c}}{g})/2^({{c}}{e}-10)", "helper", "0.00", n)
    alone = f"=SIGN({{c}}{g})*{whole(f'{{c}}{digits}')}*2^({{c}}{e}-10)"
    plain = s.across("the gradient in float16 without S", alone, shown=tiny, count=n)
    s.beside(plain, [K.round_to(Tensor(g).array, "float16").item() for g in gradients], tiny)
    return s


def _bfloat16() -> Handwork:
    s = Handwork("bfloat16", [
        "A number in 16 bits: 1 for the sign, 8 for the exponent (+127), 7 for the fraction after the leading 1.",
        "  2^e ≤ |x| < 2^(e+1), n = |x| / 2^(e-7) lies between 128 and 256, and is rounded to a whole number;",
        "  of two that are equally near the even one is taken. n = 256 is 2^(e+1).",
    ], [30, *[13] * 8])  # fmt: skip
    numbers = [3.14159, 0.1, -2.71828, 1 + 1 / 256, 1 + 3 / 256, 1.998046875, 100.0, -0.0009765625]
    n, count = s.page.row + 4, len(numbers)
    x = s.across("x", numbers, GIVEN, "General")
    sign = s.across("sign bit", f"=IF({{c}}{x}<0,1,0)", shown="0", count=count)
    e = s.across("exponent e", "=" + exponent(f"{{c}}{x}", -126), shown="0", count=count)
    s.across("|x| / 2^e", f"=ABS({{c}}{x})/2^{{c}}{e}", shown="0.000000", count=count)
    s.across("n = 128 times that", f"={{c}}{n - 1}*128", shown="0.000000", count=count)
    below = s.across("the whole number below n", f"=INT({{c}}{n})", shown="0", count=count)
    rest = s.across("the rest", f"={{c}}{n}-{{c}}{below}", shown="0.000000", count=count)
    s.across("half way between two?", f'=IF({{c}}{rest}=0.5,"a tie: the even one","")', count=count)
    up = f"IF({{c}}{rest}>0.5,{{c}}{below}+1,{{c}}{below})"
    m = s.across("n rounded", f"=IF({{c}}{rest}=0.5,{{c}}{below}+MOD({{c}}{below},2),{up})", shown="0", count=count)
    s.across("exponent bits: e + 127", f"=DEC2BIN({{c}}{e}+127+IF({{c}}{m}=256,1,0),8)", count=count)
    s.across("fraction bits: n - 128", f"=DEC2BIN(MOD({{c}}{m},128),7)", count=count)
    value = s.across("value", f"=IF({{c}}{sign}=1,-1,1)*{{c}}{m}*2^({{c}}{e}-7)", shown="General", count=count)
    s.beside(value, [K.round_to(Tensor(number).array, "bfloat16").item() for number in numbers])
    return s


def _online_softmax() -> Handwork:
    s = Handwork("Online softmax", [
        "One query's attention over 6 keys, two at a time, as FlashAttention computes it. Given: scores, values.",
        "  m' = max(m, scores)   l' = l e^(m-m') + Σ e^(s-m')   o' = o e^(m-m') + Σ e^(s-m') v,   y = o / l",
        "What was added up with an older, smaller maximum is corrected by one factor: nobody needs all scores at once.",
    ], [34, 16, 16, 16])  # fmt: skip
    scores, values = (
        [1.0, 2.0, 0.5, 4.0, -1.0, 3.0],
        [[1.0, 0.0], [0.0, 2.0], [1.0, 1.0], [-1.0, 0.5], [2.0, 2.0], [0.0, 1.0]],
    )
    s.head("key", "score", "v1", "v2")
    first = s.page.row
    for number, (score, value) in enumerate(zip(scores, values), 1):
        s.row([str(number), (GIVEN, score), (GIVEN, value[0]), (GIVEN, value[1])])
    s.page.row += 1
    s.head("tile", "keys 1 and 2", "keys 3 and 4", "keys 5 and 6")
    pairs = [(first + 2 * tile, first + 2 * tile + 1) for tile in range(3)]
    shown, top = SHOWN, s.page.row
    m, correction, l, o1, o2 = top + 1, top + 4, top + 7, top + 10, top + 13  # noqa: E741  (the papers' names)
    S, V = Tensor([[x] for x in scores]), Tensor(values)
    so_far = [S[: 2 * tile + 2].softmax(0) for tile in range(3)]  # what softmax says of the keys so far
    largest = [S[: 2 * tile + 2].max().item() for tile in range(3)]
    sums = [(S[: 2 * tile + 2] - most).exp().sum().item() for tile, most in enumerate(largest)]
    s.across("the largest score of the tile", [f"=MAX(B{a}:B{b})" for a, b in pairs], shown=shown)
    s.across("m", [f"=B{top}", *[f"=MAX({{p}}{m},{{c}}{top})"] * 2], shown=shown)
    s.beside(m, largest, shown)
    s.across("e^(m - m'), the correction", ["none", *[f"=EXP({{p}}{m}-{{c}}{m})"] * 2], shown=shown)
    e1 = s.across("e^(s - m'), first key", [f"=EXP(B{a}-{{c}}{m})" for a, _ in pairs], shown=shown)
    e2 = s.across("e^(s - m'), second key", [f"=EXP(B{b}-{{c}}{m})" for _, b in pairs], shown=shown)
    before = ["=", *[f"={{p}}{{row}}*{{c}}{correction}+"] * 2]  # of the first tile there is nothing before
    s.across("l", [f"{old.replace('{row}', str(l))}{{c}}{e1}+{{c}}{e2}" for old in before], shown=shown)
    s.beside(l, sums, shown)
    for number, (o, column) in enumerate(((o1, "C"), (o2, "D"))):
        formulas = [
            f"{old.replace('{row}', str(o))}{{c}}{e1}*{column}{a}+{{c}}{e2}*{column}{b}"
            for old, (a, b) in zip(before, pairs)
        ]
        s.across(f"o{number + 1}", formulas, shown=shown)
        averages = [(p * V[: len(p), number : number + 1]).sum().item() for p in so_far]
        s.beside(o, [average * total for average, total in zip(averages, sums)], shown)
    y = online_attention(Tensor([[1.0]]), S, V, tile=2, scale=1.0).tolist()[0]
    s.page.row += 1
    for number, o in ((1, o1), (2, o2)):
        s.labelled(f"y{number} = o{number} / l", LIVE, f"=D{o}/D{l}", y[number - 1])
    s.page.row += 1
    every, end = f"B{first}:B{first + 5}", first + 5
    s.page.line("and all at once, as softmax is defined:", "text")
    most = s.labelled("the largest of all scores", LIVE, f"=MAX({every})", largest[-1])
    total = s.labelled("Σ e^(s-m)", LIVE, "=" + "+".join(f"EXP(B{row}-{most})" for row in range(first, end + 1)))
    for number, column in ((1, "C"), (2, "D")):
        parts = "+".join(f"EXP(B{row}-{most})*{column}{row}" for row in range(first, end + 1))
        s.labelled(f"y{number}", LIVE, f"=({parts})/{total}", y[number - 1])
    return s


def _all_reduce() -> Handwork:
    s = Handwork("All-reduce", [
        "Two ranks with the same weights and other examples: 3 on rank 0, 2 on rank 1. Each has its own mean gradient.",
        "  sent: gradient · n / (n0 + n1).   An all-reduce gives every rank the sum of what was sent: the mean.",
        "Then both make the same step, and their weights stay the same.",
    ], [34, 14, 14, 14, 14, 14, 14])  # fmt: skip
    weights, gradients, counts = [0.5, -0.25, 1.0], [[0.3, -1.2, 0.6], [1.1, 0.4, -0.9]], [3, 2]
    n0, n1 = (s.given(f"n{rank}, examples on rank {rank}", count) for rank, count in enumerate(counts))
    lr = s.given("learning rate", 0.1)
    s.page.row += 1
    s.head("", "number 1", "number 2", "number 3")
    w = s.row(["weights, on both ranks", *((GIVEN, x) for x in weights)])
    rows = [
        s.row([f"mean gradient on rank {rank}", *((GIVEN, x) for x in numbers)])
        for rank, numbers in enumerate(gradients)
    ]
    sent = [
        s.row([f"rank {rank} sends: times n{rank} / (n0 + n1)", *((LIVE, f"={c}{row}*{n}/({n0}+{n1})") for c in "BCD")])
        for rank, (row, n) in enumerate(zip(rows, (n0, n1)))
    ]
    ours = ((Tensor(gradients) * Tensor([[float(n)] for n in counts])).sum(0) / sum(counts)).tolist()
    reduced = s.row(["both receive the sum", *((LIVE, f"={c}{sent[0]}+{c}{sent[1]}") for c in "BCD")],
                    list(zip((2, 3, 4), ours)))  # fmt: skip
    s.row(["the mean without n, which is wrong", *((LIVE, f"=({c}{rows[0]}+{c}{rows[1]})/2") for c in "BCD")])
    for rank in (0, 1):
        after = [x - 0.1 * g for x, g in zip(weights, ours)]
        s.row([f"weights on rank {rank} after the step", *((LIVE, f"={c}{w}-{lr}*{c}{reduced}") for c in "BCD")],
              list(zip((2, 3, 4), after)))  # fmt: skip
    return s


def _pipeline() -> Handwork:
    S, M = 3, 4
    s = Handwork("Pipeline", [
        f"A model in {S} stages, a batch in {M} micro-batches. F2: forward pass of micro-batch 2, B2: backward.",
        "Empty: waiting.",
        "  bubble = empty / all.   GPipe and 1F1B: (S-1) / (M+S-1).   One after the other (naive): (S-1) / S",
    ], [26, *[7] * (2 * S * M)])  # fmt: skip
    one, both = f"=({S}-1)/{S}", f"=({S}-1)/({M}+{S}-1)"
    for name, expected in (("naive", one), ("gpipe", both), ("1f1b", both)):
        slots = timeline(instructions(name, S, M))
        end = max(slot.end for row in slots for slot in row)
        s.page.heading(name, end + 1)
        first = s.page.row
        for stage, row in enumerate(slots):
            s.page.text(s.page.row, 1, f"stage {stage}", "row_index")
            for slot in row:
                what, look = ("F", "sample") if slot.what == FORWARD else ("B", "right")
                s.page.text(s.page.row, 2 + slot.start, f"{what}{slot.micro_batch}", look)
            s.page.row += 1
        grid = f"B{first}:{letter(end + 1)}{s.page.row - 1}"
        counted = s.across("counted: empty / all", [f"=COUNTBLANK({grid})/({S}*{end})"], shown="0.0%")
        formula = s.across("by the formula", [expected], shown="0.0%")
        s.page.put(formula, 3, f"=ABS(B{counted}-B{formula})", "difference", DIFFERENCE)
        s.compared.append(f"C{formula}")
        s.page.row += 1
    return s
