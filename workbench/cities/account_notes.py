"""Every flag of an account in a sentence: what was filled from whom, drawn in or set aside, and why."""

from __future__ import annotations

import math

from analysis.figures.labels import pick
from analysis.settings import differences
from workbench.cities.account import Account
from workbench.cities.flags import filled_lines
from workbench.cities.names import Names
from workbench.cities.run_tables import recorded_logarithm
from workbench.cities.words import variable_name

POINTS = {
    "minmax": ("得分 = 处理后的值在全部城市的最低值与最高值之间的位置，换算到 0–100。",
               "Points = the treated value's place between the lowest and the highest of all cities, out of 100."),
    "zscore": ("得分 = 50 + 10 × 处理后的值的标准分（全部城市）。",
               "Points = 50 + 10 × the treated value's z-score over all cities."),
    "rank": ("得分 = 处理后的值在全部城市中的位次，换算到 0–100。",
             "Points = the treated value's rank among all cities, out of 100."),
    "goalposts": ("得分 = 处理后的值在下限与上限（目标值；没有目标值的取最低、最高值）之间的位置，换算到 0–100。",
                  "Points = the treated value's place between the lower and the upper goalpost (the lowest and highest "
                  "value where there is none), out of 100."),
}


def notes(account: Account, lang: str) -> list[str]:
    """Every flag in a sentence: what was filled from whom, drawn in, set aside and why; and what a reader must know."""
    said = [*filled_lines(Names(account.tables, lang), account.changes), *changed_notes(account, lang),
            *set_aside_notes(account, lang)]
    read_from = account.items["variable"]
    for indicator in read_from.index[(read_from != "") & (read_from == account.items["fallback"])]:
        name = variable_name(account, account.items.at[indicator, "variable"], lang)
        said.append(pick(lang, f"后备来源 {indicator}：没有本市的数，用{name}。",
                         f"Fallback {indicator}: the city has no figure of its own; read from: {name}."))
    if account.result["low_coverage"]:
        said.append(pick(lang, "该市有数的指标少于规定的份额，照排但加注。",
                         "Fewer of the city's indicators are observed than asked for; ranked, but flagged."))
    return [*said, *general_notes(account, lang)]


def changed_notes(account: Account, lang: str) -> list[str]:
    """A sentence for each value drawn in and for each column in logarithms."""
    said = []
    for change in account.changes.itertuples():
        if change.action == "winsorised":
            said.append(pick(lang, f"缩尾 {change.indicator}：{change.before:.6g} → {change.after:.6g}。",
                             f"Winsorised {change.indicator}: {change.before:.6g} → {change.after:.6g}."))
        elif change.action == "capped":
            said.append(pick(lang, f"按目标值计 {change.indicator}：{change.before:.6g} → {change.after:.6g}。",
                             f"At the goalpost {change.indicator}: {change.before:.6g} → {change.after:.6g}."))
        elif change.action == "log":
            said.append(pick(lang, "对数 {}：整列取 {}。", "Log {}: the whole column is {}.").format(
                change.indicator, recorded_logarithm(change.reason).text(6).replace("-", "−")))
    return said


def set_aside_notes(account: Account, lang: str) -> list[str]:
    """A sentence for each raw cell that cleaning set aside or knows to be a gap, with its place and its reason."""
    said = []
    for cell in account.cells[account.cells["purpose"].isin(["set_aside", "known_gap"])].itertuples():
        what = {"set_aside": pick(lang, "剔除", "Set aside"), "known_gap": pick(lang, "缺值", "Gap")}[cell.purpose]
        name, reason = variable_name(account, cell.variable, lang), getattr(cell, f"reason_{lang}")
        value = "" if math.isnan(cell.value) else pick(lang, f"，原值 {cell.value:,.10g}", f", {cell.value:,.10g}")
        where = pick(lang, f"{cell.file} 第 {cell.raw_row} 行{value}", f"{cell.file}, row {cell.raw_row}{value}")
        said.append(pick(lang, f"{what} {cell.indicator}：{name} {cell.year} 年（{where}）：{reason}。",
                         f"{what} {cell.indicator}: {name} {cell.year} ({where}): {reason}."))
    return said


def general_notes(account: Account, lang: str) -> list[str]:
    """What holds for every account of the run: how to read it, what it leaves out, and the run's own choices."""
    methods = account.tables.methods
    kinds = list(dict.fromkeys(methods))
    said = [pick(lang, *POINTS[kind]) if len(kinds) == 1 else
            pick(lang, "、", ", ").join(methods.index[methods == kind]) + pick(lang, "：", ": ")
            + pick(lang, *POINTS[kind]) for kind in kinds]
    if account.tables.is_additive:
        said.append(pick(lang, "贡献 = 得分 × 权重。", "Contribution = points × weight."))
    if "china" in account.tables.ground.traits:
        said.append(pick(lang, "权重为本研究的设定，并非白皮书的权重；白皮书未公布数据、权重与得分。",
                         "The weights are this study's; the white paper published neither data nor weights nor "
                         "scores."))
    if account.tables.intervals:
        said.append(pick(lang, "“仅权重”的区间只含权重的不确定性，不含其他的。",
                         "Intervals by weights only hold the uncertainty of the weights and no other."))
    changed = differences(account.tables.settings)
    if changed:
        listed = pick(lang, "、", ", ").join(f"{name} = {here} ({base})" for name, (base, here) in changed.items())
        said.append(pick(lang, f"与基准设定不同（括号内为基准值）：{listed}。",
                         f"Choices that differ from the baseline (its value in brackets): {listed}."))
    return said
