"""The sheets of an optimiser's step, one for each parameter: where it starts from, and every line of the rule."""

from __future__ import annotations

from typing import Any, Dict

from ..formulas import Rule, View, Working
from ..formulas.expression import Expression, block, constant, either
from ..graph.items import numbers
from ..graph.keys import Gradient, Start, Value
from ..graph.step import OptimizerStep, Update
from ..layout import Index, column
from .differences import within
from .page import Page, number_format
from .section import Draft, Section, Spec
from .showing import Showing
from .subject import Subject


class Updates:
    def __init__(self, subject: Subject, draft: Draft, showing: Showing) -> None:
        self.subject, self.draft, self.showing = subject, draft, showing

    def all(self) -> None:
        step = self.subject.graph.step
        if step is None:
            return
        for update in step.updates:
            if Gradient(update.parameter) in self.draft.sections:
                self._update(step, update)
            else:
                self.draft.left_out.append(f"{update.name}: summarised, as {update.parameter.name} is")
        unmoved = [f"{name}: no update, because no gradient flows from here to it" for name in step.unmoved]
        self.draft.left_out.extend(unmoved)

    def _update(self, step: OptimizerStep, update: Update) -> None:
        name, rule, sections = update.parameter.name, step.rule, self.draft.sections
        widest = max(update.shape[-1] if update.shape else 1, len(update.group.cells) // 2)
        page = self.draft.page(self.subject.titles[update], self.showing.grid(widest))
        page.line(f"{update.name}: one step of {step.optimizer}", "title")
        page.links("", [("Start", "Start"), ("Inputs", "Inputs"), ("Check", "Check")])
        page.line(rule.words[:1].upper() + rule.words[1:], "text")
        page.line(rule.paper, "note")
        page.row += 1
        page.heading(f"At step t: p is {name}, g its gradient; from the yellow cells of Inputs", page.slot(3) - 2)
        options = self._options(page, update)
        p = self.showing.given(page, f"p = {name}", sections[Value(update.parameter)])
        g = self._gradient(page, update)
        state = {}
        for symbol, leaf in update.state.items():
            label = ", ".join(filter(None, [symbol, rule.state[symbol]]))
            state[symbol] = operand(rule, symbol, self.showing.given(page, label, sections[Value(leaf)]))
        page.heading("The step, line by line", page.slot(3) - 2)
        rule.step(_Writing(self, page, rule, update, block(p), block(g), options, state, update.group.off))
        self.showing.finish(page, 3)

    def _gradient(self, page: Page, update: Update) -> View:
        """The gradient that the step starts from: the live one, but for rounding noise the framework's, if they
        agree."""
        arriving = self.draft.sections[Gradient(update.parameter)]
        noise, framework = self.subject.noise(update.parameter), arriving.framework
        label = f"g = {self.subject.slope(update.parameter)}"
        if noise is None or framework is None:
            return self.showing.given(page, label, arriving)
        remark = f"{sum(noise)} of {len(noise)} gradients are rounding noise"
        page.line(
            f"{remark} (blue): the last digit of any parameter moves them. Where live and framework agree within",
            "note",
        )
        page.line(
            "the tolerance of Check, the step starts from the framework's, for a step from other noise is another.",
            "note",
        )
        page.text(page.row, page.slot(0), label, "caption")
        page.row += 1
        place = page.block(arriving.shape, 0)
        live, other = arriving.view(page.title), View(framework, page.title)
        shown = number_format(arriving.values, arriving.dtype)

        def is_noise(i: Index) -> bool:
            return noise[place.position(i)]

        def settled(i: Index) -> str:
            a, b = live[i], other[i]
            return f"IF(ABS({a}-{b})<={within(arriving.size, b)},{b},{a})"

        page.labels(place)
        page.formulas(place, lambda i: live[i], "helper", shown, only=lambda i: not is_noise(i))
        page.formulas(place, settled, "framework", shown, only=is_noise)
        page.past(place)
        view = View(place, page.title, arriving.values)
        section = Section(label, page.title, arriving.shape, arriving.dtype, arriving.values, view.block)
        self.draft.place(Start(update), section)
        self.draft.remarks[update] = f"{remark}: see the sheet"
        return view

    def _options(self, page: Page, update: Update) -> Dict[str, Expression]:
        """One line of hyper-parameters, as they stand on Inputs."""
        options = {}
        for col, (name, leaf) in enumerate(update.group.cells.items(), 2):
            page.text(page.row, col, name, "caption")
            page.put(page.row + 1, col, f"={self.draft.view(Value(leaf), page)[()]}", "helper", "General")
            options[name] = constant(f"${column(col)}${page.row + 1}")
        page.row += 3
        return options


def operand(rule: Rule, symbol: str, view: View) -> Expression:
    return constant(view[()]) if symbol in rule.counts else block(view)


class _Writing(Working):
    """A rule on Expressions: shows each line as a block of live formulas."""

    def __init__(self, updates: Updates, page: Page, rule: Rule, update: Update, *given: Any) -> None:
        super().__init__(*given)
        self.updates, self.page, self.rule, self.update = updates, page, rule, update

    def keep(self, maths: str, value: Expression) -> Expression:
        line, page, draft = self.update.lines[maths.split()[0]], self.page, self.updates.draft
        if line.symbol == "p":
            page.heading(f"At step t+1: p is the new {self.update.parameter.name}", page.slot(3) - 2)
        array = self.updates.subject.run.values[line]
        values = numbers(array)
        result = View(page.block(line.shape, 0), page.title, values)
        page.line(maths, "maths")
        spec = Spec(Value(line), line.name, array, values, value.cell(result))
        section = draft.place(spec.key, self.updates.showing.section(page, spec))
        return operand(self.rule, line.symbol, section.view(page.title))

    def either(self, flag: Expression, then: Expression, otherwise: Expression) -> Expression:
        return either(flag, then, otherwise)
