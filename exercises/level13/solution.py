"""Level 13, a solution on saitama's parts."""

import math
import random

from saitama import Tensor, arange, nn, no_grad, optim, transformer
from saitama.nn import functional as F


class GPT(nn.Module):
    def __init__(self, vocab_size, block_size, n_layer, n_head, n_embd):
        self.block_size = block_size
        self.tokens = nn.Embedding(vocab_size, n_embd)
        self.positions = nn.Embedding(block_size, n_embd)
        self.blocks = nn.Sequential(
            *(transformer.TransformerBlock(n_embd, n_head, causal=True) for _ in range(n_layer))
        )
        self.norm = transformer.LayerNorm(n_embd)
        self.head = nn.Linear(n_embd, vocab_size)

    def forward(self, tokens):
        T = len(tokens)
        if T > self.block_size:
            raise ValueError(f"{T} tokens are more than the {self.block_size} of the context")
        x = self.tokens(Tensor(list(tokens), dtype="int64")) + self.positions(arange(T))
        x = x.reshape(1, T, -1)
        x = self.blocks(x)
        return self.head(self.norm(x)).reshape(T, -1)


def train(model, tokens, block, steps, lr):
    optimizer = optim.Adam(model.parameters(), lr=lr)
    draw = random.Random(0)
    losses = []
    for _ in range(steps):
        start = draw.randrange(len(tokens) - block)
        window = tokens[start : start + block + 1]
        loss = F.cross_entropy(model(window[:-1]), window[1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def generate(model, tokens, n, temperature=1.0, top_k=None, seed=None):
    draw = random.Random(seed)
    tokens = list(tokens)
    with no_grad():
        for _ in range(n):
            logits = model(tokens[-model.block_size :]).tolist()[-1]
            scaled = [x / temperature for x in logits]
            if top_k is not None:
                least = sorted(scaled)[-top_k]
                scaled = [x if x >= least else -math.inf for x in scaled]
            weights = [math.exp(x - max(scaled)) for x in scaled]
            tokens.append(draw.choices(range(len(weights)), weights)[0])
    return tokens
