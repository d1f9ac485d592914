"""What a table `framework` says of scales: weights of its nodes; goalposts, logarithms, reliabilities, normalisation
and denominators of its indicators.

Weights are kept as they are written and scaled among the children of a node where they are used
(`analysis.hierarchy.given_weights`); goalposts are in the indicator's own unit, after the division.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.framework import own_scales
from workbench.own.findings import CODE, RESERVED, Cell, Findings, folded, is_blank, listed, spaced, tight
from workbench.own.headings import Table
from workbench.own.numbers import read_number, reasons

NUMBERS = ("weight", "low", "high", "log", "reliability")
WORDS = ("normalisation", "denominator")
SCALES = (*NUMBERS, *WORDS)  # the columns that a framework may have beside those of every tree
METHODS = {"minmax": ("minmax", "min-max", "min max", "极差", "极差法", "极值", "极值法", "最大最小", "min–max"),
           "zscore": ("zscore", "z-score", "z score", "standardisation", "标准分", "标准分数", "z分数", "z 分数"),
           "rank": ("rank", "ranks", "名次", "位次", "排名"),
           "goalposts": ("goalposts", "goalpost", "目标值", "上下限")}
METHOD_OF = {tight(word): method for method, words in METHODS.items() for word in words}
YES = {tight(word) for word in ("yes", "y", "true", "1", "1.0", "log", "ln", "x", "是", "对", "有", "取", "取对数",
                                "对数", "√", "✓")}
NO = {tight(word) for word in ("no", "n", "false", "0", "0.0", "none", "否", "无", "不", "不取", "×", "-", "–", "—")}
ALIKE = 0.02  # how far sums of printed weights may be apart


def read_numbers(nodes: pd.DataFrame, table: Table, places: dict[str, int], findings: Findings) -> pd.DataFrame:
    """What the table says of the nodes' scales by code: of the columns SCALES those in which it has any."""
    numbers = pd.DataFrame(np.nan, nodes.index, ["weight", "low", "high", "reliability"]).assign(
        log=False, normalisation="", denominator="")
    for code, level in nodes["level"].items():
        cells = {name: table.cell(places[code], name) for name in SCALES}
        numbers.at[code, "weight"] = read_one(cells["weight"], findings)
        if level == "indicator":
            numbers.loc[code, ["low", "high"]] = [read_one(cells[name], findings) for name in ("low", "high")]
            numbers.at[code, "log"] = read_yes(cells["log"], findings)
            numbers.at[code, "normalisation"] = read_method(cells["normalisation"], findings)
            numbers.at[code, "denominator"] = read_denominator(cells["denominator"], code, nodes, findings)
            check_goalposts(numbers.loc[code], cells, findings)
            numbers.at[code, "reliability"] = read_one(cells["reliability"], findings)
            if not (np.isnan(numbers.at[code, "reliability"]) or 0 < numbers.at[code, "reliability"] <= 1):
                findings.problem(cells["reliability"], "reliability_out_of_range",
                                 "信度应大于 0、不超过 1（85% 写作 0.85）；请更正，没有则留空",
                                 "a reliability is above 0 and at most 1 (85 % is 0.85); correct it, or leave it blank "
                                 "where there is none")
        elif filled := [cells[name] for name in SCALES[1:] if not is_blank(cells[name].content)]:
            findings.warning(filled[0], "scale_of_a_node", "目标值、对数、信度、标准化方法与分母只属于指标；此处未读取",
                             "goalposts, logarithms, reliabilities, normalisation and denominators belong to "
                             "indicators; not read here")
    spelled: dict[str, str] = {}
    numbers["denominator"] = [name and spelled.setdefault(tight(name), name) for name in numbers["denominator"]]
    refuse_mixed_percent(nodes.index, table, places, findings)
    said = {name: numbers[name].notna() if numbers[name].dtype == float else numbers[name].astype(bool)
            for name in SCALES}
    kept = [name for name in SCALES if said[name].any()]
    return numbers[kept]


def read_one(cell: Cell, findings: Findings) -> float:
    """The number in a cell, NaN for a blank one or where it is noted as a problem."""
    number = read_number(cell.content)
    if number.problem:
        findings.problem(cell, *number.problem)
    elif number.rule:
        findings.understood(cell, repr(number.value), number.rule, *reasons(number.rule))
    return float("nan") if number.value is None else number.value


def read_yes(cell: Cell, findings: Findings) -> bool:
    """Whether a cell says yes; a blank one says no."""
    word = tight(cell.content)
    if not is_blank(cell.content) and word not in YES | NO:
        findings.problem(cell, "not_yes_or_no", "应为 yes（是）或 no（否）；请更正，留空即否",
                         "write yes or no; a blank cell is no")
    return word in YES


def read_method(cell: Cell, findings: Findings) -> str:
    """How an indicator is normalised, as `analysis.normalisation` calls it; empty for a blank cell."""
    if is_blank(cell.content):
        return ""
    method = METHOD_OF.get(tight(cell.content))
    if method is None:
        findings.problem(cell, "unknown_normalisation",
                         "没有这种标准化方法；请写 minmax（极差）、zscore（标准分）、rank（名次）或 goalposts"
                         "（目标值），或留空用 normalisation.method",
                         "no such normalisation; write minmax, zscore, rank or goalposts, or leave it blank for "
                         "normalisation.method")
    elif method != cell.content:
        findings.understood(cell, method, "normalisation", "标准化方法的其他写法",
                            "another way to write the normalisation")
    return method or ""


def read_denominator(cell: Cell, code: str, nodes: pd.DataFrame, findings: Findings) -> str:
    """What the figures of an indicator are divided by: the code of another indicator, or the name of a column of values
    that is none; empty for a blank cell."""
    text = spaced(folded(cell.content))
    if not text:
        return ""
    indicators = nodes[nodes["level"] == "indicator"]
    named = indicators.index[(indicators.index.map(tight) == tight(text))
                             | (indicators[["name_zh", "name_en"]].map(tight) == tight(text)).any(axis=1)]
    found = named[0] if len(named) == 1 else text
    if found == code:
        findings.problem(cell, "own_denominator", "指标不能除以它自己；请写另一列的名称",
                         "an indicator cannot be divided by itself; name another column")
    elif found in nodes.index and found not in indicators.index:
        findings.problem(cell, "bad_denominator", f"{found} 是领域或二级；请写一项指标或 values 中一列的名称",
                         f"{found} is a domain or sub-domain; name an indicator or a column of values")
    elif len(named) > 1:
        findings.problem(cell, "ambiguous_denominator", f"可以是 {listed(named)}；请写代码",
                         f"it may be {listed(named)}; write the code")
    elif not CODE.fullmatch(found.replace(" ", "_")) or found.casefold() in RESERVED:
        findings.problem(cell, "bad_denominator", "分母请写 values 中一列的名称：字母、数字、_、-、.，至多 40 个",
                         "name a column of values: letters, digits, _, - and ., at most 40")
    else:
        return found.replace(" ", "_")
    return ""


def check_goalposts(numbers: pd.Series, cells: dict[str, Cell], findings: Findings) -> None:
    """Note goalposts that are half given, reversed, or have no logarithm."""
    low, high = numbers["low"], numbers["high"]
    if pd.isna(low) != pd.isna(high):
        blank = cells["low" if pd.isna(low) else "high"]
        if is_blank(blank.content):
            findings.problem(blank, "half_goalposts", "下限与上限须同时给出；请补上，或两格都留空",
                             "a lower goalpost needs an upper one; fill in both or neither")
    elif low >= high:
        findings.problem(cells["low"], "goalposts_reversed", f"下限须小于上限 {high:g}，无论方向；请更正",
                         f"the lower goalpost must be below the upper one, {high:g}, for either direction; correct it")
    elif numbers["log"] and low <= 0:
        findings.problem(cells["low"], "no_logarithm", "取对数的指标，下限须大于 0；请更正，或不取对数",
                         "of an indicator in logarithms the lower goalpost must be above 0; correct it or leave out "
                         "the logarithm")


def refuse_mixed_percent(codes: pd.Index, table: Table, places: dict[str, int], findings: Findings) -> None:
    """Note weights of which some are in per cent and some are not."""
    cells = [table.cell(places[code], "weight") for code in codes]
    percent = ["percent" in read_number(cell.content).rule for cell in cells]
    if any(percent) and not all(percent[at] or is_blank(cell.content) for at, cell in enumerate(cells)):
        findings.problem(cells[percent.index(True)], "mixed_percent",
                         "权重有的写百分数，有的写小数，相差百倍；请统一写法",
                         "some weights are in per cent and some are not, a hundred times apart; write all in one way")


def check_weights(nodes: pd.DataFrame, table: Table, places: dict[str, int], findings: Findings) -> None:
    """Note a weight that is not above 0, and children of which some have a weight and others none."""
    weights = nodes["weight"]
    for code in weights.index[weights <= 0]:
        findings.problem(table.cell(places[code], "weight"), "weight_not_positive",
                         "权重应大于 0；请更正，或删去该行", "a weight is above 0; correct it or remove the row")
    for parent, siblings in nodes.groupby("parent", sort=False).groups.items():
        given = weights[siblings].notna()
        for code in siblings[~given] if given.any() else ():
            findings.problem(table.cell(places[code], "weight"), "weight_missing",
                             f"{parent or '各领域'}之下的其他节点有权重，此节点没有；请补上，或全部留空",
                             f"others under {parent or 'the goal'} have a weight and this one has none; fill it in, "
                             "or leave all blank")


def weights_above(nodes: pd.DataFrame, table: Table, findings: Findings) -> pd.Series:
    """The weights of the nodes; a level that has none has the sums of what is below it, where these are not alike: then
    the weights below are shares of the whole."""
    weights = nodes["weight"].copy()
    for level in ("subdomain", "domain"):
        here = nodes.index[nodes["level"] == level]
        below = weights[nodes["parent"].isin(here)]
        sums = below.groupby(nodes["parent"]).sum().reindex(here)
        if weights[here].isna().all() and below.notna().all() and sums.max() > (1 + ALIKE) * sums.min():
            weights[here] = sums
            findings.understood(table.heading("weight"), f"{sums.sum():g}", "weights_of_the_whole",
                                "这一级没有权重，而其下各组权重之和不等：按占总体的份额读，上级取其和",
                                "this level has no weights and those below sum differently by parent: they are read as "
                                "shares of the whole, and the level has their sums")
    return weights


def shares_of_siblings(nodes: pd.DataFrame) -> pd.Series:
    """Each node's share of its parent: in proportion to the weights given, alike where none are."""
    weights = nodes["weight"].fillna(nodes["weight"].isna().groupby(nodes["parent"]).transform("all").astype(float))
    return weights / weights.groupby(nodes["parent"]).transform("sum")


def note_scales(values: pd.DataFrame, every_year: pd.DataFrame, tree: pd.DataFrame, findings: Findings) -> None:
    """Note figures of any year that have no logarithm where one is taken, and warn of those scored that count as a
    goalpost."""
    for code, scale in own_scales(tree, tree.index[tree["level"] == "indicator"]).iterrows():
        rows = values[values["indicator"] == code]
        below = every_year[(every_year["indicator"] == code) & (every_year["value"] <= 0)]
        for row in below.itertuples() if scale["log"] else ():
            findings.problem(cell_of_value(row), "no_logarithm",
                             f"指标 {code} 取对数，数须大于 0；请更正，或在 framework 中不取对数",
                             f"logarithms are taken of {code}: a figure must be above 0; correct it, or leave out the "
                             "logarithm in framework")
        beyond = rows[(rows["value"] < scale["low"]) | (rows["value"] > scale["high"])]
        if len(beyond):
            findings.warning(cell_of_value(next(beyond.itertuples())), "beyond_goalposts",
                             f"指标 {code} 有 {len(beyond)} 个数在目标值 {scale['low']:g} 至 {scale['high']:g} 之外"
                             f"（{listed(beyond['code'])}），按目标值计",
                             f"{len(beyond)} figures of {code} lie beyond the goalposts {scale['low']:g} to "
                             f"{scale['high']:g} ({listed(beyond['code'])}) and count as the goalpost")


def cell_of_value(row: tuple) -> Cell:
    """The cell of a row of values."""
    return Cell(row.file, row.sheet, int(row.row), int(row.column), row.value)
