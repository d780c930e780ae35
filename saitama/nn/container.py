"""Modules that hold modules."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, List

from .module import Module


class ModuleList(Module):
    """A list of modules, named "0", "1", ... in state_dict(). It holds them; what is done with them is up to you."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> ModuleList:
        """Add a module at the end. Returns self."""
        if not isinstance(module, Module):
            raise TypeError(f"{type(self).__name__}: item {len(self)} is a {type(module).__name__}, expected a Module")
        setattr(self, str(len(self)), module)
        return self

    def _items(self) -> List[Module]:
        return [value for name, value in vars(self).items() if name.isdigit()]

    def __len__(self) -> int:
        return len(self._items())

    def __iter__(self) -> Iterator[Module]:
        return iter(self._items())

    def __getitem__(self, index: Any) -> Any:
        found = self._items()[index]
        return type(self)._of(found) if isinstance(index, slice) else found

    @classmethod
    def _of(cls, modules: List[Module]) -> Any:
        return cls(modules)


class Sequential(ModuleList):
    """Modules one after the other: each gets what the one before returned."""

    def __init__(self, *modules: Module) -> None:
        super().__init__(modules)

    @classmethod
    def _of(cls, modules: List[Module]) -> Any:
        return cls(*modules)

    def forward(self, x: Any) -> Any:
        for module in self._items():
            x = module(x)
        return x
