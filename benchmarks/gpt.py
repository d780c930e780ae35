"""Training steps of a GPT and writing with it, against the same model in PyTorch eager with its fused attention.

A training step is the forward and backward pass, clipping of the gradients' norm to 1, and AdamW, without dropout.
Writing draws 500 characters one after the other with a cache of keys and values, from a context long enough for all.
Both libraries start from the same weights and see the same tokens; their first losses are compared.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

from benchmarks.peers import peer
from benchmarks.timing import Result, alternate

TITLE = "A character GPT"
THREADS = 2
VOCABULARY, CHARACTERS = 65, 500
Step = Callable[[], float]


class Sizes(NamedTuple):
    layers: int
    heads: int
    width: int
    context: int
    batch: int

    def __str__(self) -> str:
        return f"{self.layers} layers, width {self.width}, context {self.context}, batch {self.batch}"

    def gflop(self, parameters: int) -> float:
        """Of a step: 6 for each number of a matrix and token (2 forward, 4 backward), and 12 T C for the attention."""
        per_token = 6 * parameters + self.layers * 12 * self.context * self.width
        return 1e-9 * per_token * self.context * self.batch


BABY = Sizes(4, 4, 128, 64, 12)
TINY = Sizes(2, 4, 64, 32, 16)


def saitama_gpt(sizes: Sizes, dtype: str) -> Any:
    import saitama
    from saitama.transformer import GPT

    saitama.manual_seed(1)
    saitama.set_num_threads(THREADS)
    return GPT(VOCABULARY, sizes.context, sizes.layers, sizes.heads, sizes.width, dtype=dtype)


def torch_gpt(torch: Any, sizes: Sizes, dtype: str, same: bool = True) -> Any:
    """The same model as modules of PyTorch, with the same names of parameters and, unless not wanted, numbers."""
    nn, F, (layers, heads, C, context, _) = torch.nn, torch.nn.functional, sizes

    class Attention(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.c_attn, self.c_proj = nn.Linear(C, 3 * C), nn.Linear(C, C)

        def forward(self, x: Any, cache: Any) -> Any:
            B, T, _ = x.shape
            q, k, v = (y.view(B, T, heads, C // heads).transpose(1, 2) for y in self.c_attn(x).split(C, 2))
            past = cache.get(self) if cache is not None else None
            if past is not None:
                k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
            if cache is not None:
                cache[self] = k, v
            y = F.scaled_dot_product_attention(q, k, v, is_causal=past is None)
            return self.c_proj(y.transpose(1, 2).reshape(B, T, C))

    class MLP(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.c_fc, self.c_proj = nn.Linear(C, 4 * C), nn.Linear(4 * C, C)

        def forward(self, x: Any) -> Any:
            return self.c_proj(F.gelu(self.c_fc(x)))

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.ln_1, self.attn, self.ln_2, self.mlp = nn.LayerNorm(C), Attention(), nn.LayerNorm(C), MLP()

        def forward(self, x: Any, cache: Any) -> Any:
            x = x + self.attn(self.ln_1(x), cache)
            return x + self.mlp(self.ln_2(x))

    class GPT(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            parts = {"wte": nn.Embedding(VOCABULARY, C), "wpe": nn.Embedding(context, C), "ln_f": nn.LayerNorm(C)}
            self.transformer = nn.ModuleDict({**parts, "h": nn.ModuleList(Block() for _ in range(layers))})
            self.lm_head = nn.Linear(C, VOCABULARY, bias=False)
            self.lm_head.weight = self.transformer.wte.weight

        def forward(self, idx: Any, targets: Any = None, cache: Any = None, past: int = 0) -> Any:
            x = self.transformer.wte(idx) + self.transformer.wpe(torch.arange(past, past + idx.shape[1]))
            for block in self.transformer.h:
                x = block(x, cache)
            logits = self.lm_head(self.transformer.ln_f(x))
            if targets is None:
                return logits, None
            return logits, F.cross_entropy(logits.view(-1, VOCABULARY), targets.view(-1), ignore_index=-1)

    torch.set_num_threads(THREADS)
    model = GPT().to(getattr(torch, dtype))
    if same:
        ours = saitama_gpt(sizes, dtype).state_dict()
        model.load_state_dict({name: torch.tensor(value.tolist()) for name, value in ours.items()})
    return model


def step_of(model: Any, optimizer: Any, clip: Any, batch: Tuple[Any, Any]) -> Step:
    def step() -> float:
        optimizer.zero_grad()
        _, loss = model(*batch)
        loss.backward()
        clip(model.parameters(), 1.0)
        optimizer.step()
        return float(loss.item())

    return step


def tokens(sizes: Sizes) -> Tuple[List[List[int]], List[List[int]]]:
    """Inputs and targets, the same for everybody."""
    rows = [[(7 * t * t + 3 * b + t) % VOCABULARY for t in range(sizes.context + 1)] for b in range(sizes.batch)]
    return [row[:-1] for row in rows], [row[1:] for row in rows]


def saitama_step(sizes: Sizes, dtype: str) -> Step:
    from saitama import Tensor, optim
    from saitama.training import clip_grad_norm_

    model = saitama_gpt(sizes, dtype)
    batch = tuple(Tensor(rows, dtype="int64") for rows in tokens(sizes))
    return step_of(model, optim.AdamW(model.parameters()), clip_grad_norm_, batch)  # type: ignore[arg-type]


def torch_step(torch: Any, sizes: Sizes, dtype: str, same: bool = True, **options: Any) -> Step:
    model = torch_gpt(torch, sizes, dtype, same)
    batch = tuple(torch.tensor(rows) for rows in tokens(sizes))
    optimizer = torch.optim.AdamW(model.parameters(), **options)
    return step_of(model, optimizer, torch.nn.utils.clip_grad_norm_, batch)  # type: ignore[arg-type]


def writers(sizes: Sizes, dtype: str) -> Dict[str, Callable[[], Any]]:
    """Functions that write, from the first token on."""
    from saitama import Tensor
    from saitama.transformer import generate

    model, start = saitama_gpt(sizes, dtype), Tensor([[0]], dtype="int64")
    found: Dict[str, Callable[[], Any]] = {"saitama": lambda: generate(model, start, CHARACTERS, seed=1)}
    torch = peer("torch")
    if torch is None:
        return found
    twin = torch_gpt(torch, sizes, dtype).eval()

    def write() -> Any:
        with torch.inference_mode():
            cache: Dict[Any, Any] = {}
            rows = token = torch.zeros(1, 1, dtype=torch.int64)
            for past in range(CHARACTERS):
                logits, _ = twin(token, cache=cache, past=past)
                token = torch.multinomial(torch.softmax(logits[:, -1], -1), 1)
                rows = torch.cat([rows, token], 1)
            return rows

    return {**found, "torch": write}


def results() -> Iterator[Result]:
    torch = peer("torch")
    for sizes in (BABY, TINY):
        for dtype in ("float32", "float64"):
            steps = {"saitama": saitama_step(sizes, dtype)}
            if torch is not None:
                steps["torch"] = torch_step(torch, sizes, dtype)
                steps["torch, fused AdamW"] = torch_step(torch, sizes, dtype, fused=True)
            losses = [step() for step in steps.values()]
            if max(losses) - min(losses) > 1e-5:
                raise AssertionError(f"the models differ: losses {losses}")
            matrices = sum(p.numel() for p in saitama_gpt(sizes, dtype).parameters() if p.ndim == 2)
            times = alternate(steps, rounds=7, seconds_per_sample=0.2, settle=0.1)
            yield Result(f"training step, {sizes}, {dtype}, 2 threads", times, sizes.gflop(matrices), reach=0.5)
    sizes = BABY._replace(context=512, batch=1)
    times = alternate(writers(sizes, "float32"), rounds=5, seconds_per_sample=0.2, settle=0.1)
    yield Result(f"{CHARACTERS} characters with cache, {sizes}, float32, 2 threads", times, reach=0.5)
