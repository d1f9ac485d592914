"""How a table of values is laid out, whatever its words: which column holds the units, what a second heading row says,
which columns are years of an indicator, and which rows are no data.

What is understood is logged at its row; what is not is one sentence that names what was seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from workbench.own.findings import Cell, Findings, folded, is_blank, listed, spaced, tight, written
from workbench.own.grid import Grid
from workbench.own.headings import NAME_WORDS, SECOND_NAMES, Table, cell_of, passed_over
from workbench.own.numbers import COMMA, PLAIN, POINT, read_number
from workbench.own.places import TOTALS, Roster

YEAR_ALONE = re.compile(r"[(（\[]?((?:19|20)[0-9]{2}) ?(?:年度?|\.0)?(?: ?\[YR(?:19|20)[0-9]{2}\])?[)）\]]?")
YEAR_WITHIN = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?![0-9])年?度?")
YEAR_EDGES = " _-–—()（）[]【】.,:：/"
NOTE = re.compile(r"[*＊※†]|(?:注|註|备注|说明|附注|资料来源|数据来源|来源|单位|notes?|sources?|data sources?|"
                  r"last updated|copyright|legend|unit)(?:[ 0-9①-⑨]*[:：.、]|[ ]|$)|data from|数据来自|最后更新", re.I)
LONG_NOTE = 40
UNIT_LIKE = re.compile(r"%|％|‰|(?:[十百千万亿]*(?:元|美元|人|个|户|件|张|家|台|辆|套|项|篇|户|所|座|处|次|天|日|年"
                       r"|吨|公里|平方公里|公顷"
                       r"|平方米|立方米|千瓦时|度|分|米|册|条|千克)(?:/.+)?)|(?:per|number|index|score|persons?|people|count|euros?|eur|usd|"
                       r"dollars?|yuan|cny|rmb|km2?|km²|days?|hours?|years?|tons?|tonnes|kg|ha|points?|units?|million|billion|"
                       r"thousand|ratio|share|percent|per cent|0-100|1-7|kwh|mbps|gbps)(?:\b.*)?", re.I)
UNIT_LABELS = {"单位", "计量单位", "unit", "units", "unitofmeasure"}
SHARE = 0.5


@dataclass(frozen=True)
class Layout:
    """A table of values as it is laid out: its rows of figures, its second heading row, units by column, and what
    stands above each column in one or two rows."""

    table: Table
    second: int | None = None
    units: dict[int, str] = field(default_factory=dict)

    def texts(self, column: int) -> list[str]:
        """What is written above a column, from the top; a heading of several columns counts for each of them."""
        top = cell_of(self.table.grid, self.table.head, column).content
        if self.second is None:
            return [] if is_blank(top) else [folded(top)]
        below = cell_of(self.table.grid, self.second, column).content
        if is_blank(top) and not is_blank(below):
            top = next((content for place in range(column - 1, -1, -1) if place not in self.table.columns.values()
                        and not is_blank(content := cell_of(self.table.grid, self.table.head, place).content)), None)
        return [folded(content) for content in (top, below) if not is_blank(content)]


def year_alone(text: str) -> int | None:
    """The year that a heading is, None where it is more or none."""
    found = YEAR_ALONE.fullmatch(spaced(text))
    return int(found[1]) if found else None


def year_within(text: str) -> tuple[str, int] | None:
    """A heading without the one year in it, and that year: GDP_2019, 2019年GDP, percGDP1990."""
    years = YEAR_WITHIN.findall(text)
    if len(set(years)) != 1:
        return None
    rest = YEAR_WITHIN.sub(" ", re.sub(r"\[YR[0-9]{4}\]", " ", text))
    return " ".join(rest.split()).strip(YEAR_EDGES), int(years[0])


# --- which column holds the units -------------------------------------------------------------------------------------
def find_units(grid: Grid, roster: Roster) -> tuple[int, dict[str, int]] | None:
    """The heading's row and the columns of codes and names of a table whose headings do not say: the columns whose
    cells are the roster's codes or names, or else the first column of texts that are all different."""
    full = [row for row in range(len(grid.rows)) if not passed_over(grid, row)]
    head = next((row for row in full[:10] if sum(not is_blank(content) for content in grid.rows[row]) > 1), None)
    if head is None or any(roster.knows(content) or (is_number(content) and year_alone(written(content)) is None)
                           for content in grid.rows[head] if not is_blank(content)):
        return None
    below = [row for row in full if row > head]
    width = min(len(grid.rows[head]), 60)
    columns: dict[str, int] = {}
    texts: int | None = None
    for column in range(width):
        cells = [content for row in below if not is_blank(content := cell_of(grid, row, column).content)]
        if not cells:
            continue
        by_code = sum(roster.code_in(content) is not None for content in cells) / len(cells)
        by_name = sum(bool(roster.by_name(written(content))[0]) for content in cells) / len(cells)
        if max(by_code, by_name) > SHARE:
            columns.setdefault("code" if by_code >= by_name else "name", column)
        if texts is None and not any(is_number(content) for content in cells) and len(cells) >= 3 and (
                len({tight(content) for content in cells}) == len(cells)):
            texts = column
    if not columns and texts is not None and not is_blank(cell_of(grid, head, texts).content):
        columns = {"name": texts}
    return (head, columns) if columns else None


def is_number(content: object) -> bool:
    """Whether a cell holds a number, the decimal sign a point or a comma."""
    if isinstance(content, int | float):
        return True
    if not isinstance(content, str):
        return False
    return bool(PLAIN.fullmatch(content.strip())) or any(read_number(content, notation).value is not None
                                                         for notation in (POINT, COMMA))


def across(grid: Grid, roster: Roster) -> bool:
    """Whether units stand in a row and indicators in a column: the first filled row is mostly units of the roster."""
    full = [row for row in range(len(grid.rows)) if not passed_over(grid, row)]
    head = next((row for row in full[:10] if sum(not is_blank(content) for content in grid.rows[row]) > 2), None)
    if head is None or len(full) < 2:
        return False
    cells = [content for content in grid.rows[head] if not is_blank(content)][:500]
    units = {roster.code_in(content) or "".join(roster.by_name(written(content))[0]) for content in cells} - {""}
    return len(units) >= 3 and len(units) > SHARE * len(cells)


def note_across(grid: Grid, findings: Findings) -> None:
    """Note a table that lies on its side."""
    row = next(row for row in range(len(grid.rows)) if not passed_over(grid, row))
    findings.problem(Cell(grid.file, grid.sheet, row + 1), "transposed",
                     "单位（城市）横排、指标竖排：请转置（表格软件：复制，选择性粘贴，转置），使每行一个单位、每列一项指标",
                     "units stand in columns and indicators in rows: transpose the table (copy, paste special, "
                     "transpose), so that every row is a unit and every column an indicator")


# --- which rows are data ----------------------------------------------------------------------------------------------
def lay_out(table: Table, roster: Roster, findings: Findings) -> Layout:
    """The layout of a table whose columns of units are known."""
    table = replace(table, rows=without_notes(table, roster, findings))
    units: dict[int, str] = {}
    second = None
    for row in table.rows[:3]:
        if not is_heading_row(table, row, roster):
            break
        cells = {column: spaced(written(content)) for column, content in enumerate(table.grid.rows[row])
                 if column not in table.columns.values() and not is_blank(content)}
        label = {tight(table.cell(row, name).content) for name in ("code", "name")} - {""}
        if label <= UNIT_LABELS and (label or any(is_unit(text) for text in cells.values())) and not any(
                year_alone(text) for text in cells.values()):
            units = {column: text.strip("()（）[]") for column, text in cells.items()}
            findings.understood(cell_of(table.grid, row, next(iter(cells))), "", "unit_row",
                                "表头之下的单位行：作单位，不作数据",
                                "a row of units below the heading is read as units")
        elif second is None:
            second = row
            findings.understood(cell_of(table.grid, row, next(iter(cells))), "", "second_heading",
                                "第二行表头：与第一行一起作列名，不作数据",
                                "a second heading row names columns together with the first and is no data")
        else:
            break
        table = replace(table, rows=[each for each in table.rows if each != row])
    return Layout(table, second, units)


def is_unit(text: str) -> bool:
    """Whether a text is a unit of measurement."""
    return bool(UNIT_LIKE.fullmatch(text.strip("()（）[] ")))


def is_heading_row(table: Table, row: int, roster: Roster) -> bool:
    """Whether a row below the heading names columns: it holds words or years alone, and no unit of the roster."""
    places = [table.cell(row, name).content for name in ("code", "name") if table.has(name)]
    cells = [content for column, content in enumerate(table.grid.rows[row])
             if column not in table.columns.values() and not is_blank(content)]
    places = [content for content in places if not is_blank(content)]
    if not cells or any(roster.knows(content) or tight(content) in TOTALS for content in places):
        return False
    if any(roster.province(written(content)) for content in places):
        return False
    label = {tight(content) for content in places}
    years = sum(year_alone(written(content)) is not None for content in cells)
    if years == len(cells):
        return not label or label <= NAME_WORDS | SECOND_NAMES
    if years:
        return False
    words = [content for content in cells if isinstance(content, str) and not is_number(content)
             and read_number(content).rule != "missing" and (read_number(content).problem or ("",))[0] in (
                 "not_a_number", "ambiguous_comma", "unit_in_cell", "word_for_missing", "formula_text")]
    if len(words) < len(cells) or (label and len(words) < 2):
        return False
    return not label or label <= NAME_WORDS | SECOND_NAMES | UNIT_LABELS or len(words) >= 2


def without_notes(table: Table, roster: Roster, findings: Findings) -> list[int]:
    """The rows of data without remarks below them: a last row that holds one text, or begins as remarks do."""
    rows = list(table.rows)
    while rows:
        cells = [(column, content) for column, content in enumerate(table.grid.rows[rows[-1]]) if not is_blank(content)]
        column, first = cells[0]
        text = spaced(written(first))
        if not isinstance(first, str) or roster.knows(first) or any(is_number(content) for _, content in cells):
            break
        after_blank = rows[-1] - 1 >= 0 and all(is_blank(each) for each in table.grid.rows[rows[-1] - 1])
        alone = len(cells) == 1 and (len(text) >= LONG_NOTE or (after_blank and len(rows) > 1 and len(text) > 12))
        if not (NOTE.match(text) or alone):
            break
        findings.understood(cell_of(table.grid, rows.pop(), column), "", "note_row", "表下的注释行，不作数据",
                            "a remark below the table is no data")
    return rows


def unnamed_columns(layout: Layout, findings: Findings) -> None:
    """Note columns that hold something and have no heading in any row."""
    noted: set[int] = set()
    known = {}
    for row in layout.table.rows:
        for column, content in enumerate(layout.table.grid.rows[row]):
            if column in noted or content is None or content == "":
                continue
            if column not in known:
                known[column] = bool(layout.texts(column)) or column in layout.table.columns.values()
            if not known[column] and not is_blank(content):
                noted.add(column)
                findings.problem(layout.table.cell(row, column), "no_column_heading",
                                 f"第 {column + 1} 列有内容而没有列名；请补上列名，或清空该列",
                                 f"column {column + 1} has content and no heading; give it one or clear the column")


def no_units(grid: Grid, findings: Findings) -> None:
    """Note a table in which no column of units is found, with its headings and what they may be called."""
    full = [row for row in range(len(grid.rows)) if not passed_over(grid, row)]
    found = listed((written(content) for content in grid.rows[full[0]] if not is_blank(content)), 12)
    findings.problem(Cell(grid.file, grid.sheet, full[0] + 1), "no_heading",
                     f"找不到城市（单位）所在的列；第一行应为表头，现为：{found}；请把该列的列名改为"
                     " code（代码）或 name（名称），也可用：城市、地区、国家、省份、地区代码、country、region、iso3",
                     f"no column of units is found; the first row is to be the heading and has: {found}; head that "
                     "column code or name (country, region, unit, iso3, geo, 城市, 地区, 国家 are understood too), "
                     "or add a heading")
