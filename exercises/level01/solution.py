"""Level 1, a solution: a tensor on plain Python lists."""


class Tensor:
    def __init__(self, data):
        self.data = [list(row) if isinstance(row, (list, tuple)) else row for row in data] if is_list(data) else data
        self.shape = shape_of(data)

    def tolist(self):
        return self.data

    def add(self, other):
        return self._each(other, lambda x, y: x + y)

    def sub(self, other):
        return self._each(other, lambda x, y: x - y)

    def mul(self, other):
        return self._each(other, lambda x, y: x * y)

    def _each(self, other, rule):
        if self.shape and other.shape and self.shape != other.shape:
            raise ValueError(f"shapes {self.shape} and {other.shape} do not match")
        return Tensor(each(self.data, other.data, rule))

    def matmul(self, other):
        if not self.shape or not other.shape or self.shape[-1] != other.shape[0]:
            raise ValueError(f"matmul: the inner sizes of {self.shape} and {other.shape} do not match")
        rows = self.data if len(self.shape) == 2 else [self.data]
        columns = list(zip(*other.data)) if len(other.shape) == 2 else [other.data]
        table = [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in rows]
        if len(other.shape) == 1:
            table = [row[0] for row in table]
        return Tensor(table if len(self.shape) == 2 else table[0])


def is_list(data):
    return isinstance(data, (list, tuple))


def shape_of(data):
    """() of a number, (n,) of a list, (m, n) of a list of rows; ValueError where there is none."""
    if not is_list(data):
        if isinstance(data, bool) or not isinstance(data, (int, float)):
            raise ValueError(f"{data!r} is no number")
        return ()
    shapes = [shape_of(part) for part in data]
    for n, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(f"row {n} has shape {shape}, row 0 has {shapes[0]}")
    return (len(data), *(shapes[0] if shapes else ()))


def each(a, b, rule):
    """A rule, number by number; a single number goes with every one of the other."""
    if is_list(a) and is_list(b):
        return [each(x, y, rule) for x, y in zip(a, b)]
    if is_list(a):
        return [each(x, b, rule) for x in a]
    if is_list(b):
        return [each(a, y, rule) for y in b]
    return rule(a, b)
