"""The cells of one table as they were read from a file, and the refusal of a file that cannot be one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from workbench.own.findings import visible
from workbench.own.problems import OwnDataError, Problem

MATRIX = "ahp_"  # begins the name of a judgement matrix
MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 200_000, 2_000, 4_000_000


class Formula(str):
    """A formula whose result is not stored in the workbook."""


class BesideSemicolons(str):
    """A cell of a file separated by semicolons, as programs write them where the comma is a decimal sign."""


class StruckOut(str):
    """A cell of a workbook a part of which is struck out: the rest of it."""


class Area(NamedTuple):
    """A merged area of a sheet: its first and last row and column, from 0. Its first cell alone holds something."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Grid:
    """The cells of one table: file and sheet by name, rows of cells from the first, as long as they are filled, and the
    merged areas."""

    file: str
    sheet: str
    rows: list[list[object]]
    merged: tuple[Area, ...] = ()


def refuse(file: str, kind: str, zh: str, en: str, sheet: str = "", row: int | None = None) -> None:
    """Raise OwnDataError for a file as a whole."""
    raise OwnDataError([Problem(kind, visible(zh), visible(en), file, sheet, row)])


def trimmed(rows: list[list[object]]) -> list[list[object]]:
    """Rows without blank cells at their end, and without blank rows at the end of the table."""
    for cells in rows:
        while cells and (cells[-1] is None or cells[-1] == ""):
            cells.pop()
    while rows and not rows[-1]:
        rows.pop()
    return rows


def refuse_without_sheets(file: str) -> None:
    """Refuse a workbook in which no sheet can be read."""
    refuse(file, "no_table", "工作簿里没有可读的工作表；请另存为普通的 .xlsx",
           "the workbook has no sheet that can be read; save it as an ordinary .xlsx")


def hidden_cells(file: str, sheet: str, rows: int, columns: int) -> Problem:
    """That rows and columns of a sheet are hidden, and read all the same."""
    return Problem("hidden_cells", f"有 {rows} 行、{columns} 列被隐藏（或筛选掉），仍会读取；请核对",
                   f"{rows} rows and {columns} columns are hidden or filtered out and are read all the same; please "
                   "check", file, sheet)


def refuse_size(file: str, sheet: str, rows: int, cells: int, columns: int) -> None:
    """Refuse a table larger than any study needs, before it fills the memory."""
    if rows > MOST_ROWS or columns > MOST_COLUMNS or cells > MOST_CELLS:
        refuse(file, "too_large", f"表超过 {MOST_ROWS} 行、{MOST_COLUMNS} 列或 {MOST_CELLS} 格；请删去多余的行与列",
               f"the table has more than {MOST_ROWS} rows, {MOST_COLUMNS} columns or {MOST_CELLS} cells; remove what "
               "is not needed", sheet)
