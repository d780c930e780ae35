"""Level 12, a solution on saitama's parts."""

import math

from saitama import Tensor, attention, nn


class LayerNorm(nn.Module):
    def __init__(self, C, eps=1e-5):
        self.eps = eps
        self.weight = nn.Parameter(Tensor([1.0] * C))
        self.bias = nn.Parameter(Tensor([0.0] * C))

    def forward(self, x):
        apart = x - x.mean(-1, keepdim=True)
        var = (apart * apart).mean(-1, keepdim=True)
        return self.weight * (apart / (var + self.eps).sqrt()) + self.bias


def positions(T, C):
    table = []
    for t in range(T):
        row = []
        for k in range(C // 2):
            omega = 10_000 ** (-2 * k / C)
            row += [math.sin(t * omega), math.cos(t * omega)]
        table.append(row)
    return table


def residual(x, norm, part, norm_first=True):
    if norm_first:
        return x + part(norm(x))
    return norm(x + part(x))


class Block(nn.Module):
    def __init__(self, C, h):
        self.norm1, self.norm2 = LayerNorm(C), LayerNorm(C)
        self.attention = attention.MultiHeadAttention(C, h, batch_first=True)
        self.ffn = nn.Sequential(nn.Linear(C, 4 * C), nn.GELU(), nn.Linear(4 * C, C))

    def forward(self, x):
        x = residual(x, self.norm1, self.attend)
        return residual(x, self.norm2, self.ffn)

    def attend(self, x):
        return self.attention(x.reshape(1, *x.shape), is_causal=True).reshape(*x.shape)
