"""Files to cells: a workbook, a CSV file or a folder of CSV files as grids of cells, one a table.

A file is data and nothing else: macros, links to other files, entities and archives that unfold to more than they
should are refused before anything is read out of them; formulas are not computed, their stored results are read.

Reference: docs/own_data.md.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from workbench.own.findings import visible
from workbench.own.grid import MATRIX, BesideSemicolons, Grid, refuse, refuse_size, trimmed
from workbench.own.problems import OwnDataError, Problem
from workbench.own.workbooks import workbook_grids

TABLE_NAMES = {
    "values": ("values", "数据", "指标数据", "原始数据"), "framework": ("framework", "指标体系", "体系"),
    "cities": ("cities", "城市", "城市名录", "名录"), "regions": ("regions", "区域"),
    "experts": ("experts", "专家"), "judgements": ("judgements", "judgments", "判断", "判断矩阵"),
    "study": ("study", "研究", "研究说明"), "other_years": ("other_years",),
}
RUN_RECORD = ("reading_log", "reading_warnings", "record")  # what a run keeps beside its tables
NOT_TABLES = ("说明", "instructions", "检查结果", "findings")  # sheets of the template and of the marked copy
LARGEST_FILE = 50 * 2**20
OLD_WORKBOOKS = (".xls", ".et", ".xlt", ".ett")  # WPS writes .et as Excel writes .xls
OTHER_WORKBOOKS = (".xlsb", ".ods", ".numbers", ".wps")
MOSTLY_UTF8, COMMON = 0.9, 0.5
WITH_MACROS = (".xlsm", ".xltm", ".xlam")
ZIP = b"PK\x03\x04"
BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
SEPARATORS = ",\t;，"


def read_grids(path: Path, larger: int = 1) -> tuple[dict[str, Grid], list[Problem]]:
    """The tables of an input by name (values, framework, …, ahp_goal), and warnings about files and sheets not read.

    A CSV file is the table `values`; so is the only sheet of a workbook, whatever its name. CSV files of a folder may
    be `larger` times as large as files otherwise may: a run keeps a wide table as a long one. Raises OwnDataError for
    what cannot be read.
    """
    path, warnings = Path(path), []
    if path.is_dir():
        named = list(folder_grids(path, warnings, larger))
    elif not path.is_file():
        refuse(path.name or str(path), "no_file", "没有这个文件或文件夹；请核对路径",
               "there is no such file or folder; check the path")
    elif path.suffix.lower() == ".xlsx":
        named, warnings = workbook_grids(path.name, checked_bytes(path))
    elif path.suffix.lower() in OLD_WORKBOOKS:
        named, warnings = old_or_new(path.name, checked_bytes(path))
    elif path.suffix.lower() in (".csv", ".txt", ".tsv"):
        named = [("values", csv_grid(path, warnings))]
    else:
        refuse_kind(path)
    grids, not_read = sort_out(named)
    return grids, warnings + not_read


def old_or_new(file: str, content: bytes) -> tuple[list[tuple[str, Grid]], list[Problem]]:
    """The sheets of a file called like an old workbook, by what it is: some are of the new kind, or plain text."""
    if content.startswith(ZIP):
        return workbook_grids(file, content)
    from workbench.own.old_workbooks import old_workbook_grids

    return old_workbook_grids(file, content)


def refuse_kind(path: Path) -> None:
    """Refuse a file by its ending, with what to do."""
    ending = path.suffix.lower()
    if ending in WITH_MACROS:
        refuse(path.name, "macros", "带宏的工作簿不读；请另存为 .xlsx",
               "a workbook with macros is not read; save it as .xlsx")
    if ending in OTHER_WORKBOOKS:
        refuse(path.name, "other_workbook", f"不读 {ending} 文件；请用表格软件另存为 .xlsx 或 .csv",
               f"{ending} files are not read; save the workbook as .xlsx or .csv")
    refuse(path.name, "unknown_kind", "只读 .xlsx、.csv 或含 .csv 的文件夹；请另存",
           "only .xlsx, .csv and folders of .csv files are read; save it as one of these")


def checked_bytes(path: Path, larger: int = 1) -> bytes:
    """The bytes of a file that is not too large."""
    if path.stat().st_size > LARGEST_FILE * larger:
        refuse(path.name, "too_large", f"文件超过 {LARGEST_FILE >> 20} MiB；请只保留所需的表",
               f"the file has more than {LARGEST_FILE >> 20} MiB; keep only the tables that are needed")
    return path.read_bytes()


# --- which table is which ---------------------------------------------------------------------------------------------
def sort_out(named: list[tuple[str, Grid]]) -> tuple[dict[str, Grid], list[Problem]]:
    """The grids by the table they are; `named` pairs the name of a file or sheet with its grid."""
    grids: dict[str, Grid] = {}
    warnings, problems = [], []
    filled = [name for name, grid in named if grid.rows and name.casefold() not in NOT_TABLES]
    named = [(name, grid) for name, grid in named if grid.rows or table_named(name) or not grid.sheet]
    likely = None if any(table_named(name) == "values" for name, _ in named) else likely_values(named)
    for name, grid in named:
        table = table_named(name)
        if table is None and (len(named) == 1 or filled == [name] or name == likely):
            table = "values"
        if table is None:
            if name.casefold() not in NOT_TABLES and name not in RUN_RECORD:
                warnings.append(not_read(name, grid))
        elif table in grids:
            problems.append(Problem("repeated_table", f"表 {table} 已在 {place(grids[table])}；请只留一个",
                                    f"the table {table} stands in {place(grids[table])} already; keep one of the two",
                                    grid.file, grid.sheet))
        else:
            grids[table] = grid
    sheets = [name for name, grid in named if grid.sheet]
    if "values" not in grids and sheets:
        refuse(named[0][1].file, "no_values",
               f"没有名为 values（数据）的工作表；有：{'、'.join(sheets[:20])}；请把数据所在的工作表改名为 values",
               f"there is no sheet values (数据); the sheets are: {', '.join(sheets[:20])}; call the one with the "
               "figures values")
    if likely:
        grid = grids["values"]
        warnings.append(Problem("values_by_guess", f"没有名为 values 的工作表；“{likely}”像数据表，按 values 读；"
                                                   f"若不是请改名",
                                f"no sheet is called values; {likely} is the one that looks like figures and is read "
                                "as values; rename the sheets if it is not", grid.file, grid.sheet))
    if problems:
        raise OwnDataError(problems)
    return grids, warnings


def likely_values(named: list[tuple[str, Grid]]) -> str | None:
    """The one sheet without a name of its own that holds a table: rows of several cells, most of them numbers."""
    tables = []
    for name, grid in named:
        if table_named(name) is not None or name.casefold() in NOT_TABLES or not grid.sheet:
            continue
        full = [[content for content in cells if content not in (None, "")] for cells in grid.rows]
        rows = [cells for cells in full if len(cells) > 1]
        numbers = [cells for cells in rows
                   if 2 * sum(isinstance(content, int | float) for content in cells) >= len(cells)]
        if len(numbers) >= 3 and len(numbers) * 2 > len(rows):
            tables.append(name)
    return tables[0] if len(tables) == 1 else None


def table_named(name: str) -> str | None:
    """The table that a file or sheet is, by its English or Chinese name; a judgement matrix by its own."""
    said = "".join(name.split()).casefold()
    if said.startswith(MATRIX):
        return said if name.isascii() and said == name else name.strip()
    return next((table for table, names in TABLE_NAMES.items() if said in names), None)


def not_read(name: str, grid: Grid) -> Problem:
    """The warning about a file or sheet that is no table of a study."""
    known = [each for names in TABLE_NAMES.values() for each in names]
    near = difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.6)
    offer_zh = f"；若是 {near[0]} 表，请改名" if near else ""
    offer_en = f"; if it is the table {near[0]}, rename it" if near else ""
    return Problem("table_not_read", f"不在约定的表名中，未读取{offer_zh}",
                   f"this is none of the names of tables and is not read{offer_en}", grid.file, grid.sheet)


def place(grid: Grid) -> str:
    """Where a grid stands."""
    return f"{grid.file} {grid.sheet}".strip()


# --- CSV --------------------------------------------------------------------------------------------------------------
def folder_grids(folder: Path, warnings: list[Problem], larger: int = 1) -> Iterator[tuple[str, Grid]]:
    """Every table of a folder: its .csv files, hidden ones apart. Every file that cannot be read is said at once."""
    problems = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == ".csv" and not path.is_file() and table_named(path.stem):
            problems.append(Problem("no_file", "不是文件（是文件夹、管道或断开的链接）；请换成 .csv 文件，或删去",
                                    "it is no file but a folder, a pipe or a broken link; put a .csv file there or "
                                    "remove it", path.name))
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith((".", "~$")))
    tables = [path for path in files if path.suffix.lower() == ".csv"]
    books = [path for path in files if path.suffix.lower() in (".xlsx", *WITH_MACROS, *OLD_WORKBOOKS, *OTHER_WORKBOOKS)]
    if not tables:
        refuse(folder.name, "no_table", "文件夹里没有 .csv 文件；若数据在工作簿里，请直接给出其路径",
               "there is no .csv file in the folder; if the data are in a workbook, name the workbook itself")
    for path in tables:
        try:
            yield path.stem, csv_grid(path, warnings, larger)
        except OwnDataError as error:
            problems += error.problems
    if problems:
        raise OwnDataError(problems)
    yield from ((path.name, Grid(path.name, "", [])) for path in books)


def csv_grid(path: Path, warnings: list[Problem] | None = None, larger: int = 1) -> Grid:
    """A CSV file as a grid: UTF-8 with or without a byte-order mark, UTF-16 with one, or GB 18030; separated by commas,
    tabs or semicolons."""
    text = decoded(path.name, checked_bytes(path, larger), warnings)
    rows: list[list[object]] = []
    cells = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator(text), strict=True)
    try:
        for row in reader:
            rows.append([BesideSemicolons(cell) for cell in row] if reader.dialect.delimiter == ";" else list(row))
            cells += len(row)
            refuse_size(path.name, "", len(rows) // larger, cells // larger, len(row))
    except csv.Error as error:
        refuse(path.name, "broken_row", f"这一行的引号或分隔符有误（{error}）；请用表格软件另存为 .csv",
               f"quotation marks or separators are broken here ({error}); save the table as .csv in a spreadsheet "
               "program", row=len(rows) + 1)
    return Grid(path.name, "", trimmed(rows))


def decoded(file: str, content: bytes, warnings: list[Problem] | None = None) -> str:
    """The text of a file, by its byte-order mark, as UTF-8, or as GB 18030, which is told and must be Chinese."""
    if content.startswith(ZIP):
        refuse(file, "workbook_by_another_name", "内容是 .xlsx 工作簿，文件名却不是；请把扩展名改为 .xlsx",
               "this is a workbook under another name; change the ending of its name to .xlsx")
    marked = next((encoding for mark, encoding in BYTE_ORDER_MARKS if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            if encoding == "gb18030":
                check_chinese(file, content, text, warnings)
            return text
    if marked is None and b"\0" not in content:
        check_chinese(file, content, "", None)
    refuse(file, "not_text", "不是 UTF-8 或 GB 18030 编码的文本；请用表格软件另存为“CSV UTF-8”",
           "this is no text in UTF-8 or GB 18030; save it as “CSV UTF-8” in a spreadsheet program")
    raise AssertionError


def check_chinese(file: str, content: bytes, text: str, warnings: list[Problem] | None) -> None:
    """Refuse a text that is UTF-8 but for a few bytes, or that makes no Chinese when read as GB 18030: it is of another
    encoding, and its names would be others. Warn of every other one, with what it reads."""
    foreign = len(re.findall(rb"[\x80-\xff]", content))
    valid = sum(map(len, UTF8_SIGN.findall(content)))
    if foreign and valid > MOSTLY_UTF8 * foreign:
        line = content[: first_bad_byte(content)].count(b"\n") + 1
        refuse(file, "broken_utf8", "是 UTF-8 文本而有损坏的字节；请更正该行，或重新另存为“CSV UTF-8”",
               "this is UTF-8 with broken bytes; correct this row, or save the table as “CSV UTF-8” again", row=line)
    signs = [sign for sign in text if ord(sign) > 0x7f and unicodedata.category(sign) in ("Lo", "Ll", "Lu", "Co", "Cn")
             and not "！" <= sign <= "～"]
    if signs and sum(map(is_common, signs)) < COMMON * len(signs):
        refuse(file, "other_encoding",
               f"编码不是 UTF-8，按 GB 18030 读则不成中文（如“{sample(text)}”），可能是 Big5、Latin-1、Shift-JIS 等；"
               "请另存为“CSV UTF-8”",
               f"the file is not UTF-8, and makes no Chinese when read as GB 18030 (“{sample(text)}”): it may be Big5, "
               "Latin-1, Windows-125x, Shift-JIS or another; save it as “CSV UTF-8”")
    if warnings is not None:
        warnings.append(Problem("read_as_gb18030", f"不是 UTF-8，按 GB 18030 读（如“{sample(text)}”）；若名称不对"
                                                   f"，请另存为"
                                "“CSV UTF-8”",
                                f"not UTF-8, read as GB 18030 (as “{sample(text)}”); if the names look wrong, save the "
                                "file as “CSV UTF-8”", file))


UTF8_SIGN = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def first_bad_byte(content: bytes) -> int:
    """Where a text stops being UTF-8."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return 0


def is_common(sign: str) -> bool:
    """Whether a sign is one of the 3 755 common Chinese ones of GB 2312, most of every Chinese text."""
    try:
        code = sign.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7


def sample(text: str) -> str:
    """The first words of a text that are not plain letters."""
    found = re.search(r"[^\x00-\x7f][^,;\t\r\n]{0,19}", text)
    return visible(found[0]) if found else ""


def separator(text: str) -> str:
    """What separates cells: of comma, tab and semicolon the one that most of the first rows hold equally often.

    Titles above the heading, and commas inside quotation marks or between thousands, come in no such number.
    """
    lines = re.sub(r'"[^"]*"', "", text[:100_000]).splitlines()[:50]
    lines = [line for line in lines if line.strip(" ") and not line.lstrip().startswith("#")]
    if not lines:
        return ","
    counts = {sign: Counter(line.count(sign) for line in lines if sign in line) for sign in SEPARATORS}
    usual = {sign: max(count.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
             for sign, count in counts.items()}
    return max(SEPARATORS, key=lambda sign: (usual[sign][1], usual[sign][0]))
