"""Run as a script in a process of its own: `python ironcalc_child.py IN.xlsx OUT.json`.

IronCalc is compiled code without a time limit, and some files make it overflow the stack or work for minutes. Here that
ends one process which the parent can do without. It imports nothing of ours.
"""

from __future__ import annotations

import json
import sys


def main(source: str, target: str) -> None:
    import ironcalc

    model = ironcalc.load_from_xlsx(source)
    model.evaluate()
    titles = [properties["name"] for properties in model.get_worksheets_properties()]
    cells = []
    for sheet, row, column in model.get_all_cells():
        is_error = model.get_cell_type(sheet, row, column) == ironcalc.CellType.ErrorValue
        cells.append((sheet, row, column, model.get_cell_value(sheet, row, column), is_error))
    with open(target, "w", encoding="utf-8") as file:
        json.dump({"version": ironcalc.__version__, "titles": titles, "cells": cells}, file)


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2])
    except Exception as error:
        sys.exit(str(error) or type(error).__name__)
