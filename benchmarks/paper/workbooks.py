"""A sheet as the workbook that a learner saves."""

from __future__ import annotations

from math import inf
from pathlib import Path

import openpyxl

from saitama.spreadsheets import worksheet
from saitama.spreadsheets.graph.run import run
from saitama.spreadsheets.graph.take_step import take_step
from saitama.spreadsheets.judge.exercise import Exercise
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook

from .sheet import Sheet


def write(sheet: Sheet, path: Path) -> Path:
    """The exercise as a page, with the sheet's numbers in its blanks."""
    net = sheet.network
    worksheet(net.root, path, names=net.names, optimizer=net.optimizer, layout="page")
    book = open_workbook(path)
    carried = read_graph(book)
    mine, theirs = sheet.work.subject, carried.graph
    current = run(theirs, {leaf: mine.run.values[same] for leaf, same in zip(theirs.inputs, mine.graph.inputs)})
    take_step(theirs, current)
    exercise = Exercise(book, carried, current)
    pages = openpyxl.load_workbook(path)
    for step, there_too in zip(sheet.work.steps, exercise.work.steps):
        for position, there in zip(step.positions, there_too.positions):
            if there in exercise.at and position in sheet.typed:
                title, row, column = exercise.at[there]
                number = sheet.typed[position].number
                pages[title].cell(row, column).value = str(number) if number in (inf, -inf) else number
    pages.save(path)
    return path
