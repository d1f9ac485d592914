"""The good input of the corpus in tests/bad_inputs as sheets of a workbook, and sheets written to a file."""

import datetime

import xlsxwriter
from bad_inputs.cases import GOOD


def good_sheets() -> dict[str, dict[tuple[int, int], object]]:
    """The good folder as sheets of a workbook, its judgements as square matrices."""
    sheets = {name: {(row, column): number_or_text(cell, name) for row, line in enumerate(text.splitlines())
                     for column, cell in enumerate(line.split(","))}
              for name, text in GOOD.items() if name != "judgements"}
    for line in GOOD["judgements"].splitlines()[1:]:
        expert, node, one, other, value = line.split(",")
        children = {"goal": ["A", "B"], "A1": ["A1-1", "A1-2", "A1-3"], "B": ["B1", "B2"]}[node]
        sheet = sheets.setdefault(f"ahp_{expert}_{node}", {(0, 0): "code"})
        for place, child in enumerate(children, start=1):
            sheet |= {(0, place): child, (place, 0): child, (place, place): 1}
        sheet[children.index(one) + 1, children.index(other) + 1] = value
    return sheets


def number_or_text(cell: str, table: str) -> object:
    try:
        return float(cell) if table == "values" else cell
    except ValueError:
        return cell


def write_workbook(path, sheets: dict[str, dict[tuple[int, int], object]]) -> None:
    with xlsxwriter.Workbook(path) as book:
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, cells in sheets.items():
            sheet = book.add_worksheet(name)
            for (row, column), content in cells.items():
                if isinstance(content, bool):
                    sheet.write_boolean(row, column, content)
                elif isinstance(content, datetime.date):
                    sheet.write_datetime(row, column, content, date)
                elif isinstance(content, str):
                    sheet.write_string(row, column, content)
                else:
                    sheet.write_number(row, column, content)
