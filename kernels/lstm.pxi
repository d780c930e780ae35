# Long short-term memory: i, f, g, o from a + W_hh h', then c = f c' + i g and h = o tanh(c).
#
# Design: beside h and c of every step, i, f, g, o and tanh(c) are kept for the derivative, as five blocks of a row.

cdef inline void lstm_row(real *gates, const real *last_c, real *h, real *c, Py_ssize_t H) noexcept nogil:
    """One row of one step; `gates` holds a + W_hh h' and becomes i, f, g, o, tanh(c)."""  # IN/OUT gates
    cdef Py_ssize_t j
    activate_row(gates, 2 * H, <Sigmoid *> NULL)
    activate_row(gates + 2 * H, H, <Tanh *> NULL)
    activate_row(gates + 3 * H, H, <Sigmoid *> NULL)
    for j in range(H):
        c[j] = gates[H + j] * last_c[j] + gates[j] * gates[2 * H + j]
    memcpy(gates + 4 * H, c, H * sizeof(real))
    activate_row(gates + 4 * H, H, <Tanh *> NULL)
    for j in range(H):
        h[j] = gates[3 * H + j] * gates[4 * H + j]


cdef void lstm_forward(const RecurrentSteps *s, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    cdef Py_ssize_t first = task * s.together, rows = rows_of_task(s, task), H = s.H, t, i
    cdef const real *a = <const real *> s.a + first * 4 * H
    cdef const real *h = <const real *> s.h + first * H
    cdef const real *c = <const real *> s.c + first * H
    cdef real *gates = <real *> s.kept + first * 5 * H
    cdef real *y = <real *> s.y + first * H
    for t in range(s.T):
        step_product(a, 4 * H, h, H, <const real *> s.panels, rows, H, gates, 5 * H, 4 * H)
        for i in range(rows):
            lstm_row(gates + i * 5 * H, c + i * H, y + i * H, y + (s.B + i) * H, H)
        h = y
        c = y + s.B * H
        a += s.B * 4 * H
        gates += s.B * 5 * H
        y += 2 * s.B * H


cdef inline void lstm_row_grad(const real *gates, const real *last_c, const real *dy_h, const real *dy_c,
                               const real *dh, real *da, real *dc, Py_ssize_t H) noexcept nogil:
    """dc arrives as the gradient from the step after, and leaves as that for the step before."""  # IN/OUT dc
    cdef Py_ssize_t j
    cdef const real *i = gates
    cdef const real *f = gates + H
    cdef const real *g = gates + 2 * H
    cdef const real *o = gates + 3 * H
    cdef const real *tanh_c = gates + 4 * H
    cdef real *da_o = da + 3 * H
    for j in range(H):
        da_o[j] = dy_h[j] + dh[j]  # dL/dh for now
    for j in range(H):
        dc[j] = dy_c[j] + dc[j] + da_o[j] * o[j] * (1 - tanh_c[j] * tanh_c[j])
    for j in range(H):
        da_o[j] = da_o[j] * tanh_c[j] * o[j] * (1 - o[j])
    for j in range(H):
        da[j] = dc[j] * g[j] * i[j] * (1 - i[j])
    for j in range(H):
        da[H + j] = dc[j] * last_c[j] * f[j] * (1 - f[j])
    for j in range(H):
        da[2 * H + j] = dc[j] * i[j] * (1 - g[j] * g[j])
    for j in range(H):
        dc[j] *= f[j]


cdef void lstm_backward(const RecurrentSteps *s, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    cdef Py_ssize_t first = task * s.together, rows = rows_of_task(s, task), H = s.H, t, i, at
    cdef const real *y = <const real *> s.y
    cdef const real *dy = <const real *> s.dy
    cdef const real *gates = <const real *> s.kept
    cdef const real *c
    cdef real *da
    cdef real *dh = <real *> s.dh + first * H
    cdef real *dc = <real *> s.dc + first * H
    for t in range(s.T - 1, -1, -1):
        at = (2 * t * s.B + first) * H  # of h; that of c is B H further
        c = y + at - s.B * H if t > 0 else <const real *> s.c + first * H
        da = <real *> s.da + (t * s.B + first) * 4 * H
        for i in range(rows):
            lstm_row_grad(gates + (t * s.B + first + i) * 5 * H, c + i * H, dy + at + i * H, dy + at + (s.B + i) * H,
                          dh + i * H, da + i * 4 * H, dc + i * H, H)
        memset(dh, 0, rows * H * sizeof(real))
        step_product(dh, H, da, 4 * H, <const real *> s.panels, rows, 4 * H, dh, H, H)


def lstm_steps(Array a not None, Array W not None, Array h not None, Array c not None):
    cdef RecurrentSteps s
    plan_steps("lstm_steps", &s, "a", a, 4, W, 4)
    need_sizes("lstm_steps", "h", h, a, (s.B, s.H))
    need_sizes("lstm_steps", "c", c, a, (s.B, s.H))
    cdef Py_ssize_t[4] sizes = [s.T, 2, s.B, s.H]
    cdef Array y = new_array("lstm_steps", a.kind, sizes, 4)
    sizes[1], sizes[2] = s.B, 5 * s.H
    cdef Array gates = new_array("lstm_steps", a.kind, sizes, 3)
    s.a, s.h, s.c, s.y, s.kept = a.data, h.data, c.data, y.data, gates.data
    through_time(&s, W, <Task> lstm_forward[double], <Task> lstm_forward[float])
    return y, gates


def lstm_steps_grad(Array dy not None, Array y not None, Array gates not None, Array W not None, Array c not None):
    cdef RecurrentSteps s
    plan_steps("lstm_steps_grad", &s, "gates", gates, 5, W, 4)
    need_sizes("lstm_steps_grad", "y", y, gates, (s.T, 2, s.B, s.H))
    need_sizes("lstm_steps_grad", "dy", dy, gates, y.shape)
    need_sizes("lstm_steps_grad", "c", c, gates, (s.B, s.H))
    cdef Py_ssize_t[3] sizes = [s.T, s.B, 4 * s.H]
    cdef Array da = new_array("lstm_steps_grad", y.kind, sizes, 3)
    cdef Array dh = zeros_of("lstm_steps_grad", &s, y.kind), dc = zeros_of("lstm_steps_grad", &s, y.kind)
    s.y, s.kept, s.c, s.dy, s.da, s.dh, s.dc = y.data, gates.data, c.data, dy.data, da.data, dh.data, dc.data
    through_time(&s, W, <Task> lstm_backward[double], <Task> lstm_backward[float])
    return da, dh, dc
