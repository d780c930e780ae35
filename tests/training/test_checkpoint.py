"""Checkpoints: what goes in comes out, whatever is wrong is said, and a killed run leaves the last one whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from saitama import nn, optim
from saitama.regularization import BatchNorm1d
from saitama.tensor import Tensor, manual_seed, rand, randn, set_rng_state
from saitama.training import Checkpoint, load_checkpoint, save_checkpoint
from saitama.training.tensor_file import read_tensors, write_tensors


def trained(seed=0, optimizer=optim.Adam):
    manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 4), BatchNorm1d(4), nn.Linear(4, 2))
    updates = optimizer(model.parameters(), lr=0.1)
    scheduler = optim.lr_scheduler.StepLR(updates, 2)
    for _ in range(3):
        updates.zero_grad()
        (model(randn(5, 3)) ** 2).mean().backward()
        updates.step()
        scheduler.step()
    return model, updates, scheduler


def state(thing):
    if isinstance(thing, Tensor):
        return thing.tolist(), thing.dtype
    if isinstance(thing, dict):
        return {key: state(value) for key, value in thing.items()}
    return [state(value) for value in thing] if isinstance(thing, (list, tuple)) else thing


def test_everything_comes_back_bit_for_bit(tmp_path):
    path = tmp_path / "run.safetensors"
    before = trained()
    extra = {"names": ("a", 2), 3: [None, True, 0.1], "best": Tensor([1.5, float("nan")], dtype="float32")}
    save_checkpoint(path, *before, step=17, extra=extra)
    drawn = rand(3).tolist()
    after = trained(seed=9)
    checkpoint = load_checkpoint(path, *after)
    assert [state(part.state_dict()) for part in after] == [state(part.state_dict()) for part in before]
    assert checkpoint.step == 17
    assert checkpoint.extra["names"] == ("a", 2)
    assert checkpoint.extra[3] == [None, True, 0.1]
    assert (checkpoint.extra["best"].dtype, checkpoint.extra["best"].tolist()[0]) == ("float32", 1.5)
    set_rng_state(checkpoint.random)
    assert rand(3).tolist() == drawn


@pytest.mark.parametrize("optimizer", [optim.SGD, optim.Momentum, optim.AdamW, optim.RMSprop])
def test_every_optimiser(tmp_path, optimizer):
    model, updates, _ = trained(optimizer=optimizer)
    save_checkpoint(tmp_path / "a.safetensors", model, updates)
    other, others, _ = trained(seed=1, optimizer=optimizer)
    load_checkpoint(tmp_path / "a.safetensors", other, others)
    assert state(others.state_dict()) == state(updates.state_dict())


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (optim.Momentum, {"dampening": 0.5, "lr_inside": True, "old_moments": True}),
        (optim.Adam, {"bias_correction": False}),
        (optim.AdamW, {"old_moments": True}),
        (optim.RMSprop, {"old_moments": True}),
    ],
)
def test_the_conventions_of_an_optimiser_come_back(tmp_path, kind, options):
    model, updates, _ = trained(optimizer=lambda params, lr: kind(params, lr=lr, **options))
    save_checkpoint(tmp_path / "a.safetensors", model, updates)
    other, others, _ = trained(seed=1, optimizer=kind)
    load_checkpoint(tmp_path / "a.safetensors", other, others)
    assert state(others.state_dict()) == state(updates.state_dict())
    assert all(others.param_groups[0][name] == value for name, value in options.items())
    for each, optimizer in ((model, updates), (other, others)):
        optimizer.zero_grad()
        (each[0](Tensor([[1.0, 2.0, 3.0]])) ** 2).sum().backward()
        optimizer.step()
    assert state(other.state_dict()) == state(model.state_dict())


def test_the_model_alone_is_a_file_of_weights(tmp_path):
    model, _, _ = trained()
    save_checkpoint(tmp_path / "weights.safetensors", model)
    content = (tmp_path / "weights.safetensors").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert set(header) == {"__metadata__", *model.state_dict()}
    assert header["0.weight"]["dtype"] == "F64"
    assert load_checkpoint(tmp_path / "weights.safetensors", trained(1)[0]).optimizer is None


def test_weights_move_to_and_from_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("numpy")
    files = pytest.importorskip("safetensors.torch")
    model, _, _ = trained()
    save_checkpoint(tmp_path / "ours.safetensors", model)
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2)).double()
    theirs.load_state_dict(files.load_file(str(tmp_path / "ours.safetensors")))
    x = randn(5, 3)
    expected = theirs.eval()(torch.tensor(x.tolist(), dtype=torch.float64)).flatten().tolist()
    assert model.eval()(x).reshape(-1).tolist() == pytest.approx(expected, rel=1e-12)
    files.save_file(theirs.state_dict(), str(tmp_path / "theirs.safetensors"))
    other, _, _ = trained(5)
    load_checkpoint(tmp_path / "theirs.safetensors", other)
    assert state(other.state_dict()) == state(model.state_dict())


def test_empty_tensors_and_scalars(tmp_path):
    extra = {
        "none": Tensor([[], []]),
        "one": Tensor(2.5),
        "flags": Tensor([True, False]),
        "i": Tensor(-(2**60), dtype="int64"),
    }
    save_checkpoint(tmp_path / "a.safetensors", nn.Linear(1, 1), extra=extra)
    back = load_checkpoint(tmp_path / "a.safetensors").extra
    assert {key: (t.shape, t.dtype, t.tolist()) for key, t in back.items()} == {
        key: (t.shape, t.dtype, t.tolist()) for key, t in extra.items()
    }


@pytest.mark.parametrize("length", [0, 5, 8, 40, -1])
def test_a_file_that_is_cut_short(tmp_path, length):
    path = tmp_path / "run.safetensors"
    save_checkpoint(path, *trained())
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match="not a whole .safetensors file"):
        load_checkpoint(path)


def test_what_is_no_checkpoint_says_so(tmp_path):
    model = nn.Linear(1, 1)
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        load_checkpoint(tmp_path / "none.safetensors", model)
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        load_checkpoint(tmp_path, model)
    (tmp_path / "text").write_text("x" * 500)
    with pytest.raises(ValueError, match="not a whole .safetensors file"):
        load_checkpoint(tmp_path / "text", model)
    header = json.dumps({"w": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    (tmp_path / "half").write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(ValueError, match="w holds F16"):
        load_checkpoint(tmp_path / "half", model)
    for damage in ('{"dict": [["step", {"tensor": "nowhere"}]]}', "[1", '{"dict": [["colour", 1]]}', "3"):
        header = json.dumps({"__metadata__": {"training": damage}}).encode()
        (tmp_path / "odd").write_bytes(len(header).to_bytes(8, "little") + header)
        with pytest.raises(ValueError, match="training state is damaged"):
            load_checkpoint(tmp_path / "odd")


def test_the_state_of_another_model_changes_nothing(tmp_path):
    path = tmp_path / "run.safetensors"
    save_checkpoint(path, *trained())
    other = nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 2))
    before = state(other.state_dict())
    with pytest.raises(ValueError, match=r"0.weight has shape \(4, 3\), expected \(5, 3\)"):
        load_checkpoint(path, other)
    assert state(other.state_dict()) == before
    model, _, _ = trained(seed=2)
    optimizer = optim.Adam([Tensor([1.0], requires_grad=True)])
    before = state(model.state_dict())
    with pytest.raises(ValueError, match="does not fit this Adam"):
        load_checkpoint(path, model, optimizer)
    assert state(model.state_dict()) == before


def test_a_damaged_option_of_the_optimiser_changes_nothing(tmp_path):
    saved = nn.Linear(2, 2)
    optimizer = optim.SGD(saved.parameters(), lr=0.1)
    optimizer.param_groups[0]["lr"] = "fast"
    save_checkpoint(tmp_path / "run.safetensors", saved, optimizer)
    model = nn.Linear(2, 2)
    before = model.weight.tolist()
    with pytest.raises(ValueError, match="lr must be"):
        load_checkpoint(tmp_path / "run.safetensors", model, optim.SGD(model.parameters()))
    assert model.weight.tolist() == before


def test_a_state_that_was_not_saved(tmp_path):
    model, optimizer, scheduler = trained()
    save_checkpoint(tmp_path / "a.safetensors", model)
    with pytest.raises(ValueError, match="holds no optimizer state"):
        load_checkpoint(tmp_path / "a.safetensors", model, optimizer)
    save_checkpoint(tmp_path / "b.safetensors", model, optimizer)
    with pytest.raises(ValueError, match="holds no scheduler state"):
        load_checkpoint(tmp_path / "b.safetensors", model, optimizer, scheduler)


def test_what_cannot_be_kept_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.safetensors"
    model = nn.Linear(1, 1)
    save_checkpoint(path, model)
    before = path.read_bytes()
    with pytest.raises(TypeError, match="training/extra/f is a function"):
        save_checkpoint(path, model, extra={"f": lambda: 0})
    with pytest.raises(TypeError, match="a key in training/extra is a tuple"):
        save_checkpoint(path, model, extra={(1, 2): 0})
    with pytest.raises(TypeError, match="expected \\(path, model\\)"):
        save_checkpoint(path, {"w": 1})
    with pytest.raises(OSError, match="cannot write"):
        save_checkpoint(tmp_path / "no" / "folder.safetensors", model)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.safetensors"]


def test_two_halves_of_a_character_come_back_as_two(tmp_path):
    """JSON joins them to one letter; of a name, too."""
    extra = {"alphabet": "\ud83d\ude00", "\ud83d\ude00": 1, "\U0001f600": ["\udc00", "a\U0001f600"]}
    save_checkpoint(tmp_path / "a.safetensors", nn.Linear(1, 1), extra=extra)
    assert load_checkpoint(tmp_path / "a.safetensors").extra == extra


def test_a_name_that_comes_twice(tmp_path):
    spec = '"w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}'
    for header, message in (
        (f"{{{spec},{spec}}}", "the name 'w' comes twice"),
        ('{"__metadata__":{"a":"1","a":"2"}}', "the name 'a' comes twice"),
        ('{"__metadata__":{"training":"{\\"dict\\": [], \\"dict\\": []}"}}', "the name 'dict' comes twice"),
        ('{"__metadata__":{"training":"{\\"dict\\": [[\\"step\\", 1], [\\"step\\", 2]]}"}}', "a key comes twice"),
    ):
        content = len(header).to_bytes(8, "little") + header.encode() + (b"\0" * 8 if "F64" in header else b"")
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(ValueError, match=f"a: (it is not a whole|its training state).*{message}") as error:
            load_checkpoint(tmp_path / "a")
        assert "\n" not in str(error.value)


def test_a_file_of_nothing_and_a_tensor_called_as_the_metadata(tmp_path):
    write_tensors(tmp_path / "a", {}, {})
    assert read_tensors(tmp_path / "a") == ({}, {})
    write_tensors(tmp_path / "a", {}, {"key": "value"})
    assert read_tensors(tmp_path / "a") == ({}, {"key": "value"})
    with pytest.raises(ValueError, match="no tensor can be called __metadata__"):
        write_tensors(tmp_path / "a", {"__metadata__": Tensor([1.0])}, {})


def test_load_without_a_model_only_reads(tmp_path):
    save_checkpoint(tmp_path / "a.safetensors", nn.Linear(2, 1), step=3)
    checkpoint = load_checkpoint(tmp_path / "a.safetensors")
    assert isinstance(checkpoint, Checkpoint)
    assert (checkpoint.step, sorted(checkpoint.model)) == (3, ["bias", "weight"])


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_run_leaves_the_last_checkpoint_whole(tmp_path):
    path = tmp_path / "run.safetensors"
    code = (
        "import sys; from saitama import nn; from saitama.training import save_checkpoint\n"
        "model = nn.Linear(300, 300)\n"
        "for step in range(1, 10**9):\n"
        "    nn.init.constant_(model.weight, step); nn.init.constant_(model.bias, step)\n"
        "    save_checkpoint(sys.argv[1], model, step=step)\n"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))}
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], env=environment)
    try:
        deadline = time.monotonic() + 60
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.15)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    checkpoint = load_checkpoint(path)
    assert checkpoint.step >= 1
    weight = checkpoint.model["weight"]
    assert weight.min().item() == weight.max().item() == checkpoint.model["bias"].max().item() == checkpoint.step
