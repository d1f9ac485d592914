"""tables.xlsx and tables.docx: every table that the notebooks of a run show, ready to paste.

The workbook has a sheet a table with its three lines, numbers as numbers and shown with the decimals of the page; the
Word document has them as editable tables with captions, by notebook.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.figures.labels import pick
from workbench.office.sheets import HEAD_ROW, Book, column_width, head_row, indented, put
from workbench.reporting.blocks import Block, Report
from workbench.reporting.stamps import Stamp
from workbench.reporting.table import Table, full_rows

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

TITLE = ("全部表格", "All tables")


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


def tables_workbook(found: Sequence[Chapter], stamp: Stamp, lang: str) -> bytes:
    """The workbook (.xlsx) of the shown tables, with the numbers behind them."""
    book = Book(stamp, lang)
    for chapter in found:
        for block in chapter.tables:
            sheet = book.add(block.label or block.anchor)
            about = f"{block.caption}{pick(lang, f'（{chapter.title}）', f' ({chapter.title})')}"
            size = f"{len(block.table.body)} × {block.table.width}"
            book.listed.append((sheet.get_name(), about, size))
            book.top(sheet, f"{block.label}  {block.caption}".strip(), block.notes)
            write_shown_table(book, sheet, block.table)
    lines = [pick(lang, "笔记本与白皮书中的表，可直接粘贴；数未取整，显示的小数位与页面相同。",
                  "The tables of notebooks and white paper, ready to paste; numbers are not rounded, shown as on the "
                  "pages.")]
    return book.finish(pick(lang, *TITLE), lines)


def write_shown_table(book: Book, sheet: Worksheet, table: Table) -> None:
    """Three lines; numbers as numbers in the format that they are shown in."""
    numeric, last = table.numeric_columns(), len(table.body) - 1
    heads = [[cell.text for cell in row] for row in full_rows(table.head, table.width)]
    for number, row in enumerate(heads):
        head_row(book, sheet, HEAD_ROW + number, row, numeric)
    below = HEAD_ROW + max(len(heads), 1)
    body = full_rows(table.body, table.width)
    for number, row in enumerate(body):
        line = {"bottom": 2} if number == last else {}
        for column, cell in enumerate(row):
            form = number_format(cell.text) if cell.number is not None else ""
            side = {"align": "right"} if numeric[column] else {"align": "left", **indented(numeric, column)}
            look = book.look(valign="top", **line, **({"num_format": form} if form else {"text_wrap": True, **side}))
            put(sheet, below + number, column, cell.number if form else cell.text, look)
            if not cell.text and line:
                sheet.write_blank(below + number, column, None, look)
    for column in range(table.width):
        form = "0" if numeric[column] else "@"
        head = heads[-1][column] if heads else ""
        sheet.set_column(column, column, column_width(head, [row[column].text for row in body], form))
    sheet.freeze_panes(below, 0)
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def number_format(text: str) -> str:
    """The number format in which a spreadsheet shows a number as the text does; empty where there is none.

    >>> number_format("−1,234.5"), number_format("34%"), number_format("+3"), number_format("<0.001")
    ('#,##0.0', '0%', '+0;−0;0', '')
    """
    digits = text.lstrip("+−-").removesuffix("%")
    if not digits.replace(",", "").replace(".", "").isdecimal():
        return ""
    decimals = "0" * len(digits.partition(".")[2])
    form = ("#,##0" if "," in digits else "0") + (f".{decimals}" if decimals else "") + "%" * text.endswith("%")
    return f"+{form};−{form};0" if text.startswith("+") else form
