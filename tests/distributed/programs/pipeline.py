"""Run by several ranks: a model in stages beside the same model whole, on every rank."""

from __future__ import annotations

import sys

from saitama import Tensor, manual_seed, nn, optim, randn
from saitama.distributed import Pipeline, world
from saitama.distributed.stages import NextToken, gpt_parts
from saitama.nn import functional as F
from saitama.regularization import Dropout
from saitama.tensor import get_rng_state
from saitama.training import clip_grad_norm_
from saitama.transformer import GPT

here = world()


def close(a, b, rel=1e-12):
    for p, q in zip(a, b):
        scale = max(1e-6, q.abs().max().item())
        worst = (p.detach() - q.detach()).abs().max().item() / scale
        assert worst <= rel, worst


def layers(dtype="float64"):
    manual_seed(1)
    made = [nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 8), nn.Linear(8, 4)]
    return [module.to(dtype) for module in made]


def batch(rows):
    manual_seed(2)
    return randn(rows, 3), Tensor([(5 * i) % 4 - 100 * (i % 5 == 3) for i in range(rows)], dtype="int64")


def gradients_are_those_of_a_single_process():
    """Every schedule; more, as many and fewer micro-batches than stages; parts of different sizes; ignored targets."""
    loss = nn.CrossEntropyLoss(ignore_index=-97)
    x, y = batch(11)
    y = Tensor([-97 if t < 0 else t for t in y.tolist()], dtype="int64")
    whole = nn.Sequential(*layers())
    wanted = loss(whole(x), y)
    wanted.backward()
    gradients = {name: p.grad for name, p in whole.named_parameters()}
    for schedule in ("naive", "gpipe", "1f1b"):
        for micro_batches in (1, 2, here.size, 5, 11, 40):
            modules = layers()
            pipeline = Pipeline(modules, loss, micro_batches=micro_batches, schedule=schedule)
            found = pipeline.step(x, y)
            assert abs(found - wanted.item()) < 1e-13
            mine = [
                (name, p) for name, p in nn.Sequential(*modules).named_parameters() if here.rank in pipeline.owners[p]
            ]
            assert mine
            close([p.grad for _, p in mine], [gradients[name] for name, _ in mine])
            others = [p for p in pipeline.owners if here.rank not in pipeline.owners[p]]
            assert all(p.grad is None for p in others)


def training_and_forward_passes():
    x, y = batch(12)
    y = Tensor([abs(t) % 4 for t in y.tolist()], dtype="int64")
    whole = nn.Sequential(*layers())
    optimizer = optim.AdamW(whole.parameters(), lr=0.01)
    modules = layers()
    pipeline = Pipeline(modules, F.cross_entropy, micro_batches=3, schedule="1f1b")
    stepped = optim.AdamW([p for m in modules for p in m.parameters()], lr=0.01)
    for _ in range(5):
        loss = F.cross_entropy(whole(x), y)
        optimizer.zero_grad()
        loss.backward()
        norm = clip_grad_norm_(whole.parameters(), 0.3).item()
        optimizer.step()
        stepped.zero_grad()
        assert abs(pipeline.step(x, y) - loss.item()) < 1e-12
        assert abs(pipeline.clip_grad_norm_(0.3) - norm) < 1e-12
        stepped.step()
    output = pipeline(x)
    if here.rank == here.size - 1:
        close([output], [whole(x)])
    else:
        assert output is None
    pipeline.collect(stepped)
    close([p for m in modules for p in m.parameters()], whole.parameters())
    for p, q in zip(pipeline.owners, whole.parameters()):
        assert stepped.state[p]["step"] == 5
        close([stepped.state[p]["exp_avg_sq"]], [optimizer.state[q]["exp_avg_sq"]])


def a_gpt_with_tied_weights():
    manual_seed(3)
    whole = GPT(7, 6, 3, 2, 8, dtype="float64")
    idx = Tensor([[(3 * i + j) % 7 for i in range(6)] for j in range(5)], dtype="int64")
    targets = Tensor([[-1 if i == j else (i + j) % 7 for i in range(6)] for j in range(5)], dtype="int64")
    _, loss = whole(idx, targets)
    loss.backward()
    for schedule in ("gpipe", "1f1b"):
        manual_seed(3)
        model = GPT(7, 6, 3, 2, 8, dtype="float64", checkpoint_blocks=schedule == "gpipe")
        pipeline = Pipeline(gpt_parts(model), NextToken(), micro_batches=3, schedule=schedule)
        assert abs(pipeline.step(idx, targets) - loss.item()) < 1e-13
        wte = model.transformer.wte.weight
        assert pipeline.owners[wte] == [0, here.size - 1]
        pairs = [(p, q) for p, q in zip(model.parameters(), whole.parameters()) if here.rank in pipeline.owners[p]]
        close([p.grad for p, _ in pairs], [q.grad for _, q in pairs])


def refusals():
    def refused(error, words, call):
        try:
            call()
        except error as found:
            assert words in str(found), str(found)
        else:
            raise AssertionError(f"expected: {words}")

    loss = nn.MSELoss()
    refused(ValueError, "unknown schedule 'gpip'; choose one of naive, gpipe, 1f1b",
            lambda: Pipeline(layers(), loss, schedule="gpip"))  # fmt: skip
    for wrong in (0, -2, 1.5):
        refused(ValueError, "micro_batches must be a whole number from 1 on",
                lambda w=wrong: Pipeline(layers(), loss, micro_batches=w))  # fmt: skip
    refused(ValueError, f"1 modules cannot be {here.size} stages", lambda: Pipeline(layers()[:1], loss))
    refused(
        ValueError, "every rank needs one at least", lambda: Pipeline(layers(), loss, sizes=[6] + [0] * (here.size - 1))
    )
    refused(TypeError, "expected a list of Modules", lambda: Pipeline([lambda x: x] * 4, loss))
    pipeline = Pipeline(layers(), loss)
    refused(ValueError, "the same number of rows", lambda: pipeline.step(randn(3, 3), randn(2, 4)))
    refused(ValueError, "the same number of rows", lambda: pipeline.step(randn(0, 3), randn(0, 4)))
    pipeline.step(randn(3, 3), randn(3, 4))
    refused(RuntimeError, "gradients of an earlier step", lambda: pipeline.step(randn(3, 3), randn(3, 4)))


def stages_leave_out_units_of_their_own():
    """And the next step others; the random numbers that choose the batches stay the same on all ranks."""
    manual_seed(7)
    modules = [Dropout(0.5) for _ in range(here.size)]
    pipeline = Pipeline([nn.Sequential(nn.Linear(40, 40), module) for module in modules], nn.MSELoss(), micro_batches=2)
    masks = []
    for _ in range(2):
        pipeline.step(randn(2, 40), randn(2, 40))
        masks += [here.gather(pipeline.all[here.rank][0][1].mask.tolist())]
        for p in pipeline.parameters():
            p.grad = None
    flat = [str(mask) for row in masks for mask in row]
    assert len(set(flat)) == len(flat)
    here.check_same("random numbers", get_rng_state())


if __name__ == "__main__":
    for check in (gradients_are_those_of_a_single_process, training_and_forward_passes, a_gpt_with_tied_weights,
                  refusals, stages_leave_out_units_of_their_own):  # fmt: skip
        check()
        if here.first:
            print(f"passed: {check.__name__}", flush=True)
    sys.exit(0)
