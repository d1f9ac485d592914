"""The marked copy as a workbook: a list of what was found, linked to the cells, and the user's tables behind it.

Texts are written as strings whatever they begin with; colours come with a border, so that they survive a print in grey.
"""

from __future__ import annotations

import io
import math
from datetime import datetime
from typing import TYPE_CHECKING

from analysis.figures.labels import pick
from workbench.office.sheets import new_workbook
from workbench.own.cell_marks import PROBLEM, Marks, storable, worst
from workbench.own.grid import Grid
from workbench.own.problems import column_letters
from workbench.release import RELEASED

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

LONGEST_CELL, LONGEST_COMMENT, LONGEST_SHEET_NAME = 32_767, 2_000, 31
WORKBOOK_SIGN = "marked copy of own data"  # tells an earlier copy, which may be replaced, from a user's file
MOST_LINKS = 60_000  # a sheet holds 65 530
EXACT = 2**53
FORBIDDEN = str.maketrans({sign: "_" for sign in "[]:*?/\\'"})
LOOKS = {
    "head": {"bold": True, "bg_color": "#dbe7f3", "border": 1, "text_wrap": True, "valign": "vcenter"},
    "problem": {"bg_color": "#fbd5d0", "font_color": "#7a0c00", "border": 2, "border_color": "#b3261e"},
    "warning": {"bg_color": "#fff0c2", "font_color": "#5c4300", "border": 1, "border_color": "#b27b00"},
    "text": {"text_wrap": True, "valign": "top", "num_format": "@"}, "plain": {},
    "title": {"bold": True, "font_size": 14},
    "link": {"font_color": "#1b4f86", "underline": 1, "valign": "top", "text_wrap": True},
}
LIST_COLUMNS = ((6, "编号", "No."), (9, "类别", "Kind"), (30, "位置", "Place"), (26, "原来的写法", "As written"),
                (90, "原因与改法", "Why, and the remedy"))


def workbook(grids: list[Grid], marks: Marks, name: str) -> bytes:
    """The marked copy of some tables as the bytes of an .xlsx file; the same tables give the same bytes."""
    buffer = io.BytesIO()
    book = new_workbook(buffer, nan_inf_to_errors=False)
    book.set_properties({"category": WORKBOOK_SIGN, "created": datetime(*RELEASED.timetuple()[:3])})
    looks = {key: book.add_format(look) for key, look in LOOKS.items()}
    overview = pick(marks.lang, "检查结果", "Findings")
    names = sheet_names(grids, overview)
    write_list(book.add_worksheet(overview), looks, grids, names, marks, name)
    for grid, sheet_name in zip(grids, names, strict=True):
        write_grid(book.add_worksheet(sheet_name), looks, grid, marks)
    book.close()
    return buffer.getvalue()


def sheet_names(grids: list[Grid], overview: str) -> list[str]:
    """A name for each table's sheet that a workbook allows, each once."""
    taken, names = {overview.casefold(), "history"}, []
    for grid in grids:
        wanted = storable(grid.sheet or grid.file.rsplit(".", 1)[0]).translate(FORBIDDEN).strip() or "table"
        name, count = wanted[:LONGEST_SHEET_NAME], 1
        while name.casefold() in taken:
            count += 1
            name = f"{wanted[:LONGEST_SHEET_NAME - 4]}_{count}"
        taken.add(name.casefold())
        names.append(name)
    return names


def write_list(sheet: Worksheet, looks: dict[str, Format], grids: list[Grid], names: list[str], marks: Marks,
               name: str) -> None:
    """The first sheet: every finding with a link to its cell."""
    problems = sum(mark.kind == PROBLEM for mark in marks.every)
    title = pick(marks.lang, f"{name}：{problems} 个问题，{len(marks.every) - problems} 条提示",
                 f"{name}: {problems} problems, {len(marks.every) - problems} warnings")
    sheet.write_string(0, 0, storable(title), looks["title"])
    for column, (width, zh, en) in enumerate(LIST_COLUMNS):
        sheet.set_column(column, column, width)
        sheet.write_string(2, column, pick(marks.lang, zh, en), looks["head"])
    sheets = {(grid.file, grid.sheet): sheet_name for grid, sheet_name in zip(grids, names, strict=True)}
    for row, mark in enumerate(marks.every, start=3):
        finding = mark.finding
        sheet.write_number(row, 0, mark.number, looks["text"])
        sheet.write_string(row, 1, marks.called(mark.kind), looks[mark.kind])
        target = sheets.get((finding.file, finding.sheet))
        if target and mark.number <= MOST_LINKS:
            place = f"{column_letters(min(finding.column or 1, 16_384))}{finding.row or 1}"
            sheet.write_url(row, 2, f"internal:'{target}'!{place}", looks["link"], storable(finding.place)[:255])
        else:
            sheet.write_string(row, 2, storable(finding.place), looks["text"])
        sheet.write_string(row, 3, storable(finding.value), looks["text"])
        sheet.write_string(row, 4, storable(marks.sentence(mark))[:LONGEST_CELL], looks["text"])
    sheet.freeze_panes(3, 0)
    to_paper(sheet, 2)


def write_grid(sheet: Worksheet, looks: dict[str, Format], grid: Grid, marks: Marks) -> None:
    """A table as the user wrote it, marked cells coloured, with a comment that says why."""
    found = marks.of(grid)
    for row, cells in enumerate(grid.rows):
        whole_row = found.get((row, None), [])
        for column, content in enumerate(cells):
            here = found.get((row, column), []) or whole_row
            write_cell(sheet, row, column, content, looks[worst(here)])
    for (row, column), here in found.items():
        row, column = row or 0, column or 0
        if row >= len(grid.rows) or column >= len(grid.rows[row]):
            sheet.write_blank(row, column, None, looks[worst(here)])
        said = "\n".join(f"{mark.number}. {marks.sentence(mark)}" for mark in here)
        if len(marks.every) <= MOST_LINKS:
            sheet.write_comment(row, column, storable(said)[:LONGEST_COMMENT], {"x_scale": 2.4, "y_scale": 1.4,
                                                                             "author": "", "font_size": 9})
    if found:
        kinds = {mark.kind for here in found.values() for mark in here}
        sheet.set_tab_color("#b3261e" if PROBLEM in kinds else "#b27b00")
    sheet.set_column(0, max((len(cells) for cells in grid.rows), default=1), 13)
    sheet.freeze_panes(1, 0)
    to_paper(sheet, 0)


def write_cell(sheet: Worksheet, row: int, column: int, content: object, look: Format) -> None:
    """One cell as data: a number as a number, everything else as text."""
    if content is None or content == "":
        sheet.write_blank(row, column, None, look)
    elif isinstance(content, bool):
        sheet.write_boolean(row, column, content, look)
    elif isinstance(content, int | float) and math.isfinite(content) and abs(content) <= EXACT:
        sheet.write_number(row, column, content, look)
    else:
        sheet.write_string(row, column, storable(content)[:LONGEST_CELL], look)


def to_paper(sheet: Worksheet, head: int) -> None:
    """Landscape A4, the heading on every page."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, head)
