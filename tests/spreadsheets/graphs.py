"""One graph or more for every operation: what the tests export, recalculate and break."""

from __future__ import annotations

from typing import Callable, Dict, Iterable, List, Tuple

from operations import OPERATIONS

from saitama.autograd.function import apply
from saitama.tensor.tensor import Tensor

Case = Callable[[], Tensor]
CASES: Dict[str, Case] = {}

_STATE = [7]


def number() -> float:
    """The next of a fixed sequence of numbers between -2 and 2, with many decimals."""
    _STATE[0] = (_STATE[0] * 1103515245 + 12345) % 2**31
    return _STATE[0] / 2**29 - 2


def tensor(*shape: int, low: float = -2.0, high: float = 2.0, grad: bool = True, dtype: str = "float64") -> Tensor:
    size = 1
    for n in shape:
        size *= n
    flat = Tensor([low + (high - low) * (number() + 2) / 4 for _ in range(size)], dtype=dtype)
    made = flat.reshape(shape)
    return Tensor(made, dtype=dtype, requires_grad=grad)


def case(name: str) -> Callable[[Case], Case]:
    def register(make: Case) -> Case:
        def seeded() -> Tensor:
            _STATE[0] = 7
            return make()

        CASES[name] = seeded
        return make

    return register


def weighted(y: Tensor) -> Tensor:
    """A number that depends on every element of y in its own way, so that no gradient is trivial."""
    weights = tensor(*y.shape, grad=False)
    return (y * weights).sum()


def _unary(op: str, low: float, high: float, params: Dict[str, object]) -> None:
    @case(f"{op}{''.join(f' {v}' for v in params.values())}")
    def make() -> Tensor:
        return weighted(apply(op, [tensor(2, 3, low=low, high=high)], **params))


for _operation in OPERATIONS:
    _unary(_operation.op, *_operation.between, _operation.params)

Shape = Tuple[int, ...]
BROADCASTS: List[Tuple[Shape, Shape]] = [
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((), (2, 2)),
    ((2, 1, 3), (4, 1)),
]


def _binary(op: str, a: Tuple[int, ...], b: Tuple[int, ...]) -> None:
    low = 0.2 if op in ("Pow", "Div") else -2.0

    @case(f"{op} {a} {b}")
    def make() -> Tensor:
        return weighted(apply(op, [tensor(*a, low=low), tensor(*b, low=low)]))


for _op in ("Add", "Sub", "Mul", "Div", "Pow", "Maximum", "Minimum"):
    for _a, _b in BROADCASTS:
        _binary(_op, _a, _b)


def _comparison(op: str) -> None:
    @case(op)
    def make() -> Tensor:
        a, b = tensor(2, 3), Tensor([0.0, 1.0, -1.0])
        return weighted(apply("Where", [apply(op, [a, b]), a, a * a]))


for _op in ("Eq", "Ne", "Lt", "Le", "Gt", "Ge"):
    _comparison(_op)


@case("Where broadcast")
def _where() -> Tensor:
    return weighted(apply("Where", [tensor(3) > Tensor(0.0), tensor(2, 1), tensor(2, 3)]))


DIMS: List[Tuple[Tuple[int, ...], Tuple[int, ...], bool]] = [
    ((3,), (0,), False),
    ((2, 3), (0,), False),
    ((2, 3), (1,), True),
    ((2, 3), (0, 1), False),
    ((2, 3, 2), (0,), False),
    ((2, 3, 2), (0, 2), True),
    ((2, 2, 2, 3), (1, 3), False),
    ((), (), False),
]


def _reduction(op: str, shape: Tuple[int, ...], dim: Tuple[int, ...], keepdim: bool) -> None:
    @case(f"{op} {shape} {dim} {keepdim}")
    def make() -> Tensor:
        x = tensor(*shape)
        y = apply(op, [x], dim=dim, keepdim=keepdim)
        if op.startswith("Arg"):
            return weighted(apply("Cast", [y], dtype="float64")) + x.sum()
        return weighted(y)


for _op in ("Sum", "Mean", "Max", "Min", "ArgMax", "ArgMin"):
    for _shape, _dim, _keepdim in DIMS:
        _reduction(_op, _shape, _dim, _keepdim)


def _softmax(op: str, shape: Tuple[int, ...], dim: int) -> None:
    @case(f"{op} {shape} {dim}")
    def make() -> Tensor:
        return weighted(apply(op, [tensor(*shape)], dim=dim))


for _op in ("Softmax", "LogSoftmax"):
    for _shape, _dim in [((3,), 0), ((2, 3), 1), ((3, 2), 0), ((2, 2, 3), 0), ((2, 3, 2), 1), ((2, 2, 3), 2)]:
        _softmax(_op, _shape, _dim)


def _matmul(a: Tuple[int, ...], b: Tuple[int, ...]) -> None:
    @case(f"MatMul {a} {b}")
    def make() -> Tensor:
        return weighted(tensor(*a) @ tensor(*b))


for _a, _b in [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((9, 10), (10,)),
    ((10,), (10, 3)),
    ((10,), (10,)),
    ((9, 12), (12, 9)),
    ((2, 3, 4), (4, 2)),
    ((2, 3, 4), (2, 4, 2)),
    ((3, 4), (2, 4, 2)),
    ((2, 1, 2, 3), (2, 3, 2)),
    ((2, 9, 10), (10, 9)),
    ((2, 3, 4), (4,)),
    ((4,), (2, 4, 3)),
    ((2, 9, 4), (4,)),
    ((1, 1), (1, 1)),
]:
    _matmul(_a, _b)


@case("Reshape")
def _reshape() -> Tensor:
    return weighted(tensor(2, 3, 2).reshape((4, 3)))


@case("Transpose")
def _transpose() -> Tensor:
    return weighted(apply("Transpose", [tensor(2, 3, 4)], dims=(2, 0, 1)))


@case("Transpose 2-D")
def _transpose_matrix() -> Tensor:
    return weighted(apply("Transpose", [tensor(2, 3)], dims=(1, 0)))


@case("Expand")
def _expand() -> Tensor:
    return weighted(apply("Expand", [tensor(2, 1)], shape=(3, 2, 4)))


@case("Cast")
def _cast() -> Tensor:
    x = tensor(2, 3)
    chosen = apply("Cast", [x > 0.5], dtype="float64")
    whole = apply("Cast", [apply("Cast", [x], dtype="int64")], dtype="float64")
    return weighted(chosen * x) + whole.sum()


@case("Concat 0")
def _concat() -> Tensor:
    return weighted(apply("Concat", [tensor(2, 3), tensor(1, 3), tensor(2, 3)], dim=0))


@case("Concat 1")
def _concat_columns() -> Tensor:
    x = tensor(2, 3)
    return weighted(apply("Concat", [x, tensor(2, 1), x], dim=1))


@case("Slice")
def _slice() -> Tensor:
    return weighted(apply("Slice", [tensor(3, 5)], starts=(2, 1), steps=(-1, 2), sizes=(2, 2), shape=(2, 2)))


@case("Slice drops an axis")
def _slice_row() -> Tensor:
    return weighted(apply("Slice", [tensor(3, 5)], starts=(1, 0), steps=(1, 1), sizes=(1, 5), shape=(5,)))


def _take(shape: Tuple[int, ...], index: object, dim: int) -> None:
    @case(f"Take {shape} {index} {dim}")
    def make() -> Tensor:
        return weighted(apply("Take", [tensor(*shape), Tensor(index, dtype="int64")], dim=dim))


for _shape, _index, _dim in [
    ((4, 3), [1, 3, 1], 0),
    ((4, 3), [[0, 0], [2, 3]], 0),
    ((4, 3), [-1, 0], 0),
    ((5,), [4, 4, 0], 0),
    ((5,), 2, 0),
    ((4, 3), [2, 0, 2], 1),
    ((2, 3, 2), [[1, 1], [2, 0]], 1),
    ((4, 3), 2, 0),
    ((3, 2, 2), [2, 2], 0),
]:
    _take(_shape, _index, _dim)


def _gather(shape: Tuple[int, ...], index: object, dim: int) -> None:
    @case(f"Gather {shape} {index} {dim}")
    def make() -> Tensor:
        return weighted(apply("Gather", [tensor(*shape), Tensor(index, dtype="int64")], dim=dim))


for _shape, _index, _dim in [
    ((3, 4), [[1], [3], [0]], 1),
    ((3, 4), [[1, 1, 3]], 1),
    ((3, 2), [[2, 2], [2, 0]], 0),
    ((3, 2), [[-1, 0]], 0),
    ((2, 2, 2), [[[1, 0], [1, 1]]], 0),
]:
    _gather(_shape, _index, _dim)


def _linear(rows: Tuple[int, ...], inputs: int, outputs: int, bias: bool) -> None:
    @case(f"Linear {rows} {inputs} {outputs} {bias}")
    def make() -> Tensor:
        operands = [tensor(*rows, inputs), tensor(outputs, inputs)] + ([tensor(outputs)] if bias else [])
        return weighted(apply("Linear", operands))


for _rows, _inputs, _outputs, _bias in [
    ((2,), 3, 4, True),
    ((9,), 10, 9, True),
    ((2,), 3, 2, False),
    ((), 3, 2, True),
    ((), 9, 10, False),
    ((2, 3), 4, 2, True),
    ((2, 2, 3), 9, 10, True),
    ((1,), 1, 1, True),
]:
    _linear(_rows, _inputs, _outputs, _bias)


@case("Softplus")
def _softplus() -> Tensor:
    return weighted(apply("Softplus", [tensor(2, 4, low=-30.0, high=30.0)]))


def _cross_entropy(classes: int, smoothing: float) -> None:
    @case(f"CrossEntropy {classes} {smoothing}")
    def make() -> Tensor:
        targets = Tensor([0, classes - 1, -100, classes // 2], dtype="int64")
        params = {"ignore_index": -100, "label_smoothing": smoothing}
        return weighted(apply("CrossEntropy", [tensor(4, classes), targets], **params))


@case("BinaryCrossEntropy")
def _binary_cross_entropy() -> Tensor:
    p = Tensor([[0.25, 0.5, 0.75], [0.0, 1.0, 1e-200]], requires_grad=True)  # certain, and beyond the bound of -100
    t = Tensor([[0.0, 1.0, 0.125], [0.0, 1.0, 1.0]], requires_grad=True)
    return weighted(apply("BinaryCrossEntropy", [p, t]))


for _classes, _smoothing in [(3, 0.0), (5, 0.1), (1, 0.0), (2, 1.0)]:
    _cross_entropy(_classes, _smoothing)


def _batch_norm(rows: int, affine: bool) -> None:
    @case(f"BatchNorm {rows} {affine}")
    def make() -> Tensor:
        operands = [tensor(rows, 3)] + ([tensor(3), tensor(3)] if affine else [])
        return weighted(apply("BatchNorm", operands, eps=1e-5))


for _rows, _affine in [(4, True), (4, False), (2, True)]:
    _batch_norm(_rows, _affine)


def _layer_norm(shape: Tuple[int, ...], parameters: int) -> None:
    @case(f"LayerNorm {shape} {parameters}")
    def make() -> Tensor:
        operands = [tensor(*shape), *(tensor(shape[-1]) for _ in range(parameters))]
        return weighted(apply("LayerNorm", operands, eps=1e-5))


for _shape, _parameters in [((2, 4), 2), ((2, 3, 4), 2), ((3, 9), 1), ((2, 2, 2, 3), 0), ((4,), 2)]:
    _layer_norm(_shape, _parameters)


def _attention(q: Shape, k: Shape, v: Shape, causal: bool, mask: object = None, heads: int = 0) -> None:
    kind = "" if mask is None else "bool" if mask is True else "float"

    @case(f"Attention {q} {k} {v} {causal} {kind} {heads}")
    def make() -> Tensor:
        operands = [tensor(*q), tensor(*k), tensor(*v)]
        full = (q[-2], k[-2])
        if mask is True:
            operands.append(Tensor([[(t + j) % 3 > 0 and t != 1 for j in range(full[1])] for t in range(full[0])]))
        elif mask is not None:
            rows = [
                [float("-inf") if (t + j) % 3 == 0 or t == 1 else 0.1 * j for j in range(full[1])]
                for t in range(full[0])
            ]
            operands.append(Tensor(rows))
        return weighted(apply("Attention", operands, num_heads=heads, is_causal=causal, scale=0.7))


for _q, _k, _v, _causal, _mask, _heads in [
    ((2, 3, 4), (2, 3, 4), (2, 3, 6), True, None, 2),
    ((3, 2), (4, 2), (4, 3), False, None, 0),
    ((10, 9), (11, 9), (11, 2), False, None, 0),
    ((2, 2, 3), (4, 3), (2, 4, 1), False, True, 1),
    ((3, 2), (2, 3, 2), (2, 1, 3, 2), True, -1.0, 0),
    ((2, 2), (0, 2), (0, 3), False, None, 0),
]:
    _attention(_q, _k, _v, _causal, _mask, _heads)


def _recurrent(op: str, gates: int, states: int, T: int, B: int, H: int, **params: object) -> None:
    @case(" ".join(map(str, [op, (T, B, H), *params.values()])))
    def make() -> Tensor:
        bias = [tensor(gates * H)] if op == "GRUSteps" else []
        first = [tensor(B, H) for _ in range(states)]
        return weighted(apply(op, [tensor(T, B, gates * H), tensor(gates * H, H), *bias, *first], **params))


for _size in [(3, 2, 2), (2, 1, 3)]:
    _recurrent("ElmanSteps", 1, 1, *_size, nonlinearity="tanh")
    _recurrent("LSTMSteps", 4, 2, *_size)
    _recurrent("GRUSteps", 3, 1, *_size)
_recurrent("ElmanSteps", 1, 1, 2, 2, 9, nonlinearity="relu")


for _format in ("bfloat16", "float16"):
    _unary("Round", -2.0, 2.0, {"format": _format})
    _unary("RoundGradient", -2.0, 2.0, {"format": _format})


def everything(names: Iterable[str] = tuple(CASES)) -> Tensor:
    """The cases of these names in one graph, each a branch of its own."""
    total = Tensor(1000.0)  # far from 0, so that the sums of the branches do not cancel
    for name in names:
        total = total + CASES[name]()
    return total


def first_of_each() -> List[str]:
    """One case for every operation that has a case of its own."""
    return list({name.split()[0]: name for name in reversed(list(CASES))}.values())
