"""What the pages of a city say in words: the result, the same on profile and account, and the account's own words."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from analysis.figures.labels import pick
from analysis.frames import settle
from analysis.scoring import TwoLevels
from analysis.tables import EMPTY, full_names, percentage, printed
from workbench.cities.account import Account
from workbench.cities.flags import flag_words, flags_of
from workbench.cities.names import Names

WITHOUT_WEIGHTS = {"borda": ("博尔达计分", "Borda's count"),
                   "mazziotta_pareto": ("马齐奥塔–帕累托指数", "the Mazziotta–Pareto index"),
                   "benefit_of_doubt": ("各城最有利权重下的得分", "the benefit of the doubt")}
AGGREGATIONS = {"geometric": ("几何平均", "the geometric mean"), "topsis": ("TOPSIS 贴近度", "TOPSIS closeness"),
                **WITHOUT_WEIGHTS}
MEANS = {"arithmetic": ("算术平均", "arithmetic"), "geometric": ("几何平均", "geometric"),
         "topsis": ("TOPSIS", "TOPSIS"), **WITHOUT_WEIGHTS}
KINDS = {"choices": ("所交叉的选择", "choices crossed here"), "weights": ("仅权重", "weights only")}


def city_name(account: Account, lang: str) -> str:
    """The city's name as tables print it; an English name that two cities share carries its province."""
    return str(full_names(account.tables.cities, lang)[account.code])


def peer_labels(account: Account, names: Names) -> dict[str, str]:
    """What the medians are medians of: the city's tier and its region, with the number of their cities."""
    said = {kind: names.region(account.code) if kind == "region" else tier_name(names, int(account.tier["tier_score"]))
            for kind in account.peers}
    return {kind: names.pick(f"{said[kind]} {len(codes)} 城中位数", f"median of {said[kind]} ({len(codes)} cities)")
            for kind, codes in account.peers.items()}


def tier_name(names: Names, number: int) -> str:
    """A tier as a group of cities is called: 第 2 梯队."""
    return names.pick(f"第 {number} 梯队", f"tier {number}")


def facts(names: Names, code: str) -> list[tuple[str, str, str]]:
    """The result as (label, large text, small text): score, rank, interval, chances, tier, published rank."""
    tables, say = names.tables, names.pick
    result, everyone, top = tables.scores.loc[code], len(tables.scores), tables.settings.uncertainty.top
    rows = {kind: tables.intervals[kind].loc[code] for kind in KINDS if kind in tables.intervals}

    def of_each(label: str, told: Mapping[str, str], more: str = "") -> tuple[str, str, str]:
        """The text of the widest interval there is, and small what it is of and those of the others."""
        first, *rest = [say(*KINDS[kind]) for kind in told]
        small = [first + more, *(f"{kind} {text}" for kind, text in zip(rest, list(told.values())[1:], strict=True))]
        return label, next(iter(told.values())), say("；", "; ").join(small)

    found = [(say("得分", "Score"), f"{result['score']:.2f}", say("满分 100", "out of 100")),
             (say("名次", "Rank"), f"{result['rank']}", say(f"共 {everyone} 城", f"of {everyone} cities"))]
    label = say("90% 名次区间", "90 % rank interval")
    if rows:
        median = next(iter(rows.values()))["median"]
        found.append(of_each(label, {kind: rank_span(row) for kind, row in rows.items()},
                             say(f"，中位 {median:g}", f", median {median:g}")))
        if top < everyone and all(f"p_top_{top}" in row for row in rows.values()):
            found.append(of_each(say(f"前 {top} 的概率", f"P(Top {top})"), {
                kind: percentage(row[f"p_top_{top}"]) for kind, row in rows.items()}))
    else:
        found.append((label, EMPTY, ""))
    found.append(tier_fact(names, code, rows))
    if tables.scores["published_rank"].notna().any():
        published = result["published_rank"]
        found.append((say("白皮书名次", "White paper's rank"), EMPTY if pd.isna(published) else f"{published:.0f}",
                      say("未入公布的百强", "not in the published hundred") if pd.isna(published) else
                      say("公布的百强", "published hundred")))
    return found


def rank_span(row: pd.Series) -> str:
    """The 90 % interval of a rank: 16–21."""
    return f"{row['rank_05']:g}–{row['rank_95']:g}"


def tier_fact(names: Names, code: str, rows: Mapping[str, pd.Series]) -> tuple[str, str, str]:
    """The tier by natural breaks and the chance of it, when the choices crossed vary, as far as that is known."""
    tiers, say = names.tables.tiers, names.pick
    if tiers is None:
        return say("梯队", "Tier"), EMPTY, ""
    number, count = int(tiers.at[code, "tier_score"]), int(tiers["tier_score"].max())
    own, small = f"p_tier_{number}", say(f"共 {count} 层", f"of {count}")
    row = next((row for row in (rows.get("choices"), tiers.loc[code]) if row is not None and own in row), None)
    if row is not None:
        small += say(f"；属于该层的概率 {percentage(row[own])}", f"; chance of it {percentage(row[own])}")
    return say("梯队", "Tier"), f"{number}", small


def in_one(names: Names, code: str) -> list[tuple[str, str]]:
    """The facts in labelled single texts."""
    return [(label, large + (names.pick(f"（{small}）", f" ({small})") if small else ""))
            for label, large, small in facts(names, code)]


def flags(account: Account, names: Names) -> dict[str, str]:
    """What was done to each value, in a word or two, by indicator; empty where it is used as it was read."""
    found = flags_of(account.tables)
    return {code: flag_words(names, found.get((account.code, code), ())) for code in account.items.index}


def variable_name(account: Account, variable: str, lang: str) -> str:
    """A variable's name in the data dictionary."""
    return str(account.tables.variables.at[variable, pick(lang, "name_zh", "name_en")])


def sum_line(account: Account, lang: str) -> str:
    """That the contributions add up to the score, with both numbers; or why there is nothing to add."""
    score = account.result["score"]
    if account.tables.is_additive:
        total = settle(math.fsum(account.items["contribution"]))
        return pick(lang, f"贡献之和 {total:.12g} = 得分 {score:.12g}，分毫不差。",
                    f"The contributions sum to {total:.12g} = the score {score:.12g}, to the last bit.")
    rule = account.tables.rule
    if isinstance(rule, TwoLevels):
        above, inside = (pick(lang, *MEANS[each]) for each in (rule.above, rule.inside))
        return pick(lang, f"得分 {score:.12g} 是领域得分的{above}（领域之内为{inside}），不是各项之和："
                          "没有可以相加的贡献。",
                    f"The score {score:.12g} is the {above} mean of the domain scores ({inside} inside the domains), "
                    "not a sum: there are no contributions that add up.")
    name = pick(lang, *AGGREGATIONS[rule])
    return pick(lang, f"得分 {score:.12g} 是{name}，不是各项之和：没有可以相加的贡献。",
                f"The score {score:.12g} is {name}, not a sum: there are no contributions that add up.")


PURPOSES = {"value": ("", ""), "residents": ("除数", "divisor"), "set_aside": ("剔除", "set aside"),
            "known_gap": ("缺值", "gap")}


def raw_figure(cell: tuple) -> str:
    """A raw cell's value as it was read; a year without a thousands separator."""
    return printed(cell.value, ".10g" if cell.variable.endswith("_year") else ",.10g")


def raw_row(cell: tuple) -> str:
    """Where a raw cell stands: its row of statistics.csv, or the other file's name and row."""
    return str(cell.raw_row) if cell.file in ("statistics.csv", cell.source_id) else f"{cell.file} {cell.raw_row}"


def cells_heading(account: Account, lang: str) -> str:
    """What the table of raw cells is called, and which file its rows are of."""
    if "own" in account.tables.ground.traits:
        return pick(lang, "原始数（带来的表的单元格）", "Raw figures (cells of the tables brought along)")
    return pick(lang, "原始数（data/raw/statistics/statistics.csv 的行）",
                "Raw figures (rows of data/raw/statistics/statistics.csv)")


def cell_unit(account: Account, variable: str, lang: str) -> str:
    """The unit of a raw variable, as the data dictionary has it."""
    return str(account.tables.variables.at[variable, pick(lang, "unit_zh", "unit")])


def source_lines(account: Account) -> list[tuple[str, str]]:
    """(source, producer and title) of every source the city's figures come from, as sources.csv has them."""
    return [(name, f"{source.producer}: {source.title}") for name, source in account.sources.iterrows()]


def reading(account: Account, indicator: str, lang: str) -> str:
    """Where an indicator's value comes from: years and raw rows, and the residents' row it was divided by:
    2017–2019: 3994, 4287, 4575 ÷ 3406."""
    item = account.items.loc[indicator]
    if not item["variable"]:
        return EMPTY
    rows = item["raw_rows"].replace(";", pick(lang, "、", ", "))
    divided = f" ÷ {item['denominator_row']}" if item["denominator_row"] else ""
    return pick(lang, "：", ": ").join(filter(None, [years(item["years"], lang), f"{rows}{divided}"]))


def years(text: str, lang: str) -> str:
    """2017;2018;2019 as 2017–2019, years apart one by one; figures of a study's own may have none."""
    numbers = [int(year) for year in text.split(";") if year]
    run = len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1))
    return f"{numbers[0]}–{numbers[-1]}" if run else pick(lang, "、", ", ").join(map(str, numbers))
