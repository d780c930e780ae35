"""What every optimiser has: groups of parameters with their options, a state for each parameter, and saving both.

After this file you can say what `step()` does: for each group, one kernel gives all parameters and states their new
numbers. Arrays are never changed: the kernel uses the memory of an old one again only if nobody else holds it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, ClassVar, Dict, Iterable, Iterator, List, Mapping, Set, Union

from saitama.options import number
from saitama.tensor import Tensor

from .loss_scale import check_unscaled
from .state import check_state

Group = Dict[str, Any]
watchers: List[Callable[[Any], None]] = []  # called with an optimiser before it takes a step


class Optimizer:
    """Base of the optimisers. A subclass checks its options in `check` and computes in `update`.

    Args:
        params: parameters (anything iterable), or a list of dicts, each with "params" and options of its own.
        defaults: the options of groups that do not set them.

    Attributes:
        param_groups: one dict for each group: "params" and every option; may be changed between steps.
        state: for each parameter that has been updated, its state by name, as Tensors and numbers.

    Raises ValueError for no parameters, a parameter given twice and options out of range, TypeError for what is no leaf
    Tensor of floats.
    """

    STATE: ClassVar[Mapping[str, type]] = {}  # what a subclass keeps for each parameter: Tensors, and counts of steps
    OPTIONAL_STATE: ClassVar[Set[str]] = set()  # entries of STATE that only some options need
    ADDED: ClassVar[Mapping[str, Any]] = {}  # options that states saved earlier lack, and what they were then

    def __init__(self, params: Union[Iterable[Tensor], Iterable[Group]], defaults: Group) -> None:
        self.defaults = defaults
        self.param_groups: List[Group] = []
        self.state: Dict[Tensor, Dict[str, Any]] = {}
        self._check_options(defaults)
        if isinstance(params, (Tensor, Mapping)) or not isinstance(params, Iterable):
            raise TypeError(
                f"{self._name}: params is a {type(params).__name__}; give a list, such as model.parameters()"
            )
        groups: List[Any] = list(params)
        if not groups:
            raise ValueError(
                f"{self._name}: the list of parameters is empty; give model.parameters() of a model that has any"
            )
        for group in groups if isinstance(groups[0], Mapping) else [{"params": groups}]:
            self.add_param_group(group)

    @property
    def _name(self) -> str:
        return type(self).__name__

    # --- what a subclass defines --------------------------------------------------------------------------------------
    def check(self, group: Group) -> None:
        """Raise ValueError for options out of range."""

    def update(self, group: Group, params: List[Tensor]) -> None:
        """One step for parameters that have gradients."""
        raise NotImplementedError(f"{self._name}.update")

    @contextmanager
    def _changed(self, states: Mapping[Tensor, Dict[str, Any]]) -> Iterator[None]:
        """Have these states while a kernel changes the parameters to match. An error of the kernel takes them back.

        So Ctrl-C, which Python notices when the kernel has returned, finds a whole step.
        """
        before = {p: self.state[p] for p in states if p in self.state}
        self.state.update(states)
        try:
            yield
        except Exception:
            for p in states:
                self.state.pop(p)
            self.state.update(before)
            raise

    # --- what a user calls --------------------------------------------------------------------------------------------
    def step(self) -> None:
        """Update every parameter that has a gradient. RuntimeError if a GradScaler still has to divide one."""
        for group in self.param_groups:
            check_unscaled(f"{self._name}.step", group["params"])
        for watcher in list(watchers):
            watcher(self)
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                self.update(group, params)

    def zero_grad(self) -> None:
        """Forget all gradients: .grad becomes None, and the next backward() starts anew."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """More parameters, with options of their own where `group` has them."""
        if not isinstance(group, Mapping) or "params" not in group:
            raise TypeError(f'{self._name}: a group is a dict with "params", got {group!r:.60}')
        unknown = sorted(set(group) - set(self.defaults) - {"params", "initial_lr"})
        if unknown:
            raise ValueError(f"{self._name}: unknown option {', '.join(unknown)}; there are {', '.join(self.defaults)}")
        given = group["params"]
        params = [given] if isinstance(given, Tensor) else list(given)
        complete = {
            "params": params,
            **self.defaults,
            **{key: value for key, value in group.items() if key != "params"},
        }
        self._check_params(params)
        self._check_options(complete)
        self.param_groups.append(complete)

    def state_dict(self) -> Dict[str, Any]:
        """{"state": {position: state}, "param_groups": [...]} with the positions of the parameters in their place."""
        position = {p: i for i, p in enumerate(self._params())}
        return {
            "state": {
                position[p]: {
                    key: value.detach() if isinstance(value, Tensor) else value for key, value in state.items()
                }
                for p, state in self.state.items()
            },
            "param_groups": [
                {**group, "params": [position[p] for p in group["params"]]} for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what state_dict() gave. Raises ValueError, and changes nothing, for the state of another model, or
        of an optimiser with other options or another state."""
        params = self._params()
        try:
            check_state(
                state_dict, self.param_groups, params, self.defaults, self.ADDED, self.STATE, self.OPTIONAL_STATE
            )
        except ValueError as error:
            raise ValueError(f"load_state_dict: this state does not fit this {self._name}: {error}") from None
        options = [
            {key: value for key, value in {**self.ADDED, **saved}.items() if key != "params"}
            for saved in state_dict["param_groups"]
        ]
        for group, theirs in zip(self.param_groups, options):
            self._check_options({**group, **theirs})
        for group, theirs in zip(self.param_groups, options):
            group.update(theirs)
        self.state = {
            params[i]: {key: value.detach() if isinstance(value, Tensor) else value for key, value in saved.items()}
            for i, saved in state_dict["state"].items()
        }

    def __repr__(self) -> str:
        lines = [
            f"  group {i}: {len(group['params'])} parameters, "
            + ", ".join(f"{key}={value}" for key, value in group.items() if key != "params")
            for i, group in enumerate(self.param_groups)
        ]
        return "\n".join([f"{self._name}(", *lines, ")"])

    # --- inside -------------------------------------------------------------------------------------------------------
    def _params(self) -> List[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def _check_params(self, params: List[Any]) -> None:
        if not params:
            raise ValueError(f"{self._name}: a group has no parameters")
        seen: Set[int] = {id(p) for p in self._params()}
        for i, p in enumerate(params):
            if not isinstance(p, Tensor):
                raise TypeError(
                    f"{self._name}: parameter {i} is a {type(p).__name__}, expected an nn.Parameter or a Tensor"
                )
            if not p.is_leaf or p.dtype not in ("float64", "float32"):
                raise TypeError(
                    f"{self._name}: parameter {i} {p.shape} must be a leaf of floats, not the result of an operation"
                )
            if id(p) in seen:
                raise ValueError(f"{self._name}: parameter {i} {p.shape} was given before; each may appear once")
            seen.add(id(p))

    def _check_options(self, group: Group) -> None:
        for name in ("lr", "weight_decay", "eps"):
            if name in group:
                self.at_least_zero(name, group[name])
        self.check(group)

    def at_least_zero(self, name: str, value: Any) -> None:
        """ValueError unless value is a number >= 0; TypeError for what is no number."""
        number(f"{self._name}: {name}", value, wanted="a finite number of at least 0")

    def yes_or_no(self, name: str, value: Any) -> None:
        """TypeError unless value is True or False."""
        if not isinstance(value, bool):
            raise TypeError(f"{self._name}: {name} must be True or False, got {value!r:.40}")

    def below_one(self, name: str, value: Any) -> None:
        """ValueError unless 0 <= value < 1; TypeError for what is no number."""
        number(f"{self._name}: {name}", value, most=1, below=True, wanted="a number in [0, 1)")


def gradients(params: Iterable[Tensor]) -> List[Tensor]:
    """The gradients of parameters that have one."""
    return [p.grad for p in params]  # type: ignore[misc]
