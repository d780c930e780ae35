"""Recurrent layers, one time step after the other, as their equations say; and back, from the last step to the first.

W is W_hh (G H, H), with G blocks of H rows, one for each gate; a (T, B, G H) is W_ih x + b_ih of every step. What a
gradient needs to know again is kept as `gates`.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

from .array import Array, check_float, full, zeros
from .broadcast import Shape
from .elementwise import add, mul, relu_grad, sigmoid, sigmoid_grad, sub, tanh, tanh_grad
from .elementwise import relu as rectified
from .kernel import kernel
from .matmul import matmul
from .move import concat, slice


def steps_of(x: Array) -> List[Array]:
    """x[0], x[1], ... along the first axis."""
    T, rest = x.shape[0], x.shape[1:]
    ones, inner = (1,) * x.ndim, (0,) * len(rest)
    return [slice(x, (t, *inner), ones, (1, *rest)).reshape(rest) for t in range(T)]


def blocks(x: Array, n: int) -> List[Array]:
    """x (B, n H) as n arrays (B, H)."""
    B, H = x.shape[0], x.shape[1] // n
    return [slice(x, (0, k * H), (1, 1), (B, H)) for k in range(n)]


def joined(steps: Sequence[Array], shape: Shape, dtype: str) -> Array:
    """The opposite of steps_of; `shape` is that of the whole."""
    return concat([step.reshape((1, *shape[1:])) for step in steps], 0) if steps else zeros(shape, dtype)


def times(x: Array, W: Array) -> Array:
    """W x for every row of the batch: (B, H) -> (B, G H)."""
    return matmul(x, W, False, True)


# --- h = tanh(a + W h') -----------------------------------------------------------------------------------------------
@kernel
def elman_steps(a: Array, W: Array, h: Array, relu: bool = False) -> Array:
    """h of every step (T, B, H) from a (T, B, H) and the first state h (B, H); relu in place of tanh if asked."""
    check_steps("elman_steps", "a", a, 1, W, 1)
    check_sizes("elman_steps", "h", h, a, (a.shape[1], W.shape[1]))
    y = []
    for a_t in steps_of(a):
        net = add(a_t, times(h, W))
        h = rectified(net) if relu else tanh(net)
        y.append(h)
    return joined(y, a.shape, a.dtype)


@kernel
def elman_steps_grad(dy: Array, y: Array, W: Array, relu: bool = False) -> Tuple[Array, Array]:
    """(da, the gradient of the first state)."""
    check_steps("elman_steps_grad", "y", y, 1, W, 1)
    check_sizes("elman_steps_grad", "dy", dy, y, y.shape)
    da, dh = [], zeros(y.shape[1:], y.dtype)
    for dy_t, y_t in zip(reversed(steps_of(dy)), reversed(steps_of(y))):
        dh = add(dh, dy_t)
        da_t = relu_grad(y_t, dh) if relu else tanh_grad(y_t, dh)
        dh = matmul(da_t, W)
        da.append(da_t)
    return joined(da[::-1], y.shape, y.dtype), dh


# --- i, f, g, o of a + W h'; c = f c' + i g; h = o tanh(c) ------------------------------------------------------------
@kernel
def lstm_steps(a: Array, W: Array, h: Array, c: Array) -> Tuple[Array, Array]:
    """(h and c of every step (T, 2, B, H), gates (T, B, 5 H): i, f, g, o and tanh(c)), from a (T, B, 4 H), which is
    W_ih x + b, W_hh (4 H, H) and the first state h, c (B, H)."""
    (T, B, _), H = check_steps("lstm_steps", "a", a, 4, W, 4)
    check_sizes("lstm_steps", "h", h, a, (B, H))
    check_sizes("lstm_steps", "c", c, a, (B, H))
    y, gates = [], []
    for a_t in steps_of(a):
        i, f, g, o = blocks(add(a_t, times(h, W)), 4)
        i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
        c = add(mul(f, c), mul(i, g))
        tanh_c = tanh(c)
        h = mul(o, tanh_c)
        y.append(concat([h, c], 0))
        gates.append(concat([i, f, g, o, tanh_c], 1))
    return joined(y, (T, 2, B, H), a.dtype), joined(gates, (T, B, 5 * H), a.dtype)


@kernel
def lstm_steps_grad(dy: Array, y: Array, gates: Array, W: Array, c: Array) -> Tuple[Array, Array, Array]:
    """(da, the gradients of the first h and c); c (B, H) is the first cell."""
    (T, B, _), H = check_steps("lstm_steps_grad", "gates", gates, 5, W, 4)
    check_sizes("lstm_steps_grad", "y", y, gates, (T, 2, B, H))
    check_sizes("lstm_steps_grad", "dy", dy, gates, y.shape)
    check_sizes("lstm_steps_grad", "c", c, gates, (B, H))
    earlier = [c] + [steps_of(y_t)[1] for y_t in steps_of(y)][:-1]  # c of the previous step
    da, dh, dc = [], zeros((B, H), y.dtype), zeros((B, H), y.dtype)
    for dy_t, gates_t, last_c in zip(*(reversed(each) for each in (steps_of(dy), steps_of(gates), earlier))):
        i, f, g, o, tanh_c = blocks(gates_t, 5)
        dy_h, dy_c = steps_of(dy_t)
        dh = add(dh, dy_h)
        dc = add(add(dc, dy_c), tanh_grad(tanh_c, mul(dh, o)))
        di, df, dg = sigmoid_grad(i, mul(dc, g)), sigmoid_grad(f, mul(dc, last_c)), tanh_grad(g, mul(dc, i))
        do = sigmoid_grad(o, mul(dh, tanh_c))
        da_t = concat([di, df, dg, do], 1)
        dh, dc = matmul(da_t, W), mul(dc, f)
        da.append(da_t)
    return joined(da[::-1], (T, B, 4 * H), y.dtype), dh, dc


# --- u = W h' + b; r, z of a + u; n = tanh(a + r u); h = (1 - z) n + z h' ---------------------------------------------
@kernel
def gru_steps(a: Array, W: Array, b: Array, h: Array) -> Tuple[Array, Array]:
    """(h of every step (T, B, H), gates (T, B, 4 H): r, z, u of the third block, and n), from a (T, B, 3 H), which is
    W_ih x + b_ih, u = W_hh h' + b_hh with W_hh (3 H, H), b_hh (3 H,), and the first state h (B, H)."""
    (T, B, _), H = check_steps("gru_steps", "a", a, 3, W, 3)
    check_sizes("gru_steps", "h", h, a, (B, H))
    check_sizes("gru_steps", "b_hh", b, a, (3 * H,))
    one, y, gates = full((), 1, a.dtype), [], []
    for a_t in steps_of(a):
        a_r, a_z, a_n = blocks(a_t, 3)
        u_r, u_z, u_n = blocks(add(times(h, W), b), 3)
        r, z = sigmoid(add(a_r, u_r)), sigmoid(add(a_z, u_z))
        n = tanh(add(a_n, mul(r, u_n)))
        h = add(mul(sub(one, z), n), mul(z, h))
        y.append(h)
        gates.append(concat([r, z, u_n, n], 1))
    return joined(y, (T, B, H), a.dtype), joined(gates, (T, B, 4 * H), a.dtype)


@kernel
def gru_steps_grad(dy: Array, y: Array, gates: Array, W: Array, h: Array) -> Tuple[Array, Array, Array]:
    """(da, du, the gradient of the first h); h (B, H) is the first state."""
    (T, B, _), H = check_steps("gru_steps_grad", "gates", gates, 4, W, 3)
    check_sizes("gru_steps_grad", "y", y, gates, (T, B, H))
    check_sizes("gru_steps_grad", "dy", dy, gates, y.shape)
    check_sizes("gru_steps_grad", "h", h, gates, (B, H))
    earlier = [h] + steps_of(y)[:-1]  # h of the previous step
    one, da, du, dh = full((), 1, y.dtype), [], [], zeros((B, H), y.dtype)
    for dy_t, gates_t, last_h in zip(*(reversed(each) for each in (steps_of(dy), steps_of(gates), earlier))):
        r, z, u_n, n = blocks(gates_t, 4)
        dh = add(dh, dy_t)
        dn = tanh_grad(n, mul(dh, sub(one, z)))
        dz = sigmoid_grad(z, mul(dh, sub(last_h, n)))
        dr = sigmoid_grad(r, mul(dn, u_n))
        da.append(concat([dr, dz, dn], 1))
        du.append(concat([dr, dz, mul(dn, r)], 1))
        dh = add(mul(dh, z), matmul(du[-1], W))
    return joined(da[::-1], (T, B, 3 * H), y.dtype), joined(du[::-1], (T, B, 3 * H), y.dtype), dh


# --- checks -----------------------------------------------------------------------------------------------------------
def check_steps(op: str, what: str, given: Array, n: int, W: Array, gates: int) -> Tuple[Shape, int]:
    """The shape of an array that must be (T, B, n H), and H, from W_hh (gates H, H)."""
    check_float(op, given)
    check_float(op, given, W)
    if W.ndim != 2 or W.shape[0] != gates * W.shape[1]:
        raise ValueError(f"{op}: W_hh has shape {W.shape}, expected ({'' if gates == 1 else f'{gates} '}H, H)")
    H = W.shape[1]
    if given.ndim != 3 or given.shape[2] != n * H:
        raise ValueError(f"{op}: {what} has shape {given.shape}, expected (T, B, {n * H}) for W_hh {W.shape}")
    return given.shape, H


def check_sizes(op: str, what: str, given: Array, like: Array, shape: Shape) -> None:
    check_float(op, like, given)
    if given.shape != shape:
        raise ValueError(f"{op}: {what} has shape {given.shape}, expected {shape}")
