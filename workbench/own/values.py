"""The figures of a study from the table `values`: wide, a column an indicator, or long, a row a figure.

Every cell goes through `numbers.read_number`; what is read otherwise than written is logged with its reason. Of several
years the latest figure of each city and indicator is used.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from functools import partial

import pandas as pd

from workbench.own.findings import (
    LONGEST_TEXT,
    Cell,
    Findings,
    Once,
    folded,
    is_blank,
    listed,
    read_text,
    tight,
    written,
)
from workbench.own.grid import Grid
from workbench.own.headings import Table, note_merged, note_unknown, read_heading, whole
from workbench.own.indicator_names import Indicators
from workbench.own.numbers import read_number, reasons
from workbench.own.places import Roster

COLUMNS = ["code", "indicator", "year", "value", "source", "note", "file", "sheet", "row", "column"]
ORIGIN = ("file", "sheet", "row", "column")
LEAST_CITIES = 3
YEARS = (1900, 2100)
YEAR = re.compile(r"([0-9]{4})(年|年度|\.0+)?")
# Columns that many tables of cities have beside their figures.
DESCRIPTIVE = {tight(word) for word in (
    "序号", "编号", "排名", "名次", "no", "no.", "id", "index", "unnamed: 0", "name_en", "英文名", "英文名称",
    "省份", "省", "所属省份", "province", "province_short", "region", "nbs_region", "区域", "所属区域", "type",
    "类型", "lon", "lat", "seat_lon", "seat_lat", "经度", "纬度", "城市", "地区", "名称", "city", "城市名称",
    "城市名", "地区名称")}


def read_figures(grid: Grid, tree: pd.DataFrame, roster: Roster,
                 findings: Findings) -> tuple[pd.DataFrame, dict[str, Cell]]:
    """Every figure of the table `values`, all years, each with its cell; and the headings of indicators."""
    table = read_heading("values", grid, findings)
    empty = pd.DataFrame(columns=COLUMNS).astype({"year": "Int64", "value": float})
    if table is None or not table.rows:
        return empty, {}
    before, heads = len(findings.problems), {}
    indicators = Indicators(tree)
    if table.has("indicator") and table.has("value"):
        note_unknown(table, ("code", "name", "indicator", "value", "year", "source", "note", *ORIGIN), findings)
        note_merged(table, [table.columns["value"]], findings)
        rows = list(long_figures(table, indicators, roster, findings))
    elif table.has("indicator"):
        findings.problem(table.heading("indicator"), "missing_column", "有 indicator 而没有 value 一列；请补上",
                         "there is a column indicator and no column value; add it")
        return empty, {}
    else:
        columns = indicator_columns(table, indicators, findings)
        heads = {code: table.heading(column) for column, code in columns.items()}
        note_merged(table, columns, findings)
        rows = list(wide_figures(table, columns, roster, findings))
    if not rows:
        if len(findings.problems) == before:
            findings.problem(whole(grid), "no_values", "没有任何数值；请填写",
                             "there is no figure at all; fill some in")
        return empty, heads
    figures = pd.DataFrame(rows, columns=COLUMNS).astype({"year": "Int64", "value": float})
    refuse_repeated(figures, findings)
    return figures, heads


# --- wide -------------------------------------------------------------------------------------------------------------
def wide_figures(table: Table, columns: dict[int, str], roster: Roster, findings: Findings) -> Iterator[tuple]:
    """The figures of a wide table; `columns` are its indicators."""
    filled: set[int] = set()
    seen: dict[tuple, int] = {}
    for row in table.rows:
        code = roster.find(table.cell(row, "code"), table.cell(row, "name"), findings)
        if code is None and findings.problems[-1].kind == "total_row":
            continue
        year = read_year(table.cell(row, "year"), findings)
        if code is not None and seen.setdefault((code, year), row) != row:
            place = table.cell(row, "code" if table.has("code") else "name")
            findings.problem(place, "repeated_row",
                             f"{roster.label(code)} 已在第 {seen[code, year] + 1} 行；请只留一行",
                             f"{roster.label(code)} stands in row {seen[code, year] + 1} already; keep one of the two")
        source, note = (read_text(table.cell(row, name), findings, LONGEST_TEXT) for name in ("source", "note"))
        for column, indicator in columns.items():
            cell = table.cell(row, column)
            value = read_value(cell, findings)
            if not is_blank(cell.content):
                filled.add(column)
            if value is not None and code is not None:
                yield (code, indicator, year, value, source, note, *cell[:4])
    empty = [column for column in columns if column not in filled]
    if empty:
        codes = listed((columns[column] for column in empty), len(empty))
        findings.warning(table.heading(empty[0]), "indicator_without_value",
                         f"{len(empty)} 个指标没有数据，按未测量处理：{codes}",
                         f"{len(empty)} indicators have no figure and count as not measured: {codes}")


def indicator_columns(table: Table, indicators: Indicators, findings: Findings) -> dict[int, str]:
    """The indicator of each column of figures."""
    headings = dict(table.others)
    headings |= {table.columns[name]: name for name in ("value", *ORIGIN) if table.has(name)}
    columns: dict[int, str] = {}
    for column in sorted(headings):
        cell = table.heading(column)
        if tight(cell.content) in DESCRIPTIVE and not indicators.find(written(cell.content))[0]:
            findings.warning(cell, "column_not_read", "这一列不是指标，未读取",
                             "this column is no indicator and is not read")
            continue
        indicator = indicators.read(cell, findings)
        if indicator in columns.values():
            first = next(place for place, code in columns.items() if code == indicator)
            findings.problem(cell, "repeated_indicator", f"指标 {indicator} 已在第 {first + 1} 列；请只留一列",
                             f"the indicator {indicator} stands in column {first + 1} already; keep one of the two")
        elif indicator is not None:
            columns[column] = indicator
    if not headings:
        findings.problem(Cell(table.grid.file, table.grid.sheet, table.head + 1), "no_indicator",
                         "表头没有指标列；请以指标的代码或名称作列名",
                         "the heading has no column of an indicator; head columns with the codes or names of "
                         "indicators")
    return columns


# --- long -------------------------------------------------------------------------------------------------------------
def long_figures(table: Table, indicators: Indicators, roster: Roster, findings: Findings) -> Iterator[tuple]:
    """The figures of a long table; one that a run has kept says where each stood at first."""
    kept = all(table.has(name) for name in ORIGIN)
    find_city, find_indicator = Once(roster.find, findings), Once(indicators.read, findings)
    year_in, text_in = Once(read_year, findings), Once(partial(read_text, longest=LONGEST_TEXT), findings)
    for row in table.rows:
        code = find_city(table.cell(row, "code"), table.cell(row, "name"))
        if code is None and findings.problems[-1].kind == "total_row":
            continue
        cell = table.cell(row, "indicator")
        if is_blank(cell.content):
            findings.problem(cell, "no_indicator",
                             "这一行没有指标；请填写代码",
                             "the row names no indicator; give its code")
            indicator = None
        else:
            indicator = find_indicator(cell)
        year = year_in(table.cell(row, "year"))
        value = read_value(table.cell(row, "value"), findings)
        source, note = (text_in(table.cell(row, name)) for name in ("source", "note"))
        if value is not None and code is not None and indicator is not None:
            origin = first_place(table, row) if kept else table.cell(row, "value")
            yield (code, indicator, year, value, source, note, *origin[:4])


def first_place(table: Table, row: int) -> Cell:
    """The cell that a kept figure came from, as its row says; the row's own where that is no place."""
    file, sheet, *numbers = (written(table.cell(row, name).content) for name in ORIGIN)
    if not file.isprintable() or not sheet.isprintable() or not all(re.fullmatch("[1-9][0-9]{0,6}", text)
                                                                    for text in numbers):
        return table.cell(row, "value")
    return Cell(file, sheet, int(numbers[0]), int(numbers[1]))


# --- cells ------------------------------------------------------------------------------------------------------------
def read_value(cell: Cell, findings: Findings) -> float | None:
    """The number in a cell, None where it is blank or none can be read."""
    number = read_number(cell.content)
    if number.problem:
        findings.problem(cell, *number.problem)
        return None
    if number.rule:
        findings.understood(cell, repr(number.value) if number.value is not None else "", number.rule,
                            *reasons(number.rule))
    return number.value


def read_year(cell: Cell, findings: Findings) -> object:
    """A calendar year, or a missing value for a blank cell."""
    if is_blank(cell.content):
        return pd.NA
    if isinstance(cell.content, datetime.date):
        findings.understood(cell, cell.content.year, "year", "日期只取年份", "of a date only the year counts")
        return cell.content.year
    text = folded(cell.content)
    match = YEAR.fullmatch(text.replace(" ", ""))
    if not match or not YEARS[0] <= int(match[1]) <= YEARS[1]:
        findings.problem(cell, "not_a_year",
                         "不是年份；请写四位数字，如 2023",
                         "not a calendar year; write four digits, as 2023")
        return pd.NA
    if match[1] != written(cell.content):
        findings.understood(cell, match[1], "year", "年份按四位数字读", "the year is read as four digits")
    return int(match[1])


# --- the whole table --------------------------------------------------------------------------------------------------
def refuse_repeated(figures: pd.DataFrame, findings: Findings) -> None:
    """Note figures of one city, indicator and year that stand twice, and figures without a year beside dated ones."""
    key = ["code", "indicator", "year"]
    firsts = figures.groupby(key, dropna=False, sort=False)["row"].transform("first")
    rows_seen = {each.row for each in findings.problems if each.kind == "repeated_row"}
    for figure in figures.assign(first=firsts)[figures.duplicated(key)].itertuples():
        if figure.row not in rows_seen:
            findings.problem(place_of(figure), "repeated_figure",
                             f"{figure.code} 的 {figure.indicator} 在第 {figure.first} 行已有同年的数；请只留一个",
                             f"{figure.code} has a figure of {figure.indicator} for that year in row {figure.first} "
                             "already; keep one of the two")
    dated = figures["year"].notna().groupby([figures["code"], figures["indicator"]]).transform("any")
    for figure in figures[dated & figures["year"].isna()].itertuples():
        findings.problem(place_of(figure), "year_missing",
                         f"{figure.code} 的 {figure.indicator} 另有注明年份的数，而这个没有；请补上年份",
                         f"{figure.code} has dated figures of {figure.indicator} and this one has no year; give it")


def latest(figures: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """The latest figure of each city and indicator, in the table's order; earlier ones are logged."""
    year = figures["year"].fillna(0)
    newest = year == year.groupby([figures["code"], figures["indicator"]]).transform("max")
    for figure in figures[~newest].itertuples():
        findings.understood(place_of(figure), "", "earlier_year", f"{figure.year} 年的数有更近的，不用",
                            f"the figure of {figure.year} is not used, there is a later one")
    return figures[newest].drop_duplicates(["code", "indicator"]).reset_index(drop=True)


def place_of(figure: tuple) -> Cell:
    """The cell of a figure."""
    return Cell(figure.file, figure.sheet, figure.row, figure.column, figure.value)


def check_enough(figures: pd.DataFrame, grid: Grid, findings: Findings) -> None:
    """Note fewer cities than can be ranked, and indicators that are equal everywhere: they rank nothing."""
    cities = figures["code"].nunique()
    if 0 < cities < LEAST_CITIES:
        findings.problem(whole(grid), "too_few_cities", f"只有 {cities} 个城市有数据；至少需要 {LEAST_CITIES} 个",
                         f"only {cities} cities have figures; at least {LEAST_CITIES} are needed")
    for indicator, group in figures.groupby("indicator", sort=False):
        if group["value"].nunique() == 1 and cities >= LEAST_CITIES:
            first = next(group.itertuples())
            findings.problem(place_of(first), "constant_indicator",
                             f"指标 {indicator} 在有数据的 {len(group)} 个城市完全相同，不能区分城市；"
                             "请删去该指标的数据",
                             f"the indicator {indicator} is the same in all {len(group)} cities that have it and "
                             "cannot rank them; remove its figures")
