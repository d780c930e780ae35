"""Level 6, a solution on saitama's Tensor."""

from saitama import Tensor, no_grad


def mse(y, t):
    if tuple(y.shape) != tuple(t.shape):
        raise ValueError(f"mse: the shapes {tuple(y.shape)} and {tuple(t.shape)} differ")
    return (y - t).pow(2).mean()


def cross_entropy(logits, classes):
    n, count = logits.shape
    if any(not 0 <= c < count for c in classes):
        raise ValueError(f"cross_entropy: classes {classes} are not all from 0 to {count - 1}")
    onehot = Tensor([[float(k == c) for k in range(count)] for c in classes])
    largest = Tensor([[max(row)] for row in logits.tolist()])
    x = logits - largest
    log_total = x.exp().sum(1).log()
    return (log_total - (x * onehot).sum(1)).mean()


def zero_grad(parameters):
    for one in parameters:
        one.grad = None


def train(model, batches, loss, lr, epochs):
    parameters = list(model.parameters())
    means = []
    for _ in range(epochs):
        total = 0.0
        for x, t in batches:
            zero_grad(parameters)
            error = loss(model(x), t)
            error.backward()
            with no_grad():
                for one in parameters:
                    one -= lr * one.grad
            total += error.item()
        means.append(total / len(batches))
    return means
