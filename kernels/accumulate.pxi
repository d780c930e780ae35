# Gradients that add up: tensor += other, for many at once.
#
# Design: it is a step of plain descent of length -1 (p + g is p - (-1) g, to the bit), and so takes the memory of the old
# sum over where nobody else holds it (optim.pxi): adding up needs no memory of its own.

def accumulate(tensors, others):
    cdef Settings s
    s.lr, s.weight_decay = -1.0, 0.0
    step("accumulate", [tensors, others], 2, SGD_PLAIN, &s)
