"""Attention, with scores and weights as blocks of their own: the matrices that the framework's kernel never holds."""

from __future__ import annotations

from typing import List, Sequence

from ..layout import ALL, Index, Shape
from .formula import Cell, Formula, Params, formula
from .limits import MAX_TERMS
from .matmul import flip, lead, patterns
from .scope import Scope, View, broadcast_shape


@formula("Attention")
class Attention(Formula):
    """A masked score is the text "-inf", which MAX skips and whose weight is 0. Heads that lie side by side are first
    taken apart."""

    words = "scaled dot-product attention: each query averages the values, weighted by how well the keys fit it"
    maths = "Y = P V,  P = softmax(S) row by row,  S = scale · Q Kᵀ + mask"
    derivative = (
        "dE/dQ = scale · dS K,  dS = P · (dP − D),  dP = dE/dY Vᵀ,  D = Σ dP · P of each row",
        "dE/dK = scale · dSᵀ Q",
        "dE/dV = Pᵀ dE/dY",
    )
    letters = ("Q", "K", "V", "mask")
    last, last_back = "P V", ("scale · dS K", "scale · dSᵀ Q", "Pᵀ dE/dY")
    cancels = True

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"attention({', '.join(names)}{', causal' if params['is_causal'] else ''})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        q, k, v = shapes[:3]
        heads = int(params["num_heads"])
        wrong = min(map(len, (q, k, v))) < 2 or q[-1] != k[-1] or k[-2] != v[-2] or len(shapes) > 4
        if wrong or heads < 0 or q[-1] % max(heads, 1) or v[-1] % max(heads, 1):
            raise ValueError(f"attention: shapes {', '.join(map(str, shapes))} do not fit")
        batch = broadcast_shape(q[:-2], k[:-2], v[:-2])
        full = (*batch, *([heads] if heads else []), q[-2], k[-2])
        if any(broadcast_shape(mask, full) != full for mask in shapes[3:]):
            raise ValueError(f"attention: a mask {shapes[3]} does not fit scores {full}")
        return (*batch, q[-2], v[-1])

    def forward(self, s: Scope) -> Cell:
        Q, K, V = (split(s, x, f"heads_{name} = {name}, each head by itself") for name, x in zip("QKV", s.x))
        batch = broadcast_shape(Q.shape[:-2], K.shape[:-2], V.shape[:-2])
        full, rows = (*batch, Q.shape[-2], K.shape[-2]), (*batch, Q.shape[-2], 1)
        scale = s.helper("scale = 1 / √d, unless another is given", (), lambda i: repr(float(s.params["scale"])))
        s.kept.update(Q=Q, K=K, V=V, scale=scale)
        scores = s.helper("S = scale · Q Kᵀ + mask", full, lambda i: self.score(s, i))

        def m_of(i: Index) -> str:
            return f"MAX({scores.line((*i[:-1], ALL))})" if full[-1] else "0"

        m = s.helper("max = the largest S of each row", rows, m_of)

        def e_of(i: Index) -> str:
            exponential = f"EXP({scores[i]}-{m[(*i[:-1], 0)]})"
            return f'IF({scores[i]}="-inf",0,{exponential})' if self.masked(s, i) else exponential

        e = s.helper("exp = exp(S − max), 0 where masked", full, e_of)
        z = s.helper("sum = Σ exp of each row", rows, lambda i: s.total(e.ranges((*i[:-1], ALL))))

        def weight(i: Index) -> str:
            total = z[(*i[:-1], 0)]
            return f"{e[i]}/{total}" if len(s.x) < 4 else f"IF({total}=0,0,{e[i]}/{total})"  # a row without any key

        s.kept["P"] = P = s.helper("P = exp / sum", full, weight)
        y = row_times_matrix(s, P, V, "Vᵀ = V with its rows as columns")
        return merge(s, "heads_Y = P V, each head by itself", (*full[:-1], V.shape[-1]), y)

    def masked(self, s: Scope, i: Index) -> bool:
        """Whether the score may be "-inf"."""
        return len(s.x) > 3 or s.params["is_causal"] and i[-1] > i[-2]

    def score(self, s: Scope, i: Index) -> str:
        Q, K, scale = s.kept["Q"], s.kept["K"], s.kept["scale"]
        batch, query, key = i[:-2], i[-2], i[-1]
        if s.params["is_causal"] and key > query:
            return '"-inf"'
        product = f"{scale[()]}*{row_times_row(s, Q, (*lead(Q, batch), query), K, (*lead(K, batch), key))}"
        if len(s.x) < 4:
            return product
        mask = s.x[3]
        cell = mask[mask.broadcast(i)]
        if mask.values and isinstance(mask.values[0], int):  # a bool is written as 0 or 1
            return f'IF({cell},{product},"-inf")'
        masked = cell
        if not (Q.finite and K.finite):  # an infinite product and -inf are no number, so its error goes on
            masked = f"IF(ISNUMBER({product}),{cell},{product})"
        return f'IF({cell}="-inf",{masked},{product}+{cell})'

    def backward(self, s: Scope, k: int) -> Cell:
        P, scale = s.kept["P"], s.kept["scale"][()]
        x, name = s.kept["QKV"[k]], "QKV"[k]
        batches, own = P.shape[:-2], x.shape[:-2]
        if "dY" not in s.kept:
            s.kept["dY"] = split(s, s.dy, "heads_dY = dE/dY, each head by itself")
        if k == 2:
            dY = s.kept["dY"]

            def cell(i: Index) -> str:
                return down_columns(s, P, dY, patterns(i[:-2], own, batches), i[-2:])

        elif k == 1:
            dS, Q = self.slope(s), s.kept["Q"]

            def cell(i: Index) -> str:
                return f"{scale}*{down_columns(s, dS, Q, patterns(i[:-2], own, batches), i[-2:])}"

        else:
            share = row_times_matrix(s, self.slope(s), s.kept["K"], "Kᵀ = K with its rows as columns")

            def cell(i: Index) -> str:
                shares = [share((*batch, *i[-2:])) for batch in patterns(i[:-2], own, batches)]
                return f"{scale}*({s.total(shares)})"

        return merge(s, f"heads_d{name} = {self.last_back[k]}, each head by itself", x.shape, cell)

    @staticmethod
    def slope(s: Scope) -> View:
        """dS, which dE/dQ and dE/dK share."""
        if "dS" not in s.kept:
            V, P, dY = s.kept["V"], s.kept["P"], s.kept["dY"]

            def dP_of(i: Index) -> str:
                return row_times_row(s, dY, i[:-1], V, (*lead(V, i[:-2]), i[-1]))

            def D_of(i: Index) -> str:
                return s.dot(dP, (*i[:-1], ALL), P, (*i[:-1], ALL))

            dP = s.helper("dP = dE/dY Vᵀ", P.shape, dP_of)
            D = s.helper("D = Σ dP · P of each row", (*P.shape[:-1], 1), D_of)
            s.kept["dS"] = s.helper("dS = P · (dP − D)", P.shape, lambda i: f"{P[i]}*({dP[i]}-{D[(*i[:-1], 0)]})")
        return s.kept["dS"]


def split(s: Scope, x: View, label: str) -> View:
    """(..., rows, h d) -> (..., h, rows, d), as a block of its own; x itself where there is no axis of heads."""
    heads = int(s.params["num_heads"])
    if not heads:
        return x
    *batch, rows, width = x.shape
    d = width // heads
    return s.aside(label, (*batch, heads, rows, d), lambda i: x[(*i[:-3], i[-2], i[-3] * d + i[-1])])


def merge(s: Scope, label: str, shape: Shape, cell: Cell) -> Cell:
    """The inverse: cells of a block (..., h, rows, d) become those of (..., rows, h d)."""
    if not s.params["num_heads"]:
        return cell
    apart, d = s.helper(label, shape, cell), shape[-1]
    return lambda i: apart[(*i[:-2], i[-1] // d, i[-2], i[-1] % d)]


def row_times_row(s: Scope, a: View, row_a: Index, b: View, row_b: Index) -> str:
    """The scalar product of two rows, written out while it is short."""
    width = a.shape[-1]
    if width > MAX_TERMS:
        return s.dot(a, (*row_a, ALL), b, (*row_b, ALL))
    return f"({s.total([f'{a[(*row_a, c)]}*{b[(*row_b, c)]}' for c in range(width)])})"


def row_times_matrix(s: Scope, a: View, b: View, label: str) -> Cell:
    """The cells of A B, for every matrix of the batch."""
    inner = a.shape[-1]
    if inner <= MAX_TERMS:

        def written_out(i: Index) -> str:
            column = lead(b, i[:-2])
            return s.total([f"{a[(*i[:-1], j)]}*{b[(*column, j, i[-1])]}" for j in range(inner)])

        return written_out
    turned = s.aside(label, flip(b.shape), lambda i: b[flip(i)])  # SUMPRODUCT wants both lines in the same direction
    return lambda i: s.dot(a, (*i[:-1], ALL), turned, (*lead(b, i[:-2]), i[-1], ALL))


def down_columns(s: Scope, a: View, b: View, batches: List[Index], i: Index) -> str:
    """(Aᵀ B)[i], summed over the batches."""
    products = [s.dot(a, (*batch, ALL, i[0]), b, (*lead(b, batch), ALL, i[1])) for batch in batches]
    return s.total(products) if len(products) == 1 else f"({s.total(products)})"
