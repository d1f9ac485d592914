"""A workbook as grids of cells, once it is known to be data alone.

What a workbook may carry beside cells is looked for in its archive before any of it is parsed: macros, links to other
files or data bases, entities, and parts that unfold to more than they should. Cells are read by openpyxl.

Reference: docs/own_data.md.
"""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree.ElementTree import ParseError

from analysis.own.grids import OLE, Formula, Grid, refuse, refuse_size, trimmed

MOST_PARTS, MOST_UNFOLDED = 5_000, 300 * 2**20
STEEPEST, SMALL_PART = 250, 2**20  # how many times a part may unfold, once it is of some size
MACROS = ("vbaproject", "/activex/", "macrosheets/", "xl/ctrlprops/")
LINKS = ("xl/externallinks/", "xl/connections.xml", "xl/querytables/", "xl/embeddings/", "xl/customdata/")
DAMAGED = (zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, TypeError, AttributeError, IndexError,
           EOFError, OSError, NotImplementedError, RuntimeError, AssertionError, LookupError)


def workbook_grids(file: str, content: bytes) -> list[tuple[str, Grid]]:
    """The visible sheets of a workbook, each with its name. Raises OwnDataError for one that must not be read."""
    if content.startswith(OLE):
        refuse(file, "encrypted_or_old", "工作簿有密码，或是旧格式 .xls；请取消密码，另存为 .xlsx",
               "the workbook has a password or is an old .xls; remove the password and save it as .xlsx")
    refuse_dangerous(file, content)
    try:
        book, results = opened(content, formulas=True), None
        if any(cell.data_type == "f" for sheet in book.worksheets for cell in cells_of(sheet)):
            results = opened(content, formulas=False)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        for sheet in sheets:
            refuse_size(file, sheet.title, sheet.max_row, len(sheet._cells), sheet.max_column)
        return [(sheet.title, Grid(file, sheet.title, rows_of(sheet, results and results[sheet.title])))
                for sheet in sheets]
    except DAMAGED as error:
        from analysis.own.problems import OwnDataError

        if isinstance(error, OwnDataError):
            raise
        damaged(file)
    raise AssertionError


def damaged(file: str) -> None:
    """Refuse a file that is no whole workbook."""
    refuse(file, "damaged", "不是完好的 .xlsx 工作簿；请用表格软件打开并另存",
           "this is no sound .xlsx workbook; open it in a spreadsheet program and save it again")


def opened(content: bytes, formulas: bool):
    """The workbook with its formulas, or with the results stored for them."""
    from openpyxl import load_workbook

    with warnings.catch_warnings():  # it tells of looks and drop-downs that it does not keep, which nobody reads here
        warnings.filterwarnings("ignore", module="openpyxl")
        return load_workbook(io.BytesIO(content), data_only=not formulas, keep_links=False)


def cells_of(sheet) -> Iterator:
    """The cells that hold something; a sheet keeps no others."""
    return iter(sheet._cells.values())


def rows_of(sheet, results) -> list[list[object]]:
    """The cells of a sheet row by row; of a formula its stored result, or the formula where none is stored."""
    rows: list[list[object]] = [[] for _ in range(sheet.max_row)]
    for (row, column), cell in sorted(sheet._cells.items()):
        content = cell.value
        if cell.data_type == "f":
            found = results._cells.get((row, column))
            stored = None if found is None else found.value
            content = Formula(getattr(content, "text", content)) if stored is None else stored
        if content is None:
            continue
        cells = rows[row - 1]
        cells += [None] * (column - 1 - len(cells))
        cells.append(content if isinstance(content, bool | int | float) or hasattr(content, "isoformat")
                     or isinstance(content, Formula) else str(content))
    return trimmed(rows)


def refuse_dangerous(file: str, content: bytes) -> None:
    """Refuse what a workbook of data does not need, and an archive that unfolds to more than it should."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = [part.filename.casefold() for part in parts]
            refuse_bomb(file, parts)
            if any(sign in f"/{name}" for name in names for sign in MACROS):
                refuse(file, "macros", "工作簿带宏或控件，不读；请另存为不带宏的 .xlsx",
                       "the workbook has macros or controls and is not read; save it as .xlsx without them")
            if any(name.startswith(LINKS) for name in names):
                refuse(file, "external_links", "工作簿链接或嵌入了其他文件或数据源，不读；请断开链接，把公式粘贴为数值",
                       "the workbook links to or embeds other files or data sources and is not read; break the links "
                       "and paste formulas as values")
            if "[content_types].xml" not in names or any(
                    b"<!DOCTYPE" in archive.open(part).read(4096) for part in parts
                    if part.filename.lower().endswith((".xml", ".rels"))):
                damaged(file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        from analysis.own.problems import OwnDataError

        if isinstance(error, OwnDataError):
            raise
        damaged(file)


def refuse_bomb(file: str, parts: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive of too many parts, or one that unfolds to far more than it is."""
    unfolded = sum(part.file_size for part in parts)
    steep = any(part.file_size > SMALL_PART and part.file_size > STEEPEST * max(1, part.compress_size)
                for part in parts)
    if len(parts) > MOST_PARTS or unfolded > MOST_UNFOLDED or steep:
        refuse(file, "too_large", "工作簿解压后过大，不读；请把所需的表复制到新的工作簿",
               "the workbook unfolds to far more than it should and is not read; copy the tables that are needed to a "
               "new workbook")
