"""Sheets as people lay them out themselves, and the checks of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional

from openpyxl import Workbook

from saitama import optim
from saitama.spreadsheets import HandSheet
from saitama.transformer import PositionalEncoding

Cells = Dict[str, Any]


def save(path: Path, cells: Cells, change: Optional[Cells] = None, other: Optional[Dict[str, Cells]] = None) -> Path:
    workbook = Workbook()
    workbook.active.title = "Mine"
    for title, content in {"Mine": {**cells, **(change or {})}, **(other or {})}.items():
        sheet = workbook[title] if title in workbook.sheetnames else workbook.create_sheet(title)
        for cell, value in content.items():
            sheet[cell] = value
    workbook.save(path)
    return path


# --- two layers of two neurons, features in rows: W x + b as it stands in books ---------------------------------------
NETWORK: Cells = {
    "A1": "x", "B1": 0.75, "B2": -0.5,
    "A4": "W1", "B4": 0.15, "C4": -0.25, "B5": 0.5, "C5": 0.3, "A7": "b1", "B7": 0.35, "B8": -0.45,
    "A10": "W2", "B10": 0.4, "C10": -0.45, "B11": 0.7, "C11": 0.55, "A13": "b2", "B13": 0.6, "B14": -0.65,
    "A16": "t", "B16": 0.25, "B17": 0.875, "A19": "rate", "B19": 0.5,
    "F1": "=B4*B1+C4*B2+B7", "F2": "=B5*B1+C5*B2+B8",
    "F4": "=1/(1+EXP(-F1))", "F5": "=1/(1+EXP(-F2))",
    "F7": "=B10*F4+C10*F5+B13", "F8": "=B11*F4+C11*F5+B14",
    "F10": "=1/(1+EXP(-F7))", "F11": "=1/(1+EXP(-F8))",
    "F13": "=0.5*((F10-B16)^2+(F11-B17)^2)",
    "I1": "=(F10-B16)*F10*(1-F10)", "I2": "=(F11-B17)*F11*(1-F11)",
    "I4": "=I1*F4", "J4": "=I1*F5", "I5": "=I2*F4", "J5": "=I2*F5",
    "I7": "=(B10*I1+B11*I2)*F4*(1-F4)", "I8": "=(C10*I1+C11*I2)*F5*(1-F5)",
    "I10": "=I7*B1", "J10": "=I7*B2", "I11": "=I8*B1", "J11": "=I8*B2",
    "I13": "=B4-B19*I10", "J13": "=C4-B19*J10", "I14": "=B5-B19*I11", "J14": "=C5-B19*J11",
}  # fmt: skip


def network(path: Path) -> HandSheet:
    s = HandSheet(path, "Mine")
    x, t = s.tensor("B1:B2", "x"), s.tensor("B16:B17", "t")
    W1, b1 = s.tensor("B4:C5", "W1", requires_grad=True), s.tensor("B7:B8", "b1", requires_grad=True)
    W2, b2 = s.tensor("B10:C11", "W2", requires_grad=True), s.tensor("B13:B14", "b2", requires_grad=True)
    rate = s.tensor("B19", "rate", shape=())
    z1 = W1 @ x + b1
    h = z1.sigmoid()
    z2 = W2 @ h + b2
    y = z2.sigmoid()
    loss = 0.5 * ((y - t) ** 2).sum()
    z1.retain_grad()
    z2.retain_grad()
    loss.backward()
    for address, value in {
        "F1:F2": z1, "F4:F5": h, "F7:F8": z2, "F10:F11": y, "F13": loss, "I1:I2": z2.grad, "I4:J5": W2.grad,
        "I7:I8": z1.grad, "I10:J11": W1.grad, "I13:J14": W1 - rate * W1.grad,
    }.items():  # fmt: skip
        s.check(address, value)
    return s


# --- a row of scores: softmax, cross-entropy --------------------------------------------------------------------------
SOFTMAX: Cells = {
    "B1": 0.5, "C1": 1.25, "D1": 2.0,
    "B2": 0, "C2": 0, "D2": 1,
    "B4": "=EXP(B1)/(EXP($B$1)+EXP($C$1)+EXP($D$1))", "C4": "=EXP(C1)/(EXP($B$1)+EXP($C$1)+EXP($D$1))",
    "D4": "=EXP(D1)/(EXP($B$1)+EXP($C$1)+EXP($D$1))",
    "B6": "=-(B2*LN(B4)+C2*LN(C4)+D2*LN(D4))",
    "B8": "=B4-B2", "C8": "=C4-C2", "D8": "=D4-D2",
}  # fmt: skip


def softmax(path: Path) -> HandSheet:
    s = HandSheet(path, "Mine")
    z, t = s.tensor("B1:D1", "z", requires_grad=True), s.tensor("B2:D2", "t")
    p = z.softmax()
    loss = -(t * p.log()).sum()
    loss.backward()
    s.check("B4:D4", p)
    s.check("B6", loss)
    s.check("B8:D8", z.grad)
    return s


# --- one layer with an activation, examples in rows -------------------------------------------------------------------
def layer(function: str) -> Cells:
    """Two examples of two features, two neurons."""
    value = {"relu": "MAX(0,{})", "tanh": "TANH({})"}[function]
    slope = {"relu": "IF({0}>0,1,0)", "tanh": "(1-{1}^2)"}[function]
    cells: Cells = {"B1": 1.0, "C1": -0.5, "B2": 0.25, "C2": 2.0, "B4": 0.5, "C4": -1.5, "B5": 0.75, "C5": 0.5}
    for row in (0, 1):
        for column, name in enumerate("BC"):
            z, h = f"{'EF'[column]}{1 + row}", f"{'EF'[column]}{4 + row}"
            cells[z] = f"=B{1 + row}*{name}$4+C{1 + row}*{name}$5"
            cells[h] = "=" + value.format(z)
            cells[f"{'EF'[column]}{7 + row}"] = f"=2*{h}*" + slope.format(z, h)  # d sum(h^2) / dz
    cells.update(
        {f"{'EF'[j]}{10 + i}": f"={'BC'[i]}1*{'EF'[j]}7+{'BC'[i]}2*{'EF'[j]}8" for i in (0, 1) for j in (0, 1)}
    )
    return cells


def activated(path: Path, function: str) -> HandSheet:
    s = HandSheet(path, "Mine")
    x, W = s.tensor("B1:C2", "x"), s.tensor("B4:C5", "W", requires_grad=True)
    z = x @ W
    h = getattr(z, function)()
    loss = (h**2).sum()
    z.retain_grad()
    loss.backward()
    s.check("E1:F2", z)
    s.check("E4:F5", h)
    s.check("E7:F8", z.grad)
    s.check("E10:F11", W.grad)
    return s


# --- rows normalised, by hand -----------------------------------------------------------------------------------------
NORMALISED: Cells = {
    "B1": 1.5, "C1": -0.5, "D1": 2.0, "E1": 0.25,
    "G1": "=SUM(B1:E1)/4",
    "G2": "=((B1-G1)^2+(C1-G1)^2+(D1-G1)^2+(E1-G1)^2)/4",
    "B4": "=(B1-$G$1)/SQRT($G$2+0.00001)", "C4": "=(C1-$G$1)/SQRT($G$2+0.00001)",
    "D4": "=(D1-$G$1)/SQRT($G$2+0.00001)", "E4": "=(E1-$G$1)/SQRT($G$2+0.00001)",
    "G6": "=SQRT((B1^2+C1^2+D1^2+E1^2)/4)",
}  # fmt: skip


def normalised(path: Path) -> HandSheet:
    s = HandSheet(path, "Mine")
    x = s.tensor("B1:E1", "x")
    mean = x.mean(dim=1, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=1, keepdim=True)
    s.check("G1", mean)
    s.check("G2", variance)
    s.check("B4:E4", (x - mean) / (variance + 1e-5).sqrt())
    s.check("G6", (x**2).mean().sqrt())
    return s


# --- a step of Adam ---------------------------------------------------------------------------------------------------
ADAM: Cells = {
    "B1": 0.5, "C1": -0.75, "B2": 1.0, "C2": 2.0,  # w, x;  loss = sum((w x)^2)
    "B3": "=2*B1*B2^2", "C3": "=2*C1*C2^2",
    "B4": "=0.1*B3", "C4": "=0.1*C3", "B5": "=0.001*B3^2", "C5": "=0.001*C3^2",
    "B6": "=B4/(1-0.9)", "C6": "=C4/(1-0.9)", "B7": "=B5/(1-0.999)", "C7": "=C5/(1-0.999)",
    "B8": "=B1-0.01*B6/(SQRT(B7)+0.00000001)", "C8": "=C1-0.01*C6/(SQRT(C7)+0.00000001)",
    "B10": "=2*B8*B2^2", "C10": "=2*C8*C2^2",
    "B11": "=0.9*B4+0.1*B10", "C11": "=0.9*C4+0.1*C10", "B12": "=0.999*B5+0.001*B10^2", "C12": "=0.999*C5+0.001*C10^2",
    "B13": "=B8-0.01*(B11/(1-0.9^2))/(SQRT(B12/(1-0.999^2))+0.00000001)",
    "C13": "=C8-0.01*(C11/(1-0.9^2))/(SQRT(C12/(1-0.999^2))+0.00000001)",
}  # fmt: skip


def adam(path: Path) -> HandSheet:
    s = HandSheet(path, "Mine")
    w, x = s.tensor("B1:C1", "w", requires_grad=True), s.tensor("B2:C2", "x")
    optimizer = optim.Adam([w], lr=0.01)
    for gradient, m, v, new in (("B3:C3", "B4:C4", "B5:C5", "B8:C8"), ("B10:C10", "B11:C11", "B12:C12", "B13:C13")):
        optimizer.zero_grad()
        ((w * x) ** 2).sum().backward()
        s.check(gradient, w.grad)
        optimizer.step()
        s.check(m, optimizer.state[w]["exp_avg"])
        s.check(v, optimizer.state[w]["exp_avg_sq"])
        if new == "B8:C8":
            s.check("B6:C6", s.lines(w)["m̂"])
            s.check("B7:C7", s.lines(w)["v̂"])
        s.check(new, w.detach())
    return s


# --- positions --------------------------------------------------------------------------------------------------------
def position_formula(position: str, dimension: int, width: int) -> str:
    return f"={'COS' if dimension % 2 else 'SIN'}({position}/10000^({dimension - dimension % 2}/{width}))"


POSITIONS: Cells = {f"{'BCDE'[j]}{1 + p}": position_formula(str(p), j, 4) for p in range(3) for j in range(4)}


def positions(path: Path) -> HandSheet:
    s = HandSheet(path, "Mine")
    encoding = PositionalEncoding(4, max_len=3)
    s.check("B1:E3", encoding_table(encoding))
    return s


def encoding_table(encoding: Any) -> Any:
    from saitama import zeros

    return encoding(zeros(1, 3, 4)).reshape(3, 4).tolist()
