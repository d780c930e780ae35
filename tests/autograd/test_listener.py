"""Who listens to backward() hears of each leaf when its gradient is complete, and not before."""

from __future__ import annotations

from saitama import Tensor, randn
from saitama.autograd import checkpoint
from saitama.autograd.listener import Listener, listeners


class Record(Listener):
    """Writes down when what was complete, and its gradient then."""

    def __init__(self, wanted=True):
        self.heard, self.wanted = [], wanted

    def wants(self, leaves):
        self.leaves = list(leaves)
        return self.wanted

    def ready(self, leaf):
        self.heard.append((leaf.name, leaf.grad.tolist()))

    def done(self):
        self.heard.append("done")


def listening(run, **options):
    record = Record(**options)
    record.listen()
    try:
        run()
    finally:
        record.leave()
    return record


def leaves():
    return [Tensor(randn(2, 2), requires_grad=True, name=name) for name in ("first", "second", "third")]


def test_last_layers_come_first_and_a_shared_one_when_its_last_use_has_been():
    a, b, c = leaves()
    x = randn(3, 2)
    heard = listening(lambda: (((x @ a).tanh() @ b) @ a @ c).sum().backward()).heard
    assert [name for name, _ in heard[:-1]] == ["third", "second", "first"]
    assert dict(heard[:-1]) == {p.name: p.grad.tolist() for p in (a, b, c)}
    assert heard[-1] == "done"


def test_inside_checkpoints_too():
    a, b, c = leaves()
    x = randn(3, 2)

    def run():
        checkpoint(lambda h: (h @ a).tanh() @ b @ c, (x @ a) + checkpoint(lambda: x @ c)).sum().backward()

    heard = listening(run).heard
    assert sorted(name for name, _ in heard[:-1]) == ["first", "second", "third"]
    assert dict(heard[:-1]) == {p.name: p.grad.tolist() for p in (a, b, c)}


def test_gradients_that_were_there_before_are_part_of_it():
    a, b, c = leaves()
    (a * 2).sum().backward()
    heard = listening(lambda: (a * 3).sum().backward()).heard
    assert heard == [("first", [[5.0, 5.0], [5.0, 5.0]]), "done"]


def test_who_does_not_want_to_hear_is_not_told_and_who_left_neither():
    a, *_ = leaves()
    record = listening(lambda: (a * 2).sum().backward(), wanted=False)
    assert record.leaves == [a] and record.heard == []
    (a * 2).sum().backward()
    assert record.heard == [] and listeners == []
    record.leave()  # once more does no harm
