# The plain recurrent layer: h = tanh(a + W_hh h'), or relu, where h' is h of the step before.

cdef inline void elman_forward(const Steps *s, Py_ssize_t first, Py_ssize_t rows, real *kind,
                               elman_op *op) noexcept nogil:  # IN s OUT s.y
    cdef Py_ssize_t H = s.H, t
    cdef const real *a = <const real *> s.a + first * H
    cdef const real *h = <const real *> s.h + first * H
    cdef real *y = <real *> s.y + first * H
    for t in range(s.T):
        step_product(a, H, h, H, <const real *> s.panels, rows, H, y, H, H)
        if elman_op is ElmanTanh:
            activate(y, rows * H, <Tanh *> NULL)
        else:
            activate(y, rows * H, <ReLU *> NULL)
        h = y
        a += s.B * H
        y += s.B * H


cdef inline void elman_backward(const Steps *s, Py_ssize_t first, Py_ssize_t rows, real *kind,
                                elman_grad_op *op) noexcept nogil:  # IN s OUT s.da, s.dh
    cdef Py_ssize_t H = s.H, t, at, i
    cdef const real *y = <const real *> s.y
    cdef const real *dy = <const real *> s.dy
    cdef real *da = <real *> s.da
    cdef real *dh = <real *> s.dh + first * H
    for t in range(s.T - 1, -1, -1):
        at = (t * s.B + first) * H
        for i in range(rows * H):
            if elman_grad_op is ElmanTanhGrad:
                da[at + i] = (dy[at + i] + dh[i]) * (1 - y[at + i] * y[at + i])
            else:
                da[at + i] = slope_value(y[at + i], dy[at + i] + dh[i], <ReLU *> NULL)
        memset(dh, 0, rows * H * sizeof(real))
        step_product(dh, H, da + at, H, <const real *> s.panels, rows, H, dh, H, H)


def elman_steps(Array a not None, Array W not None, Array h not None, bint relu=False):
    cdef Steps s
    plan_steps("elman_steps", &s, "a", a, 1, W, 1)
    need_sizes("elman_steps", "h", h, a, (s.B, s.H))
    cdef Array y = new_like(a, a.kind)
    s.a, s.h, s.y = a.data, h.data, y.data
    if relu:
        through_time(&s, W, <ElmanReLU *> NULL)
    else:
        through_time(&s, W, <ElmanTanh *> NULL)
    return y


def elman_steps_grad(Array dy not None, Array y not None, Array W not None, bint relu=False):
    cdef Steps s
    plan_steps("elman_steps_grad", &s, "y", y, 1, W, 1)
    need_sizes("elman_steps_grad", "dy", dy, y, y.shape)
    cdef Array da = new_like(y, y.kind), dh = zeros_of("elman_steps_grad", &s, y.kind)
    s.y, s.dy, s.da, s.dh = y.data, dy.data, da.data, dh.data
    if relu:
        through_time(&s, W, <ElmanReLUGrad *> NULL)
    else:
        through_time(&s, W, <ElmanTanhGrad *> NULL)
    return da, dh
