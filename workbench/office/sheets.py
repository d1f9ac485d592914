"""What all our workbooks share: one look, a stamp on every sheet, links to the contents, texts that stay texts.

Rows and columns count from 0, as XlsxWriter has them; formulas name cells by letter. Every text goes through `put`,
which writes strings as strings: a name like `=cmd()` is a name. The same sheets give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.figures.labels import pick
from workbench.release import RELEASED
from workbench.reporting.stamps import Stamp
from workbench.reporting.table import text_width
from workbench.reporting.words import WORDS

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

HEAD_ROW = 4  # the row of heads: title, stamp, note and link stand above
NARROWEST, WIDEST = 7, 46  # characters
LONGEST_NAME = 31
INPUT_COLOUR, SOFT, LINK = "#1b4f86", "#56606e", "#1b4f86"
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", "_"))


@dataclass
class Book:
    """A workbook in the making: its sheets by name, in order, and the lines of its contents."""

    stamp: Stamp
    lang: str
    buffer: io.BytesIO = field(default_factory=io.BytesIO)
    listed: list[tuple[str, str, str]] = field(default_factory=list)  # sheet, what it holds, its size
    taken: set[str] = field(default_factory=lambda: {"history"})
    looks: dict[tuple, Format] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.book = new_workbook(self.buffer)
        self.contents = self.add(pick(self.lang, "目录", "Contents"))

    def add(self, name: str) -> Worksheet:
        """A sheet of its own name: at most 31 characters, none that Excel forbids, none twice."""
        clean = name.translate(_FORBIDDEN).strip() or "_"
        wanted, number = clean[:LONGEST_NAME], 2
        while wanted.casefold() in self.taken:
            ending = f" ({number})"
            wanted, number = clean[:LONGEST_NAME - len(ending)] + ending, number + 1
        self.taken.add(wanted.casefold())
        return self.book.add_worksheet(wanted)

    def look(self, **properties: Any) -> Format:
        """A format, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self.looks:
            self.looks[key] = self.book.add_format(properties)
        return self.looks[key]

    def top(self, sheet: Worksheet, title: str, note: str, back: bool = True) -> None:
        """Title, the edition of the data, the note, and the way back to the contents."""
        put(sheet, 0, 0, title, self.look(bold=True, font_size=14))
        put(sheet, 1, 0, stamp_line(self.stamp, self.lang), self.look(font_color=SOFT))
        put(sheet, 2, 0, note, self.look(font_color=SOFT))
        if back:
            target, words = f"internal:'{self.contents.get_name()}'!A1", pick(self.lang, "← 目录", "← Contents")
            sheet.write_url(3, 0, target, self.look(font_color=LINK, underline=1), words)
        sheet.set_footer(f"&L&8{footer_text(self.stamp.edition)}&R&8&P / &N")

    def finish(self, title: str, lines: Sequence[str], ends: Sequence[str] = ()) -> bytes:
        """Write the contents, a link a sheet, close the book and return its bytes. `ends` stand below the list."""
        sheet = self.contents
        heads = pick(self.lang, ("表", "内容", "行 × 列"), ("Sheet", "What it holds", "Rows × columns"))
        self.top(sheet, title, lines[0] if lines else "", back=False)
        row = 3
        for line in lines[1:]:
            put(sheet, row, 0, line, self.look(font_color=SOFT))
            row += 1
        head_row(self, sheet, row + 1, heads, (False, False, True))
        link = self.look(font_color=LINK, underline=1)
        for number, (name, about, size) in enumerate(self.listed, start=row + 2):
            sheet.write_url(number, 0, f"internal:'{name}'!A1", link, name)
            put(sheet, number, 1, about, self.look(text_wrap=True, valign="top"))
            put(sheet, number, 2, size, self.look(align="right"))
        for number, line in enumerate(ends, start=row + 3 + len(self.listed)):
            put(sheet, number, 0, line, self.look(font_color=SOFT))
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 1, 70)
        sheet.set_column(2, 2, 16)
        sheet.hide_gridlines(2)
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        self.book.set_properties({"title": title, "subject": self.stamp.edition,
                                  "created": datetime(*RELEASED.timetuple()[:3])})
        self.book.close()
        return self.buffer.getvalue()


def new_workbook(buffer: io.BytesIO, **options: bool) -> Workbook:
    """A workbook in which a text stays a text, whatever it begins with."""
    import xlsxwriter

    return xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                        "strings_to_numbers": False, **options})


def stamp_line(stamp: Stamp, lang: str) -> str:
    """Edition, run and date in one line."""
    run = f"{WORDS[lang]['run']}{WORDS[lang]['colon']}{stamp.run}"
    return pick(lang, "　", " · ").join([stamp.edition, run, stamp.date])


def footer_text(text: str) -> str:
    """A text as a printed footer shows it, where & begins a command; Excel takes 255 characters."""
    return text.replace("&", "&&")[:200]


def put(sheet: Worksheet, row: int, column: int, value: Any, look: Format | None = None) -> None:
    """Write one value: a text as a string, never as a formula; a number as it is; a gap as an empty cell."""
    if isinstance(value, str):
        if value:
            sheet.write_string(row, column, value, look)
    elif isinstance(value, bool | np.bool_):
        sheet.write_boolean(row, column, bool(value), look)
    elif value is not None and not pd.isna(value):
        sheet.write_number(row, column, value, look)


def head_row(book: Book, sheet: Worksheet, row: int, heads: Sequence[str], right: Sequence[bool],
             first: int = 0) -> None:
    """The heads of a table between its upper two lines, those of numbers to the right."""
    for number, (text, flag) in enumerate(zip(heads, right, strict=True)):
        place = {"align": "right"} if flag else indented(right, number)
        look = book.look(bold=True, top=2, bottom=1, text_wrap=True, valign="bottom", **place)
        put(sheet, row, first + number, text, look)


def indented(right: Sequence[bool], column: int) -> dict[str, Any]:
    """A text right of a number keeps a little away from it."""
    return {"indent": 1, "align": "left"} if column and right[column - 1] and not right[column] else {}


def column_width(head: str, values: Iterable[Any], form: str) -> float:
    """A width in characters that shows most values of a column, wide letters counted as two."""
    if form == "@":
        longest = max((text_width(str(value)) * 1.75 for value in values if isinstance(value, str)), default=0)
    else:
        longest = 8
    return min(max(NARROWEST, longest + 1, min(text_width(head) * 1.75 + 3, 22)), WIDEST)


def cell_address(row: int, column: int, fixed: str = "") -> str:
    """A cell by letter, counted from 0: `cell_address(5, 0)` is A6; `fixed` may hold "row" and "column" ($A$6)."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    return xl_rowcol_to_cell(row, column, row_abs="row" in fixed, col_abs="column" in fixed)


def area(sheet: str, first: tuple[int, int], last: tuple[int, int]) -> str:
    """A fixed range on a sheet, (row, column) to (row, column) counted from 0."""
    name = sheet.replace("'", "''")
    return f"'{name}'!{cell_address(*first, 'row column')}:{cell_address(*last, 'row column')}"
