# The gated recurrent unit: with u = W_hh h' + b, r, z = sigmoid(a + u), n = tanh(a + r u) and h = (1 - z) n + z h'.
#
# Design: r, z, u of the third block, and n are kept for the derivative. As r stands between u and n, the gradients of a
# and of u differ in that block, and both are given.

cdef inline void gru_row(const real *a, const real *last_h, real *gates, real *h, Py_ssize_t H) noexcept nogil:
    """One row of one step; `gates` holds u and becomes r, z, u_n, n."""  # IN/OUT gates
    cdef Py_ssize_t j
    for j in range(2 * H):
        gates[j] += a[j]
    activate_row(gates, 2 * H, <Sigmoid *> NULL)
    for j in range(H):
        gates[3 * H + j] = a[2 * H + j] + gates[j] * gates[2 * H + j]
    activate_row(gates + 3 * H, H, <Tanh *> NULL)
    for j in range(H):
        h[j] = (1 - gates[H + j]) * gates[3 * H + j] + gates[H + j] * last_h[j]


cdef void gru_forward(const RecurrentSteps *s, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    cdef Py_ssize_t first = task * s.together, rows = rows_of_task(s, task), H = s.H, t, i
    cdef const real *a = <const real *> s.a + first * 3 * H
    cdef const real *h = <const real *> s.h + first * H
    cdef real *gates = <real *> s.kept + first * 4 * H
    cdef real *y = <real *> s.y + first * H
    for t in range(s.T):
        step_product(<const real *> s.b, 0, h, H, <const real *> s.panels, rows, H, gates, 4 * H, 3 * H)
        for i in range(rows):
            gru_row(a + i * 3 * H, h + i * H, gates + i * 4 * H, y + i * H, H)
        h = y
        a += s.B * 3 * H
        gates += s.B * 4 * H
        y += s.B * H


cdef inline void gru_row_grad(const real *gates, const real *last_h, const real *dy, real *da, real *du, real *dh,
                              Py_ssize_t H) noexcept nogil:
    """dh arrives as the gradient from the step after, and leaves as what z lets through."""  # IN/OUT dh
    cdef Py_ssize_t j
    cdef const real *r = gates
    cdef const real *z = gates + H
    cdef const real *u = gates + 2 * H
    cdef const real *n = gates + 3 * H
    cdef real *da_n = da + 2 * H
    for j in range(H):
        dh[j] += dy[j]
    for j in range(H):
        da_n[j] = dh[j] * (1 - z[j]) * (1 - n[j] * n[j])
    for j in range(H):
        da[H + j] = dh[j] * (last_h[j] - n[j]) * z[j] * (1 - z[j])
    for j in range(H):
        da[j] = da_n[j] * u[j] * r[j] * (1 - r[j])
    memcpy(du, da, 2 * H * sizeof(real))
    for j in range(H):
        du[2 * H + j] = da_n[j] * r[j]
    for j in range(H):
        dh[j] *= z[j]


cdef void gru_backward(const RecurrentSteps *s, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    cdef Py_ssize_t first = task * s.together, rows = rows_of_task(s, task), H = s.H, t, i, at
    cdef const real *y = <const real *> s.y
    cdef const real *dy = <const real *> s.dy
    cdef const real *gates = <const real *> s.kept
    cdef const real *h
    cdef real *da = <real *> s.da
    cdef real *du = <real *> s.du
    cdef real *dh = <real *> s.dh + first * H
    for t in range(s.T - 1, -1, -1):
        at = t * s.B + first
        h = y + (at - s.B) * H if t > 0 else <const real *> s.h + first * H
        for i in range(rows):
            gru_row_grad(gates + (at + i) * 4 * H, h + i * H, dy + (at + i) * H, da + (at + i) * 3 * H,
                         du + (at + i) * 3 * H, dh + i * H, H)
        step_product(dh, H, du + at * 3 * H, 3 * H, <const real *> s.panels, rows, 3 * H, dh, H, H)


def gru_steps(Array a not None, Array W not None, Array b not None, Array h not None):
    cdef RecurrentSteps s
    plan_steps("gru_steps", &s, "a", a, 3, W, 3)
    need_sizes("gru_steps", "h", h, a, (s.B, s.H))
    need_sizes("gru_steps", "b_hh", b, a, (3 * s.H,))
    cdef Py_ssize_t[3] sizes = [s.T, s.B, s.H]
    cdef Array y = new_array("gru_steps", a.kind, sizes, 3)
    sizes[2] = 4 * s.H
    cdef Array gates = new_array("gru_steps", a.kind, sizes, 3)
    s.a, s.b, s.h, s.y, s.kept = a.data, b.data, h.data, y.data, gates.data
    through_time(&s, W, <Task> gru_forward[double], <Task> gru_forward[float])
    return y, gates


def gru_steps_grad(Array dy not None, Array y not None, Array gates not None, Array W not None, Array h not None):
    cdef RecurrentSteps s
    plan_steps("gru_steps_grad", &s, "gates", gates, 4, W, 3)
    need_sizes("gru_steps_grad", "y", y, gates, (s.T, s.B, s.H))
    need_sizes("gru_steps_grad", "dy", dy, gates, y.shape)
    need_sizes("gru_steps_grad", "h", h, gates, (s.B, s.H))
    cdef Py_ssize_t[3] sizes = [s.T, s.B, 3 * s.H]
    cdef Array da = new_array("gru_steps_grad", y.kind, sizes, 3)
    cdef Array du = new_like(da, y.kind), dh = zeros_of("gru_steps_grad", &s, y.kind)
    s.y, s.kept, s.h, s.dy, s.da, s.du, s.dh = y.data, gates.data, h.data, dy.data, da.data, du.data, dh.data
    through_time(&s, W, <Task> gru_backward[double], <Task> gru_backward[float])
    return da, du, dh
