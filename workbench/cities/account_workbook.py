"""An account as a workbook whose formulas run from the raw cells to the score.

Every number that the study computed is a formula, with the study's own number stored as its result, so that a viewer
that does not calculate shows it too; raw cells, donors' values, lowest and highest values and weights are numbers.
The check cell holds the difference between the workbook's score and the study's, to nine decimals. Whoever changes a
raw cell sees the score move, lowest and highest values, donors and weights staying those of the run.

Texts are written as strings whatever they begin with: a name like `=cmd()` is a name.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from analysis import editions
from analysis.figures.labels import node_names, pick
from analysis.scoring import TwoLevels
from analysis.tables import full_names
from workbench.cities import words
from workbench.cities.account import Account
from workbench.cities.account_notes import notes
from workbench.cities.account_page import stamps
from workbench.cities.names import Names
from workbench.cities.run_tables import FIXED_ENDS, recorded_logarithm
from workbench.office.sheets import new_workbook, put
from workbench.release import RELEASED

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

# Columns of the account: numbers are counted from 0, formulas name them by letter.
COLUMNS = (("domain", "领域", "Domain", 12), ("code", "编号", "Code", 6), ("name", "指标", "Indicator", 24),
           ("unit", "单位", "Unit", 16), ("raw", "原始值", "Raw", 14), ("treatment", "处理", "Treatment", 14),
           ("treated", "处理后", "Treated", 14), ("lowest", "最低", "Lowest", 14), ("highest", "最高", "Highest", 14),
           ("direction", "方向", "Direction", 8), ("points", "得分", "Points", 14), ("weight", "权重", "Weight", 16),
           ("contribution", "贡献", "Contribution", 16), ("grade", "等级", "Grade", 7),
           ("variable", "变量", "Variable", 32), ("rows", "年份：原始行", "Years: raw rows", 32),
           ("source", "来源", "Source", 18))
PLACE = {name: number for number, (name, *_) in enumerate(COLUMNS)}
LETTER = {name: chr(ord("A") + number) for name, number in PLACE.items()}
CELL_HEADS = (("编号", "Code", 7), ("原始数", "Raw figure", 34), ("城市", "City", 18), ("年", "Year", 8),
              ("数值", "Value", 18), ("单位", "Unit", 16), ("用途", "Use", 12), ("文件", "File", 16), ("行", "Row", 8),
              ("来源", "Source", 18), ("标记", "Flag", 16), ("原因", "Reason", 60))
LIVE_ZH = "蓝字为数，黑字为公式；改动“原始数”页的数值，得分随之变动（最低、最高、供体与权重不变）。"
LIVE_EN = ("Blue: numbers; black: formulas. Change a value on the sheet of raw figures and the score moves (lowest, "
           "highest, donors and weights stay).")
VALUE = "E"  # the column of values on the sheet of raw cells
HEAD_ROW = 5  # of the account, counted from 1
CHECK_DECIMALS = 9
MARK_COLUMN = len(COLUMNS)  # beside the widest of the three sheets


def account_workbook(account: Account, lang: str = "zh") -> bytes:
    """The workbook (.xlsx) of an account: sheets of the account, of its raw cells and of notes and sources.

    With arithmetic and geometric aggregation the score is a formula; others need all cities and are numbers.
    Points are formulas with min-max and goalposts, numbers with z-scores and ranks, which need all cities too. The same
    account gives the same bytes.
    """
    buffer = io.BytesIO()
    book = new_workbook(buffer)
    book.set_properties({"title": words.city_name(account, lang), "created": datetime(*RELEASED.timetuple()[:3])})
    names = pick(lang, ("计算", "原始数", "说明"), ("Account", "Raw figures", "Notes"))
    sheets = [book.add_worksheet(name) for name in names]
    looks = formats(book)
    ranges = write_cells(sheets[1], looks, account, lang)
    formulas = raw_formulas(account, {key: f"'{names[1]}'!{place}" for key, place in ranges.items()})
    write_account(sheets[0], looks, account, formulas, lang)
    write_notes(sheets[2], looks, account, lang)
    if account.tables.settings.edition == editions.Edition.SYNTHETIC:
        mark_sheets(book, sheets, looks)
    book.close()
    return buffer.getvalue()


def mark_sheets(book, sheets: list[Worksheet], looks: dict) -> None:
    """Say on every sheet of a synthetic run's workbook, on its printed pages and in its properties, what it is."""
    book.set_properties({"title": editions.COLUMN, "created": datetime(*RELEASED.timetuple()[:3])})
    for sheet in sheets:
        sheet.set_header(f"&C{editions.COLUMN}")
        sheet.set_column(MARK_COLUMN, MARK_COLUMN, 60)
        put(sheet, 0, MARK_COLUMN, editions.COLUMN, looks["bold"])


def formats(book) -> dict[str, Format]:
    """The looks of cells: inputs blue, formulas black, as spreadsheets of accounts have them."""
    number = "#,##0.############"
    return {name: book.add_format(look) for name, look in {
        "text": {}, "title": {"bold": True, "font_size": 16}, "soft": {"font_color": "#56606e"},
        "head": {"bold": True, "bottom": 1, "top": 2, "text_wrap": True, "valign": "bottom"}, "bold": {"bold": True},
        "wrapped": {"text_wrap": True, "valign": "top"}, "input": {"num_format": number, "font_color": "#1b4f86"},
        "whole": {"num_format": "0", "font_color": "#1b4f86"}, "formula": {"num_format": number},
        "total": {"num_format": number, "bold": True, "top": 1},
        "check": {"num_format": f"0.{'0' * CHECK_DECIMALS}", "bold": True},
    }.items()}


# --- the sheet of raw cells -------------------------------------------------------------------------------------------
def write_cells(sheet: Worksheet, looks: dict, account: Account, lang: str) -> dict[tuple[str, str], str]:
    """Write the raw cells, those that make one value in neighbouring rows, then the donors' values.

    Returns where they stand: (indicator, "value" | "residents" | "donors") → a range such as $E$2:$E$4.
    """
    write_head(sheet, looks, 0, [(pick(lang, zh, en), width) for zh, en, width in CELL_HEADS])
    city, rows = words.city_name(account, lang), []
    for cell in account.cells.itertuples():
        rows.append((cell.indicator, cell.purpose, words.variable_name(account, cell.variable, lang), city, cell.year,
                     cell.value, words.cell_unit(account, cell.variable, lang),
                     pick(lang, *words.PURPOSES[cell.purpose]), cell.file, cell.raw_row, cell.source_id, cell.flag,
                     getattr(cell, f"reason_{lang}")))
    names, indicators = full_names(account.tables.cities, lang), node_names(account.tables.tree, lang)
    for lent in account.donors.itertuples():
        rows.append((lent.indicator, "donors", indicators[lent.indicator], names[lent.adcode], "", lent.value,
                     account.items.at[lent.indicator, f"unit_{lang}"], pick(lang, "供体的原始值", "donor's raw value"),
                     "02_raw.csv", "", "", "", ""))
    found: dict[tuple[str, str], list[int]] = {}
    position = {code: number for number, code in enumerate(account.items.index)}
    order = sorted(rows, key=lambda row: (row[1] == "donors", position[row[0]], row[1] != "value"))
    for number, (indicator, purpose, *values) in enumerate(order, start=1):
        found.setdefault((indicator, purpose), []).append(number + 1)
        for column, value in enumerate([indicator, *values]):
            put(sheet, number, column, value, looks["whole" if column in (3, 8) else "input"])
    return {key: f"${VALUE}${min(places)}:${VALUE}${max(places)}" for key, places in found.items()}


# --- formulas ---------------------------------------------------------------------------------------------------------
def raw_formulas(account: Account, ranges: dict[tuple[str, str], str]) -> dict[str, tuple[str, str]]:
    """(raw value, value before treatment of outliers) of each indicator as formulas over the raw cells.

    Empty where there is nothing to compute: a gap has no raw value, a city that a list does not name has a plain 0.
    """
    formulas = {}
    for code, item in account.items.iterrows():
        raw, own = "", ranges.get((code, "value"), "")
        if own and item["measure"] == "named":
            raw = f"MIN(1,COUNT({own}))"
        elif own and item["measure"] == "years_operating":
            raw = f"{int(item['reference_year'])}-MEDIAN({own})+1"
        elif own:
            divided = (code, "residents") in ranges
            per = f"*{item['multiplier']:.12g}/SUM({ranges[code, 'residents']})" if divided else ""
            raw = f"MEDIAN({own}){per}"
        filled = f"MEDIAN({ranges[code, 'donors']})" if (code, "donors") in ranges else ""
        formulas[code] = raw, filled
    return formulas


def treated_formula(account: Account, code: str, raw_cell: str, filled: str) -> str:
    """The treated value as a formula: filled from donors, drawn in, or its logarithm, as the record says, in order."""
    value = raw_cell
    for change in account.changes[account.changes["indicator"] == code].itertuples():
        if change.action in ("winsorised", "capped"):
            value = f"{'MIN' if change.after < change.before else 'MAX'}({value},{change.after:.12g})"
        elif change.action == "log":
            value = recorded_logarithm(change.reason).excel(value)
        else:
            value = filled
    return value


def points_formula(account: Account, row: int, code: str, direction: str) -> str:
    """Points between two ends as a formula; empty for scales that need every city."""
    choices = account.tables.settings.normalisation
    if account.tables.methods[code] not in FIXED_ENDS:
        return ""
    treated, low, high = (f"{LETTER[name]}{row}" for name in ("treated", "lowest", "highest"))
    above = f"({treated}-{low})" if direction == "+" else f"({high}-{treated})"
    lowest = choices.lowest_points
    start = "100" if lowest == 0 else f"{lowest:.12g}+{100 - lowest:.12g}"
    return f"{start}*{above}/({high}-{low})"


def score_formula(account: Account, first: int, last: int, share: bool = False) -> str:
    """The score of indicators in rows first to last; with `share` their weights are made to sum to 1 (a domain)."""
    weights, points, parts = (f"{LETTER[name]}{first}:{LETTER[name]}{last}"
                              for name in ("weight", "points", "contribution"))
    divided = f"/SUM({weights})" if share else ""
    added = f"SUM({parts})" if account.tables.is_additive else f"SUMPRODUCT({weights},{points})"
    means = {"arithmetic": f"{added}{divided}", "geometric": f"EXP(SUMPRODUCT({weights},LN({points})){divided})"}
    return means.get(account.tables.settings.aggregation.method, "")


def two_level_formula(account: Account, first: int, last: int) -> str:
    """The score as the mean of the domain scores in rows first to last; empty where one of them has no logarithm."""
    scores, weights = (f"{LETTER[name]}{first}:{LETTER[name]}{last}" for name in ("points", "weight"))
    if account.tables.rule.above == "arithmetic":
        return f"SUMPRODUCT({weights},{scores})/SUM({weights})"
    positive = (account.domains["score"] > 0).all()
    return f"EXP(SUMPRODUCT({weights},LN({scores}))/SUM({weights}))" if positive else ""


# --- the sheet of the account -----------------------------------------------------------------------------------------
def write_account(sheet: Worksheet, looks: dict, account: Account, formulas: dict[str, tuple[str, str]],
                  lang: str) -> None:
    """Title, the ledger, the domains' sums, the score and the check cell."""
    put(sheet, 0, 0, words.city_name(account, lang), looks["title"])
    place = Names(account.tables, lang).place(account.code)
    put(sheet, 1, 0, pick(lang, "　", " · ").join([place, *stamps(account, lang)]), looks["soft"])
    put(sheet, 2, 0, pick(lang, LIVE_ZH, LIVE_EN), looks["soft"])
    write_head(sheet, looks, HEAD_ROW - 1, [(pick(lang, zh, en), width) for _, zh, en, width in COLUMNS])
    names = node_names(account.tables.tree, lang)
    flags = words.flags(account, Names(account.tables, lang))
    spans: dict[str, list[int]] = {}
    for row, (code, item) in enumerate(account.items.iterrows(), start=HEAD_ROW + 1):
        spans.setdefault(item["domain"], []).append(row)
        write_item(sheet, looks, account, row, code, formulas[code])
        texts = {"domain": names[item["domain"]], "code": code, "name": names[code], "unit": item[f"unit_{lang}"],
                 "treatment": flags[code], "direction": item["direction"], "grade": item["grade"],
                 "variable": item["variable"], "rows": words.reading(account, code, lang), "source": item["source_id"]}
        for name, text in texts.items():
            put(sheet, row - 1, PLACE[name], text, looks["text"])
    write_results(sheet, looks, account, spans, lang)
    sheet.freeze_panes(HEAD_ROW, PLACE["unit"])
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def write_item(sheet: Worksheet, looks: dict, account: Account, row: int, code: str, formulas: tuple[str, str]) -> None:
    """One indicator's numbers: from the raw value to the contribution."""
    item, (raw, filled) = account.items.loc[code], formulas
    calculate(sheet, looks, row, "raw", raw, item["raw_value"])
    treated = treated_formula(account, code, f"{LETTER['raw']}{row}", filled)
    calculate(sheet, looks, row, "treated", treated, item["treated_value"])
    for name in ("lowest", "highest", "weight"):
        put(sheet, row - 1, PLACE[name], item[name], looks["input"])
    calculate(sheet, looks, row, "points", points_formula(account, row, code, item["direction"]), item["points"])
    if account.tables.is_additive:
        product = f"{LETTER['points']}{row}*{LETTER['weight']}{row}"
        calculate(sheet, looks, row, "contribution", product, item["contribution"])


def write_results(sheet: Worksheet, looks: dict, account: Account, spans: dict[str, list[int]], lang: str) -> None:
    """Below the ledger: each domain's weight, contribution and score, then the score, the study's, the difference."""
    additive, names = account.tables.is_additive, node_names(account.tables.tree, lang)
    first, last = HEAD_ROW + 1, HEAD_ROW + len(account.items)
    start = last + 2
    for row, (domain, rows) in enumerate(spans.items(), start=start):
        found = account.domains.loc[domain]
        put(sheet, row - 1, 0, names[domain], looks["bold"])
        put(sheet, row - 1, PLACE["name"], pick(lang, "领域得分", "domain score"), looks["soft"])
        calculate(sheet, looks, row, "points", score_formula(account, rows[0], rows[-1], share=True), found["score"])
        for name in ["weight", *["contribution"] * additive]:
            calculate(sheet, looks, row, name, f"SUM({LETTER[name]}{rows[0]}:{LETTER[name]}{rows[-1]})", found[name])
    total = start + len(spans)
    column = "contribution" if additive else "points"
    of_domains = f"SUM({LETTER[column]}{start}:{LETTER[column]}{total - 1})"
    formula = of_domains if additive else score_formula(account, first, last)
    if isinstance(account.tables.rule, TwoLevels):
        formula = two_level_formula(account, start, total - 1)
    score = account.result["score"]
    labels = pick(lang, ("总分", "本研究的得分", "差"), ("Score", "The study's score", "Difference"))
    for offset, label in enumerate(labels):
        put(sheet, total - 1 + offset, 0, label, looks["bold"])
    calculate(sheet, looks, total, column, formula, score, "total")
    put(sheet, total, PLACE[column], score, looks["input"])
    place = LETTER[column]
    sheet.write_formula(total + 1, PLACE[column], f"=ROUND({place}{total}-{place}{total + 1},{CHECK_DECIMALS})",
                        looks["check"], 0)
    for row, (label, text) in enumerate(words.in_one(Names(account.tables, lang), account.code), start=total + 3):
        put(sheet, row, 0, label, looks["soft"])
        put(sheet, row, PLACE["name"], text, looks["text"])


def write_notes(sheet: Worksheet, looks: dict, account: Account, lang: str) -> None:
    """How the numbers came about in sentences, what the workbook does not compute, and the sources."""
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 110)
    lines = [("", note) for note in [words.sum_line(account, lang), *not_computed(account, lang),
                                     *notes(account, lang)]]
    for row, texts in enumerate([*lines, *words.source_lines(account)]):
        for column, text in enumerate(texts):
            put(sheet, row, column, text, looks["wrapped"])


def not_computed(account: Account, lang: str) -> list[str]:
    """What stands as a number because it needs every city: points without fixed ends, scores other than means."""
    settings, said = account.tables.settings, []
    if not account.tables.has_fixed_ends:
        said.append(pick(lang, "本次运行的得分（点数）要用到全部城市，这里是数，不是公式。",
                         "The points of this run need every city; they are numbers here, not formulas."))
    method = settings.aggregation.method
    if method not in ("arithmetic", "geometric"):
        zh, en = words.AGGREGATIONS[method]
        said.append(pick(lang, f"{zh}要用到全部城市，这里是数，不是公式。",
                         f"{en[0].upper()}{en[1:]} needs every city; it is a number here, not a formula."))
    return said


# --- cells ------------------------------------------------------------------------------------------------------------
def calculate(sheet: Worksheet, looks: dict, row: int, name: str, formula: str, value: float,
              look: str = "formula") -> None:
    """Write a formula with the study's number as its result, or the number alone where there is no formula."""
    if formula and pd.notna(value):
        sheet.write_formula(row - 1, PLACE[name], f"={formula}", looks[look], value)
    else:
        put(sheet, row - 1, PLACE[name], value, looks["input"])


def write_head(sheet: Worksheet, looks: dict, row: int, heads: list[tuple[str, int]]) -> None:
    """The head of a table and the widths of its columns."""
    for column, (text, width) in enumerate(heads):
        put(sheet, row, column, text, looks["head"])
        sheet.set_column(column, column, width)
