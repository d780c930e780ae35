"""Level 5: the Module, a part of a network that knows its parameters and its parts.

There is no registry: a module's parameters, buffers and children are what its attributes hold, in the order in which
they were set. After this file you can say what `parameters()` and `state_dict()` return, and in which order.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, Mapping, NamedTuple, Set, Tuple, TypeVar

from saitama.autograd.function import is_grad_enabled, next_seq
from saitama.tensor import Tensor
from saitama.tensor.dtype import check_dtype, is_float

from .parameter import Parameter
from .state import LoadResult, load_into

M = TypeVar("M", bound="Module")
Hook = Callable[["Module", Tuple[Any, ...], Any], Any]


class Module:
    """Base of every layer and network. A subclass sets its parts as attributes and defines `forward`.

    Attributes:
        training: True in training, False in evaluation; dropout and batch normalisation behave differently.
    """

    training: bool = True
    _hooks: Dict[int, Hook] = {}  # an instance with hooks has a dict of its own

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The computation; every subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(); define it")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        if not is_grad_enabled() and not self._hooks:  # nothing is recorded
            return self.forward(*inputs, **options)
        began = next_seq()
        output = self.forward(*inputs, **options)
        for tensor in (output,) if type(output) is Tensor else output if type(output) is tuple else ():
            if type(tensor) is Tensor and tensor.node is not None:  # workbooks show which module made which tensor
                tensor.node.calls = self, began, tensor.node.calls
        if self._hooks:
            for hook in list(self._hooks.values()):
                changed = hook(self, inputs, output)
                output = output if changed is None else changed
        return output

    def __setattr__(self, name: str, value: Any) -> None:
        if (
            isinstance(vars(self).get(name), Parameter)
            and isinstance(value, Tensor)
            and not isinstance(value, Parameter)
        ):
            raise TypeError(
                f"{type(self).__name__}.{name} is a Parameter; assign nn.Parameter(...), or to .{name}.data"
            )
        if isinstance(value, Module) and any(part is self for part in value.modules()):
            own, other = type(self).__name__, type(value).__name__
            raise ValueError(
                f"{own}.{name}: the {other} has this {own} as a part, and no module can be a part of itself; hide the "
                "reference in a tuple, or pass the module to forward()"
            )
        object.__setattr__(self, name, value)

    # --- its parts ----------------------------------------------------------------------------------------------------
    def named_children(self) -> Iterator[Tuple[str, Module]]:
        """The modules that are attributes of this one, each once."""
        seen: Set[int] = set()
        for name, value in vars(self).items():
            if isinstance(value, Module) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def children(self) -> Iterator[Module]:
        """The modules that are attributes of this one."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[Tuple[str, Module]]:
        """This module and all below it with their dotted paths, each once."""
        return _unique(self._walk(prefix))

    def modules(self) -> Iterator[Module]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def _walk(self, prefix: str) -> Iterator[Tuple[str, Module]]:
        yield prefix, self
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield from value._walk(f"{prefix}.{name}" if prefix else name)

    def named_parameters(self, prefix: str = "") -> Iterator[Tuple[str, Parameter]]:
        """Every parameter with its dotted path; one that is shared comes once, under its first name."""
        return _unique(
            (f"{path}.{name}" if path else name, value)
            for path, module in self._walk(prefix)
            for name, value in vars(module).items()
            if isinstance(value, Parameter)
        )

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter, each once: what an optimiser is given."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self, prefix: str = "") -> Iterator[Tuple[str, Tensor]]:
        """Every buffer: state that is saved with the module but not trained, such as running means."""
        return _unique((name, value) for name, value in self._tensors(prefix) if not isinstance(value, Parameter))

    def buffers(self) -> Iterator[Tensor]:
        """Every buffer."""
        return (buffer for _, buffer in self.named_buffers())

    def register_buffer(self, name: str, tensor: Tensor) -> None:
        """Make `tensor` an attribute that state_dict() includes and no optimiser changes."""
        if not isinstance(tensor, Tensor):
            raise TypeError(f"register_buffer: {name} is a {type(tensor).__name__}, expected a Tensor")
        vars(self).setdefault("_buffers", []).append(name)
        setattr(self, name, tensor)

    def _tensors(self, prefix: str) -> Iterator[Tuple[str, Tensor]]:
        """Parameters and buffers of every module, module by module; shared ones as often as they have names."""
        for path, module in self._walk(prefix):
            buffers = vars(module).get("_buffers", ())
            for kind in (Parameter, Tensor):  # a module's parameters before its buffers
                for name, value in vars(module).items():
                    wanted = isinstance(value, Parameter) if kind is Parameter else name in buffers
                    if wanted:
                        yield (f"{path}.{name}" if path else name), value

    # --- its state ----------------------------------------------------------------------------------------------------
    def state_dict(self) -> Dict[str, Tensor]:
        """Every parameter and buffer by its path, without history; the names are PyTorch's."""
        return {name: value.detach() for name, value in self._tensors("")}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> LoadResult:
        """Take over the numbers of a state_dict.

        Args:
            state: names and tensors (or nested lists).
            strict: whether missing and unexpected names are errors.

        Raises ValueError that lists all missing, unexpected and misshapen names; then nothing has been changed.
        """
        return load_into(dict(self._tensors("")), state, strict, type(self).__name__)

    def train(self: M, mode: bool = True) -> M:
        """Put this module and all below it into training mode. Returns self."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Put this module and all below it into evaluation mode. Returns self."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Freeze (False) or unfreeze every parameter. Returns self."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def to(self: M, dtype: Any) -> M:
        """Convert every floating parameter and buffer to a float dtype, in place. Returns self."""
        name = check_dtype(dtype)
        if not is_float(name):
            raise TypeError(f"to: parameters are floats; expected float32 or float64, got {name}")
        for _, tensor in self._tensors(""):
            if is_float(tensor.dtype):
                tensor.array = tensor.detach().to(name).array
                tensor.grad = None
        return self

    def float(self: M) -> M:
        """Convert to float32."""
        return self.to("float32")

    def double(self: M) -> M:
        """Convert to float64."""
        return self.to("float64")

    # --- looking inside -----------------------------------------------------------------------------------------------
    def register_forward_hook(self, hook: Hook) -> Removable:
        """Call hook(module, inputs, output) after every forward; what it returns, if anything, replaces the output.

        Returns a handle whose remove() takes the hook away.
        """
        hooks: Dict[int, Hook] = vars(self).setdefault("_hooks", {})
        key = max(hooks, default=-1) + 1
        hooks[key] = hook
        return Removable(hooks, key)

    def extra_repr(self) -> str:
        """What the repr shows between the brackets besides the children."""
        return ""

    def num_parameters(self) -> int:
        """How many numbers training can change."""
        return sum(parameter.numel() for parameter in self.parameters())

    def __repr__(self) -> str:
        lines = [f"({name}): {_indent(repr(child))}" for name, child in vars(self).items() if isinstance(child, Module)]
        extra = self.extra_repr()
        body = "\n  ".join(([extra] if extra else []) + lines)
        inside = f"\n  {body}\n" if lines else extra
        count = self.num_parameters()
        return f"{type(self).__name__}({inside})" + (f"  # {count:,} parameters" if count else "")


class Removable(NamedTuple):
    """A hook that can be taken away again."""

    hooks: Dict[int, Hook]
    key: int

    def remove(self) -> None:
        """Take the hook away."""
        self.hooks.pop(self.key, None)


def _indent(text: str) -> str:
    return text.replace("\n", "\n  ")


def _unique(pairs: Any) -> Any:
    seen: Set[int] = set()
    for name, value in pairs:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value
