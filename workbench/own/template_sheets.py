"""The sheets of the template: a table to fill in, and a judgement matrix whose consistency is computed beside it.

Under a judgement matrix stand its weights and its consistency as formulas: the row geometric means, the principal
eigenvector, the principal eigenvalue λmax, CI, RI and CR, as `analysis.ahp` computes them. The eigenvector is the row
sums of a high power of the matrix, reached by squaring it eight times (A²⁵⁶): the second eigenvalue of a reciprocal
matrix on the scale 1/9…9 was below 0.84 of the first in 20 000 random ones of each size from 3 to 9, and 0.84²⁵⁶ is
below 1e-18. Every formula shows nothing until the matrix is complete. Each row below the matrix begins with `#`, a
remark to the reader.

Texts are written as strings whatever they begin with.

Reference: docs/method.md, section 4.5; Saaty (1980), The Analytic Hierarchy Process, p. 21 (random index).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.ahp import RANDOM_INDEX
from workbench.office.sheets import put
from workbench.own.problems import column_letters

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

REMARK = "#"
SQUARINGS = 8
LAST_ROW = 2000  # rows that keep the looks and drop-downs of a table, for units of study added below
FRACTION = 12  # the built-in number format "# ?/?": 1/3 may be typed and is shown as 1/3
WIDTHS = {"name": 16, "name_zh": 24, "name_en": 34, "parent": 9, "level": 12, "direction": 10, "unit_zh": 16,
          "unit_en": 18, "source": 30, "note": 30, "system": 14, "system_zh": 24, "system_en": 32,
          "description_zh": 44, "description_en": 44, "normalisation": 14, "denominator": 18}
HEADS = {"code": "代码 code", "level": "层级：domain 领域、subdomain 二级、indicator 指标",
         "parent": "上级的代码 code of the parent",
         "name": "名称 name", "name_zh": "中文名 name in Chinese", "name_en": "英文名 name in English",
         "direction": "方向：+ 越大越好，- 越小越好\n+ larger is better, - smaller is better",
         "unit_zh": "单位 unit in Chinese", "unit_en": "单位（英文）unit in English",
         "source": "来源 source", "note": "备注 note", "number": "序号 number",
         "lon": "经度（可空）longitude, may be blank",
         "lat": "纬度（可空）latitude, may be blank",
         "system": "区域体系：cities 中的列名\na column of the sheet cities",
         "system_zh": "体系的中文名 system in Chinese",
         "system_en": "体系的英文名 system in English",
         "expert": "专家的代码 code of the expert", "weight": "相对权重，大于 0\nrelative weight, above 0",
         "description_zh": "说明 description in Chinese",
         "description_en": "说明（英文）description in English"}
# Of the columns of the sheet framework that may stay blank.
FRAMEWORK_HEADS = HEADS | {
    "weight": "权重（可空）：在上级之内，同一上级之下都填或都不填\n"
              "weight within the parent, may be blank: for all children or none",
    "low": "下限（可空）：目标值，用除以分母之后的单位\nlower goalpost, may be blank; in the unit after division",
    "high": "上限（可空）\nupper goalpost, may be blank",
    "log": "取对数（可空）：yes 即先取自然对数\nyes: the natural logarithm is taken first",
    "reliability": "信度（可空）：0–1，数字与真值相关系数的平方；不知道则留空，区间便只含缺口\n"
                   "reliability: 0–1, blank where it is not known",
    "normalisation": "标准化方法（可空）：留空用 normalisation.method\n"
                     "how it comes to a scale; blank: normalisation.method",
    "denominator": "分母（可空）：另一项指标，或 values 中一列的名称，如 population\n"
                   "another indicator, or a column of values, such as population",
}
NOTES = ("运行时用哪一种权重由 weighting.ahp_method 决定，默认为特征向量。The setting weighting.ahp_method decides "
         "which weights a run uses; by default the eigenvector v.",
         "下面折叠的各行是矩阵的幂，用来求 v。The folded rows below are powers of the matrix, which give v.")
CONSISTENT, REVIEW = "OK 一致性可接受", "请复核 review"


def formats(book: Workbook) -> dict[str, Format]:
    """The looks of cells: to fill in on yellow, computed on grey, headings blue."""
    boxed = {"border": 1, "border_color": "#c9d1da"}
    inside = {**boxed, "align": "center"}
    return {name: book.add_format(look) for name, look in {
        "title": {"bold": True, "font_size": 16, "font_color": "#1b4f86"},
        "section": {"bold": True, "font_size": 12, "font_color": "#1b4f86", "valign": "top", "top": 1,
                    "top_color": "#1b4f86", "text_wrap": True},
        "wrapped": {"text_wrap": True, "valign": "top"}, "command": {"font_name": "Consolas", "valign": "top"},
        "head": {**boxed, "bold": True, "bg_color": "#dbe7f3", "text_wrap": True, "valign": "vcenter",
                 "align": "center"},
        "remark": {"font_color": "#56606e", "text_wrap": True, "valign": "top", "font_size": 9, "bg_color": "#f4f6f8"},
        "text": {"num_format": "@", "locked": False}, "number": {"locked": False},
        "judgement": {**inside, "num_format": FRACTION, "bg_color": "#fff8dc", "locked": False},
        "diagonal": {**inside, "num_format": FRACTION, "bg_color": "#e9edf1"},
        "mirrored": {**inside, "num_format": FRACTION, "bg_color": "#f4f6f8", "font_color": "#56606e"},
        "scale": {**inside, "num_format": FRACTION},
        "label": {"font_color": "#56606e"}, "soft": {"font_color": "#56606e", "font_size": 9},
        "result": {**boxed, "num_format": "0.0000", "align": "center"},
        "verdict": {**boxed, "bold": True, "align": "center"},
        "working": {"num_format": "0.000000", "font_color": "#8a94a0", "font_size": 9},
        "good": {"bg_color": "#d8efdc", "font_color": "#1d6b32"},
        "bad": {"bg_color": "#fde2cf", "font_color": "#a2410d"},
    }.items()}


# --- tables -----------------------------------------------------------------------------------------------------------
def write_input_table(sheet: Worksheet, looks: dict[str, Format], table: pd.DataFrame,
                      heads: Mapping[str, str] = HEADS) -> None:
    """A table under its heading, which carries the remarks `heads`: texts as texts, codes too (a leading zero is kept),
    numbers as numbers."""
    for column, name in enumerate(table.columns):
        put(sheet, 0, column, name, looks["head"])
        if name in heads:
            sheet.write_comment(0, column, heads[name], {"font_size": 9})
        is_number = pd.api.types.is_numeric_dtype(table[name])
        look = looks["number" if is_number else "text"]
        sheet.set_column(column, column, WIDTHS.get(name, 12), look)
        for row, value in enumerate(table[name], start=1):
            put(sheet, row, column, value, look)
    sheet.freeze_panes(1, min(1, len(table.columns)))
    texts_stay_texts(sheet)
    to_paper(sheet)


def write_values(sheet: Worksheet, looks: dict[str, Format], values: pd.DataFrame, names: pd.Series,
                 framework: pd.DataFrame, comments: dict[str, str]) -> None:
    """The sheet of values: codes, a remark with names and units, then one row per unit of study.

    `values` is a frame of cities by indicators (blank where NaN), `names` the cities' names by code. The remark looks
    names and units up in the sheet `framework`, so that it follows what is filled in there.
    """
    indicators = list(values.columns)
    put(sheet, 0, 0, "code", looks["head"])
    put(sheet, 0, 1, "name", looks["head"])
    put(sheet, 1, 0, f"{REMARK} 名称、单位\nname, unit", looks["remark"])
    sheet.write_blank(1, 1, None, looks["remark"])
    sheet.set_column(0, 0, 13, looks["text"])
    sheet.set_column(1, 1, 16, looks["text"])
    sheet.set_column(2, max(2, len(indicators) + 1), 15, looks["number"])
    sheet.set_row(1, 76)
    for column, code in enumerate(indicators, start=2):
        put(sheet, 0, column, code, looks["head"])
        sheet.write_formula(1, column, name_formula(column), looks["remark"], name_text(framework.loc[code]))
        sheet.write_comment(0, column, comments[code], {"x_scale": 2.2, "y_scale": 1.8, "font_size": 9})
    for row, (code, numbers) in enumerate(zip(values.index, values.to_numpy(dtype=float), strict=True), start=2):
        put(sheet, row, 0, code, looks["text"])
        put(sheet, row, 1, names[code], looks["text"])
        for column, number in enumerate(numbers, start=2):
            put(sheet, row, column, AllDigits(number), looks["number"])
    if indicators:
        sheet.data_validation(2, 2, LAST_ROW, len(indicators) + 1, {
            "validate": "decimal", "criteria": "between", "minimum": -1e300, "maximum": 1e300,
            "error_title": "只能填数 numbers only",
            "error_message": "请填一个数；没有数据就留空，不要写“无”或 0。\nWrite a number; leave the cell blank "
                             "where there is no figure, not “n/a” or 0."})
    sheet.freeze_panes(2, 2)
    texts_stay_texts(sheet)
    to_paper(sheet, heads=2, across=max(1, -(-len(indicators) // 12)))
    sheet.repeat_columns(0, 1)


def name_formula(column: int) -> str:
    """Names and unit of the indicator heading a column, looked up in the sheet `framework`; blank if it has none."""
    head = f"{column_letters(column + 1)}$1"

    def found(place: str) -> str:
        return f"INDEX(framework!${place}$2:${place}${LAST_ROW},MATCH({head},framework!$A$2:$A${LAST_ROW},0))"

    zh, en, unit_zh, unit_en = (found(place) for place in ("D", "E", "G", "H"))
    unit = f'IF({unit_zh}&{unit_en}="","",CHAR(10)&"["&{unit_zh}&" / "&{unit_en}&"]")'
    return f'=IFERROR({zh}&CHAR(10)&{en}&{unit},"")'


def name_text(node: pd.Series) -> str:
    """What `name_formula` shows for a node of the tree."""
    units = f"{node['unit_zh']}{node['unit_en']}"
    return f"{node['name_zh']}\n{node['name_en']}" + (f"\n[{node['unit_zh']} / {node['unit_en']}]" if units else "")


def choose(sheet: Worksheet, column: int, words: tuple[str, ...]) -> None:
    """A drop-down of words for a column of a table."""
    sheet.data_validation(1, column, LAST_ROW, column, {"validate": "list", "source": list(words)})


# --- judgement matrices -----------------------------------------------------------------------------------------------
def write_judgements(sheet: Worksheet, looks: dict[str, Format], book: Workbook, title: str, names: pd.Series,
                     matrix: pd.DataFrame, limit: float, scale: str) -> None:
    """A square matrix to be filled in above its diagonal, and below it weights and consistency as formulas.

    `names` are the children's names by code; `matrix` their judgements, NaN where none is given; `limit` the
    consistency ratio at which a run stops; `scale` the range of cells that the drop-down offers. Codes are shown with
    their names, through the cells' number format: the cell holds the code alone.
    """
    n = len(names)
    full = mirrored(matrix.loc[list(names.index), list(names.index)].to_numpy(dtype=float))
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, max(n, 4), 17)
    put(sheet, 0, 0, "code", looks["head"])
    for place, (code, name) in enumerate(names.items(), start=1):
        shown = f'@"  {name.replace(chr(34), chr(8221))[:200]}"'
        head = {"bold": True, "bg_color": "#dbe7f3", "border": 1, "border_color": "#c9d1da", "valign": "vcenter",
                "text_wrap": True, "num_format": shown}
        sheet.write_string(place, 0, code, book.add_format(head))
        sheet.write_string(0, place, code, book.add_format({**head, "align": "center"}))
    sheet.set_row(0, 48)
    for row in range(n):
        for column in range(n):
            write_judgement(sheet, looks, row, column, full[row, column])
    for row in range(n - 1):
        sheet.data_validation(row + 1, row + 2, row + 1, n, {
            "validate": "list", "source": f"={scale}", "error_type": "warning", "input_title": "行比列 row over column",
            "input_message": "行元素比列元素重要几倍？9…1…1/9\nHow many times more important is the row than the "
                             "column?",
            "error_title": "1/9 … 9", "error_message": "通常取 1 至 9 或其倒数。\nUsually 1 to 9 or a reciprocal."})
    of_all = book.add_format({"border": 1, "border_color": "#c9d1da", "align": "center",
                              "num_format": f'0" / {n * (n - 1) // 2}"'})
    write_consistency(sheet, {**looks, "judged": of_all}, title, names, full, limit)
    sheet.freeze_panes(1, 1)
    texts_stay_texts(sheet)
    to_paper(sheet)


def write_judgement(sheet: Worksheet, looks: dict[str, Format], row: int, column: int, value: float) -> None:
    """One cell of the matrix: above the diagonal to fill in, on it 1, below it the reciprocal by formula."""
    if row < column:
        if np.isnan(value):
            sheet.write_blank(row + 1, column + 1, None, looks["judgement"])
        else:
            sheet.write_number(row + 1, column + 1, AllDigits(value), looks["judgement"])
    elif row == column:
        sheet.write_number(row + 1, column + 1, 1, looks["diagonal"])
    else:
        other = address(column + 1, row + 1)
        sheet.write_formula(row + 1, column + 1, f'=IF(ISNUMBER({other}),IF({other}>0,1/{other},""),"")',
                            looks["mirrored"], blank_for_gap(value))


def write_consistency(sheet: Worksheet, looks: dict[str, Format], title: str, names: pd.Series, full: np.ndarray,
                      limit: float) -> None:
    """Below the matrix and a blank row: consistency, weights, and the powers of the matrix used to compute them."""
    n, found = len(names), computed(full, limit)
    start = n + 2  # counted from 0; row n + 1 stays blank
    table = start + 9  # first row of the table of weights
    powers = table + n + 4  # first row of the first power
    put(sheet, start, 0, f"{REMARK} {title}：以下自动计算，读取时略过 computed, not read", looks["label"])
    judged = "+".join(f'COUNTIF({address(row, row + 1)}:{address(row, n)},">0")' for row in range(1, n))
    vectors = {name: f"{column_letters(column + 1)}{table + 1}:{column_letters(column + 1)}{table + n}"
               for column, name in enumerate(("means", "weights", "vector", "products"), start=1)}
    lambda_max, index, random_index, ratio = (address(start + offset, 1) for offset in (2, 3, 4, 5))
    formulas = (
        ("已判断 judged", f"={judged}", "judged", looks["judged"]),
        ("最大特征值 λmax", blank_unless(f"COUNT({vectors['products']})={n}", f"MAX({n},SUM({vectors['products']}))"),
         "lambda_max", looks["result"]),
        ("一致性指标 CI = (λmax − n)/(n − 1)",
         blank_unless(f"ISNUMBER({lambda_max})", f"({lambda_max}-{n})/{n - 1}" if n > 2 else "0"),
         "index", looks["result"]),
        (f"随机一致性指标 RI（Saaty 1980，n = {n}）", "", "random_index", looks["result"]),
        ("一致性比率 CR = CI/RI",
         blank_unless(f"AND(ISNUMBER({index}),ISNUMBER({random_index}))", f"{index}/{random_index}" if n > 2 else "0"),
         "ratio", looks["result"]),
        (f"结论 verdict（CR < {limit:g}）",
         blank_unless(f"ISNUMBER({ratio})", f'IF({ratio}<{limit!r},"{CONSISTENT}","{REVIEW}")'), "verdict",
         looks["verdict"]),
    )
    for row, (label, formula, key, look) in enumerate(formulas, start=start + 1):
        put(sheet, row, 0, f"{REMARK} {label}", looks["label"])
        if formula:
            sheet.write_formula(row, 1, formula, look, found[key])
        else:
            put(sheet, row, 1, found[key], look)
    write_weights(sheet, looks, names, found, table, powers)
    write_powers(sheet, looks, found["powers"], n, table, powers)
    colour_verdict(sheet, looks, start + 6)


def write_weights(sheet: Worksheet, looks: dict[str, Format], names: pd.Series, found: dict[str, Any], table: int,
                  powers: int) -> None:
    """The table of weights: by row geometric means, by the principal eigenvector v, and A·v, whose sum is λmax."""
    n = len(names)
    heads = ("元素 element", "行几何平均\ngeometric mean", "权重（几何平均）\nweight (geometric mean)",
             "权重（特征向量）\nweight (eigenvector)", "A·v")
    for column, head in enumerate(heads):
        put(sheet, table - 1, column, f"{REMARK} {head}" if column == 0 else head, looks["head"])
    sheet.set_row(table - 1, 50)
    last = powers + (SQUARINGS - 1) * n  # first row of the last power
    of_last = f"SUM({address(last, 1)}:{address(last + n - 1, n)})"
    for row, (code, name) in enumerate(names.items()):
        line, of_row = table + row, f"{address(row + 1, 1)}:{address(row + 1, n)}"
        put(sheet, line, 0, f"{REMARK} {code}  {name}", looks["label"])
        power = f"{address(last + row, 1)}:{address(last + row, n)}"
        product = "+".join(f"{address(row + 1, place + 1)}*{address(table + place, 3)}" for place in range(n))
        columns = (
            ("means", blank_unless(f'COUNTIF({address(1, 1)}:{address(n, n)},">0")={n * n}', f"GEOMEAN({of_row})")),
            ("weights", blank_unless(f"ISNUMBER({address(line, 1)})",
                                     f"{address(line, 1)}/SUM(B${table + 1}:B${table + n})")),
            ("vector", blank_unless(f"ISNUMBER({address(last, 1)})", f"SUM({power})/{of_last}")),
            ("products", blank_unless(f"ISNUMBER({address(line, 3)})", product)),
        )
        for column, (key, formula) in enumerate(columns, start=1):
            sheet.write_formula(line, column, formula, looks["result"], found[key][row])
    for offset, text in enumerate(NOTES):
        put(sheet, table + n + offset, 0, f"{REMARK} {text}", looks["soft"])


def write_powers(sheet: Worksheet, looks: dict[str, Format], values: list, n: int, table: int, powers: int) -> None:
    """Folded rows: the matrix squared eight times, each power divided by the square of the former's sum."""
    for step in range(SQUARINGS):
        former = 1 if step == 0 else powers + (step - 1) * n
        ready = f"ISNUMBER($B${table + 1})"
        total = f"SUM({address(former, 1)}:{address(former + n - 1, n)})^2"
        for row in range(n):
            line = powers + step * n + row
            sheet.set_row(line, None, None, {"level": 1, "hidden": True})
            put(sheet, line, 0, f"{REMARK} A^{2 ** (step + 1)}", looks["soft"])
            for column in range(n):
                product = "+".join(f"{address(former + row, inner + 1)}*{address(former + inner, column + 1)}"
                                   for inner in range(n))
                sheet.write_formula(line, column + 1, blank_unless(ready, f"({product})/{total}"), looks["working"],
                                    values[step][row][column])


def colour_verdict(sheet: Worksheet, looks: dict[str, Format], row: int) -> None:
    """Green for consistent judgements, orange for those to review."""
    for text, look in ((CONSISTENT, "good"), (REVIEW, "bad")):
        sheet.conditional_format(row, 1, row, 1, {"type": "cell", "criteria": "==", "value": f'"{text}"',
                                                  "format": looks[look]})


def mirrored(values: np.ndarray) -> np.ndarray:
    """A matrix with the reciprocals of its upper triangle below the diagonal and 1 on the diagonal."""
    upper = np.triu(values, 1)
    return upper + np.tril(1 / np.where(values > 0, values, np.nan).T, -1) + np.eye(len(values))


def computed(full: np.ndarray, limit: float) -> dict[str, Any]:
    """What the formulas show, for viewers that do not calculate: everything blank for an incomplete matrix."""
    n = len(full)
    judged = int(np.isfinite(full[np.triu_indices(n, 1)]).sum())
    if np.isnan(full).any():
        blanks = {key: "" for key in ("lambda_max", "index", "ratio", "verdict")}
        return {**blanks, **{key: [""] * n for key in ("means", "weights", "vector", "products")}, "judged": judged,
                "random_index": RANDOM_INDEX.get(n, ""), "powers": [[[""] * n] * n] * SQUARINGS}
    powers, power = [], full
    for _ in range(SQUARINGS):
        power = power @ power / power.sum() ** 2
        powers.append(power.tolist())
    means = np.exp(np.log(full).mean(axis=1))
    vector = power.sum(axis=1) / power.sum()
    products = full @ vector
    lambda_max = max(float(n), float(products.sum()))
    index = (lambda_max - n) / (n - 1) if n > 2 else 0.0
    ratio = 0.0 if n < 3 else index / RANDOM_INDEX[n] if n in RANDOM_INDEX else ""
    verdict = "" if ratio == "" else CONSISTENT if ratio < limit else REVIEW
    return {"judged": judged, "means": means.tolist(), "weights": (means / means.sum()).tolist(),
            "vector": vector.tolist(), "products": products.tolist(), "lambda_max": lambda_max, "index": index,
            "random_index": RANDOM_INDEX.get(n, ""), "ratio": ratio, "verdict": verdict, "powers": powers}


# --- cells ------------------------------------------------------------------------------------------------------------
class AllDigits(float):
    """A number that XlsxWriter writes whole: its own 16 digits may lose the last bit."""

    def __format__(self, _: str) -> str:
        return repr(float(self)).removesuffix(".0")


def address(row: int, column: int) -> str:
    """A cell's fixed address, row and column counted from 0: (1, 1) → $B$2."""
    return f"${column_letters(column + 1)}${row + 1}"


def blank_unless(condition: str, value: str) -> str:
    """A formula that shows nothing until the condition holds."""
    return f'=IF({condition},{value},"")'


def blank_for_gap(value: float) -> float | str:
    """A number as a formula shows it, nothing for NaN."""
    return "" if np.isnan(value) else float(value)


def texts_stay_texts(sheet: Worksheet) -> None:
    """No warning marks on codes that look like numbers."""
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{LAST_ROW}"})


def to_paper(sheet: Worksheet, heads: int = 1, across: int = 1) -> None:
    """Landscape A4 with the headings on every page, as many pages across as said."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(across, 0)
    sheet.repeat_rows(0, heads - 1)
