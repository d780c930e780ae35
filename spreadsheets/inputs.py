"""The Inputs sheet: every tensor that the graph starts from, in cells that are meant to be changed.

The hidden sheet Exported holds the same numbers in the same cells as they were at the export, so the workbook knows
whether its framework's values still belong to its inputs.
"""

from __future__ import annotations

from typing import Any, List, Tuple

from openpyxl.formatting.rule import FormulaRule
from openpyxl.worksheet.datavalidation import DataValidation

from .book import Book, Section
from .graph import Leaf, numbers
from .layout import Block
from .page import Page, number_format, target
from .step import Step
from .style import fill

ORANGE = "FFD9A0"  # an input that was changed since the export


def write_inputs(book: Book) -> Page:
    """The yellow cells of every leaf; room is kept beside them for the gradients, which come last."""
    step = book.graph.step
    widths = [leaf.shape[-1] for leaf in book.graph.inputs if leaf.shape and book.fits(leaf)]
    options = [len(group.cells) // 2 for group in step.groups] if step else []  # two slots side by side hold them
    page = book.page("Inputs", max([1, *widths, *options]))
    page.line("Inputs", "title")
    page.line(
        "Yellow cells are yours: change one, and every formula that depends on it follows. Orange: changed.", "note"
    )
    page.links("", [("Start", "Start"), ("Check", "Check")])
    page.row += 1
    prompt = DataValidation(
        type="decimal", operator="between", formula1="-1E+308", formula2="1E+308", errorStyle="warning"
    )
    prompt.errorTitle, prompt.error = (
        "Not a number",
        "This cell wants a number; the formulas that use it will show an error.",
    )
    prompt.promptTitle, prompt.prompt = "Input", "Type a number: the forward and the backward pass follow."
    if step:
        write_options(book, page, step, prompt)
    for leaf in book.graph.leaves:
        kind = "requires grad" if leaf.requires_grad else "no gradient asked for"
        write_input(
            book, page, leaf, kind, [(reader.name, book.titles[reader]) for reader in book.readers(leaf)], prompt
        )
    for update in step.updates if step else ():
        for leaf in update.state.values():
            kind = f"state of {step.optimizer} at step t" if step else ""
            write_input(book, page, leaf, kind, [(update.name, book.titles[update])], prompt)
    if prompt.sqref:
        page.sheet.add_data_validation(prompt)
    return page


def write_options(book: Book, page: Page, step: Step, prompt: DataValidation) -> None:
    """The hyper-parameters of each group, in one line."""
    for n, group in enumerate(step.groups):
        title = f"{step.optimizer}, group {n}" if len(step.groups) > 1 else step.optimizer
        page.heading(f"{title}    hyper-parameters", page.slot(book.input_slots) - 2)
        updates = [update for update in step.updates if update.group is group]
        page.links("goes into", [(update.name, book.titles[update]) for update in updates])
        for col, (name, leaf) in enumerate(group.cells.items(), 2):
            page.text(page.row, col, name, "caption")
            values = numbers(book.run.values[leaf])
            block = Block(page.title, page.row + 1, col, ())
            page.numbers(block, values, "input", "General")
            place_input(book, page, leaf, values, block, prompt)
        page.row += 2
        if group.off:
            off = ", ".join(f"{name} = {value}" for name, value in group.off.items())
            page.text(page.row, 2, f"off, so not in the rule: {off}", "note")
            page.row += 1
        page.row += 1


def write_input(
    book: Book, page: Page, leaf: Leaf, kind: str, readers: List[Tuple[str, str]], prompt: DataValidation
) -> None:
    page.heading(f"{leaf.name}    {shape_text(leaf)} {leaf.dtype}, {kind}", page.slot(book.input_slots) - 2)
    page.links("goes into", readers)
    array = book.run.values[leaf]
    if book.fits(leaf):
        write_leaf(book, page, leaf, array, prompt)
    else:
        book.summary(page, leaf.name, array)


def shape_text(item: Any) -> str:
    return "one number," if item.shape == () else f"shape {tuple(item.shape)},"


def write_leaf(book: Book, page: Page, leaf: Leaf, array: Any, prompt: DataValidation) -> None:
    values = numbers(array)
    page.text(page.row, page.slot(0), "value", "caption")
    has_gradient = leaf.requires_grad and leaf in book.run.gradients
    names = book.gradient_captions(leaf) if has_gradient else []
    for slot, name in enumerate(names, 1):
        page.text(page.row, page.slot(slot), name, "caption")
    if leaf.requires_grad and not has_gradient:
        page.text(page.row, page.slot(1), "no gradient arrives here", "note")
    page.row += 1
    block = page.block(leaf.shape, 0)
    page.labels(block)
    page.numbers(block, values, "input", number_format(values, leaf.dtype))
    for slot in range(1, len(names) + 1):
        page.labels(page.block(leaf.shape, slot))
    place_input(book, page, leaf, values, block, prompt)
    page.past(block)


def place_input(book: Book, page: Page, leaf: Leaf, values: List[Any], block: Block, prompt: DataValidation) -> None:
    """Remember where an input lies, prompt for its numbers, and turn those that were changed orange."""
    book.forward[leaf] = Section("input", leaf.name, page, leaf.shape, leaf.dtype, values, block)
    if block.size:
        prompt.add(block.rectangle())
        first = block.address((0,) * len(leaf.shape))
        changed = f"{first}<>{target('Exported', first)}"
        page.sheet.conditional_formatting.add(block.rectangle(), FormulaRule([changed], fill=fill(ORANGE)))


def write_leaf_gradients(book: Book, page: Page) -> None:
    """Beside each leaf the sum of what came back to it."""
    for leaf in book.graph.leaves:
        place = book.forward.get(leaf)
        gradient = book.run.gradients.get(leaf)
        if place is None or gradient is None or not leaf.requires_grad:
            continue
        book.leaf_gradient(page, leaf, place.live.row, gradient)


def write_exported(book: Book) -> None:
    """The hidden copy of the inputs, in the same cells, and in the first column how many of each have changed."""
    page = book.page("Exported")
    page.sheet.sheet_state = "hidden"
    page.line("The numbers of Inputs as they were at the export, in the same cells.", "note")
    for leaf in book.graph.inputs:
        section = book.forward.get(leaf)
        if section is not None:
            page.numbers(section.live, section.values, "key", "General")
    for row, count in enumerate(_changed_counts(book), 2):
        page.put(row, 1, f"={count}", "key", "0")


def changed_inputs(book: Book) -> str:
    """The formula that counts all changed cells. One sum over each input would be too long for many of them."""
    count = len(_changed_counts(book))
    return f"SUM({target('Exported', f'$A$2:$A${count + 1}')})" if count else "0"


def _changed_counts(book: Book) -> List[str]:
    """For each input that has cells the formula that counts its changed ones."""
    places = [book.forward[leaf].live.rectangle() for leaf in book.graph.inputs if _has_cells(book, leaf)]
    return [f"SUMPRODUCT(--({target('Inputs', area)}<>{target('Exported', area)}))" for area in places]


def _has_cells(book: Book, leaf: Leaf) -> bool:
    return leaf in book.forward and book.forward[leaf].live.size > 0


__all__ = ["changed_inputs", "shape_text", "write_exported", "write_inputs", "write_leaf_gradients"]
