"""The figures of a study from the table `values`: wide, a column an indicator, or long, a row a figure.

Every cell goes through `numbers.read_number`; what is read otherwise than written is logged with its reason. Of several
years the latest figure of each city and indicator is scored, the others serve for the scores by year.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import pandas as pd

from workbench.own.denominators import with_variables
from workbench.own.figure_reader import FigureReader
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
from workbench.own.headings import (
    FIELDS,
    NAME_WORDS,
    SECOND_NAMES,
    Table,
    cell_of,
    note_merged,
    note_unknown,
    read_heading,
    whole,
)
from workbench.own.indicator_names import Indicators
from workbench.own.layouts import (
    Layout,
    across,
    find_units,
    lay_out,
    no_units,
    note_across,
    unnamed_columns,
    year_alone,
    year_within,
)
from workbench.own.places import Roster

COLUMNS = ["code", "indicator", "year", "value", "source", "note", "file", "sheet", "row", "column"]
ORIGIN = ("file", "sheet", "row", "column")
MANY_CITIES = 5_000
LEAST_CITIES = 3
YEARS = (1900, 2100)
YEAR = re.compile(r"([0-9]{4})(年|年度|\.0+)?")
# Columns that many tables of cities have beside their figures.
DESCRIPTIVE = NAME_WORDS | SECOND_NAMES | {tight(word) for word in (
    "序号", "编号", "排名", "名次", "no", "no.", "id", "index", "unnamed: 0", "name_en", "英文名", "英文名称",
    "省份", "省", "所属省份", "province", "province_short", "region", "nbs_region", "区域", "所属区域", "type",
    "类型", "lon", "lat", "seat_lon", "seat_lat", "经度", "纬度", "城市", "地区", "名称", "city", "城市名称",
    "城市名", "地区名称")}


@dataclass(frozen=True)
class Figures:
    """Every figure of a table of values, all years, each with its cell; the headings of indicators, and units that
    stand below them."""

    table: pd.DataFrame
    heads: dict[str, Cell] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)


def read_figures(grid: Grid, tree: pd.DataFrame, roster: Roster, findings: Findings) -> Figures:
    """The figures of the table `values`."""
    empty = pd.DataFrame(columns=COLUMNS).astype({"year": "Int64", "value": float})
    if across(grid, roster):
        note_across(grid, findings)
        return Figures(empty)
    before, indicators = len(findings.problems), Indicators(with_variables(tree))
    table = read_heading("values", grid, findings, units=partial(find_units, roster=roster))
    if table is None:
        if len(findings.problems) == before:
            no_units(grid, findings)
        return Figures(empty)
    if not table.rows:
        return Figures(empty)
    table = best_units(table, roster, findings)
    layout = lay_out(table, roster, findings)
    table = layout.table
    unnamed_columns(layout, findings)
    strange = is_another_study(layout, indicators, roster, findings)
    if strange:
        return Figures(empty)
    heads = {}
    reader = FigureReader(findings)
    years = {column: year for column in table.others if (year := year_alone(table.others[column]))}
    if table.has("indicator") and not table.has("value") and len(years) > 1 and not table.has("year"):
        reader.decide(table, years)
        rows = list(crossed_figures(table, years, indicators, roster, reader, findings))
    elif table.has("indicator") and table.has("value"):
        reader.decide(table, [table.columns["value"]])
        note_unknown(table, ("code", "name", "indicator", "value", "year", "source", "note", *ORIGIN), findings)
        note_merged(table, [table.columns["value"]], findings)
        rows = list(long_figures(table, indicators, roster, reader, findings))
    elif table.has("indicator"):
        findings.problem(table.heading("indicator"), "missing_column", "有 indicator 而没有 value 一列；请补上",
                         "there is a column indicator and no column value; add it")
        return Figures(empty)
    else:
        columns = indicator_columns(layout, indicators, findings)
        heads = {code: table.heading(column) for column, (code, _) in columns.items()}
        note_merged(table, columns, findings)
        reader.decide(table, columns)
        rows = list(wide_figures(table, columns, roster, reader, findings))
    reader.tell()
    units = {columns[column][0]: text for column, text in layout.units.items() if column in columns} if heads else {}
    units = {code: text for code, text in units.items() if code in tree.index}
    if not rows:
        if len(findings.problems) == before:
            findings.problem(whole(grid), "no_values", "没有任何数值；请填写",
                             "there is no figure at all; fill some in")
        return Figures(empty, heads, units)
    figures = pd.DataFrame(rows, columns=COLUMNS).astype({"year": "Int64", "value": float})
    refuse_repeated(figures, findings)
    note_future(figures, findings)
    return Figures(figures, heads, units)


def best_units(table: Table, roster: Roster, findings: Findings) -> Table:
    """The table with the column of units whose cells the roster knows best, of those that may be meant: iso3 beside
    iso2, 城市 beside 省份."""
    words = {field: {tight(word) for word in FIELDS["values"][field]} for field in ("code", "name")}
    columns, others = dict(table.columns), dict(table.others)
    for name, known in words.items():
        options = [column for column, text in others.items() if tight(text) in known]
        if name not in columns or not options:
            continue
        shares = {column: sum(roster.knows(table.cell(row, column).content) for row in table.rows)
                  for column in (columns[name], *options)}
        best = max(shares, key=lambda column: (shares[column], -column))
        if shares[best] > shares[columns[name]]:
            others[columns[name]] = folded(table.heading(name).content)
            columns[name] = best
            others.pop(best)
    return replace(table, columns=columns, others=others)


def is_another_study(layout: Layout, indicators: Indicators, roster: Roster, findings: Findings) -> bool:
    """Whether most units or headings are unknown, which is noted in one sentence each, or in one for both."""
    table, told = layout.table, Findings()
    cells = [table.cell(row, "name" if is_blank(table.cell(row, "code").content) else "code") for row in table.rows]
    strangers = roster.note_strangers(cells, whole(table.grid), told)
    headings = [table.heading(column) for column in sorted(table.others) if layout.second is None]
    headings = [cell for cell in headings if tight(cell.content) not in DESCRIPTIVE and not year_alone(
        folded(cell.content))]
    texts = [written(cell.content) for cell in headings]
    unknown = [text for text in texts if not indicators.find(text)[0] and not (
        (dated := year_within(folded(text))) and indicators.find(dated[0])[0])]
    if not table.has("indicator") and len(unknown) >= 3 and len(unknown) > len(texts) / 2 and not any(
            indicators.nearest(text) for text in unknown[:40]):
        if strangers and told.problems[0].kind == "unknown_units":
            told.problems.clear()
            findings.problem(whole(table.grid), "another_study",
                             f"单位（{listed(cell.content for cell in cells)}）与列（{listed(unknown)}）"
                             "都不是本研究的；"
                             "这是另一项研究，请自带 framework 与 cities 表：python -m analysis template --from 本文件",
                             f"neither the units ({listed(cell.content for cell in cells)}) nor the columns "
                             f"({listed(unknown)}) are known: this is another study; bring tables framework and "
                             "cities: python -m analysis template --from this file makes both")
            return True
        findings.problem(headings[0]._replace(column=None, content=None), "unknown_indicators",
                         f"{len(texts)} 个列名中有 {len(unknown)} 个不在指标体系中（{listed(unknown)}）；"
                         "请自带 framework 表（python -m analysis template --from 本文件），或更正列名",
                         f"of {len(texts)} headings {len(unknown)} are not in the tree ({listed(unknown)}); bring a "
                         "table framework (python -m analysis template --from this file makes one) or correct the "
                         "headings")
        strangers = True
    findings.problems += told.problems
    return strangers


# --- wide -------------------------------------------------------------------------------------------------------------
def wide_figures(table: Table, columns: dict[int, tuple[str, int | None]], roster: Roster, reader: FigureReader,
                 findings: Findings) -> Iterator[tuple]:
    """The figures of a wide table; `columns` are its indicators, each with the year that its heading says."""
    filled: set[int] = set()
    seen: dict[tuple, int] = {}
    file, sheet = table.grid.file, table.grid.sheet
    find_city, year_in = roster.find, Once(read_year, findings)
    for row in table.rows:
        code = find_city(table.cell(row, "code"), table.cell(row, "name"), findings)
        if code is None and findings.problems[-1].kind == "total_row":
            continue
        year = year_in(table.cell(row, "year"))
        if code is not None and seen.setdefault((code, year), row) != row:
            place = table.cell(row, "code" if table.has("code") else "name")
            findings.problem(place, "repeated_row",
                             f"{roster.label(code)} 已在第 {seen[code, year] + 1} 行；请只留一行",
                             f"{roster.label(code)} stands in row {seen[code, year] + 1} already; keep one of the two")
        source, note = (read_text(table.cell(row, name), findings, LONGEST_TEXT) for name in ("source", "note"))
        cells = table.grid.rows[row]
        for column, (indicator, dated) in columns.items():
            content = cells[column] if column < len(cells) else None
            if content is None or content == "":
                continue
            value = reader.read(content, row, column, column)
            if value is not None:
                filled.add(column)
                if code is not None:
                    yield (code, indicator, dated or year, value, source, note, file, sheet, row + 1, column + 1)
    empty = [column for column in columns if column not in filled]
    if empty:
        codes = listed((columns[column][0] for column in empty), len(empty))
        findings.warning(table.heading(empty[0]), "indicator_without_value",
                         f"{len(empty)} 个指标没有数据，按未测量处理：{codes}",
                         f"{len(empty)} indicators have no figure and count as not measured: {codes}")


def indicator_columns(layout: Layout, indicators: Indicators,
                      findings: Findings) -> dict[int, tuple[str, int | None]]:
    """The indicator of each column of figures, and the year that its heading says."""
    table = layout.table
    headings = dict(table.others)
    if layout.second is not None:
        cells = table.grid.rows[layout.second]
        headings |= {column: "" for column, content in enumerate(cells)
                     if not is_blank(content) and column not in table.columns.values()}
    headings |= {table.columns[name]: name for name in ("value", *ORIGIN) if table.has(name)}
    columns: dict[int, tuple[str, int | None]] = {}
    if table.has("year") and (dated := [column for column in headings if dated_indicator(layout.texts(column),
                                                                                         indicators)]):
        findings.problem(table.heading(dated[0]), "years_twice",
                         f"既有年份一列，又有 {len(dated)} 个列名含年份；请只用一种",
                         f"there is a column of years and {len(dated)} headings hold a year too; keep one of the two")
        return columns
    logged = False
    for column in sorted(headings):
        cell = table.heading(column)
        texts = layout.texts(column)
        found = dated_indicator(texts, indicators)
        if found is None and len(texts) == 2:
            found = either_heading(texts, indicators)
        if found:
            if found[1] and not logged:
                logged = True
                findings.understood(cell, f"{found[0]} {found[1]}", "year_heading",
                                    "列名（及同类的列名）中的年份作年份读",
                                    "the year in this heading and in those like it is read as the year")
            if found in columns.values():
                findings.problem(cell, "repeated_indicator", f"指标 {found[0]} 出现两次；请只留一列",
                                 f"the indicator {found[0]} stands in two columns; keep one of the two")
            columns[column] = found
            continue
        if tight(cell.content) in DESCRIPTIVE and not indicators.find(written(cell.content))[0]:
            findings.warning(cell, "column_not_read", "这一列不是指标，未读取",
                             "this column is no indicator and is not read")
            continue
        if is_blank(cell.content):
            cell = cell_of(table.grid, layout.second, column)
        indicator = indicators.read(cell, findings)
        if (indicator, None) in columns.values():
            first = next(place for place, known in columns.items() if known == (indicator, None))
            findings.problem(cell, "repeated_indicator", f"指标 {indicator} 已在第 {first + 1} 列；请只留一列",
                             f"the indicator {indicator} stands in column {first + 1} already; keep one of the two")
        elif indicator is not None:
            columns[column] = (indicator, None)
    undated = {code: column for column, (code, year) in columns.items() if year is None}
    both = [(column, code) for column, (code, year) in columns.items() if year and code in undated]
    if both:
        column, code = both[0]
        findings.problem(table.heading(column), "heading_with_year",
                         f"{code} 的列有的含年份、有的不含；请都写上年份，或用长表（列 code、indicator、year、value）",
                         f"of the columns of {code} some name a year and some do not; give all of them one, or use "
                         f"a long "
                         "table (columns code, indicator, year, value)")
        return {}
    if not headings:
        findings.problem(Cell(table.grid.file, table.grid.sheet, table.head + 1), "no_indicator",
                         "表头没有指标列；请以指标的代码或名称作列名",
                         "the heading has no column of an indicator; head columns with the codes or names of "
                         "indicators")
    return columns


def dated_indicator(texts: list[str], indicators: Indicators) -> tuple[str, int] | None:
    """The indicator and the year that headings say: GDP_2019, 2019 below GDP, GDP below 2019; None for others."""
    years = [year for text in texts if (year := year_alone(text))]
    words = [text for text in texts if not year_alone(text)]
    if len(texts) == 2 and len(years) == len(words) == 1:
        found = indicators.find(words[0])[0]
        return (found[0], years[0]) if len(found) == 1 else None
    for text in words:
        if not indicators.is_whole(text) and (dated := year_within(text)):
            found = indicators.find(dated[0])[0]
            if len(found) == 1:
                return found[0], dated[1]
    return None


def either_heading(texts: list[str], indicators: Indicators) -> tuple[str, None] | None:
    """The indicator that one of two headings names, or both alike."""
    found = {codes[0] for text in texts if len(codes := indicators.find(text)[0]) == 1}
    return (found.pop(), None) if len(found) == 1 else None


# --- long -------------------------------------------------------------------------------------------------------------
def crossed_figures(table: Table, years: dict[int, int], indicators: Indicators, roster: Roster, reader: FigureReader,
                    findings: Findings) -> Iterator[tuple]:
    """The figures of a table with a row a unit and indicator, and a column a year."""
    findings.understood(table.heading(next(iter(years))), "", "year_heading",
                        "列名（及同类的列名）中的年份作年份读",
                        "the year in this heading and in those like it is read as the year")
    find_indicator = Once(indicators.read, findings)
    for row in table.rows:
        code = roster.find(table.cell(row, "code"), table.cell(row, "name"), findings)
        indicator = find_indicator(table.cell(row, "indicator"))
        for column, year in years.items():
            cell = table.cell(row, column)
            value = reader.read(cell.content, row, column, indicator)
            if value is not None and code is not None and indicator is not None:
                yield (code, indicator, year, value, "", "", *cell[:4])


def long_figures(table: Table, indicators: Indicators, roster: Roster, reader: FigureReader,
                 findings: Findings) -> Iterator[tuple]:
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
        value = reader.read(table.cell(row, "value").content, row, table.columns["value"], indicator)
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


def note_future(figures: pd.DataFrame, findings: Findings) -> None:
    """Note years that have not come yet."""
    years = figures["year"].dropna()
    future = figures.loc[years.index[years > datetime.date.today().year]]
    if len(future):
        first = next(future.itertuples())
        findings.warning(place_of(first), "year_to_come", f"{len(future)} 个数的年份（如 {first.year}）尚未到来；"
                                                          f"请核对",
                         f"{len(future)} figures are of a year to come, as {first.year}; please check")


def latest(figures: pd.DataFrame, findings: Findings, place: Cell,
           year: int | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The latest figure of each city and indicator, or those of one `year` and without a year, in the table's order;
    and the other figures.

    Those that are not scored are logged, and counted in a warning.
    """
    years = figures["year"].fillna(0)
    if year is None:
        used = years == years.groupby([figures["code"], figures["indicator"]]).transform("max")
    else:
        used = (years == year) | figures["year"].isna()
        if len(figures) and not (years == year).any():
            there = listed(sorted(figures["year"].dropna().unique()), 40) or "—"
            findings.problem(place, "no_such_year", f"没有 {year} 年的数；有：{there}",
                             f"there is no figure of {year}; the years are {there}")
    rule = "earlier_year" if year is None else "other_year"
    for figure in figures[~used].itertuples():
        zh, en = (f"{figure.year} 年的数有更近的，只用于各年得分",
                  f"there is a later figure than that of {figure.year}: used for the scores by year only"
                  ) if year is None else (f"评 {year} 年，{figure.year} 年的数只用于各年得分",
                                          f"{year} is scored: the figure of {figure.year} is used for the scores by "
                                          "year only")
        findings.understood(place_of(figure), "", rule, zh, en)
    if (~used).any():
        note_years_left_out(figures, used, place, findings)
    scored = figures[used].drop_duplicates(["code", "indicator"]).reset_index(drop=True)
    return scored, figures[~used].reset_index(drop=True)


def note_years_left_out(figures: pd.DataFrame, used: pd.Series, place: Cell, findings: Findings) -> None:
    """Note how many figures are of other years than the one that is scored, and how to choose it."""
    counts = figures.loc[used, "year"].dropna().value_counts().sort_index()
    taken = listed((f"{year} ({count})" for year, count in counts.items()), 20)
    others = listed(sorted(figures.loc[~used, "year"].dropna().unique()), 20)
    findings.warning(place, "years_not_used",
                     f"{len(figures)} 个数中 {int(used.sum())} 个用于评分，年份（个数）：{taken}；其余 "
                     f"{int((~used).sum())} 个（{others} 年）只用于各年得分；选所评的年份请加 --year",
                     f"of {len(figures)} figures {int(used.sum())} are scored, by year: {taken}; the other "
                     f"{int((~used).sum())} ({others}) are used for the scores by year only; choose the year that is "
                     "scored with --year")


def place_of(figure: tuple) -> Cell:
    """The cell of a figure."""
    return Cell(figure.file, figure.sheet, figure.row, figure.column, figure.value)


def check_enough(figures: pd.DataFrame, grid: Grid, findings: Findings) -> None:
    """Note fewer cities than can be ranked, and indicators that are equal everywhere: they rank nothing. `figures` are
    those of the indicators."""
    cities = figures["code"].nunique()
    if 0 < cities < LEAST_CITIES:
        findings.problem(whole(grid), "too_few_cities", f"只有 {cities} 个城市有数据；至少需要 {LEAST_CITIES} 个",
                         f"only {cities} cities have figures; at least {LEAST_CITIES} are needed")
    if cities > MANY_CITIES:
        findings.warning(whole(grid), "many_cities",
                         f"{cities} 个城市：超过 {MANY_CITIES} 个，抽样较少，各名次的概率合为五十类，"
                         "各种组合下的名次只留摘要，不逐一去掉城市，选择的索博尔指数只算平均，层数的准则重复较少，"
                         "前一百名各有一页；要全做，请在设定中写明（parts 等）",
                         f"{cities} cities: beyond {MANY_CITIES} there are fewer draws, chances of ranks are kept by "
                         "fifty classes, ranks under every combination as their summary alone, no city is left "
                         "out in turn, Sobol indices of the choices are for the mean shift alone, the criteria for "
                         "the number of tiers repeat less, and the first hundred have pages; to have more, name it "
                         "in the settings (parts and others)")
    for indicator, group in figures.groupby("indicator", sort=False):
        if group["value"].nunique() == 1 and cities >= LEAST_CITIES:
            first = next(group.itertuples())
            findings.problem(place_of(first), "constant_indicator",
                             f"指标 {indicator} 在有数据的 {len(group)} 个城市完全相同，不能区分城市；"
                             "请删去该指标的数据",
                             f"the indicator {indicator} is the same in all {len(group)} cities that have it and "
                             "cannot rank them; remove its figures")
