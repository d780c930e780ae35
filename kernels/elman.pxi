# The plain recurrent layer: h = tanh(a + W_hh h'), or relu, where h' is h of the step before.

cdef struct ElmanTanh:
    char _
cdef struct ElmanReLU:
    char _

ctypedef fused elman_op:
    ElmanTanh
    ElmanReLU


cdef void elman_forward(const RecurrentSteps *s, Py_ssize_t task, int worker, real *kind, elman_op *op) noexcept nogil:
    cdef Py_ssize_t first = task * s.together, rows = rows_of_task(s, task), H = s.H, t
    cdef const real *a = <const real *> s.a + first * H
    cdef const real *h = <const real *> s.h + first * H
    cdef real *y = <real *> s.y + first * H
    for t in range(s.T):
        step_product(a, H, h, H, <const real *> s.panels, rows, H, y, H, H)
        if elman_op is ElmanTanh:
            activate_row(y, rows * H, <Tanh *> NULL)
        else:
            activate_row(y, rows * H, <ReLU *> NULL)
        h = y
        a += s.B * H
        y += s.B * H


cdef void elman_backward(const RecurrentSteps *s, Py_ssize_t task, int worker, real *kind, elman_op *op) noexcept nogil:
    cdef Py_ssize_t first = task * s.together, rows = rows_of_task(s, task), H = s.H, t, at, i
    cdef const real *y = <const real *> s.y
    cdef const real *dy = <const real *> s.dy
    cdef real *da = <real *> s.da
    cdef real *dh = <real *> s.dh + first * H
    for t in range(s.T - 1, -1, -1):
        at = (t * s.B + first) * H
        for i in range(rows * H):
            if elman_op is ElmanTanh:
                da[at + i] = (dy[at + i] + dh[i]) * (1 - y[at + i] * y[at + i])
            else:
                da[at + i] = slope_value(y[at + i], dy[at + i] + dh[i], <ReLU *> NULL)
        memset(dh, 0, rows * H * sizeof(real))
        step_product(dh, H, da + at, H, <const real *> s.panels, rows, H, dh, H, H)


def elman_steps(Array a not None, Array W not None, Array h not None, bint relu=False):
    cdef RecurrentSteps s
    plan_steps("elman_steps", &s, "a", a, 1, W, 1)
    need_sizes("elman_steps", "h", h, a, (s.B, s.H))
    cdef Array y = new_like(a, a.kind)
    s.a, s.h, s.y = a.data, h.data, y.data
    if relu:
        through_time(&s, W, <Task> elman_forward[double, ElmanReLU], <Task> elman_forward[float, ElmanReLU])
    else:
        through_time(&s, W, <Task> elman_forward[double, ElmanTanh], <Task> elman_forward[float, ElmanTanh])
    return y


def elman_steps_grad(Array dy not None, Array y not None, Array W not None, bint relu=False):
    cdef RecurrentSteps s
    plan_steps("elman_steps_grad", &s, "y", y, 1, W, 1)
    need_sizes("elman_steps_grad", "dy", dy, y, y.shape)
    cdef Array da = new_like(y, y.kind), dh = zeros_of("elman_steps_grad", &s, y.kind)
    s.y, s.dy, s.da, s.dh = y.data, dy.data, da.data, dh.data
    if relu:
        through_time(&s, W, <Task> elman_backward[double, ElmanReLU], <Task> elman_backward[float, ElmanReLU])
    else:
        through_time(&s, W, <Task> elman_backward[double, ElmanTanh], <Task> elman_backward[float, ElmanTanh])
    return da, dh
