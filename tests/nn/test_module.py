"""What a Module finds among its attributes, saves, loads, copies and shows."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import pytest

from saitama import Tensor, manual_seed, nn, randn, zeros


class Net(nn.Module):
    def __init__(self) -> None:
        self.first = nn.Linear(2, 3)
        self.act = nn.ReLU()
        self.scale = nn.Parameter([2.0])
        self.second = nn.Linear(3, 1, bias=False)
        self.register_buffer("seen", zeros(1))
        self.note = Tensor([1.0])  # neither a parameter nor a buffer

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.act(self.first(x))) * self.scale


NAMES = ["scale", "seen", "first.weight", "first.bias", "second.weight"]


def test_names_and_order() -> None:
    net = Net()
    assert list(net.state_dict()) == NAMES
    assert [name for name, _ in net.named_parameters()] == [name for name in NAMES if name != "seen"]
    assert [name for name, _ in net.named_buffers("net")] == ["net.seen"]
    assert [name for name, _ in net.named_children()] == ["first", "act", "second"]
    assert [name for name, _ in net.named_modules()] == ["", "first", "act", "second"]
    assert list(net.parameters())[0] is net.scale
    assert list(net.buffers()) == [net.seen]
    assert net.num_parameters() == 2 * 3 + 3 + 3 + 1


def test_a_shared_parameter_counts_once_but_keeps_its_names() -> None:
    net = Net()
    net.third = net.second
    net.first.extra = net.scale
    assert net.num_parameters() == 13
    assert [name for name, _ in net.named_modules()] == ["", "first", "act", "second"]
    assert {"second.weight", "third.weight", "first.extra", "scale"} <= set(net.state_dict())


def test_state_goes_from_one_to_another() -> None:
    one, other = Net(), Net()
    state = one.state_dict()
    assert other.load_state_dict(state) == ([], [])
    x = randn(4, 2)
    assert other(x).tolist() == one(x).tolist()
    assert all(not value.requires_grad and type(value) is Tensor for value in state.values())
    before = state["scale"].tolist()
    one.scale.data = [5.0]
    assert state["scale"].tolist() == before


def test_lists_and_other_dtypes_are_taken_over() -> None:
    net = nn.Linear(2, 1).float()
    net.load_state_dict({"weight": [[1.0, 2.0]], "bias": Tensor([3.0], dtype="float64")})
    assert (net.weight.tolist(), net.bias.tolist(), net.bias.dtype) == ([[1.0, 2.0]], [3.0], "float32")


def test_another_models_state_changes_nothing() -> None:
    net = Net()
    before = repr(net.state_dict())
    state = {**nn.Linear(2, 3).state_dict(), "scale": [9.0], "second.weight": zeros(2, 2)}
    with pytest.raises(ValueError) as caught:
        net.load_state_dict(state)
    for part in ("does not fit Net", "second.weight has shape (2, 2), expected (1, 3)", "first.weight is missing"):
        assert part in str(caught.value)
    assert "weight is unexpected; bias is unexpected" in str(caught.value)
    assert repr(net.state_dict()) == before
    with pytest.raises(TypeError, match="expected a dict of names and tensors, got a list"):
        net.load_state_dict([1.0])


def test_not_strict() -> None:
    net = Net()
    missing, unexpected = net.load_state_dict({"scale": [9.0], "more": [1.0]}, strict=False)
    assert (net.scale.tolist(), missing, unexpected) == ([9.0], [name for name in NAMES if name != "scale"], ["more"])
    with pytest.raises(ValueError, match=r"scale has shape \(2,\), expected \(1,\)"):
        net.load_state_dict({"scale": [9.0, 9.0]}, strict=False)


def test_train_and_eval_reach_everything() -> None:
    net = Net()
    assert net.training and net.eval() is net
    assert not any(module.training for module in net.modules())
    assert all(module.training for module in net.train().modules())


def test_gradients_can_be_forgotten_and_switched_off() -> None:
    net = Net()
    net(randn(4, 2)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    net.first.requires_grad_(False)
    net(randn(4, 2)).sum().backward()
    assert net.first.weight.grad is None and net.second.weight.grad is not None


def test_dtypes() -> None:
    net = Net().float()
    assert {value.dtype for value in net.state_dict().values()} == {"float32"}
    assert net(randn(4, 2, dtype="float32")).dtype == "float32"
    assert net.double().scale.dtype == "float64"
    with pytest.raises(TypeError, match="expected float32 or float64, got int64"):
        net.to("int64")


def test_a_parameter_is_not_replaced_by_a_tensor() -> None:
    net = Net()
    with pytest.raises(TypeError, match=r"Net.scale is a Parameter; assign nn.Parameter\(...\), or to .scale.data"):
        net.scale = net.scale * 2
    net.scale = nn.Parameter([3.0])
    assert dict(net.named_parameters())["scale"].tolist() == [3.0]
    net.first.bias = None
    assert "first.bias" not in net.state_dict()


def test_hooks_see_and_may_replace_the_output() -> None:
    net, seen = Net(), []
    x = randn(4, 2)
    plain = net(x).tolist()
    looking = net.act.register_forward_hook(lambda module, inputs, output: seen.append((module, inputs[0], output)))
    assert net(x).tolist() == plain
    assert seen[0][0] is net.act
    assert seen[0][1].relu().tolist() == seen[0][2].tolist()
    replacing = net.act.register_forward_hook(lambda module, inputs, output: output * 0)
    assert net(x).tolist() == [[0.0]] * 4
    assert not nn.ReLU()._hooks
    looking.remove()
    replacing.remove()
    replacing.remove()
    assert net(x).tolist() == plain and len(seen) == 2


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_share_nothing(duplicate: Any) -> None:
    net = Net()
    net.tied = net.second.weight
    twin = duplicate(net)
    x = randn(4, 2)
    assert twin(x).tolist() == net(x).tolist()
    assert twin.tied is twin.second.weight and isinstance(twin.tied, nn.Parameter)
    twin.scale.data = [7.0]
    twin.eval()
    assert net.scale.tolist() == [2.0] and net.training


def test_repr_counts_parameters() -> None:
    lines = repr(Net()).splitlines()
    assert lines[0] == "Net("
    assert lines[1] == "  (first): Linear(in_features=2, out_features=3, bias=True)  # 9 parameters"
    assert lines[2] == "  (act): ReLU()"
    assert lines[-1] == ")  # 13 parameters"


def test_forward_must_be_defined() -> None:
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty has no forward\(\); define it"):
        Empty()(1)
    with pytest.raises(TypeError, match="register_buffer: seen is a list, expected a Tensor"):
        Empty().register_buffer("seen", [1.0])


def test_no_module_is_a_part_of_itself() -> None:
    net = nn.Sequential(nn.Linear(1, 1))
    with pytest.raises(ValueError, match="Linear.parent: the Sequential has this Linear as a part, and no"):
        net[0].parent = net
    with pytest.raises(ValueError, match="a part of itself"):
        net.again = net
    net[0].parent = (net,)  # hidden from the walk
    assert len(list(net.modules())) == 2


def test_a_state_that_is_no_tensor_is_named() -> None:
    with pytest.raises((TypeError, ValueError), match="load_state_dict: weight: "):
        nn.Linear(1, 1).load_state_dict({"weight": "abc", "bias": [0.0]})


class Counter(nn.Module):
    def __init__(self) -> None:
        self.w = nn.Parameter([1.0, 2.0], dtype="float32")
        self.register_buffer("count", Tensor(3, dtype="int64"))
        self.register_buffer("seen", Tensor([True, False]))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("count", Tensor(2.5), "count has the float64 2.5, which its int64 cannot hold"),
        ("count", Tensor(math.nan), "count has the float64 nan, which its int64 cannot hold"),
        ("count", Tensor(-1e30, dtype="float32"), "count has the float32 -1.0000000150474662e\\+30, which its int64"),
        ("seen", Tensor([0.0, 0.5]), "seen has the float64 0.5, which its bool cannot hold"),
        ("seen", Tensor([2, 1], dtype="int64"), "seen has the int64 2, which its bool cannot hold"),
        ("w", Tensor([1.0, 1e39]), r"w has the float64 1e\+39, which its float32 cannot hold"),
        ("w", Tensor([2**53 + 1, 1], dtype="int64"), "w has the int64 9007199254740993, which its float32 cannot hold"),
        ("w", Tensor([0, 2**63 - 1], dtype="int64"), "w has the int64 9223372036854775807, which its float32 cannot"),
    ],
)
def test_a_state_whose_numbers_would_change_is_refused(name: str, value: Tensor, message: str) -> None:
    module = Counter()
    before = {key: tensor.tolist() for key, tensor in module.state_dict().items()}
    with pytest.raises(ValueError, match=f"this state does not fit Counter: {message}"):
        module.load_state_dict({**module.state_dict(), name: value})
    assert {key: tensor.tolist() for key, tensor in module.state_dict().items()} == before


def test_a_state_in_another_dtype_that_changes_nothing() -> None:
    module = Counter()
    seen = Tensor([1.0, 0.0])
    module.load_state_dict({"w": Tensor([0.1, math.inf]), "count": Tensor(7.0), "seen": seen})
    assert (module.w.tolist(), module.count.tolist()) == ([Tensor(0.1, dtype="float32").item(), math.inf], 7)
    assert (module.count.dtype, module.seen.tolist()) == ("int64", [True, False])
    module.load_state_dict({"w": Tensor([math.nan, -math.inf]), "count": Tensor(True), "seen": seen})
    assert module.w.tolist()[1] == -math.inf and module.count.tolist() == 1


def test_parameter() -> None:
    p = nn.Parameter([1.0, 2.0], dtype="float32", name="w")
    assert (p.requires_grad, p.dtype, p.name, p.is_leaf) == (True, "float32", "w", True)
    assert repr(p).startswith("Parameter containing:")
    assert not nn.Parameter([1.0], requires_grad=False).requires_grad
    with pytest.raises(TypeError, match="only floats have derivatives"):
        nn.Parameter(Tensor([1], dtype="int64"))


# --- containers -------------------------------------------------------------------------------------------------------
def test_sequential() -> None:
    manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    x = randn(4, 2)
    assert net(x).tolist() == net[2](net[0](x).tanh()).tolist()
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert (len(net), net[-1], list(net)) == (3, net[2], [net[0], net[1], net[2]])
    assert isinstance(net[:2], nn.Sequential) and list(net[:2]) == [net[0], net[1]]
    with pytest.raises(TypeError, match="Sequential: item 1 is a float, expected a Module"):
        nn.Sequential(nn.ReLU(), 1.0)
    with pytest.raises(IndexError):
        net[3]


def test_module_list() -> None:
    layers = nn.ModuleList(nn.Linear(1, 1) for _ in range(12)).append(nn.ReLU())
    assert (len(layers), layers.num_parameters()) == (13, 24)
    assert list(layers.state_dict())[-1] == "11.bias"
    assert isinstance(layers[1:3], nn.ModuleList)
    with pytest.raises(NotImplementedError):
        layers(1)


def test_an_error_lists_ten_differences_and_counts_the_rest():
    state = nn.Sequential(*(nn.Linear(1, 2) for _ in range(8))).state_dict()
    with pytest.raises(ValueError, match=r"0\.weight has shape \(2, 1\), expected \(3, 1\); .*; and 6 more$") as caught:
        nn.Sequential(*(nn.Linear(1, 3) for _ in range(8))).load_state_dict(state)
    assert str(caught.value).count("has shape") == 10
