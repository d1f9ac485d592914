"""Workbooks of the old kind, .xls and the .et of WPS, as grids of the same cells as those of an .xlsx.

Texts, numbers, per cents as they are shown, dates, truth values, error values and merged areas. Macros that such a file
may carry are not run or looked at: cells alone are read. Encrypted and damaged files are refused.
"""

from __future__ import annotations

import datetime
import io
import struct

from workbench.own.grid import Area, Grid, hidden_cells, refuse, refuse_size, refuse_without_sheets, trimmed
from workbench.own.problems import OwnDataError, Problem
from workbench.own.sheet_cells import NOT_SHOWN, in_percent

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
EARLIER = tuple(bytes.fromhex(code) for code in ("0900", "0902", "0904", "0908"))  # sheets before Excel 5, no container


def old_workbook_grids(file: str, content: bytes) -> tuple[list[tuple[str, Grid]], list[Problem]]:
    """The visible sheets of an old workbook, each with its name, and warnings. Raises OwnDataError for one that cannot
    be read."""
    import xlrd
    from xlrd.compdoc import CompDocError

    if not content.startswith((OLE, *EARLIER)):
        damaged(file)
    known = (xlrd.XLRDError, CompDocError, struct.error, ValueError, TypeError, AttributeError, LookupError,
             ArithmeticError, EOFError, OSError, AssertionError, MemoryError, RecursionError)
    try:
        book = xlrd.open_workbook(file_contents=content, formatting_info=True, logfile=io.StringIO())
        named, told = [], []
        for sheet in book.sheets():
            if sheet.visibility:
                told.append(Problem("hidden_sheet", "隐藏的工作表不读；若有数据，请取消隐藏",
                                    "a hidden sheet is not read; show it if it holds data", file, sheet.name))
            else:
                named.append((sheet.name, read_sheet(file, sheet, book, told)))
    except OwnDataError:
        raise
    except known as error:
        if "encrypt" in str(error).casefold():
            refuse(file, "encrypted_or_old", "工作簿有密码；请取消密码后另存",
                   "the workbook has a password; remove it and save the workbook again")
        damaged(file)
    if not named:
        refuse_without_sheets(file)
    return named, told


def damaged(file: str) -> None:
    """Refuse a file that is no whole old workbook."""
    refuse(file, "damaged", "不是完好的 .xls 或 .et 工作簿（可能有密码，或是别的格式）；请用表格软件打开，另存为 .xlsx",
           "this is no sound .xls or .et workbook (it may have a password or be of another kind); open it in a "
           "spreadsheet program and save it as .xlsx")


def read_sheet(file: str, sheet, book, told: list[Problem]) -> Grid:
    """The cells of a sheet; hidden rows and columns are read and told."""
    refuse_size(file, sheet.name, sheet.nrows, sum(map(sheet.row_len, range(sheet.nrows))), sheet.ncols)
    rows = [[content_of(cell, book) for cell in sheet.row(row)] for row in range(sheet.nrows)]
    hidden = sum(bool(info.hidden) for row, info in sheet.rowinfo_map.items() if row < sheet.nrows), sum(
        bool(info.hidden) for column, info in sheet.colinfo_map.items() if column < sheet.ncols)
    if any(hidden):
        told.append(hidden_cells(file, sheet.name, *hidden))
    merged = tuple(Area(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells)
    return Grid(file, sheet.name, trimmed(rows), merged)


def content_of(cell, book) -> object:
    """What a cell holds, as the reader of .xlsx has it."""
    import xlrd

    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) or cell.value == "":
        return None
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "#REF!")
    if cell.ctype == xlrd.XL_CELL_DATE:
        return date_of(cell.value, book.datemode)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        known = cell.xf_index is not None and cell.xf_index < len(book.xf_list)
        look = book.format_map.get(book.xf_list[cell.xf_index].format_key) if known else None
        percent = look and "%" in NOT_SHOWN.sub("", look.format_str).split(";")[0]
        return in_percent(cell.value) if percent else cell.value
    return str(cell.value)


def date_of(value: float, mode: int) -> object:
    """The date or time of a day that a number is shown as."""
    import xlrd

    try:
        if value >= 1:
            return xlrd.xldate_as_datetime(value, mode)
        return datetime.time(*xlrd.xldate_as_tuple(value, mode)[3:])
    except (xlrd.XLDateError, ValueError, OverflowError):
        return value
