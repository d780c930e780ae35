"""The sheets of an optimiser's step, one for each parameter: where it starts from, and every line of the rule."""

from __future__ import annotations

from typing import Any, Dict

from .book import Book, Section
from .differences import within
from .formulas import Rule, View, Working
from .formulas.expression import Expression, block, constant, either
from .graph import numbers
from .layout import column
from .page import Page, number_format
from .step import Step, Update


def write_updates(book: Book) -> None:
    step = book.graph.step
    if step is None:
        return
    for update in step.updates:
        if update.parameter in book.arriving:
            write_update(book, step, update)
        else:
            book.left_out.append(f"{update.name}: summarised, as {update.parameter.name} is")
    book.left_out += [f"{name}: no update, because no gradient flows from here to it" for name in step.unmoved]


def write_update(book: Book, step: Step, update: Update) -> None:
    name, rule = update.parameter.name, step.rule
    page = book.page(book.titles[update], max(update.shape[-1] if update.shape else 1, len(update.group.cells) // 2))
    page.line(f"{update.name}: one step of {step.optimizer}", "title")
    page.links("", [("Start", "Start"), ("Inputs", "Inputs"), ("Check", "Check")])
    page.line(rule.words[:1].upper() + rule.words[1:], "text")
    page.line(rule.paper, "note")
    page.row += 1
    page.heading(f"At step t: p is {name}, g its gradient; from the yellow cells of Inputs", page.slot(3) - 2)
    options = write_options(book, page, update)
    p = book.given(page, f"p = {name}", book.forward[update.parameter])
    g = write_gradient(book, page, update)
    state = {}
    for symbol, leaf in update.state.items():
        label = ", ".join(filter(None, [symbol, rule.state[symbol]]))
        state[symbol] = operand(rule, symbol, book.given(page, label, book.forward[leaf]))
    page.heading("The step, line by line", page.slot(3) - 2)
    rule.step(_Writing(book, page, rule, update, block(p), block(g), options, state))
    book.finish_page(page, 3)


def write_gradient(book: Book, page: Page, update: Update) -> View:
    """The gradient that the step starts from: the live one, but for rounding noise the framework's, if they agree."""
    arriving, noise = book.arriving[update.parameter], book.noise.get(update.parameter)
    framework = arriving.framework
    label = f"g = d{book.graph.root.name}/d{update.parameter.name}"
    if noise is None or framework is None:
        return book.given(page, label, arriving)
    remark = f"{sum(noise)} of {len(noise)} gradients are rounding noise"
    page.line(
        f"{remark} (blue): the last digit of any parameter moves them. Where live and framework agree within", "note"
    )
    page.line(
        "the tolerance of Check, the step starts from the framework's, for a step from other noise is another.", "note"
    )
    view = book.given(page, label, arriving)
    live, other = book.view(arriving, page), View(framework, page.title)
    shown = number_format(arriving.values, arriving.dtype)
    for (index, row, col), is_noise in zip(view.block.cells(), noise):
        if is_noise:
            a, b = live[index], other[index]
            page.put(row, col, f"=IF(ABS({a}-{b})<={within(arriving, b)},{b},{a})", "framework", shown)
    book.starts[update] = Section("given", label, page, arriving.shape, arriving.dtype, arriving.values, view.block)
    book.remarks[update] = f"{remark}: see the sheet"
    return view


def write_options(book: Book, page: Page, update: Update) -> Dict[str, Expression]:
    """One line of hyper-parameters, as they stand on Inputs."""
    options = {}
    for col, (name, leaf) in enumerate(update.group.cells.items(), 2):
        page.text(page.row, col, name, "caption")
        view = book.view(book.forward[leaf], page)
        page.put(page.row + 1, col, f"={view[()]}", "helper", "General")
        options[name] = constant(f"${column(col)}${page.row + 1}")
    page.row += 3
    return options


def operand(rule: Rule, symbol: str, view: View) -> Expression:
    return constant(view[()]) if symbol in rule.counts else block(view)


class _Writing(Working):
    """A rule on Expressions: writes each line as a block of live formulas."""

    def __init__(self, book: Book, page: Page, rule: Rule, update: Update, *given: Any) -> None:
        super().__init__(*given)
        self.book, self.page, self.rule, self.update = book, page, rule, update

    def keep(self, maths: str, value: Expression) -> Expression:
        line = self.update.lines[maths.split()[0]]
        if line.symbol == "p":
            self.page.heading(f"At step t+1: p is the new {self.update.parameter.name}", self.page.slot(3) - 2)
        array = self.book.run.values[line]
        result = View(self.page.block(line.shape, 0), self.page.title, numbers(array))
        self.page.line(maths, "maths")
        section = self.book.section(self.page, "update", self.update, line, line.name, array, value.cell(result))
        self.book.forward[line] = section
        return operand(self.rule, line.symbol, self.book.view(section, self.page))

    def either(self, flag: Expression, then: Expression, otherwise: Expression) -> Expression:
        return either(flag, then, otherwise)
