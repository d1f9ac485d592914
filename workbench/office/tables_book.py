"""tables.xlsx and tables.docx: every table that the notebooks of a run show, ready to paste.

The workbook has a sheet a table with its three lines, numbers as numbers and shown with the decimals of the page; the
Word document has them as editable tables with captions, by notebook.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.figures.labels import pick
from workbench.office.sheets import HEAD_ROW, Book, column_width, head_row, indented, put
from workbench.office.table_files import full_rows
from workbench.reporting.blocks import Block, Report
from workbench.reporting.stamps import Stamp

TITLE = ("全部表格", "All tables")
_SHOWN = re.compile(r"([+−-]?)([\d,]*\.?(\d*))( ?%)?")


@dataclass(frozen=True)
class Chapter:
    """The tables of one notebook, in order."""

    title: str
    tables: tuple[Block, ...]


def chapters(reports: Sequence[Report]) -> list[Chapter]:
    """The tables of the notebooks that show any; a table without a caption is left out."""
    found = [Chapter(report.title, tuple(block for block in report.blocks if block.kind == "table" and block.caption))
             for report in reports]
    return [chapter for chapter in found if chapter.tables]


def tables_report(found: Sequence[Chapter], lang: str) -> Report:
    """All tables as one report, a heading a notebook."""
    blocks: list[Block] = []
    for chapter in found:
        blocks += [Block("heading", chapter.title), *chapter.tables]
    return Report("tables", lang, pick(lang, *TITLE), "", "tables", tuple(blocks))


def tables_workbook(found: Sequence[Chapter], folder: Path, stamp: Stamp, lang: str) -> bytes:
    """The workbook (.xlsx) of the shown tables. `folder` holds their CSV files, whose numbers are not rounded."""
    book = Book(stamp, lang)
    for chapter in found:
        for block in chapter.tables:
            sheet = book.add(block.label or block.anchor)
            about = f"{block.caption}{pick(lang, f'（{chapter.title}）', f' ({chapter.title})')}"
            size = f"{len(block.table.body)} × {block.table.width}"
            book.listed.append((sheet.get_name(), about, size))
            book.top(sheet, f"{block.label}  {block.caption}".strip(), block.notes)
            write_table(book, sheet, block, unrounded(folder / f"{block.anchor}.csv", block))
    lines = [pick(lang, "笔记本与白皮书中的表，可直接粘贴；数未取整，显示的小数位与页面相同。",
                  "The tables of notebooks and white paper, ready to paste; numbers are not rounded, shown as on the "
                  "pages.")]
    return book.finish(pick(lang, *TITLE), lines)


def unrounded(path: Path, block: Block) -> list[list[str]] | None:
    """The rows of a table's CSV, where they are as many and as long as the shown ones."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    fits = len(rows) == len(block.table.body) and all(len(row) == block.table.width for row in rows)
    return rows if fits else None


def write_table(book: Book, sheet, block: Block, exact: list[list[str]] | None) -> None:
    """Three lines; numbers as numbers in the format that they are shown in."""
    table = block.table
    numeric, last = table.numeric_columns(), len(table.body) - 1
    heads = full_rows(table.head, table.width, lambda cell: cell.text)
    for number, row in enumerate(heads):
        head_row(book, sheet, HEAD_ROW + number, row, numeric)
    below = HEAD_ROW + max(len(heads), 1)
    body = full_rows(table.body, table.width, lambda cell: cell.text)
    for number, row in enumerate(body):
        line = {"bottom": 2} if number == last else {}
        for column, text in enumerate(row):
            value, form = number_in(text, exact[number][column] if exact else "")
            side = {"align": "right"} if numeric[column] else {"align": "left", **indented(numeric, column)}
            look = book.look(num_format=form, valign="top", **line) if value is not None else book.look(
                valign="top", text_wrap=True, **side, **line)
            put(sheet, below + number, column, text if value is None else value, look)
            if not text and line:
                sheet.write_blank(below + number, column, None, look)
    for column in range(table.width):
        form = "0" if numeric[column] else "@"
        head = heads[-1][column] if heads else ""
        sheet.set_column(column, column, column_width(head, [row[column] for row in body], form))
    sheet.freeze_panes(below, 0)
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def number_in(text: str, exact: str) -> tuple[float | None, str]:
    """A shown number and its number format; `exact` is the same number unrounded. (None, "@") for a text.

    >>> number_in("34%", "0.3412"), number_in("−1.5", ""), number_in("深圳", "")
    ((0.3412, '0%'), (-1.5, '0.0'), (None, '@'))
    """
    found = _SHOWN.fullmatch(text.strip())
    if not found or not re.search(r"\d", found[2]):
        return None, "@"
    sign, digits, decimals, percent = found.groups()
    value = float(digits.replace(",", "")) * (-1 if sign in ("−", "-") else 1) / (100 if percent else 1)
    form = ("#,##0" if "," in digits else "0") + (f".{'0' * len(decimals)}" if decimals else "") + (percent or "")
    if sign == "+":
        form = f"+{form};−{form};0"
    rounding = 0.500001 * 10 ** -len(decimals or "") / (100 if percent else 1)
    try:
        close = abs(float(exact) - value) <= rounding
    except ValueError:
        close = False
    return (float(exact) if close else value), form
