"""The tables that only the white paper has: the system with its weights, provinces, capability, stages, case cities.

Like those of `tables`: frames in, a frame with its final headers out, numbers unrounded; no file access.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from analysis.figures.labels import city_names, group_name, node_names, pick
from analysis.figures.weights import SCHEMES
from analysis.framework import ancestor, domains
from analysis.settings import Settings
from analysis.tables import EMPTY, PrintedNumber, finished, full_names, percentage
from workbench.cities.profile_words import ProfileNames
from workbench.cities.profiles import Profiles

UNSURE = 0.5  # below this chance of its own tier a city's name is marked
SURE = 0.9
MARK = "°"
NAMED = 4  # strengths or weaknesses of a case city; its profile has them all


def system_table(tree: pd.DataFrame, proxies: pd.DataFrame, source_numbers: pd.Series, coverage: pd.Series,
                 weights: pd.DataFrame, settings: Settings, lang: str = "zh", judged: bool = True) -> pd.DataFrame:
    """Table 1: every indicator with direction, unit, grade and source, share of cities measured, and three weights.

    `proxies` by indicator holds grade and unit; `source_numbers` the numbers of the sources (text) by indicator;
    `coverage` (0–1, before treatment); `weights` is measured indicators × (objective, subjective, combined). What is
    not measured shows dashes; where all grades are the same, they are left out. `judged`: whether there are pairwise
    judgements, which give the subjective weights their name.
    """
    domain, parent, names = ancestor(tree, "domain"), ancestor(tree, "subdomain"), node_names(tree, lang)
    codes = domain.index

    def text(values: pd.Series) -> pd.Series:
        found = values.reindex(codes).astype(object)
        return found.where(found.notna(), None)

    kind = settings.weighting.subjective
    objective, subjective = (pick(lang, *SCHEMES[scheme]) for scheme in
                             (settings.weighting.objective, "subjective" if kind == "ahp" and not judged else kind))
    shares = weights.reindex(codes)[["objective", "subjective", "combined"]].astype(float)
    return finished({
        pick(lang, "一级指标", "Domain"): (domain.map(names), None),
        pick(lang, "二级指标", "Sub-domain"): (parent.map(names), None),
        pick(lang, "三级指标", "Indicator"): (names[codes], None),
        pick(lang, "方向", "Sign"): (tree.loc[codes, "direction"].replace("-", "−"), None),
        pick(lang, "单位", "Unit"): (text(short_units(proxies, lang)), None),
        **({pick(lang, "等级", "Grade"): (text(proxies["grade"]), None)} if proxies["grade"].nunique() > 1 else {}),
        pick(lang, "来源", "Source"): (text(source_numbers), None),
        pick(lang, "覆盖率", "Cities"): (coverage.reindex(codes).astype(float), ".0%"),
        objective: (shares["objective"], ".1%"), subjective: (shares["subjective"], ".1%"),
        pick(lang, "组合", "Combined"): (shares["combined"], ".1%"),
    }, codes)


def short_units(proxies: pd.DataFrame, lang: str) -> pd.Series:
    """The units of the proxies; that of a list, which says who is named, is yes or no."""
    return proxies[f"unit_{lang}"].mask(proxies["measure"] == "named", pick(lang, "是/否", "yes/no"))


def numbered_sources(origins: pd.DataFrame, sources: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    """The sources that the figures come from, numbered in the order of the indicators; and by indicator their numbers.

    `origins`: a row a cell (indicator, source_id); `sources` by source_id. Returns (texts such as "2, 3" by indicator,
    the used rows of `sources` with a column number).
    """
    used = origins[origins["source_id"].notna() & (origins["source_id"] != "")]
    by_indicator = used.groupby("indicator", sort=False)["source_id"].unique()
    order = list(dict.fromkeys(source for names in by_indicator for source in sorted(names)))
    numbers = {source: position for position, source in enumerate(order, 1)}
    texts = by_indicator.map(lambda names: ", ".join(str(number) for number in sorted(numbers[name] for name in names)))
    return texts, sources.reindex(order).assign(number=list(numbers.values()))


def source_table(sources: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """The data sources as numbered in Table 1: the second frame of `numbered_sources`."""
    producer = f"producer_{lang}" if f"producer_{lang}" in sources else "producer"
    return finished({pick(lang, "来源", "Source"): (sources["number"].to_numpy(), None),
                     pick(lang, "发布者", "Producer"): (sources[producer].to_numpy(), None),
                     pick(lang, "题名", "Title"): (sources["title"].to_numpy(), None)})


def province_table(comparison: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """Provinces with n of their N cities in the hundred, ours and published: `regions.compare_counts` by province."""
    ordered = comparison.sort_values(["ours", "published"], ascending=False, kind="stable")
    return finished({
        pick(lang, "省（区、市）", "Province"): ([group_name(name, "province", lang) for name in ordered.index], None),
        pick(lang, "城市数", "Cities"): (ordered["cities"].to_numpy(), None),
        pick(lang, "本研究", "Ours"): (ordered["ours"].to_numpy(), None),
        pick(lang, "占本省", "Share"): (ordered["ours_penetration"].to_numpy(), ".0%"),
        pick(lang, "公布", "Published"): (ordered["published"].to_numpy(), None),
        pick(lang, "公布占比", "Published share"): (ordered["published_penetration"].to_numpy(), ".0%"),
        pick(lang, "两者皆有", "In both"): (ordered["both"].to_numpy(), None),
    })


def capability_table(domain_scores: pd.DataFrame, members: pd.Index, tree: pd.DataFrame,
                     lang: str = "zh") -> pd.DataFrame:
    """Level and spread of every domain among the members and among all cities; a domain without data shows dashes."""
    codes, names = list(domains(tree)), node_names(tree, lang)
    chosen = domain_scores.loc[members].reindex(columns=codes)
    everyone = domain_scores.reindex(columns=codes)
    top = len(members)
    return finished({
        pick(lang, "领域", "Domain"): ([names[code] for code in codes], None),
        pick(lang, f"前{top}均值", f"Mean, first {top}"): (chosen.mean().to_numpy(), ".1f"),
        pick(lang, "标准差", "SD"): (chosen.std().to_numpy(), ".1f"),
        pick(lang, "第10百分位", "10th"): (chosen.quantile(0.1).to_numpy(), ".1f"),
        pick(lang, "第90百分位", "90th"): (chosen.quantile(0.9).to_numpy(), ".1f"),
        pick(lang, "全部均值", "Mean, all"): (everyone.mean().to_numpy(), ".1f"),
        pick(lang, "全部标准差", "SD, all"): (everyone.std().to_numpy(), ".1f"),
    })


def stage_table(scores: pd.Series, tiers: pd.Series, by_weights: pd.DataFrame, by_choices: pd.DataFrame,
                lang: str = "zh") -> pd.DataFrame:
    """Stages with their size, scores, and how sure membership is.

    `by_weights` and `by_choices` hold p_tier_1 … by city; a run whose choices do not know tiers shows dashes there.
    """
    rows = []
    for tier in sorted(tiers.unique()):
        part, own = tiers.index[tiers == tier], f"p_tier_{int(tier)}"
        chances = [frame.loc[part, own] if own in frame else pd.Series(np.nan, part)
                   for frame in (by_weights, by_choices)]
        sure = int((chances[1] >= SURE).sum()) if chances[1].notna().any() else None
        rows.append((int(tier), len(part), scores[part].min(), scores[part].max(), scores[part].mean(),
                     chances[0].mean(), chances[1].mean(), sure))
    heads = (("梯队", "Tier", None), ("城市数", "Cities", None), ("最低分", "Lowest", ".1f"),
             ("最高分", "Highest", ".1f"),
             ("平均分", "Mean", ".1f"), ("属本层概率：仅权重", "P(tier), weights", ".0%"),
             ("属本层概率：交叉的选择", "P(tier), crossed choices", ".0%"),
             (f"其中≥{SURE:.0%}", f"Of these ≥ {SURE:.0%}", None))
    columns = zip(*rows, strict=True)
    return finished({pick(lang, zh, en): (pd.array(column, "Int64") if zh.startswith("其中") else list(column), form)
                     for (zh, en, form), column in zip(heads, columns, strict=True)})


def stage_members_table(scores: pd.Series, tiers: pd.Series, chances: pd.DataFrame, cities: pd.DataFrame,
                        lang: str = "zh") -> pd.DataFrame:
    """The cities of each stage, best first; ° marks those that are in it with a chance below one half."""
    names, rows = city_names(cities, lang), []
    for tier in sorted(tiers.unique()):
        part, own = scores[tiers == tier].sort_values(ascending=False, kind="stable").index, f"p_tier_{int(tier)}"
        told = [names[code] + (MARK if own in chances and chances.at[code, own] < UNSURE else "") for code in part]
        rows.append((int(tier), pick(lang, "、", ", ").join(told)))
    return finished({pick(lang, "梯队", "Tier"): ([tier for tier, _ in rows], None),
                     pick(lang, "城市（按得分）", "Cities, by score"): ([told for _, told in rows], None)})


def case_table(profiles: Profiles, codes: list[str], lang: str = "zh") -> pd.DataFrame:
    """Case cities side by side, a column a city: result, intervals, domains, strengths and weaknesses."""
    names, tables = ProfileNames(profiles, lang), profiles.tables
    frame = finished({pick(lang, "项目", "Item"): (case_rows(names, lang), None),
                      **{str(full_names(tables.cities, lang)[code]): (case_column(names, code), None)
                         for code in codes}})
    frame.attrs["plain"] = True
    return frame


def case_rows(names: ProfileNames, lang: str) -> list[str]:
    """What the rows of a case table are."""
    top = names.profiles.tables.settings.uncertainty.top
    return [pick(lang, "得分", "Score"), pick(lang, "名次", "Rank"), pick(lang, "90% 名次区间", "90 % rank interval"),
            pick(lang, f"前 {top} 的概率", f"P(Top {top})"), pick(lang, "公布名次", "Published rank"),
            pick(lang, "梯队", "Tier"), *(names.nodes[code] for code in names.profiles.domains),
            pick(lang, "长处", "Strengths"), pick(lang, "短处", "Weaknesses")]


def case_column(names: ProfileNames, code: str) -> list[str]:
    """One city's column of a case table."""
    profiles, tables = names.profiles, names.profiles.tables
    result, interval = tables.scores.loc[code], tables.intervals["choices"].loc[code]
    published, top = result["published_rank"], tables.settings.uncertainty.top
    strong, weak = profiles.outstanding(code)
    scores = [f"{result[domain]:.1f}" + names.pick(f"（第 {profiles.domain_ranks.at[code, domain]}）",
                                                   f" (rank {profiles.domain_ranks.at[code, domain]})")
              if domain in profiles.domain_ranks else EMPTY for domain in profiles.domains]
    tier = profiles.peers["tier"].members[code] if "tier" in profiles.peers else None
    return [PrintedNumber(result["score"], ".2f"), PrintedNumber(result["rank"], "d"),
            f"{interval['rank_05']:g}–{interval['rank_95']:g}", PrintedNumber(interval[f"p_top_{top}"], percentage),
            PrintedNumber(published, ".0f"), PrintedNumber(tier, "d"), *scores, some(names, strong), some(names, weak)]


def some(names: ProfileNames, indicators: list[str]) -> str:
    """The clearest of some indicators by name, and how many there are where not all are named."""
    told, count = names.listed([names.nodes[indicator] for indicator in indicators[:NAMED]]), len(indicators)
    return told + (names.pick(f"等 {count} 项", f" … {count} in all") if count > NAMED else "") or EMPTY


def errata_table(errata: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """The errata of the original: where, as printed, as corrected, why, how sure."""
    certainty = {"certain": ("确定", "certain"), "almost certain": ("几乎确定", "almost certain")}
    place = [pick(lang, f"表 {row.table}，第 {row.row} 行", f"Table {row.table}, row {row.row}")
             for row in errata.itertuples()]
    return finished({
        pick(lang, "位置", "Place"): (place, None),
        pick(lang, "扫描所得", "As scanned"): ([text or EMPTY for text in errata["printed"].map(printable)], None),
        pick(lang, "更正", "Corrected"): ([text or EMPTY for text in errata["corrected"]], None),
        pick(lang, "理由", "Reason"): (errata[f"reason_{lang}"].to_numpy(), None),
        pick(lang, "把握", "Certainty"): ([pick(lang, *certainty[text]) for text in errata["certainty"]], None),
    })


def printable(text: str) -> str:
    """A scanned text as a report can print it: long lines of dashes cut, letters of other scripts shown as □.

    >>> printable("———————— ***ウ"), printable("养南市")
    ('——… ***□', '养南市')
    """
    shorter = re.sub(r"(—)\1{3,}", "——…", str(text))
    marked = "".join(letter if known_letter(letter) else "□" for letter in shorter)
    return re.sub(r"□[□ ]{2,}", "□□", marked)


def known_letter(letter: str) -> bool:
    """Whether the fonts of the reports have a letter: ASCII, common Chinese, and the signs of ordinary text."""
    if letter in "—…–、。，：；（）“”□":
        return True
    try:
        return letter.isascii() or bool(letter.encode("gb2312")) and "\u4e00" <= letter <= "\u9fff"
    except UnicodeEncodeError:
        return False
