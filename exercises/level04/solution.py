"""Level 4, a solution: every operation keeps its operands and its derivative; lists are all there is."""


class Tensor:
    def __init__(self, data, requires_grad=False, operands=(), back=None):
        self.data = copy(data)
        self.shape = shape_of(data)
        self.requires_grad = requires_grad or any(operand.requires_grad for operand in operands)
        self.grad = None
        self.operands, self.back = operands, back  # back: dY -> a gradient for each operand

    def tolist(self):
        return self.data

    def add(self, other):
        return binary(self, other, lambda x, y: x + y, lambda x, y: 1.0, lambda x, y: 1.0)

    def sub(self, other):
        return binary(self, other, lambda x, y: x - y, lambda x, y: 1.0, lambda x, y: -1.0)

    def mul(self, other):
        return binary(self, other, lambda x, y: x * y, lambda x, y: y, lambda x, y: x)

    def matmul(self, other):
        if len(self.shape) != 2 or len(other.shape) != 2 or self.shape[1] != other.shape[0]:
            raise ValueError(f"matmul: the inner sizes of {self.shape} and {other.shape} do not match")
        back = lambda dy: (product(dy, turned(other.data)), product(turned(self.data), dy))  # noqa: E731
        return Tensor(product(self.data, other.data), operands=(self, other), back=back)

    def sum(self, dim=None):
        if dim is None:
            return Tensor(sum(flat(self.data)), operands=(self,), back=lambda dy: (full(self.shape, dy),))
        rows, columns = self.shape
        if dim == 0:
            total = [sum(column) for column in zip(*self.data)]
            return Tensor(total, operands=(self,), back=lambda dy: ([list(dy) for _ in range(rows)],))
        total = [sum(row) for row in self.data]
        return Tensor(total, operands=(self,), back=lambda dy: ([[d] * columns for d in dy],))

    def mean(self, dim=None):
        n = len(flat(self.data)) if dim is None else self.shape[dim]
        return self.sum(dim).mul(Tensor(1 / n))

    def reshape(self, *shape):
        numbers = flat(self.data)
        if count(shape) != len(numbers):
            raise ValueError(f"{len(numbers)} numbers do not fit the shape {shape}")
        return Tensor(shaped(numbers, shape), operands=(self,), back=lambda dy: (shaped(flat(dy), self.shape),))

    def transpose(self):
        return Tensor(turned(self.data), operands=(self,), back=lambda dy: (turned(dy),))

    def backward(self):
        if len(flat(self.data)) != 1:
            raise ValueError(f"backward starts from one element, and this is {self.shape}: reduce it first")
        order = ordered(self)
        gradients = {self: full(self.shape, 1.0)}
        for tensor in reversed(order):
            dy = gradients[tensor]
            if not tensor.operands and tensor.requires_grad:
                tensor.grad = Tensor(dy if tensor.grad is None else each(tensor.grad.data, dy, lambda x, y: x + y))
            for operand, share in zip(tensor.operands, tensor.back(dy) if tensor.operands else ()):
                old = gradients.get(operand)
                gradients[operand] = share if old is None else each(old, share, lambda x, y: x + y)


def ordered(root):
    """Every tensor after its operands, without recursion."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        tensor, done = stack.pop()
        if done:
            order.append(tensor)
        elif tensor not in seen:
            seen.add(tensor)
            stack.append((tensor, True))
            stack.extend((operand, False) for operand in tensor.operands)
    return order


def binary(a, b, rule, by_a, by_b):
    shape = broadcast(a.shape, b.shape)
    x, y = expanded(a.data, a.shape, shape), expanded(b.data, b.shape, shape)

    def back(dy):
        da = each(dy, each(x, y, by_a), lambda d, s: d * s)
        db = each(dy, each(x, y, by_b), lambda d, s: d * s)
        return reduced(da, shape, a.shape), reduced(db, shape, b.shape)

    return Tensor(each(x, y, rule), operands=(a, b), back=back)


def broadcast(a, b):
    n = max(len(a), len(b))
    a, b = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
    if any(x != y and 1 not in (x, y) for x, y in zip(a, b)):
        raise ValueError(f"shapes {a} and {b} do not match")
    return tuple(max(x, y) for x, y in zip(a, b))


def expanded(data, shape, target):
    """The numbers repeated to the target's shape."""
    if len(shape) < len(target):
        return [expanded(data, shape, target[1:]) for _ in range(target[0])]
    if not target:
        return data
    rows = data if shape[0] == target[0] else list(data) * target[0]
    return [expanded(row, shape[1:], target[1:]) for row in rows]


def reduced(dy, shape, target):
    """The gradient added up along every axis that was repeated."""
    while len(shape) > len(target):
        dy, shape = total(dy), shape[1:]
    if target and target[0] == 1 and shape[0] != 1:
        dy, shape = [total(dy)], (1, *shape[1:])
    return [reduced(row, shape[1:], target[1:]) for row in dy] if target else dy


def total(rows):
    result = rows[0]
    for row in rows[1:]:
        result = each(result, row, lambda x, y: x + y)
    return result


def each(a, b, rule):
    return [each(x, y, rule) for x, y in zip(a, b)] if isinstance(a, list) else rule(a, b)


def copy(data):
    return [copy(part) for part in data] if isinstance(data, (list, tuple)) else float(data)


def shape_of(data):
    if not isinstance(data, (list, tuple)):
        return ()
    shapes = {shape_of(part) for part in data}
    if len(shapes) > 1:
        raise ValueError(f"the rows have different shapes: {sorted(shapes)}")
    return (len(data), *(shapes.pop() if shapes else ()))


def flat(data):
    return [x for part in data for x in flat(part)] if isinstance(data, list) else [data]


def count(shape):
    result = 1
    for size in shape:
        result *= size
    return result


def shaped(numbers, shape):
    if not shape:
        return numbers[0]
    rest = len(numbers) // shape[0]
    return [shaped(numbers[n * rest : (n + 1) * rest], shape[1:]) for n in range(shape[0])]


def full(shape, value):
    return [full(shape[1:], value) for _ in range(shape[0])] if shape else value


def product(A, B):
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*B)] for row in A]


def turned(A):
    return [list(column) for column in zip(*A)]
