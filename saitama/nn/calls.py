"""Which module is at work: the paths of those whose forward() is running, from the outermost to the innermost."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from .module import Module

Ended = Callable[[str, Module, Tuple[Any, ...], Any], None]
Began = Callable[[str, Module], None]


class Calls:
    """Attributes: paths: of the modules that are running now; modules: every module met so far, by its path."""

    def __init__(self) -> None:
        self.paths: List[str] = []
        self.modules: Dict[str, Module] = {}
        self._names: Dict[int, str] = {}

    def path(self, module: Module) -> str:
        """Its place in the module that was called from outside; the name of its class for that one itself."""
        if not self.paths:  # called from outside
            for path, part in module.named_modules():
                self._names[id(part)] = f"{type(module).__name__}.{path}" if path else type(module).__name__
                self.modules[self._names[id(part)]] = part
        return self._names.get(id(module), type(module).__name__)


@contextmanager
def follow(calls: Calls, began: Optional[Began] = None, ended: Optional[Ended] = None) -> Iterator[None]:
    """Keep `calls` up to date in the block, and call began(path, module) and ended(path, module, inputs, output)."""
    plain = Module.__call__

    def call(module: Module, *inputs: Any, **options: Any) -> Any:
        path = calls.path(module)
        calls.paths.append(path)
        try:
            if began is not None:
                began(path, module)
            output = plain(module, *inputs, **options)
            if ended is not None:
                ended(path, module, inputs, output)
            return output
        finally:
            calls.paths.pop()

    setattr(Module, "__call__", call)  # noqa: B010
    try:
        yield
    finally:
        setattr(Module, "__call__", plain)  # noqa: B010
