"""From raw tables to one tidy panel by stated rules, with a log row for every cell that is set aside.

No figure is replaced and none is filled here: a cell that a rule finds impossible becomes missing, stays in the panel
with a flag, and is logged with its value, its place in the raw file and the reason in two languages. The rules look at
figures, never at names of cities. `clean_whitepaper` (analysis/published.py) does the same for the white paper.

Why a year's level counts as well as its change: in 2018 and 2019 some cities' figures look like telecom business
*volume* at constant prices entered as revenue. Volume more than doubled in a year (MIIT: +122 % in the first quarter of
2018) while revenue rose by 5 %, and these cities' figures grow like volume. There two of three years are wrong,
so that the city's own median would set the one right year aside.

Reference: docs/method.md, section 1; 国家统计局, 中国城市统计年鉴 2018–2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.published import clean_whitepaper

__all__ = ["RULES", "CleaningRules", "clean_statistics", "clean_whitepaper", "count_figures"]

LOG_COLUMNS = ["file", "raw_row", "adcode", "city", "variable", "year", "before", "after", "rule", "reason_zh",
               "reason_en"]
PANEL_COLUMNS = ["adcode", "variable", "year", "value", "source_id", "raw_row", "flag"]

# What a flag or a rule in the log means; the braces are filled with the numbers of the cell.
RULES = {
    "outvoted_year": (
        "该市各年相差 {spread:.1f} 倍，超过 {factor:g} 倍；其余年份彼此一致，本年与其相差 {distance:.1f} 倍，故剔除",
        "the city's years differ {spread:.1f}-fold, more than {factor:g}-fold; its other years agree, this one is "
        "{distance:.1f}-fold off and is set aside"),
    "years_disagree": (
        "该市各年相差 {spread:.1f} 倍，超过 {factor:g} 倍，且无可信的多数；"
        "本年人均值为当年中位城市的 {level:.2f} 倍，偏离最远，故剔除",
        "the city's years differ {spread:.1f}-fold, more than {factor:g}-fold, without a believable majority; this "
        "year is {level:.2f} times the median city's per resident, the farthest off, and is set aside"),
    "beyond_limit": (
        "人均值为当年中位城市的 {level:.1f} 倍，超过 {limit:g} 倍，不可能是电信业务收入，故剔除",
        "{level:.1f} times the median city's per resident, beyond {limit:g} times: it cannot be telecom revenue and is "
        "set aside"),
    "same_figure": (
        "与同省{twin}同年数值相同（{before:.15g}），必有一处错行；"
        "本市与自身其他年份相差更大（{distance:.2f} 倍），故剔除",
        "the same figure ({before:.15g}) as {twin_en} of the same province in that year, so one is a slip of the row; "
        "this city is farther from its own other years ({distance:.2f}-fold) and its figure is set aside"),
    "known_gap": ("{reason_zh}", "{reason_en}"),
    "district_named": ("名单所列是该市的区，不是该市；保留，作何解读由设定决定",
                       "the list names districts of the city, not the city; kept, the settings say how it is read"),
    "repeated_year": ("与该市上一年数值完全相同，疑为沿用；保留",
                      "equal to the city's year before, perhaps carried over; kept"),
    "not_checked": ("缺少常住人口，未作核对；保留", "no resident population to check it by; kept"),
}

# The same rules in short, for a table that counts the cells of each.
RULE_NAMES = {
    "outvoted_year": ("本年与其余一致的年份不符：剔除", "out of line with the city's agreeing years: set aside"),
    "years_disagree": ("各年互不一致，偏离常态最远的年份：剔除", "years disagree; the one farthest off: set aside"),
    "beyond_limit": ("人均值不可能这样高：剔除", "impossibly high per resident: set aside"),
    "same_figure": ("与同省另一城市数值相同（错行）：剔除",
                    "equal to another city's figure (a slipped row): set aside"),
    "known_gap": ("已知存在但数值不明：记为缺失", "known to exist, figure unknown: kept as a gap"),
    "district_named": ("名单所列为其区：保留，由设定决定解读",
                       "its districts were named: kept, read as the settings say"),
    "repeated_year": ("与上一年完全相同：保留", "equal to the year before: kept"),
    "not_checked": ("无法核对：保留", "cannot be checked: kept"),
}


@dataclass(frozen=True)
class CleaningRules:
    """The thresholds of cleaning; every one is a ratio or a count, so none depends on the unit.

    series, denominator: the sum recorded for several years that is checked, and the head count it is divided by.
    agreement_factor: one city's years may differ by at most this factor (national revenue moved under 6 % a year).
    majority_factor, believable_factor: years within the first factor of their city's median outvote the others if they
    are more than half of the years and their median is within the second factor of the typical city's.
    typical_limit: above this multiple of the median city's, a figure per resident is impossible (Beijing 2017 has 5.5).
    same_figure_digits: equal figures with at least this many significant digits are not a coincidence.
    """

    series: str = "telecom_revenue"
    denominator: str = "resident_population"
    agreement_factor: float = 2.0
    majority_factor: float = 1.25
    believable_factor: float = 2.5
    typical_limit: float = 6.0
    same_figure_digits: int = 5


DEFAULT_RULES = CleaningRules()  # settings/baseline.yaml has the same thresholds


def clean_statistics(statistics: pd.DataFrame, cities: pd.DataFrame, variables: pd.DataFrame,
                     rules: CleaningRules = DEFAULT_RULES) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set impossible figures aside and mark known gaps; return the tidy panel and a log of all these cells.

    Parameters: `statistics`, `cities`, `variables` as `sources` reads them.
    Returns (panel, log). The panel has one row for each row of `statistics`, in its order: adcode, variable, year,
    value (NaN where set aside or a known gap), source_id, raw_row, flag ("" or a key of `RULES`; a row flagged
    district_named, repeated_year or not_checked keeps its value). The log has one row per cell
    without a value: file, raw_row, adcode, city, variable, year, before, after (NaN), rule, reason_zh, reason_en.
    Raises ValueError if the dictionary lacks a variable that a rule names.

    Rules, each applied to what the one before left: years of a city that disagree; figures beyond the limit; one figure
    in two cities of a province. Of only two years that disagree, the one farther from the typical city is set aside.
    """
    absent = [name for name in (rules.series, rules.denominator) if name not in variables.index]
    if absent:
        raise ValueError(f"variables.csv lacks {', '.join(absent)}, which cleaning needs; add the variable or name "
                         "another in CleaningRules")
    return cleaned(statistics, cities, rules)


def cleaned(statistics: pd.DataFrame, cities: pd.DataFrame,
            rules: CleaningRules) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What `clean_statistics` returns, of a table that it has accepted before."""
    cells = series_cells(statistics, cities, rules)
    gaps = statistics.loc[statistics["value"].isna(), ["reason_zh", "reason_en"]].assign(rule="known_gap")
    findings = pd.concat([*find_impossible(cells, rules), gaps])
    kept = cells.drop(index=findings.index.intersection(cells.index))
    flag = pd.Series("", index=statistics.index).mask(statistics["named_unit"] == "district", "district_named")
    flag[kept.index[kept["level"].isna()]] = "not_checked"
    flag[repeated_years(kept)] = "repeated_year"
    flag[findings.index] = findings["rule"]
    value = statistics["value"].mask(statistics.index.isin(findings.index))
    panel = statistics.assign(flag=flag, value=value)[PANEL_COLUMNS].reset_index(drop=True)
    return panel, write_log(statistics, findings, rules)


def series_cells(statistics: pd.DataFrame, cities: pd.DataFrame, rules: CleaningRules) -> pd.DataFrame:
    """The figures of the checked series with province and `level`: per resident, over the median city's that year.

    The level is NaN where the resident population is not known.
    """
    cells = statistics[(statistics["variable"] == rules.series) & statistics["value"].notna()].copy()
    residents = statistics[statistics["variable"] == rules.denominator].groupby("adcode")["value"].last()
    cells["province"] = cells["adcode"].map(cities["province_short"])
    cells["city_en"] = cells["adcode"].map(cities["name_en"])
    per_resident = cells["value"] / cells["adcode"].map(residents)
    cells["level"] = per_resident / per_resident.groupby(cells["year"]).transform("median")
    return cells


def find_impossible(cells: pd.DataFrame, rules: CleaningRules) -> list[pd.DataFrame]:
    """What each rule finds among the cells of one series; it is applied to what the rules before it left."""
    disagreeing = years_disagree(cells, rules)
    left = cells.drop(index=disagreeing.index)
    beyond = left.loc[left["level"] > rules.typical_limit, ["level"]].assign(rule="beyond_limit")
    left = left.drop(index=beyond.index)
    return [disagreeing, beyond, same_figure(left, rules.same_figure_digits)]


def years_disagree(cells: pd.DataFrame, rules: CleaningRules) -> pd.DataFrame:
    """Of cities whose years differ too much, the years to set aside so that the rest agree.

    The farthest year is set aside, repeatedly, until the city's largest figure is at most `agreement_factor` times its
    smallest. Distance is taken from the city's own median where a believable majority of its years lies close to it,
    else from the typical city of that year. Cells without a level are skipped.
    Returns a frame by the index of `cells`: spread (of the city's years at the start), distance, level, rule.
    """
    kept = cells[cells["level"].notna()].copy()
    by_city = kept.groupby("adcode")
    kept["spread"] = by_city["value"].transform("max") / by_city["value"].transform("min")
    own = fold(kept["value"] / by_city["value"].transform("median"))
    close = (own <= rules.majority_factor).groupby(kept["adcode"]).transform("mean") > 0.5
    majority = close & (fold(by_city["level"].transform("median")) <= rules.believable_factor)
    kept["distance"] = own.where(majority, fold(kept["level"]))
    kept["rule"] = majority.map({True: "outvoted_year", False: "years_disagree"})
    found = [kept.iloc[:0]]
    while True:
        by_city = kept.groupby("adcode")["value"]
        apart = kept[by_city.transform("max") / by_city.transform("min") > rules.agreement_factor]
        if apart.empty:
            return pd.concat(found)[["spread", "distance", "level", "rule"]]
        found.append(apart.loc[apart.groupby("adcode")["distance"].idxmax()])
        kept = kept.drop(index=found[-1].index)


def fold(ratio: pd.Series) -> pd.Series:
    """The factor by which two figures differ: their ratio or its reciprocal, whichever is at least 1."""
    return ratio.where(ratio >= 1, 1 / ratio)


def same_figure(cells: pd.DataFrame, digits: int) -> pd.DataFrame:
    """Of equal figures of one year in cities of one province, all but the one that fits its city's other years best.

    Only figures with at least `digits` significant digits count: rounded ones coincide. Where no city of a group has
    another year to compare with, all are kept.
    Returns a frame by the index of `cells`: distance (fold, to the median of the city's other years), twin (the city
    whose figure stays), twin_en, rule.
    """
    found = [pd.DataFrame({"distance": [], "twin": [], "twin_en": []})]
    telling = cells[cells["value"].map(significant_digits) >= digits]
    for _, group in telling.groupby(["province", "year", "value"]):
        if len(group) == 1:
            continue
        others = {row.Index: cells.loc[(cells["adcode"] == row.adcode) & (cells["year"] != row.year), "value"].median()
                  for row in group.itertuples()}
        distance = fold(group["value"] / pd.Series(others))
        if distance.notna().any():
            best = distance.idxmin()
            found.append(distance.drop(best).to_frame("distance").assign(
                twin=group.at[best, "city"], twin_en=group.at[best, "city_en"]))
    return pd.concat(found).assign(rule="same_figure")


def repeated_years(cells: pd.DataFrame) -> pd.Index:
    """The cells equal to the figure of the same city a year before."""
    ordered = cells.sort_values(["adcode", "year"])
    before = ordered.groupby("adcode")[["year", "value"]].shift()
    return ordered.index[(ordered["value"] == before["value"]) & (ordered["year"] == before["year"] + 1)]


def significant_digits(value: float) -> int:
    """How many significant digits a figure has, zeros at the end not counted.

    >>> significant_digits(204828.0), significant_digits(120000.0)
    (6, 2)
    """
    return len(f"{value:.14e}".split("e")[0].replace("-", "").replace(".", "").rstrip("0"))


def write_log(statistics: pd.DataFrame, findings: pd.DataFrame, rules: CleaningRules) -> pd.DataFrame:
    """One row for each finding, in the order of the raw files, with the reason's numbers filled in."""
    log = statistics.loc[findings.index].drop(columns=["reason_zh", "reason_en"])
    log = log.join(findings, validate="one_to_one").rename(columns={"value": "before"}).assign(after=float("nan"))
    numbers = {"factor": rules.agreement_factor, "limit": rules.typical_limit}
    for position, language in enumerate(("zh", "en")):
        log[f"reason_{language}"] = [RULES[row["rule"]][position].format(**row, **numbers)
                                     for row in log.to_dict("records")]
    return log.sort_values(["file", "raw_row"], ascending=[False, True])[LOG_COLUMNS].reset_index(drop=True)


def count_figures(panel: pd.DataFrame, cities: pd.DataFrame, variables: pd.DataFrame) -> pd.DataFrame:
    """For each variable, how many cities have a figure and why the others have none; nothing is filled.

    Returns a frame by variable: name_zh, name_en, with_figure, set_aside (every figure of the city set aside),
    known_gap, no_row, no_row_means (what the source's silence means). The four counts sum to the number of cities.
    """
    counts = pd.DataFrame(index=variables.index)
    by_city = panel.groupby(["variable", "adcode"])
    has_figure = by_city["value"].count() > 0
    is_gap = panel["flag"].eq("known_gap").groupby([panel["variable"], panel["adcode"]]).any()
    counts["with_figure"] = has_figure.groupby("variable").sum()
    counts["set_aside"] = (~has_figure & ~is_gap).groupby("variable").sum()
    counts["known_gap"] = (~has_figure & is_gap).groupby("variable").sum()
    counts = counts.fillna(0).astype(int)
    counts["no_row"] = len(cities) - counts.sum(axis=1)
    return variables[["name_zh", "name_en"]].join(counts).join(variables["no_row_means"])


def count_rules(log: pd.DataFrame, variables: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """How many cells each rule affected, one row per variable and rule: both in words, years, cells."""
    grouped = log.groupby(["variable", "rule"], sort=True)["year"].agg(["size", "min", "max"]).reset_index()
    names = variables[f"name_{lang}"]
    word = 0 if lang == "zh" else 1
    return pd.DataFrame({"name": grouped["variable"].map(names), "rule": grouped["rule"].map(
        {rule: words[word] for rule, words in RULE_NAMES.items()}), "cells": grouped["size"]})
