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
    """A masked score is the text "-inf", which MAX skips and whose weight is 0."""

    words = "scaled dot-product attention: each query averages the values, weighted by how well the keys fit it"
    maths = "Y = P V,  P = softmax(S) row by row,  S = scale · Q Kᵀ + mask"
    derivative = (
        "dE/dQ = scale · dS K,  dS = P · (dP − D),  dP = dE/dY Vᵀ,  D = Σ dP · P of each row",
        "dE/dK = scale · dSᵀ Q",
        "dE/dV = Pᵀ dE/dY",
    )

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"attention({', '.join(names)}{', causal' if params['is_causal'] else ''})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        q, k, v = shapes[:3]
        if min(map(len, (q, k, v))) < 2 or q[-1] != k[-1] or k[-2] != v[-2] or len(shapes) > 4:
            raise ValueError(f"attention: shapes {', '.join(map(str, shapes))} do not fit")
        batch = broadcast_shape(q[:-2], k[:-2], v[:-2])
        full = (*batch, q[-2], k[-2])
        if any(broadcast_shape(mask, full) != full for mask in shapes[3:]):
            raise ValueError(f"attention: a mask {shapes[3]} does not fit scores {full}")
        return (*batch, q[-2], v[-1])

    def forward(self, s: Scope) -> Cell:
        q, k, v = s.x[:3]
        full, rows = (*s.y.shape[:-1], k.shape[-2]), (*s.y.shape[:-1], 1)
        scale = s.helper("scale", (), lambda i: repr(float(s.params["scale"])))
        scores = s.helper("S = scale · Q Kᵀ + mask", full, lambda i: self.score(s, scale, i))
        m = s.helper("m: the largest of each row", rows, lambda i: f"MAX({scores.line((*i[:-1], ALL))})")

        def e_of(i: Index) -> str:
            exponential = f"EXP({scores[i]}-{m[(*i[:-1], 0)]})"
            return f"IF(ISNUMBER({scores[i]}),{exponential},0)" if self.masked(s, i) else exponential

        e = s.helper("e = exp(S − m), 0 where masked", full, e_of)
        z = s.helper("z = Σ e", rows, lambda i: s.total(e.ranges((*i[:-1], ALL))))

        def weight(i: Index) -> str:
            total = z[(*i[:-1], 0)]
            return f"{e[i]}/{total}" if len(s.x) < 4 else f"IF({total}=0,0,{e[i]}/{total})"  # a row without any key

        P = s.helper("P = e / z: the weights", full, weight)
        s.kept.update(P=P, scale=scale)
        return row_times_matrix(s, P, v, "Vᵀ: the values with their rows as columns")

    def masked(self, s: Scope, i: Index) -> bool:
        """Whether the score may be "-inf"."""
        return len(s.x) > 3 or s.params["is_causal"] and i[-1] > i[-2]

    def score(self, s: Scope, scale: View, i: Index) -> str:
        q, k = s.x[:2]
        batch, query, key = i[:-2], i[-2], i[-1]
        if s.params["is_causal"] and key > query:
            return '"-inf"'
        product = f"{scale[()]}*{row_times_row(s, q, (*lead(q, batch), query), k, (*lead(k, batch), key))}"
        if len(s.x) < 4:
            return product
        mask = s.x[3]
        cell = mask[mask.broadcast(i)]
        if mask.values and isinstance(mask.values[0], int):  # a bool is written as 0 or 1
            return f'IF({cell},{product},"-inf")'
        return f'IF(ISNUMBER({cell}),{product}+{cell},"-inf")'

    def backward(self, s: Scope, k: int) -> Cell:
        P, batches, parts = s.kept["P"], s.y.shape[:-2], s.x[k].shape[:-2]
        if k == 2:
            return lambda i: down_columns(s, P, s.dy, patterns(i[:-2], parts, batches), i[-2:])
        dS, scale = self.slope(s), s.kept["scale"][()]
        if k == 1:
            q = s.x[0]
            return lambda i: f"{scale}*{down_columns(s, dS, q, patterns(i[:-2], parts, batches), i[-2:])}"
        share = row_times_matrix(s, dS, s.x[1], "Kᵀ: the keys with their rows as columns")

        def cell(i: Index) -> str:
            shares = [share((*batch, *i[-2:])) for batch in patterns(i[:-2], parts, batches)]
            return f"{scale}*({s.total(shares)})"

        return cell

    @staticmethod
    def slope(s: Scope) -> View:
        """dS, which dE/dQ and dE/dK share."""
        if "dS" not in s.kept:
            v, P, g = s.x[2], s.kept["P"], s.dy

            def dP_of(i: Index) -> str:
                return row_times_row(s, g, i[:-1], v, (*lead(v, i[:-2]), i[-1]))

            dP = s.helper("dP = dE/dY Vᵀ", P.shape, dP_of)
            D = s.helper(
                "D = Σ dP · P of each row", (*P.shape[:-1], 1), lambda i: s.dot(dP, (*i[:-1], ALL), P, (*i[:-1], ALL))
            )
            s.kept["dS"] = s.helper("dS = P · (dP − D)", P.shape, lambda i: f"{P[i]}*({dP[i]}-{D[(*i[:-1], 0)]})")
        return s.kept["dS"]


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
    turned = s.helper(label, flip(b.shape), lambda i: b[flip(i)])  # SUMPRODUCT wants both lines in the same direction
    return lambda i: s.dot(a, (*i[:-1], ALL), turned, (*lead(b, i[:-2]), i[-1], ALL))


def down_columns(s: Scope, a: View, b: View, batches: List[Index], i: Index) -> str:
    """(Aᵀ B)[i], summed over the batches."""
    products = [s.dot(a, (*batch, ALL, i[0]), b, (*lead(b, batch), ALL, i[1])) for batch in batches]
    return s.total(products) if len(products) == 1 else f"({s.total(products)})"
