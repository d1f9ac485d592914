"""A table as data: cells with the text that is shown and the number behind it, made once from a frame.

Page, PDF, Word, Markdown, LaTeX and workbook are written from it. An executed notebook keeps it in the metadata of the
output that shows it, as compact JSON, so that nothing has to be read out of HTML again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any
from unicodedata import east_asian_width

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from analysis.frames import settle
from analysis.tables import printed
from analysis.wording import worded
from workbench.reporting.errors import ReportError

_NUMBER = re.compile(r"[+\-−–]?[\d,]*\.?\d+ ?%?")
_DEFAULTS = ("", None, 1)  # of a cell's kind, number and rows, which are left out of the JSON


@dataclass
class TableCell:
    """One cell: `runs` of (text, style), where style is "", "strong", "emph", "sub", "super" or "break".

    `kind` is "num", "text", or empty where the text decides, which is a number if it looks like one. `number` is the
    number that the text shows, not rounded (12 significant digits); None for a text.
    """

    kind: str = ""
    number: float | None = None
    rows: int = 1
    columns: int = 1
    header: bool = False
    runs: list[tuple[str, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.runs)

    @property
    def numeric(self) -> bool:
        """Whether the cell is set to the right, as numbers are."""
        return self.kind == "num" or (not self.kind and bool(_NUMBER.fullmatch(self.text.strip())))


@dataclass
class Table:
    """Header rows and body rows of cells."""

    head: list[list[TableCell]] = field(default_factory=list)
    body: list[list[TableCell]] = field(default_factory=list)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, formats: Mapping[str, str | Callable] | None = None,
                   merged: Sequence[str] = ()) -> Table:
        """The table that shows a frame, its index left out; numbers are rounded in what is shown only.

        `formats` maps a column to a format such as ".2f", ".0%" or ",d", or to a function of the value; by default the
        frame's own (`attrs["formats"]`), else whole numbers as they are and others with four significant digits.
        Missing values become a dash. In the columns `merged`, which lead the frame, cells that repeat the one above
        become one; a new cell in one of them begins new ones in the next. A frame with `attrs["plain"]` holds texts
        that stay texts, numbers among them. Raises `ReportError` for formats of columns that do not exist.
        """
        if unknown := [name for name in formats or {} if name not in frame.columns]:
            raise ReportError(f"no such columns to format: {', '.join(map(str, unknown))}; correct the names")
        forms = frame.attrs.get("formats", {}) | dict(formats or {})
        text_kind = "text" if frame.attrs.get("plain") else ""
        head, columns = [], []
        for name, values in frame.items():
            numeric = is_numeric_dtype(values) and not is_bool_dtype(values)
            head.append(TableCell("num" if numeric else "", header=True, runs=[(one_line(name), "")]))
            columns.append([TableCell("num" if numeric else text_kind, number_behind(value),
                                      runs=[(one_line(worded(printed(value, forms.get(name)))), "")])
                            for value in values])
        merge_repeated([columns[frame.columns.get_loc(name)] for name in merged])
        return cls([head], [[column[row] for column in columns if column[row].rows] for row in range(len(frame))])

    @classmethod
    def of_texts(cls, heads: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]],
                 bold: Collection[int] = ()) -> Table:
        """The table of (heading, whether numbers stand below it) and rows of texts; `bold` names rows by position."""
        kinds = ["num" if numeric else "text" for _, numeric in heads]
        return cls([[TableCell(kind, runs=[(text, "")]) for kind, (text, _) in zip(kinds, heads, strict=True)]],
                   [[TableCell(kind, runs=[(text, "strong" if number in bold else "")])
                     for kind, text in zip(kinds, row, strict=True)] for number, row in enumerate(rows)])

    def to_json(self) -> str:
        """The table as compact JSON, for a table without merged columns, row headers and styles: those of a frame."""
        rows = [[[_cell_to_json(cell) for cell in row] for row in part] for part in (self.head, self.body)]
        return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Table:
        """The table that `to_json` wrote."""
        head, body = json.loads(text)
        return cls([[_cell_from_json(cell, True) for cell in row] for row in head],
                   [[_cell_from_json(cell, False) for cell in row] for row in body])

    @property
    def width(self) -> int:
        """The number of columns."""
        return sum(cell.columns for cell in (self.head or self.body)[0])

    def numeric_columns(self) -> list[bool]:
        """Whether most body cells of a column are numbers; a merged or missing cell does not count."""
        votes = [0] * self.width
        for row in grid(self.body, self.width):
            for column, cell in row:
                if cell.columns == 1:
                    votes[column] += 1 if cell.numeric else -1 if cell.text.strip(" —–-") else 0
        return [vote > 0 for vote in votes]


def _cell_to_json(cell: TableCell) -> str | list:
    """A cell's text; with its kind, number and rows behind it as far as they are not the usual ones."""
    about = [cell.kind, cell.number, cell.rows]
    while about and about[-1] == _DEFAULTS[len(about) - 1]:
        about.pop()
    return [cell.text, *about] if about else cell.text


def _cell_from_json(cell: str | list, header: bool) -> TableCell:
    text, *about = [cell] if isinstance(cell, str) else cell
    return TableCell(*about, header=header, runs=[(text, "")])


def number_behind(value: Any) -> float | None:
    """The number of a cell as the study's files hold it; None for a text, a truth value, a gap or an infinity."""
    value = getattr(value, "number", value)
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return settle(value) if isinstance(value, float) else float(value)


def one_line(text: object) -> str:
    """A text with single spaces, as HTML shows it, and without line breaks and control characters."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", str(text))


def merge_repeated(columns: Sequence[list[TableCell]]) -> None:
    """Give the first of equal cells below each other their rows, and those that it covers none; a new cell in one
    column begins new ones in the next."""
    starts: set[int] = {0}
    for cells in columns:
        starts |= {row for row in range(1, len(cells)) if cells[row].text != cells[row - 1].text}
        order = [*sorted(starts), len(cells)]
        for row, cell in enumerate(cells):
            cell.rows = order[order.index(row) + 1] - row if row in starts else 0


def grid(rows: list[list[TableCell]], width: int) -> list[list[tuple[int, TableCell]]]:
    """Rows of (column number, cell), with the places held by cells of earlier rows skipped."""
    held, placed = [0] * width, []
    for row in rows:
        column, line = 0, []
        for cell in row:
            while column < width and held[column]:
                column += 1
            line.append((column, cell))
            for place in range(column, min(column + cell.columns, width)):
                held[place] = cell.rows
            column += cell.columns
        placed.append(line)
        held = [max(count - 1, 0) for count in held]
    return placed


def full_rows(rows: list[list[TableCell]], width: int) -> list[list[TableCell]]:
    """Rows of exactly `width` cells: what a merged cell covers is an empty one."""
    filled = []
    for placed in grid(rows, width):
        cells = dict(placed)
        filled.append([cells.get(column) or TableCell() for column in range(width)])
    return filled


def text_width(text: str) -> float:
    """The width of a text in ems of Noto Sans SC, on the generous side.

    A Chinese character or sign is 1, a capital 0.7, m, w, @ and % 0.93, any other Latin letter or digit 0.57.

    >>> text_width("深圳 95.0")
    4.85
    """
    return round(sum(_character_width(character) for character in text), 2)


def _character_width(character: str) -> float:
    if east_asian_width(character) in "WFA":
        return 1.0
    if character in "mwMW@%":
        return 0.93
    return 0.7 if character.isupper() else 0.57
