"""A whole workbook, planned: every sheet in the order in which it is shown."""

from __future__ import annotations

from typing import Callable, Optional

from saitama import __version__

from .carry import plan_carried
from .descent import Descent
from .inputs import Inputs, plan_exported
from .one_page import OnePage
from .operations import Operations
from .page_options import PageOptions
from .section import Draft
from .sheet import Plan
from .showing import Showing
from .slope import Nudge, Slope
from .start import StartSheet
from .subject import Subject
from .updates import Updates


def plan_page(subject: Subject, options: PageOptions) -> Plan:
    """A page to work on, and what it carries with it."""
    draft = Draft()
    OnePage(subject, draft, options).plan()
    plan_exported(subject, draft)
    exercise = {"layout": "page", "marks": options.marks, "digest": options.digest, "numbers": options.numbers}
    exercise["page"] = options.sheet
    plan_carried(subject, draft, "worksheet", __version__, exercise)
    return draft.finished(len(subject.graph.nodes))


def plan_workbook(
    subject: Subject,
    show: Callable[[Subject, Draft], Showing],
    what: str,
    nudge: Optional[Nudge] = None,
    steps: int = 0,
) -> Plan:
    """`show` makes the way in which arrays are shown; `what` is one line about the workbook, for Start; `nudge` says
    which number's slope is shown by moving it, `steps` how many steps of the optimizer are written out."""
    draft = Draft()
    showing = show(subject, draft)
    start = draft.page("Start")
    inputs = Inputs(subject, draft, showing)
    inputs.values()
    operations = Operations(subject, draft, showing)
    for node in subject.graph.nodes:
        operations.forward(node)
    for node in reversed(subject.graph.nodes):
        operations.backward(node)
    inputs.gradients(operations)
    Updates(subject, draft, showing).all()
    rows = showing.check()
    if nudge is not None:
        Slope(subject, draft, nudge).plan()
    if steps:
        Descent(subject, draft, steps).plan()
    StartSheet(start, operations, rows).plan(what)
    plan_exported(subject, draft)
    plan_carried(subject, draft, showing.kind, __version__)
    return draft.finished(len(subject.graph.nodes))
