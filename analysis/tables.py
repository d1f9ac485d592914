"""Published tables: frames with their final headers, and how a value is printed.

Every table function returns a frame ready for CSV: headers in the language, numbers unrounded. `frame.attrs["formats"]`
says how its numbers are shown; `printed` rounds, for display only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.figures.labels import city_names, group_name, node_names, pick, province_name, system_name

Format = str | Callable | None
EMPTY = "–"
LIST_MARKS = {"corrected": "*", "inferred": "†"}
LARGEST_IN_FULL = 1e15


def printed(value: Any, form: Format) -> str:
    """A value as it is printed: by its format, a whole number as it is, another with four significant digits; large
    numbers in full, never with a power of ten.

    >>> printed(68012.4, ",.4g"), printed(0.123456, ""), printed(-3, "d")
    ('68,012', '0.1235', '−3')
    """
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return EMPTY
    if callable(form):
        return str(form(value))
    if isinstance(value, str | bool | np.bool_):
        return str(value)
    if form:
        text = format(int(value) if form.endswith("d") else value, form)
        if form.endswith("g") and "e+" in text and abs(value) < LARGEST_IN_FULL:
            text = format(value, ",.0f")
        return "0" if text == "+0" else text.replace("-", "−")
    return str(value) if isinstance(value, int | np.integer) else printed(value, ".4g")


class PrintedNumber(str):
    """A number as it is printed, for a column of texts; the number itself is kept, for workbooks."""

    number: Any

    def __new__(cls, value: Any, form: Format) -> PrintedNumber:
        text = super().__new__(cls, printed(value, form))
        text.number = value
        return text


def small_chance(p: float) -> str:
    """A p-value with two significant digits, below one in a thousand as such."""
    return "<0.001" if p < 0.001 else format(p, ".2g")


def percentage(share: float) -> str:
    """A share in whole percent; above 0 and below 1 it is never 0% or 100% but <1% or >99%.

    >>> percentage(0.999), percentage(0.0), percentage(0.13)
    ('>99%', '0%', '13%')
    """
    if 0.99 < share < 1:
        return ">99%"
    return "<1%" if 0 < share < 0.01 else f"{share:.0%}"


def finished(columns: Mapping[str, tuple[object, Format]], index: pd.Index | None = None) -> pd.DataFrame:
    """A frame from header → (values, format), with the formats kept in `attrs`."""
    frame = pd.DataFrame({header: values for header, (values, _) in columns.items()}, index=index)
    frame.attrs["formats"] = {header: form for header, (_, form) in columns.items() if form}
    return frame



def hundred_table(scores: pd.Series, ranks: pd.Series, intervals: pd.DataFrame, by_weights: pd.DataFrame,
                  published_ranks: pd.Series | None, cities: pd.DataFrame, lang: str = "zh",
                  top: int = 100) -> pd.DataFrame:
    """Table 2: our hundred with score, 90 % rank interval, P(Top-100) and the published rank.

    `intervals` by city: rank_05, rank_95, p_top_100 when the choices crossed vary (frame `ranks` of
    `sensitivity.method_uncertainty`); `by_weights`: p_top_100 when only the weights are (`weight_uncertainty`). A city
    that the paper does not rank shows a dash; without a published list (None) there are no such columns. Ties at the
    cut are all kept.
    """
    best = ranks[ranks <= top].sort_values(kind="stable").index
    chance = f"p_top_{top}"
    columns = {
        pick(lang, "排名", "Rank"): (ranks[best].astype(int), None),
        pick(lang, "城市", "City"): (full_names(cities, lang)[best], None),
        pick(lang, "省份", "Province"): (province_names(cities.loc[best], lang), None),
        pick(lang, "得分", "Score"): (scores[best], ".2f"),
        pick(lang, "名次 5%", "Rank 5 %"): (intervals.loc[best, "rank_05"].astype(int), None),
        pick(lang, "名次 95%", "Rank 95 %"): (intervals.loc[best, "rank_95"].astype(int), None),
        pick(lang, f"前{top}概率", f"P(Top {top})"): (intervals.loc[best, chance], percentage),
        pick(lang, "仅权重可变", "Weights only"): (by_weights.loc[best, chance], percentage),
    }
    if "province" not in cities:
        del columns[pick(lang, "省份", "Province")]
    if published_ranks is not None:
        published = published_ranks.reindex(best).astype("Int64")
        columns |= {pick(lang, "公布名次", "Published"): (published, None),
                    pick(lang, "差", "Difference"): (published - ranks[best].astype("Int64"), "+d")}
    return finished(columns, best)


def province_names(cities: pd.DataFrame, lang: str) -> list[str]:
    """The province of each city by its short name; empty for places without one."""
    return [province_name(name, lang) for name in cities["province"]] if "province" in cities else [""] * len(cities)


def domain_leaders_table(domain_scores: pd.DataFrame, cities: pd.DataFrame, names: pd.Series, most: int,
                         lang: str = "zh") -> pd.DataFrame:
    """The leaders of each domain: one row per domain with its first cities by score in that domain, best first."""
    shown, comma = city_names(cities, lang), pick(lang, "、", ", ")
    leaders = {code: scores.sort_values(ascending=False, kind="stable").index[:most]
               for code, scores in domain_scores.items()}
    listed = [comma.join(shown[codes]) for codes in leaders.values()]
    return finished({
        pick(lang, "领域", "Domain"): ([names[code] for code in leaders], None),
        pick(lang, f"前 {most} 位", f"Best {most}"): (listed, None),  # not those within the cut
        pick(lang, "平均分", "Mean"): ([domain_scores[code].mean() for code in leaders], ".1f"),
    })


def full_names(cities: pd.DataFrame, lang: str) -> pd.Series:
    """City names as tables print them: 深圳市, or Shenzhen (with the province where two cities share the name)."""
    return cities["name"] if lang == "zh" else city_names(cities, "en")


def domain_list_table(members: pd.Series, cities: pd.DataFrame, ranks: pd.Series, lang: str = "zh") -> pd.DataFrame:
    """Tables 3–8 in the paper's layout: one row per province with its cities, best first.

    `members` by adcode holds a status (read, corrected, inferred) for a published list, or "ours"; `ranks` orders the
    cities of a row. Corrected names carry *, inferred ones †. Provinces without a city are left out, as in the paper.
    """
    names = full_names(cities, lang)
    ordered = sorted(members.index, key=lambda code: (code[:2], ranks.get(code, np.inf), code))
    rows: dict[str, list[str]] = {}
    for code in ordered:
        rows.setdefault(cities.at[code, "province"], []).append(names[code] + LIST_MARKS.get(members[code], ""))
    provinces = list(rows) if lang == "zh" else [province_name(name, lang) for name in rows]
    return finished({
        pick(lang, "省（区、市）", "Province"): (provinces, None),
        pick(lang, "城市", "Cities"): ([pick(lang, "、", ", ").join(row) for row in rows.values()], None),
        pick(lang, "个数", "Number"): ([len(row) for row in rows.values()], None),
    })



def region_table(comparison: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """Counts by region, ours beside the published: the frame of `regions.compare_counts`; the header names which."""
    system = comparison["system"].iloc[0]
    named = [group_name(group, system, lang) for group in comparison.index]
    heading = system_name(system, lang)
    return finished({
        heading if lang == "zh" else heading[0].upper() + heading[1:]: (named, None),
        pick(lang, "城市数", "Cities"): (comparison["cities"].to_numpy(), None),
        pick(lang, "本研究", "Ours"): (comparison["ours"].to_numpy(), None),
        pick(lang, "公布", "Published"): (comparison["published"].to_numpy(), None),
        pick(lang, "差", "Difference"): (comparison["difference"].to_numpy(), "+d"),
        pick(lang, "两者皆有", "In both"): (comparison["both"].to_numpy(), None),
        pick(lang, "按城市数均摊", "Equal shares"): (comparison["expected"].to_numpy(), ".1f"),
        pick(lang, "本研究占比", "Ours, share"): (comparison["ours_penetration"].to_numpy(), ".0%"),
        pick(lang, "公布占比", "Published, share"): (comparison["published_penetration"].to_numpy(), ".0%"),
    })


def ranges_table(ranges: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """Counts by region with what is known of them: the frame of `regions.compare_ranges`. Intervals of shares are
    Wilson's; ranges of counts run from the 5 % to the 95 % quantile, the median before them."""
    system = ranges["system"].iloc[0]
    heading = system_name(system, lang)
    columns: dict[str, tuple[object, Format]] = {
        heading if lang == "zh" else heading[0].upper() + heading[1:]:
            ([group_name(group, system, lang) for group in ranges.index], None),
        pick(lang, "城市数", "Cities"): (ranges["cities"].to_numpy(), None)}
    for name, zh, en in (("ours", "本研究", "Ours"), ("published", "公布", "Published")):
        if name in ranges:
            shares = [f"{percentage(row[0])} ({percentage(row[1])}–{percentage(row[2])})" if row[1] == row[1] else EMPTY
                      for row in ranges[[f"{name}_share", f"{name}_low", f"{name}_high"]].to_numpy()]
            columns |= {pick(lang, zh, en): (ranges[name].to_numpy(), None),
                        pick(lang, f"{zh}占比（95% 区间）", f"{en}, share (95 %)"): (shares, None)}
    for name, zh, en in (("weights", "权重可变", "Weights vary"), ("choices", "选择也可变", "Choices too")):
        if f"{name}_05" in ranges:
            known = [f"{row[0]} ({row[1]}–{row[2]})" for row in
                     ranges[[f"{name}_median", f"{name}_05", f"{name}_95"]].to_numpy()]
            columns[pick(lang, zh, en)] = (known, None)
    return finished(columns)


def province_tests_table(tests: pd.DataFrame, pairs: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """The East against each region, cities dealt out one by one and whole provinces at once: the frames of
    `permutation.whole_province_tests` and, for the single cities, `pairs` of `regions.east_west_tests`."""
    return finished({
        pick(lang, "对比地区", "Against"): ([group_name(group, "nbs_region", lang) for group in tests.index], None),
        pick(lang, "东部占优概率", "P(East higher)"): (tests["superiority"].to_numpy(), ".2f"),
        pick(lang, "东部省数", "Provinces, East"): (tests["provinces_east"].to_numpy(), None),
        pick(lang, "该区省数", "Provinces, other"): (tests["provinces_other"].to_numpy(), None),
        pick(lang, "分法数", "Ways"): (tests["assignments"].to_numpy(), ",d"),
        pick(lang, "p，整省", "p, provinces"): (tests["p"].to_numpy(), small_chance),
        pick(lang, "p，整省（Holm）", "p, provinces (Holm)"): (tests["p_holm"].to_numpy(), small_chance),
        pick(lang, "p，逐城（Holm）", "p, cities (Holm)"): (pairs.loc[tests.index, "p_holm"].to_numpy(), small_chance),
    })


MORAN_SCOPES = {"all": ("全部城市", "all cities"), "nbs_region": ("四大地区之内", "within the bureau's four regions"),
                "region": ("七大区之内", "within the paper's seven regions"), "province": ("省内", "within provinces")}


def moran_table(spatial: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """Moran's I over all cities and within groups, one row per scope (index: "all" or the name of a grouping; columns
    statistic, expected, p_value, share_between, share_by_chance)."""
    scopes = [pick(lang, *MORAN_SCOPES.get(scope, (f"{scope}之内", f"within {scope}"))) for scope in spatial.index]
    return finished({
        pick(lang, "范围", "Scope"): (scopes, None),
        pick(lang, "莫兰指数 I", "Moran's I"): (spatial["statistic"].to_numpy(), ".3f"),
        pick(lang, "随机时的期望", "Expected at random"): (spatial["expected"].to_numpy(), ".3f"),
        "p": (spatial["p_value"].to_numpy(), small_chance),
        pick(lang, "组间方差份额", "Variance between groups"): (spatial["share_between"].to_numpy(), ".0%"),
        pick(lang, "随机分组时", "For random groups"): (spatial["share_by_chance"].to_numpy(), ".0%"),
    })


def inequality_table(by_group: pd.DataFrame, system: str, lang: str = "zh") -> pd.DataFrame:
    """Each region's own level and inequality of scores: `by_group` of `regions.inequality`."""
    return finished({
        pick(lang, "地区", "Region"): ([group_name(group, system, lang) for group in by_group.index], None),
        pick(lang, "城市数", "Cities"): (by_group["cities"].to_numpy(), None),
        pick(lang, "平均得分", "Mean score"): (by_group["mean"].to_numpy(), ".1f"),
        pick(lang, "占得分总和", "Share of all scores"): (by_group["share"].to_numpy(), ".0%"),
        pick(lang, "区内基尼系数", "Gini within"): (by_group["gini"].to_numpy(), ".3f"),
        pick(lang, "区内泰尔指数", "Theil within"): (by_group["theil"].to_numpy(), ".3f"),
        pick(lang, "对全部泰尔指数的贡献", "Part of Theil's index"): (by_group["theil_contribution"].to_numpy(), ".3f"),
    })


LEAST_ALPHA, LEAST_KMO, LEAST_CHANCE = 0.7, 0.5, 0.05  # Nunnally (1978); Kaiser (1974); convention


def structure_table(structure: pd.DataFrame, names: pd.Series, lang: str = "zh") -> pd.DataFrame:
    """The coherence of each domain with a reading in words: the frame of `multivariate.structure`."""
    everything = pick(lang, "全部指标", "All indicators")
    return finished({
        pick(lang, "领域", "Domain"): ([names.get(code, everything) for code in structure.index], None),
        pick(lang, "指标数", "Indicators"): (structure["indicators"].to_numpy(), None),
        pick(lang, "平均相关", "Mean r"): (structure["mean_correlation"].to_numpy(), ".2f"),
        "α": (structure["alpha"].to_numpy(), ".2f"), "KMO": (structure["kmo"].to_numpy(), ".2f"),
        pick(lang, "巴特利特 p", "Bartlett p"): (structure["p"].to_numpy(), small_chance),
        pick(lang, "第一主成分", "First component"): (structure["share"].to_numpy(), ".0%"),
        pick(lang, "特征值大于 1", "Eigenvalues > 1"): (structure["above_1"].to_numpy(), None),
        pick(lang, "读法", "Reading"): ([structure_reading(row, lang) for _, row in structure.iterrows()], None),
    })


def structure_reading(row: pd.Series, lang: str = "zh") -> str:
    """What the coherence of one domain means, in words that follow from its numbers (a row of
    `multivariate.structure`): how many things its indicators measure, and what stands against saying so."""
    share, above, found = f"{row['share']:.0%}", int(row["above_1"]), []
    if row["mean_correlation"] <= 0:
        found.append(pick(lang, "指标彼此相抵，平均分互相抹平",
                          "indicators run against each other and cancel in a mean"))
    elif above > 1:
        found.append(pick(lang, f"{above} 个主成分的特征值大于 1：不止一件事",
                          f"{above} components have eigenvalues above 1: more than one thing"))
    elif row["alpha"] >= LEAST_ALPHA:
        found.append(pick(lang, f"一个主成分占 {share}：量的是一件事",
                          f"one component holds {share}: these indicators measure one thing"))
    else:
        found.append(pick(lang, f"一个主成分占 {share}，但 α 低于 0.7：有关，却不能彼此代替",
                          f"one component holds {share}, but α is below 0.7: related, not interchangeable"))
    if row["indicators"] == 2:
        found.append(pick(lang, "两项指标的 KMO 恒为 0.5", "of two indicators KMO is always 0.5"))
    elif np.isnan(row["kmo"]):
        found.append(pick(lang, "有指标可由其余算出，KMO 无从计算", "an indicator follows from the others: no KMO"))
    elif row["kmo"] < LEAST_KMO:
        found.append(pick(lang, "KMO 低于 0.5：相关只在两两之间，没有共同的东西",
                          "KMO below 0.5: pairs correlate, nothing is common to all"))
    if row["p"] >= LEAST_CHANCE:
        found.append(pick(lang, "相关可能出于偶然", "the correlations may be chance"))
    return pick(lang, "；", "; ").join(found)


def east_west_table(pairs: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """The East against each other region: the frame `pairs` of `regions.east_west_tests`."""
    return finished({
        pick(lang, "对比地区", "Against"): ([group_name(group, "nbs_region", lang) for group in pairs.index], None),
        pick(lang, "东部城市数", "Cities, East"): (pairs["cities_east"].to_numpy(), None),
        pick(lang, "该区城市数", "Cities, other"): (pairs["cities_other"].to_numpy(), None),
        pick(lang, "东部中位数", "Median, East"): (pairs["median_east"].to_numpy(), ".1f"),
        pick(lang, "该区中位数", "Median, other"): (pairs["median_other"].to_numpy(), ".1f"),
        "U": (pairs["u"].to_numpy(), ".1f"),
        pick(lang, "p（Holm）", "p (Holm)"): (pairs["p_holm"].to_numpy(), small_chance),
        pick(lang, "东部占优概率", "P(East higher)"): (pairs["superiority"].to_numpy(), ".2f"),
    })



def agreement_figures_table(table: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """Agreement with the published ranking, one row per ranking: the frame of `agreement.agreement_table`."""
    return finished({
        pick(lang, "排序依据", "Ranking by"): (table.index.to_numpy(), None),
        pick(lang, "有数据城市", "Cities"): (table["cities"].to_numpy(), None),
        pick(lang, "缺", "Missing"): (table["cities_missing"].to_numpy(), None),
        pick(lang, "百强中有数据", "Of the hundred"): (table["hundred"].to_numpy(), None),
        "Spearman ρ": (table["spearman"].to_numpy(), ".3f"),
        pick(lang, "下限", "low"): (table["spearman_low"].to_numpy(), ".3f"),
        pick(lang, "上限", "high"): (table["spearman_high"].to_numpy(), ".3f"),
        "Kendall τ-b": (table["kendall"].to_numpy(), ".3f"),
        "AUC": (table["auc"].to_numpy(), ".3f"),
        pick(lang, "前百重合", "Overlap"): (table["overlap"].to_numpy(), None),
    })


def list_overlap_table(summary: pd.DataFrame, framework: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """Domain scores against the published lists: the frame `summary` of `agreement.list_overlap`; – = not measured."""
    def whole(column: str) -> pd.Series:
        return summary[column].astype("Int64").reset_index(drop=True)

    return finished({
        pick(lang, "表", "Table"): (summary["table"].to_numpy(), None),
        pick(lang, "领域", "Domain"): (node_names(framework, lang)[summary.index].to_numpy(), None),
        pick(lang, "读出", "Read"): (whole("listed"), None), pick(lang, "推断", "Inferred"): (whole("inferred"), None),
        pick(lang, "命中", "Hits"): (whole("hits"), None), pick(lang, "漏", "Misses"): (whole("misses"), None),
        pick(lang, "多出", "Additions"): (whole("additions"), None),
        pick(lang, "命中率", "Hit share"): (summary["hit_share"].to_numpy(dtype=float), ".0%"),
        "AUC": (summary["auc"].to_numpy(dtype=float), ".3f"),
        pick(lang, "推断者命中", "Inferred hit"): (whole("inferred_hits"), None),
    })


def list_names_table(outcomes: pd.DataFrame, framework: pd.DataFrame, cities: pd.DataFrame,
                     lang: str = "zh") -> pd.DataFrame:
    """The cities that only the published list has, and those that only ours has, by list: the frame `cities` of
    `agreement.list_overlap`, cities in the order of their rank in the domain."""
    names, domains = full_names(cities, lang), node_names(framework, lang)
    comma, rows = pick(lang, "、", ", "), []
    for (number, domain), part in outcomes.sort_values("our_rank", kind="stable").groupby(["table", "domain"]):
        listed = {outcome: comma.join(names[code] for code in part.loc[part["outcome"] == outcome, "adcode"])
                  for outcome in ("miss", "addition")}
        rows.append((number, domains[domain], listed["miss"], listed["addition"]))
    heads = [pick(lang, *words) for words in (("表", "Table"), ("领域", "Domain"),
                                              ("公布而本研究没有", "Listed, not ours"),
                                              ("本研究有而未公布", "Ours, not listed"))]
    return finished({head: (column, None) for head, column in zip(heads, zip(*rows, strict=True), strict=True)})
