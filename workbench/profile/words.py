"""What an account says in words, the same on the terminal, on the page and in the workbook."""

from __future__ import annotations

import math

import pandas as pd

from analysis.figures.labels import group_name, pick, province_name, system_name
from analysis.frames import settle
from analysis.panel import main_system
from analysis.tables import EMPTY, full_names, percentage, printed
from workbench.profile.account import Account

FLAGS = {"filled": ("补缺", "filled"), "winsorised": ("缩尾", "winsorised"), "log": ("对数", "log"),
         "fallback": ("后备来源", "fallback"), "set_aside": ("有剔除", "cells set aside"),
         "unlisted": ("未列入", "not listed")}
AGGREGATIONS = {"geometric": ("几何平均", "the geometric mean"), "topsis": ("TOPSIS 贴近度", "TOPSIS closeness")}
KINDS = {"weights": ("仅权重", "weights only"), "choices": ("全部选择", "all choices")}


def city_name(account: Account, lang: str) -> str:
    """The city's name as tables print it; an English name that two cities share carries its province."""
    return str(full_names(account.tables.cities, lang)[account.code])


def place(account: Account, lang: str) -> str:
    """Code, province and region of the city, in one line."""
    parts = [account.code]
    if "province_short" in account.city:
        parts.append(province_name(account.city["province_short"], lang))
    if (system := main_system(account.tables.cities)) is not None:
        name, called = region_words(account, system, lang)
        parts.append(pick(lang, f"{name}（{called}）", f"{name} ({called})"))
    return pick(lang, "　", " · ").join(parts)


def region_words(account: Account, system: str, lang: str) -> tuple[str, str]:
    """The city's region and whose regions they are: 华南, 白皮书七大区; a study's own go by its table of regions."""
    ground, name = account.tables.ground, account.city[system]
    if "elsewhere" not in ground.traits:
        return group_name(name, system, lang), system_name(system, lang)
    row = ground.regions[(ground.regions["system"] == system) & (ground.regions["name"] == name)].iloc[0]
    return row["name" if lang == "zh" else "name_en"], row[f"system_{lang}"] or system


def peer_labels(account: Account, lang: str) -> dict[str, str]:
    """What the medians are medians of: the city's tier and its region, with the number of their cities."""
    tier = "" if account.tier is None else int(account.tier["tier_score"])
    system = main_system(account.tables.cities)
    name = region_words(account, system, lang)[0] if system is not None else ""
    words = {"tier": pick(lang, f"第 {tier} 梯队", f"tier {tier}"), "region": name}
    return {kind: pick(lang, f"{words[kind]} {len(codes)} 城中位数", f"median of {words[kind]} ({len(codes)} cities)")
            for kind, codes in account.peers.items()}


def facts(account: Account, lang: str) -> list[tuple[str, str]]:
    """The result in labelled short texts: score, rank, published rank, intervals, chances, tier."""
    result, top = account.result, account.tables.settings.uncertainty.top
    everyone = len(account.tables.scores)
    published = result["published_rank"]
    return [
        (pick(lang, "得分", "Score"), f"{result['score']:.2f}"),
        (pick(lang, "名次", "Rank"),
         pick(lang, f"{result['rank']}（共 {everyone} 城）", f"{result['rank']} of {everyone}")),
        *([(pick(lang, "白皮书名次", "White paper's rank"), EMPTY if pd.isna(published) else f"{published:.0f}")]
          if "paper" in account.tables.ground.traits else []),
        (pick(lang, "90% 名次区间", "90 % rank interval"), by_kind(account, lang, rank_span)),
        (pick(lang, f"前 {top} 名的概率", f"P(Top {top})"), by_kind(account, lang, lambda row, _: chance(row, top))),
        (pick(lang, "梯队", "Tier"), tier_text(account, lang)),
    ]


def by_kind(account: Account, lang: str, say) -> str:
    """A text for when only the weights vary and one for when all choices do; a dash where a run has neither."""
    rows = {kind: account.interval(kind) for kind in KINDS}
    return pick(lang, "；", "; ").join(f"{pick(lang, *KINDS[kind])} {say(row, lang)}" for kind, row in rows.items()
                                      if row is not None) or EMPTY


def rank_span(row: pd.Series, lang: str) -> str:
    """The 90 % interval of a rank and its median: 16–21（中位 17）."""
    return pick(lang, f"{row['rank_05']:g}–{row['rank_95']:g}（中位 {row['median']:g}）",
                f"{row['rank_05']:g}–{row['rank_95']:g} (median {row['median']:g})")


def chance(row: pd.Series, top: int) -> str:
    """The chance of being among the first `top`; certainty is not claimed of draws that merely all agree."""
    return percentage(row[f"p_top_{top}"]) if f"p_top_{top}" in row else EMPTY


def tier_text(account: Account, lang: str) -> str:
    """Tier by natural breaks of the scores, with the chance of that tier as far as it is known."""
    if account.tier is None:
        return EMPTY
    own = f"p_tier_{int(account.tier['tier_score'])}"
    number, count = int(account.tier["tier_score"]), int(account.tables.tiers["tier_score"].max())
    rows = {"weights": account.tier, "choices": account.interval("choices")}
    chances = [f"{pick(lang, *KINDS[kind])} {percentage(row[own])}" for kind, row in rows.items()
               if row is not None and own in row]
    said = pick(lang, f"{number}（共 {count} 层", f"{number} of {count}")
    if not chances:
        return said + pick(lang, "）", "")
    return said + pick(lang, "；概率：" + "、".join(chances) + "）", " (chance: " + ", ".join(chances) + ")")


def flags(account: Account, lang: str) -> pd.Series:
    """What was done to each value, in a word or two, by indicator; empty where it is used as it was read."""
    found = pd.Series([[] for _ in account.items.index], account.items.index)
    for indicator in account.cells.loc[account.cells["purpose"] == "set_aside", "indicator"].unique():
        found[indicator].append("set_aside")
    for indicator, item in account.items.iterrows():
        if item["variable"] and item["variable"] == item["fallback"]:
            found[indicator].append("fallback")
        elif not item["variable"] and pd.notna(item["raw_value"]):
            found[indicator].append("unlisted")
    for change in account.changes.itertuples():
        found[change.indicator].append(change.action.split("_")[0])
    return found.map(lambda names: pick(lang, "、", ", ").join(pick(lang, *FLAGS[name]) for name in names))


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
    name = pick(lang, *AGGREGATIONS[account.tables.settings.aggregation.method])
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
    return pick(lang, "：", ": ").join([years(item["years"], lang), f"{rows}{divided}"])


def years(text: str, lang: str) -> str:
    """2017;2018;2019 as 2017–2019, years apart one by one."""
    numbers = [int(year) for year in text.split(";")]
    run = len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1))
    return f"{numbers[0]}–{numbers[-1]}" if run else pick(lang, "、", ", ").join(map(str, numbers))
