"""The GPT: names, start, causality, derivatives, learning, PyTorch, files, a workbook, bad input."""

from __future__ import annotations

from math import log, sqrt
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from saitama import Tensor, float64, manual_seed, optim, rand, randint
from saitama.attention import multi_head
from saitama.autograd import gradcheck
from saitama.spreadsheets import export, recalculate, verify
from saitama.training import load_checkpoint, save_checkpoint
from saitama.transformer import GPT, KeyValueCache, generate, perplexity


def tiny(**options: Any) -> GPT:
    """2 layers with every parameter far from 0 and 1, so that none can be forgotten."""
    manual_seed(2)
    model = GPT(**{"vocab_size": 7, "block_size": 5, "n_layer": 2, "n_head": 2, "n_embd": 4, **options})
    for parameter in model.parameters():
        parameter.data = parameter.detach() + (rand(parameter.shape, dtype=parameter.dtype) - 0.5)
    return model


IDX = Tensor([[1, 4, 0, 6, 3], [2, 2, 5, 1, 0]], dtype="int64")
TARGETS = Tensor([[4, 0, 6, 3, 3], [2, 5, 1, 0, -1]], dtype="int64")


# --- parts ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("bias", [True, False])
def test_names_and_shapes(bias: bool) -> None:
    model = GPT(7, 5, 2, 2, 4, bias=bias, weight_tying=False)
    expected: Dict[str, Any] = {"transformer.wte.weight": (7, 4), "transformer.wpe.weight": (5, 4)}
    parts = {"ln_1": (4,), "attn.c_attn": (12, 4), "attn.c_proj": (4, 4), "ln_2": (4,)}
    parts.update({"mlp.c_fc": (16, 4), "mlp.c_proj": (4, 16)})
    for name, shape in [(f"h.{n}.{part}", size) for n in range(2) for part, size in parts.items()] + [("ln_f", (4,))]:
        expected[f"transformer.{name}.weight"] = shape
        if bias:
            expected[f"transformer.{name}.bias"] = shape[:1]
    expected["lm_head.weight"] = (7, 4)
    assert [(name, value.shape) for name, value in model.state_dict().items()] == list(expected.items())
    tied = GPT(7, 5, 2, 2, 4, bias=bias)
    assert list(tied.state_dict()) == list(expected)
    assert model.num_parameters() - tied.num_parameters() == 28
    assert GPT(7, 5, 1, 1, 4, dtype="float32")(IDX)[0].dtype == "float32"


def test_initial_values() -> None:
    manual_seed(0)
    model = GPT(65, 64, 8, 2, 32)
    for name, value in model.state_dict().items():
        if value.ndim == 2:
            deviation = 0.02 / sqrt(16) if "c_proj" in name else 0.02
            assert (value * value).mean().sqrt().item() == pytest.approx(deviation, rel=0.1)
        else:
            assert set(value.tolist()) == ({1.0} if name.endswith("weight") else {0.0})


@pytest.mark.parametrize("tying", [True, False])
def test_at_first_it_knows_nothing(tying: bool) -> None:
    manual_seed(1)
    logits, loss = GPT(65, 16, 2, 2, 32, weight_tying=tying)(randint(0, 65, (8, 16)), randint(0, 65, (8, 16)))
    assert logits.shape == (8, 16, 65) and loss is not None
    assert loss.item() == pytest.approx(log(65), abs=0.05)
    assert perplexity(loss) == pytest.approx(65, rel=0.05)


def test_perplexity() -> None:
    assert perplexity(0.0) == 1 and perplexity(Tensor(log(8.0))) == pytest.approx(8)
    assert perplexity(1e6) == float("inf")


def test_the_loss_is_the_mean_of_the_questions() -> None:
    logits, loss = tiny()(IDX, TARGETS)
    log_p = logits.log_softmax(-1).tolist()
    asked = [(b, t) for b in range(2) for t in range(5) if TARGETS.tolist()[b][t] >= 0]
    total = -sum(log_p[b][t][TARGETS.tolist()[b][t]] for b, t in asked)
    assert loss is not None and loss.item() == pytest.approx(total / 9, rel=1e-12)
    alone, none = tiny()(IDX[1])
    assert none is None and alone.reshape(-1).tolist() == pytest.approx(logits[1].reshape(-1).tolist(), rel=1e-10)


def test_dropout_only_in_training() -> None:
    model = tiny(dropout=0.5)
    assert model(IDX)[0].tolist() != model(IDX)[0].tolist()
    assert model.eval()(IDX)[0].tolist() == tiny()(IDX)[0].tolist()


# --- the future -------------------------------------------------------------------------------------------------------
def influence_of_the_future(model: GPT) -> float:
    """The largest change of an earlier logit when a later token changes."""
    base, worst = model(IDX)[0], 0.0
    for t in range(1, 5):
        changed = [[(token + (place >= t)) % 7 for place, token in enumerate(row)] for row in IDX.tolist()]
        difference = (model(Tensor(changed, dtype="int64"))[0] - base).abs()
        assert difference[:, t:].max().item() > 0
        worst = max(worst, difference[:, :t].max().item())
    return worst


def test_causality_and_a_broken_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    assert influence_of_the_future(tiny()) == 0
    attention = multi_head.scaled_dot_product_attention

    def cheating(q: Tensor, k: Tensor, v: Tensor, mask: Any, is_causal: bool, *rest: Any, **options: Any) -> Any:
        return attention(q, k, v, mask, False, *rest, **options)

    monkeypatch.setattr(multi_head, "scaled_dot_product_attention", cheating)
    assert influence_of_the_future(tiny()) > 0


@pytest.mark.parametrize("pieces", [[1, 1, 1, 1, 1], [2, 3], [4, 1], [1, 3, 1], [5]])
def test_reading_in_pieces(pieces: List[int]) -> None:
    model, cache, start = tiny(), KeyValueCache(), 0
    whole = model(IDX)[0]
    for size in pieces:
        logits, _ = model(IDX[:, start : start + size], cache=cache)
        assert (logits - whole[:, start : start + size]).abs().max().item() < 1e-12
        start += size
        assert cache.length == start
    with pytest.raises(ValueError, match="a context of 6 tokens is longer than block_size=5"):
        model(IDX[:, :1], cache=cache)


# --- learning ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("tying", [True, False])
def test_derivatives_of_every_parameter(tying: bool) -> None:
    model = tiny(n_layer=1, vocab_size=7, block_size=3, weight_tying=tying)
    modules = dict(model.named_modules())
    checked = 0
    for path, value in list(model.named_parameters()):
        name = path.split(".")[-1]
        owners = [module for module in modules.values() if vars(module).get(name) is value]

        def loss(parameter: Tensor, name: str = name, owners: Any = owners) -> Tensor:
            for owner in owners:
                vars(owner)[name] = parameter
            found = model(IDX[:, :3], TARGETS[:, 2:])[1]
            assert found is not None
            return found

        assert gradcheck(loss, value.detach().requires_grad_())
        loss(value)
        checked += value.numel()
    assert checked == model.num_parameters()


def test_one_sequence_is_learnt_by_heart() -> None:
    manual_seed(6)
    text = Tensor([[0, 3, 1, 4, 1, 5, 2, 6, 5, 3, 5, 0, 2]] * 2, dtype="int64")
    model = GPT(7, 12, 1, 2, 16)
    optimizer = optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(100):
        _, loss = model(text[:, :-1], text[:, 1:])
        assert loss is not None
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss is not None and loss.item() < 0.01
    assert generate(model, text[:, :1], 12, greedy=True).tolist() == text.tolist()
    assert generate(model, text[0, :1], 12, seed=0).tolist() == text[0].tolist()


# --- nanoGPT's weights ------------------------------------------------------------------------------------------------
def plain(state: Dict[str, Any], idx: Any, n_head: int) -> Any:
    """A GPT in PyTorch's functions, from a state_dict."""
    import torch
    from torch.nn import functional as F

    def part(name: str) -> Any:
        return state[f"transformer.{name}.weight"], state.get(f"transformer.{name}.bias")

    def norm(x: Any, name: str) -> Any:
        return F.layer_norm(x, x.shape[-1:], *part(name))

    x = part("wte")[0][idx] + part("wpe")[0][: idx.shape[1]]
    B, T, C = x.shape
    layer = 0
    while f"transformer.h.{layer}.ln_1.weight" in state:
        h = f"h.{layer}."
        together = F.linear(norm(x, h + "ln_1"), *part(h + "attn.c_attn"))
        q, k, v = (y.view(B, T, n_head, C // n_head).transpose(1, 2) for y in together.split(C, 2))
        scores = q @ k.transpose(-2, -1) / sqrt(C // n_head)
        scores = scores.masked_fill(torch.tril(torch.ones(T, T)) == 0, float("-inf"))
        y = (F.softmax(scores, -1) @ v).transpose(1, 2).reshape(B, T, C)
        x = x + F.linear(y, *part(h + "attn.c_proj"))
        x = x + F.linear(F.gelu(F.linear(norm(x, h + "ln_2"), *part(h + "mlp.c_fc"))), *part(h + "mlp.c_proj"))
        layer += 1
    return F.linear(norm(x, "ln_f"), state["lm_head.weight"])


@pytest.mark.parametrize("tying", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_the_same_logits_and_gradients_as_pytorch(bias: bool, tying: bool) -> None:
    torch = pytest.importorskip("torch")
    model = tiny(bias=bias, weight_tying=tying)
    state = {
        name: torch.tensor(value.tolist(), dtype=torch.float64).requires_grad_()
        for name, value in model.state_dict().items()
    }
    if tying:
        state["lm_head.weight"] = state["transformer.wte.weight"]
    logits = plain(state, torch.tensor(IDX.tolist()), 2)
    ours, loss = model(IDX, TARGETS)
    assert ours.reshape(-1).tolist() == pytest.approx(logits.reshape(-1).tolist(), rel=1e-10, abs=1e-10)
    theirs = torch.nn.functional.cross_entropy(
        logits.view(-1, 7), torch.tensor(TARGETS.tolist()).view(-1), None, None, -1
    )
    theirs.backward()
    assert loss is not None and loss.item() == pytest.approx(theirs.item(), rel=1e-12)
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        found, wanted = parameter.grad.reshape(-1).tolist(), state[name].grad.reshape(-1).tolist()
        assert found == pytest.approx(wanted, rel=1e-10, abs=1e-10), name


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("tying", [True, False])
def test_files_go_both_ways(tmp_path: Path, tying: bool, bias: bool) -> None:
    torch = pytest.importorskip("torch")
    files = pytest.importorskip("safetensors.torch")
    options: Any = {"bias": bias, "weight_tying": tying}
    state = {name: torch.tensor(value.tolist()) for name, value in tiny(**options).state_dict().items()}  # float32
    masks = {f"transformer.h.{n}.attn.bias": torch.ones(1, 1, 5, 5) for n in range(2)}  # as older files have them
    shared = {"lm_head.weight"} if tying else set()  # PyTorch's files keep one of two tensors that share their memory
    theirs = {name: value for name, value in state.items() if name not in shared}
    files.save_file({**theirs, **masks}, str(tmp_path / "theirs.safetensors"))
    model = GPT(7, 5, 2, 2, 4, dtype="float32", **options)
    load_checkpoint(tmp_path / "theirs.safetensors", model)
    logits = plain(state, torch.tensor(IDX.tolist()), 2).reshape(-1).tolist()
    assert model(IDX)[0].reshape(-1).tolist() == pytest.approx(logits, abs=1e-5)
    save_checkpoint(tmp_path / "ours.safetensors", model)
    back = files.load_file(str(tmp_path / "ours.safetensors"))
    assert sorted(back) == sorted(state) and all(bool((back[name] == state[name]).all()) for name in state)
    again = plain(back, torch.tensor(IDX.tolist()), 2).reshape(-1).tolist()
    assert again == pytest.approx(model(IDX)[0].reshape(-1).tolist(), abs=1e-5)


def test_tied_weights_in_files() -> None:
    model, other, state = tiny(), GPT(7, 5, 2, 2, 4), tiny().state_dict()
    for name in ("lm_head.weight", "transformer.wte.weight"):
        other.load_state_dict({key: value for key, value in state.items() if key != name})
        assert other(IDX)[0].tolist() == model(IDX)[0].tolist()
    assert other.lm_head.weight is other.transformer.wte.weight
    with pytest.raises(ValueError, match="differ, but this GPT has one table for both; .* weight_tying=False"):
        other.load_state_dict(tiny(weight_tying=False).state_dict())
    untied = GPT(7, 5, 2, 2, 4, weight_tying=False)
    untied.load_state_dict(state)
    assert untied(IDX)[0].tolist() == model(IDX)[0].tolist()
    with pytest.raises(ValueError, match="lm_head.weight is missing"):
        untied.load_state_dict({key: value for key, value in state.items() if key != "lm_head.weight"})
    with pytest.raises(ValueError, match="transformer.wpe.weight has shape"):
        GPT(7, 6, 2, 2, 4).load_state_dict(state)


# --- in a workbook ----------------------------------------------------------------------------------------------------
def test_a_gpt_in_a_workbook(tmp_path: Path) -> None:
    model = tiny(n_layer=1, vocab_size=5, block_size=3)
    loss = model(Tensor([[1, 4, 0]], dtype="int64"), Tensor([[4, 0, 2]], dtype="int64"))[1]
    assert loss is not None
    exported = export(loss, tmp_path / "gpt.xlsx", names=model)
    assert exported.left_out == ()
    target = tmp_path / "calculated.xlsx"
    found = recalculate(exported, engine="ironcalc", output=target)
    assert found.errors == {}
    assert str(found["Check!A3"]).startswith("PASS")
    assert verify(target, rtol=1e-9).differences == []


# --- bad input --------------------------------------------------------------------------------------------------------
def ids(*rows: List[int], dtype: str = "int64") -> Tensor:
    return Tensor(list(rows), dtype=dtype)


@pytest.mark.parametrize(
    "idx, error, message",
    [
        (ids([0] * 6), ValueError, r"a context of 6 tokens is longer than block_size=5; .* idx\[..., -5:\]"),
        (ids([0, 7]), IndexError, "token 7 is outside the vocabulary, 0 to 6"),
        (ids([0, -1]), IndexError, "token -1 is outside the vocabulary, 0 to 6"),
        (ids([0, 1], dtype="float64"), TypeError, "idx must be a Tensor of int64 tokens, got float64"),
        (ids([0, 1], dtype="bool"), TypeError, "idx must be a Tensor of int64 tokens, got bool"),
        ([[0, 1]], TypeError, "idx must be a Tensor of int64 tokens, got list"),
        (ids([]), ValueError, r"with at least one token, got \(1, 0\)"),
        (Tensor(1, dtype="int64"), ValueError, r"must have shape \(B, T\) or \(T,\)"),
    ],
)
def test_bad_tokens(idx: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=f"GPT: .*{message}|GPT: {message}"):
        tiny()(idx)


def test_bad_targets() -> None:
    with pytest.raises(ValueError, match=r"targets must have the shape of idx, \(2, 5\), got \(5,\)"):
        tiny()(IDX, TARGETS[0])
    with pytest.raises(TypeError, match="targets must be a Tensor of int64 tokens, got list"):
        tiny()(IDX, TARGETS.tolist())
    with pytest.raises(IndexError, match="7"):
        tiny()(IDX, ids([7] * 5, [0] * 5))
    with pytest.raises(TypeError, match="targets must be a Tensor of int64 tokens, got float64"):
        tiny()(IDX, TARGETS.to(float64))


def test_bad_sizes() -> None:
    with pytest.raises(ValueError, match="n_embd=4 cannot be split among n_head=3 heads: 4 / 3 is not whole"):
        GPT(7, 5, 1, 3, 4)
    bad: Optional[Any]
    for bad in (0, -1, 2.0, True, None, "4"):
        with pytest.raises(ValueError, match="GPT: block_size must be a whole number from 1 on, got"):
            GPT(7, bad, 1, 1, 4)
    with pytest.raises(ValueError, match="Dropout: p is the probability"):
        GPT(7, 5, 1, 1, 4, dropout=2.0)
