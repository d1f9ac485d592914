"""The cells of one worksheet as its XML has them, row by row: nothing is computed, filled in or bound to anything.

What a cell shows counts where the stored value alone would say something else: 0.123 formatted as per cent is 12.3%,
a raised 1 behind a number is a footnote mark and no digit, and a formula has the result that a spreadsheet program
stored, if one ever did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, NamedTuple

from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet._reader import FORMULA_TAG, ROW_TAG, VALUE_TAG, WorkSheetParser
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from workbench.own.grid import Area, Formula, StruckOut

CELL_TAG, MERGED_TAG, COLUMN_TAG = (f"{{{SHEET_MAIN_NS}}}{name}" for name in ("c", "mergeCell", "col"))
NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')  # of a number format: literal text, fillers and conditions
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # a sign that XML does not allow, as _x000D_
FIRST_CUSTOM_FORMAT = 164


class SheetCell(NamedTuple):
    """A cell that holds something; row and column from 0."""

    row: int
    column: int
    content: object


class SheetParser(WorkSheetParser):
    """The rows of a worksheet; after them, `merged` are its merged areas, `hidden_rows` and `hidden_columns` what is
    hidden, from 0. `computed` tells that a spreadsheet program has computed the formulas."""

    def __init__(self, source: IO[bytes], sheet, computed: bool) -> None:
        book = sheet.parent
        super().__init__(source, sheet._shared_strings, True, book.epoch, book._date_formats, book._timedelta_formats,
                         True)
        self.computed = computed
        self.percent = percent_styles(book)
        self.struck_styles = {number for number, style in enumerate(book._cell_styles)
                              if style.fontId < len(book._fonts) and book._fonts[style.fontId].strike}
        self.struck: list[tuple[int, int]] = []
        self.formulas: dict[tuple[int, int], str] = {}
        self.zeros = 0
        self.merged: list[Area] = []
        self.hidden_rows: set[int] = set()
        self.hidden_columns: list[tuple[int, int]] = []

    def cells(self) -> Iterator[SheetCell]:
        """Every cell that holds something, in the order of the file."""
        for _, element in iterparse(self.source):
            if element.tag == ROW_TAG:
                number, cells = self.parse_row(element)
                if self.row_dimensions.pop(str(number), {}).get("hidden") in ("1", "true"):
                    self.hidden_rows.add(number - 1)
                yield from cells
                element.clear()
            elif element.tag == MERGED_TAG:
                left, top, right, bottom = range_boundaries(element.get("ref"))
                self.merged.append(Area(top - 1, left - 1, bottom - 1, right - 1))
            elif element.tag == COLUMN_TAG and element.get("hidden") in ("1", "true"):
                self.hidden_columns.append((int(element.get("min")) - 1, int(element.get("max")) - 1))

    def parse_row(self, row) -> tuple[int, list[SheetCell]]:
        """A row's number from 1, and its cells that hold something."""
        others = [child for child in row if child.tag != CELL_TAG]
        for child in others:
            row.remove(child)
        number, cells = super().parse_row(row)
        return number, [cell for cell in cells if cell.content is not None]

    def parse_cell(self, element) -> SheetCell:
        """One cell; None as its content where it is empty."""
        found = super().parse_cell(element)
        formula, content = element.find(FORMULA_TAG), found["value"]
        place = found["row"] - 1, found["column"] - 1
        if found["style_id"] in self.struck_styles and content is not None:
            self.struck.append(place)
        if formula is not None and self.is_stored(element, content):
            self.formulas[place] = formula.text or ""
            self.zeros += isinstance(content, int | float) and content == 0
        if formula is not None and not self.is_stored(element, content):
            content = Formula(f"={formula.text or ''}")
        elif isinstance(content, CellRichText) and any(is_struck(run) for run in content):
            content = StruckOut(plain_text(CellRichText(*(run for run in content if not is_struck(run)))))
        elif isinstance(content, CellRichText | str):
            content = plain_text(content)
        elif found["style_id"] in self.percent and isinstance(content, int | float) and not isinstance(content, bool):
            content = in_percent(content)
        return SheetCell(found["row"] - 1, found["column"] - 1, content)

    def is_stored(self, element, content: object) -> bool:
        """Whether a formula has a result. A program that does not compute stores none, or 0 for all and asks for
        computing at opening; an empty text is a result."""
        if content is None:
            return element.get("t") == "str" and element.find(VALUE_TAG) is not None
        return self.computed or isinstance(content, bool) or content != 0


def percent_styles(book) -> set[int]:
    """The styles that show a number as per cent."""
    found = set()
    known = BUILTIN_FORMATS | dict(enumerate(book._number_formats, start=FIRST_CUSTOM_FORMAT))
    for number, style in enumerate(book._cell_styles):
        code = known.get(style.numFmtId, "")
        if "%" in NOT_SHOWN.sub("", code).split(";")[0]:
            found.add(number)
    return found


def in_percent(value: float) -> str:
    """A number as a cell of per cent shows it, with all its digits: 0.123 → 12.3%."""
    digits = Decimal(repr(value))
    return f"{digits.scaleb(2).normalize():f}%" if digits.is_finite() else str(value)


def plain_text(content: CellRichText | str) -> str:
    """The text of a cell; raised and lowered digits stay apart from the others."""
    text = content if isinstance(content, str) else "".join(map(run_text, content))
    return ESCAPED.sub(lambda sign: chr(int(sign[1], 16)), text)


def is_struck(run: TextBlock | str) -> bool:
    """Whether a run of a cell's text is struck out."""
    return isinstance(run, TextBlock) and bool(run.font and run.font.strike)


def run_text(run: TextBlock | str) -> str:
    """The text of one run of a cell that has several looks."""
    if not isinstance(run, TextBlock):
        return str(run)
    return run.text.translate(RAISED) if run.font and run.font.vertAlign in ("superscript", "subscript") else run.text
