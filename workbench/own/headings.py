"""Which column is which: the heading of a table, found and understood, and its rows of data.

Headings go by their English or Chinese names, whatever their case, white space or width of letters. Rows whose first
cell begins with `#` are remarks, rows of titles above the heading are passed over and logged, blank rows do not count.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from workbench.own.findings import Cell, Findings, folded, is_blank, listed, tight, written
from workbench.own.grid import Grid

REMARK = ("#", "＃")
TITLE_ROWS = 10  # how far down a heading is looked for
CLOSE = 0.75  # how alike a heading must be to a known one to count as a misspelling of it

FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "values": {
        "code": ("code", "代码", "adcode", "行政区划代码", "城市代码", "地区代码", "区划代码", "city_code",
                 "city code", "iso3",
                 "iso2", "iso", "iso_code", "iso3c", "iso2c", "iso_a3", "iso alpha-3", "ucode", "country code",
                 "country_code", "economy code", "nuts_code", "nuts", "nuts code", "geo_code", "unit_code", "unit code",
                 "region code", "region_code", "国家代码", "省份代码", "区县代码", "地区编码", "城市编码", "编码",
                 "单位代码"),
        "name": ("name", "名称", "城市", "city", "城市名称", "城市名", "地区", "地区名称", "city name",
                 "city_name", "country",
                 "countries", "country name", "country_name", "countryname", "nation", "economy", "economy name",
                 "uname", "entity", "geo", "reference area", "ref_area", "国家", "国家名称", "国家/地区", "国家或地区",
                 "国家和地区", "来源城市", "城市(市)", "地级市", "区县", "县市", "市县", "县名", "区县名称",
                 "企业", "企业名称", "公司",
                 "公司名称", "样本", "单位名称", "municipality"),
        "indicator": ("indicator", "指标", "指标代码", "指标名称", "指标名", "变量", "indicator name", "indicator code",
                      "series", "series name", "series code", "variable"),
        "value": ("value", "数值", "值", "指标值", "obs_value", "obs value", "observation value", "观测值"),
        "year": ("year", "年份", "年", "年度", "time", "time_period", "time period", "period", "时间", "统计年份",
                 "统计年度",
                 "会计年度", "年份(年)"),
        "source": ("source", "来源", "数据来源", "资料来源"),
        "note": ("note", "备注", "说明", "注"),
        "file": ("file",), "sheet": ("sheet",), "row": ("row",), "column": ("column",),
    },
    "framework": {
        "code": ("code", "代码", "编号", "指标代码"), "level": ("level", "级别", "层级"),
        "parent": ("parent", "上级", "上级代码", "父级"),
        "name_zh": ("name_zh", "中文名", "中文名称", "名称", "name", "指标名称"),
        "name_en": ("name_en", "英文名", "英文名称"),
        "direction": ("direction", "方向", "指标方向", "属性", "指标属性", "性质", "指标性质", "正负", "作用方向",
                      "效应", "polarity", "sign", "orientation", "direction of effect"),
        "unit_zh": ("unit_zh", "单位", "中文单位", "unit"), "unit_en": ("unit_en", "英文单位", "单位（英文）"),
        "source": ("source", "来源", "数据来源"), "note": ("note", "备注", "说明"),
        "number": ("number", "序号"), "certainty": ("certainty",),
        "weight": ("weight", "weights", "权重", "权数", "权重系数", "指标权重", "综合权重"),
        "low": ("low", "lower goalpost", "goalpost_low", "lower bound", "下限", "目标下限", "下限值", "下界"),
        "high": ("high", "upper goalpost", "goalpost_high", "upper bound", "上限", "目标上限", "上限值", "上界"),
        "log": ("log", "ln", "logarithm", "对数", "取对数", "是否取对数"),
        "normalisation": ("normalisation", "normalization", "标准化", "标准化方法", "归一化", "归一化方法", "无量纲化"),
        "share": ("share",),  # of a tree that a run has kept
        "denominator": ("denominator", "divisor", "分母", "除数", "除以"),
        "reliability": ("reliability", "信度", "可靠度", "信度系数"),
    },
    "cities": {
        "code": ("code", "代码", "adcode", "行政区划代码", "城市代码", "iso3", "iso2", "iso", "iso_code", "ucode",
                 "country code",
                 "country_code", "geo_code", "nuts_code", "国家代码", "地区代码", "区县代码", "编码", "id"),
        "name": ("name", "名称", "城市", "城市名称", "中文名", "name_zh", "city", "country", "country name",
                 "economy", "uname",
                 "geo", "nation", "地区", "地区名称", "国家", "国家名称", "国家/地区", "省份", "区县", "企业",
                 "企业名称"),
        "name_en": ("name_en", "英文名", "英文名称"),
        "lon": ("lon", "seat_lon", "经度", "longitude", "lng"), "lat": ("lat", "seat_lat", "纬度", "latitude"),
    },
    "regions": {
        "system": ("system", "体系", "区域体系"), "system_zh": ("system_zh", "体系中文名", "体系名称"),
        "system_en": ("system_en", "体系英文名"), "name": ("name", "区域", "名称", "name_zh"),
        "name_en": ("name_en", "英文名"),
    },
    "experts": {
        "expert": ("expert", "专家", "代码", "code"), "name_zh": ("name_zh", "中文名", "名称", "name"),
        "name_en": ("name_en", "英文名"), "weight": ("weight", "权重"),
        "description_zh": ("description_zh", "说明", "中文说明"), "description_en": ("description_en", "英文说明"),
    },
    "judgements": {
        "expert": ("expert", "专家"), "node": ("node", "节点"), "row": ("row", "行"), "column": ("column", "列"),
        "value": ("value", "数值", "判断", "值"),
    },
    "study": {
        "key": ("key", "property", "项目", "属性"), "zh": ("zh", "中文", "内容", "value", "text"),
        "en": ("en", "英文", "english"),
    },
}
# Names of a column of units that may as well be one of groups: read as units where no other column is.
SECOND_NAMES = {tight(word) for word in (
    "省份", "省", "省市", "省（区、市）", "所属省份", "province", "state", "region", "区域", "area", "location",
    "unit", "units", "单位",
    "district", "county", "town", "place", "territory", "firm", "company", "university", "学校", "高校", "县",
    "市", "区",
    "id", "label", "observation")}
NAME_WORDS = {tight(word) for field in ("code", "name") for word in FIELDS["values"][field]}
NEEDED = {"framework": ("code", "level", "parent"), "cities": ("code", "name"),
          "regions": ("system", "name"), "experts": ("expert", "weight"),
          "judgements": ("node", "row", "column", "value"), "study": ("key",)}
MAY_BE_EMPTY = ("regions", "judgements", "study")  # no regions, no judgements: both can be
# In a table any of these must stand in the heading, or the row is no heading.
TELLING = {"values": ("code", "name"), "framework": ("code", "level", "parent"), "cities": ("code", "name"),
           "regions": ("system", "name"), "experts": ("expert", "weight"), "judgements": ("node", "row", "column"),
           "study": ("key",)}


CODE_WORDS = {tight(word) for word in FIELDS["values"]["code"][:8]}  # of these there is one in a table
Units = Callable[[Grid], "tuple[int, dict[str, int]] | None"]


@dataclass(frozen=True)
class Table:
    """A grid whose heading is understood: fields by column, further headings by column, rows of data; from 0."""

    grid: Grid
    head: int
    columns: dict[str, int]
    others: dict[int, str]
    rows: list[int]

    def cell(self, row: int, column: int | str | None) -> Cell:
        """A cell by row and by column or field; a field that the table lacks is an empty cell."""
        place = self.columns.get(column) if isinstance(column, str) else column
        if place is None:
            return Cell(self.grid.file, self.grid.sheet, row + 1)
        return cell_of(self.grid, row, place)

    def has(self, name: str) -> bool:
        """Whether the table has a field."""
        return name in self.columns

    def heading(self, column: int | str) -> Cell:
        """The heading's cell of a column."""
        return self.cell(self.head, column)


def cell_of(grid: Grid, row: int, column: int) -> Cell:
    """A cell of a grid, row and column counted from 0."""
    cells = grid.rows[row] if row < len(grid.rows) else []
    return Cell(grid.file, grid.sheet, row + 1, column + 1, cells[column] if column < len(cells) else None)


def whole(grid: Grid) -> Cell:
    """The place of what concerns a table as a whole."""
    return Cell(grid.file, grid.sheet)


def read_heading(name: str, grid: Grid, findings: Findings, own_fields: Mapping[str, Iterable[str]] | None = None,
                 units: Units | None = None) -> Table | None:
    """The table in a grid, or None where no heading is found; `own_fields` are further fields with their headings.

    `units` finds the columns of codes and names of a table of values by its cells, where no heading says them.
    """
    fields = {**FIELDS[name], **(own_fields or {})}
    told = Findings() if units else findings
    head, known = find_heading(name, grid, fields, told), {}
    if units and head is None:
        head, known = found if (found := units(grid)) else (None, {})
        if head is None and [each.kind for each in told.problems] == ["no_heading"]:
            return None
    if units:
        findings.problems += told.problems if head is None else []
        findings.log += told.log
    if head is None:
        return None
    columns, others = columns_of(name, grid, head, fields, findings)
    for field, column in known.items():
        if field not in columns:
            columns[field] = column
            findings.understood(cell_of(grid, head, column), field, "unit_column", "按各格的内容认出单位所在的列",
                                "the column of units is known by what its cells hold")
            others.pop(column, None)
    table = Table(grid, head, columns, others, rows_below(grid, head))
    if name != "values":
        refuse_unnamed(table, findings)
        note_merged(table, (), findings)
    if name in ("cities", "regions") and not table.has("name") and table.has("name_en"):
        table.columns["name"] = table.columns["name_en"]
    for field in NEEDED.get(name, ()):
        if not table.has(field):
            findings.problem(cell_of(grid, head, 0)._replace(column=None, content=None), "missing_column",
                             f"表头缺少 {field}（{listed(fields[field][1:2] or [field])}）一列；请补上",
                             f"the heading lacks the column {field}; add it")
    if not table.rows and name not in MAY_BE_EMPTY:
        findings.problem(whole(grid), "no_rows",
                         "表头之下没有数据行；请填写",
                         "there is no row below the heading; fill it in")
    return table


def find_heading(name: str, grid: Grid, fields: Mapping[str, Iterable[str]], findings: Findings) -> int | None:
    """The heading's row: the first row that is no remark, or a later one below a few rows of titles."""
    telling = {tight(word) for field in TELLING[name] for word in fields[field]}
    full = [row for row in range(len(grid.rows)) if not passed_over(grid, row)]
    for row in full[:TITLE_ROWS]:
        if any(tight(content) in telling for content in grid.rows[row] if not is_blank(content)) and (
                name != "values" or sum(not is_blank(content) for content in grid.rows[row]) > 1):
            for title in full[: full.index(row)]:
                first = next(place for place, content in enumerate(grid.rows[title]) if not is_blank(content))
                findings.understood(cell_of(grid, title, first), "", "title_row", "表头之上的行按标题略过",
                                    "a row above the heading is passed over as a title")
            return row
        if sum(not is_blank(content) for content in grid.rows[row]) > 1:
            break
    if not full:
        findings.problem(whole(grid), "empty_table",
                         "表是空的；请填写，或删去该表",
                         "the table is empty; fill it in or remove it")
        return None
    found = listed(written(content) for content in grid.rows[full[0]] if not is_blank(content))
    wanted = " / ".join(next(iter(fields[field])) for field in TELLING[name])
    findings.problem(Cell(grid.file, grid.sheet, full[0] + 1), "no_heading",
                     f"第一行应为表头，须有 {wanted} 之一；现为：{found}；请补上表头",
                     f"the first row is to be the heading and to name one of {wanted}; it has: {found}; add a heading")
    return None


def passed_over(grid: Grid, row: int) -> bool:
    """Whether a row is blank or a remark."""
    cells = grid.rows[row]
    return all(is_blank(content) for content in cells) or (isinstance(cells[0], str) and
                                                           folded(cells[0]).startswith(REMARK))


def rows_below(grid: Grid, head: int) -> list[int]:
    """The rows of data below a heading."""
    return [row for row in range(head + 1, len(grid.rows)) if not passed_over(grid, row)]


def columns_of(name: str, grid: Grid, head: int, fields: Mapping[str, Iterable[str]],
               findings: Findings) -> tuple[dict[str, int], dict[int, str]]:
    """The column of each field, and the headings that name none."""
    known = {tight(word): field for field, words in fields.items() for word in words}
    columns: dict[str, int] = {}
    others: dict[int, str] = {}
    for column, content in enumerate(grid.rows[head]):
        if is_blank(content):
            continue
        field = known.get(tight(content))
        if field is None:
            others[column] = folded(content)
        elif field not in columns:
            columns[field] = column
        elif name == "values" and tight(content) != tight(grid.rows[head][columns[field]]) and (
                field != "code" or tight(content) not in CODE_WORDS):
            others[column] = folded(content)  # 城市 beside 地区, iso2 beside iso3: the first is read
        else:
            findings.problem(cell_of(grid, head, column), "repeated_column",
                             f"第 {columns[field] + 1} 列已是 {field}；请只留一列",
                             f"column {columns[field] + 1} is {field} already; keep one of the two")
    return columns, others


def refuse_unnamed(table: Table, findings: Findings) -> None:
    """Note columns that hold something under an empty heading."""
    heading = table.grid.rows[table.head]
    named = {column for column, content in enumerate(heading) if not is_blank(content)}
    noted = set()
    for row in table.rows:
        for column, content in enumerate(table.grid.rows[row]):
            if column not in named and column not in noted and not is_blank(content):
                noted.add(column)
                findings.problem(table.cell(row, column), "no_column_heading",
                                 f"第 {column + 1} 列有内容而没有列名；请补上列名，或清空该列",
                                 f"column {column + 1} has content and no heading; give it one or clear the column")


def note_merged(table: Table, figures: Iterable[int], findings: Findings) -> None:
    """Note merged areas among the rows of data: a problem where they touch `figures`, the columns of figures, since
    nobody can tell whether the one figure holds for all of their cells; a warning elsewhere."""
    for area in table.grid.merged:
        cell = table.cell(area.top, area.left)
        cells = (area.bottom - area.top + 1) * (area.right - area.left + 1)
        if is_blank(cell.content) or cells == 1 or not any(area.top <= row <= area.bottom for row in table.rows):
            continue
        if any(area.left <= column <= area.right for column in figures):
            findings.problem(cell, "merged_figure", f"{cells} 个格合并，只有这一个数；请取消合并，逐格填写",
                             f"{cells} merged cells hold this one figure; unmerge them and fill in each cell")
        else:
            findings.warning(cell, "merged_cells", f"{cells} 个格合并，只有左上角的一格有内容，其余按空白读；"
                             "若都适用，请取消合并，逐格填写",
                             f"of {cells} merged cells the first alone is filled, the others count as blank; unmerge "
                             "them and fill in each cell if it holds for all")


def note_unknown(table: Table, fields: Iterable[str], findings: Findings) -> None:
    """Note the columns that are not read: a misspelt heading as a problem, another as a warning."""
    known = list(fields)
    for column, heading in table.others.items():
        close = difflib.get_close_matches(heading.casefold(), known, n=1, cutoff=CLOSE)
        if close and close[0] not in table.columns:
            findings.problem(table.heading(column), "unknown_column", f"没有这一列；最接近的是 {close[0]}；请更正列名",
                             f"no such column; the nearest is {close[0]}; correct the heading")
        else:
            findings.warning(table.heading(column), "column_not_read", "这一列不在约定的列中，未读取",
                             "this column is none of the table's and is not read")
