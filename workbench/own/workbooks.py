"""A workbook as grids of cells, once it is known to be data alone.

What a workbook may carry beside cells is looked for in its archive before any of it is parsed: macros, links to other
files or data bases, entities, and parts that unfold to more than they should. Cells are read by openpyxl.

Reference: docs/own_data.md.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import warnings
import zipfile
import zlib

from workbench.own.findings import visible
from workbench.own.grid import MATRIX, Grid, hidden_cells, refuse, refuse_size, refuse_without_sheets, trimmed
from workbench.own.problems import OwnDataError, Problem

OLE = bytes.fromhex("d0cf11e0a1b11ae1")  # an old .xls, or an encrypted workbook
MOST_PARTS, MOST_UNFOLDED = 5_000, 300 * 2**20
STEEPEST, SMALL_PART = 250, 2**20  # how many times a part may unfold, once it is of some size
MACROS = ("vbaproject", "/activex/", "macrosheets/", "xl/ctrlprops/")
EXTERNAL = "xl/externallinks/"
STRICT = b"http://purl.oclc.org/ooxml/"
LINKS = ("xl/connections.xml", "xl/querytables/", "xl/embeddings/", "xl/customdata/")
DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, SyntaxError, ValueError, TypeError,
           AttributeError, LookupError, ArithmeticError, EOFError, OSError, RuntimeError, AssertionError)


def workbook_grids(file: str, content: bytes) -> tuple[list[tuple[str, Grid]], list[Problem]]:
    """The visible sheets of a workbook, each with its name, and warnings. Raises OwnDataError for one that must not be
    read."""
    if content.startswith(OLE):
        from workbench.own.old_workbooks import old_workbook_grids

        return old_workbook_grids(file, content)
    refuse_dangerous(file, content)
    try:
        with warnings.catch_warnings():  # it tells of looks and dates that it cannot keep; cells say what there is
            warnings.filterwarnings("ignore", module="openpyxl")
            book = opened(content)
            named, told = [], []
            links = external_links(content)
            for sheet in book.worksheets:
                if sheet.sheet_state == "visible":
                    named.append((sheet.title, read_sheet(file, sheet, book, told, links)))
                else:
                    told.append(Problem("hidden_sheet", "隐藏的工作表不读；若有数据，请取消隐藏",
                                        "a hidden sheet is not read; show it if it holds data", file, sheet.title))
    except OwnDataError:
        raise
    except DAMAGED:
        damaged(file)
    if not named:
        refuse_without_sheets(file)
    return named, told


def damaged(file: str) -> None:
    """Refuse a file that is no whole workbook."""
    refuse(file, "damaged", "不是完好的 .xlsx 工作簿；请用表格软件打开并另存",
           "this is no sound .xlsx workbook; open it in a spreadsheet program and save it again")


def opened(content: bytes):
    """The workbook, its sheets not yet read: without their charts, pivots, links and declared sizes."""
    from openpyxl import load_workbook

    return load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False, rich_text=True)


def external_links(content: bytes) -> bool:
    """Whether formulas of a workbook may refer to other files; what they stored is read, the files never are."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return any(name.casefold().startswith(EXTERNAL) for name in archive.namelist())


def read_sheet(file: str, sheet, book, told: list[Problem], links: bool = False) -> Grid:
    """The cells of a sheet row by row; what is hidden in it is read and told."""
    from workbench.own.sheet_cells import SheetParser

    rows: dict[int, dict[int, object]] = {}
    most, count = 0, 0
    with sheet._get_source() as source:
        parser = SheetParser(source, sheet, is_computed(book))
        for cell in parser.cells():
            rows.setdefault(cell.row, {})[cell.column] = cell.content
            most, count = max(most, cell.row + 1), count + 1
            refuse_size(file, sheet.title, most, count, cell.column + 1)
    columns = {column for cells in rows.values() for column in cells}
    hidden = sum(row in parser.hidden_rows for row in rows), sum(
        any(first <= column <= last for first, last in parser.hidden_columns) for column in columns)
    if any(hidden) and not sheet.title.casefold().startswith(MATRIX):  # the template hides what its matrices compute
        told.append(hidden_cells(file, sheet.title, *hidden))
    tell_formulas(file, sheet.title, parser, links, told)
    filled = [[rows[row].get(column) for column in range(max(rows[row]) + 1)] if row in rows else []
              for row in range(most)]
    return Grid(file, sheet.title, trimmed(filled), tuple(parser.merged))


def tell_formulas(file: str, sheet: str, parser, links: bool, told: list[Problem]) -> None:
    """Tell formulas whose stored result may not be what a user sees: of other files, or all of them 0; and struck-out
    cells."""
    linked = [place for place, formula in parser.formulas.items() if links and "[" in formula]
    if linked:
        row, column = linked[0]
        told.append(Problem("external_link", f"{len(linked)} 个公式引用其他文件（"
                                             f"{visible(parser.formulas[linked[0]], 60)}）；"
                            "读其存下的结果，不打开那些文件；请核对",
                            f"{len(linked)} formulas refer to other files ({visible(parser.formulas[linked[0]], 60)}); "
                            "their stored results are read and the files are not opened; please check", file, sheet,
                            row + 1, column + 1))
    if parser.formulas and parser.zeros == len(parser.formulas):
        row, column = next(iter(parser.formulas))
        told.append(Problem("formulas_all_zero", f"{parser.zeros} 个公式存下的结果全是 0，可能从未计算；"
                                                 "请在表格软件中全部重算（Ctrl+Shift+F9）后保存",
                            f"the stored results of all {parser.zeros} formulas are 0: they may never have been "
                            "computed; recalculate all (Ctrl+Shift+F9) in a spreadsheet program and save", file, sheet,
                            row + 1, column + 1))
    if parser.struck:
        row, column = parser.struck[0]
        told.append(Problem("struck_cells", f"{len(parser.struck)} 格全格划去，仍会读取；若已作废请清空",
                            f"{len(parser.struck)} cells are struck out and are read all the same; clear those that "
                            "no longer hold", file, sheet, row + 1, column + 1))


def is_computed(book) -> bool:
    """Whether a spreadsheet program wrote the workbook: one that did not asks for computing when it is opened."""
    part = "xl/workbook.xml"
    return part not in book._archive.namelist() or not re.search(rb'fullCalcOnLoad="(1|true)"',
                                                                 book._archive.read(part))


def refuse_dangerous(file: str, content: bytes) -> None:
    """Refuse what a workbook of data does not need, and an archive that unfolds to more than it should."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = [part.filename.casefold() for part in parts]
            if "xl/workbook.xml" in names and STRICT in archive.read(parts[names.index("xl/workbook.xml")]):
                refuse(file, "strict_workbook", "以“Strict Open XML”格式保存，不读；"
                                                "请另存为普通的“Excel 工作簿 (.xlsx)”",
                       "the workbook is saved as Strict Open XML and is not read; save it as an ordinary Excel "
                       "workbook (.xlsx)")
            refuse_bomb(file, parts)
            if any(sign in f"/{name}" for name in names for sign in MACROS):
                refuse(file, "macros", "工作簿带宏或控件，不读；请另存为不带宏的 .xlsx",
                       "the workbook has macros or controls and is not read; save it as .xlsx without them")
            if any(name.startswith(LINKS) for name in names):
                refuse(file, "external_links", "工作簿链接或嵌入了其他文件或数据源，不读；请断开链接，把公式粘贴为数值",
                       "the workbook links to or embeds other files or data sources and is not read; break the links "
                       "and paste formulas as values")
            if "[content_types].xml" not in names or any(".." in name.replace("\\", "/").split("/") for name in names
                                                         ) or any(
                    b"<!DOCTYPE" in archive.open(part).read(4096) for part in parts
                    if part.filename.lower().endswith((".xml", ".rels"))):
                damaged(file)
    except OwnDataError:
        raise
    except DAMAGED:
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
