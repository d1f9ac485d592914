"""What a profile says in words, the same on the page and on paper."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from analysis.figures.labels import city_names, group_name, node_names, pick, province_name, system_name
from analysis.tables import EMPTY, full_names, percentage, printed
from workbench.city_profiles.moves import WHOLE_YEARS, YES_NO, Move, Step
from workbench.city_profiles.profiles import Profiles
from workbench.edition import notice_text
from workbench.profile.words import KINDS, chance

FLAG_WORDS = {"filled": ("估计", "estimated"), "capped": ("封顶", "capped"), "province": ("省级数", "province's"),
              "log": ("对数", "log"), "set_aside": ("有剔除", "cells set aside"), "gap": ("已知缺口", "known gap")}
DONORS_SHOWN = 5


class Names:
    """The names that all pages of a run share, in one language."""

    def __init__(self, profiles: Profiles, lang: str) -> None:
        tables = profiles.tables
        self.lang, self.profiles = lang, profiles
        self.elsewhere = "elsewhere" in tables.ground.traits
        text = notice_text(tables.settings, tables.ground, lang)
        self.notice = text.replace("**", "").replace("`", "")  # what every page of the run says at its top
        self.cities, self.short = full_names(tables.cities, lang), city_names(tables.cities, lang)
        self.nodes = node_names(tables.tree, lang).to_dict()
        self.units = tables.traits[f"unit_{lang}"].astype(str).to_dict()
        self.regions = {}
        regions = tables.ground.regions
        if regions is not None and len(regions):
            own = regions[regions["system"] == profiles.system]
            self.regions = dict(zip(own["name"], own["name" if lang == "zh" else "name_en"], strict=True))

    def pick(self, zh: str, en: str) -> str:
        """The Chinese or the English of two; places that are no cities of the roster are not called so."""
        return pick(self.lang, zh.replace("本市", "本地") if self.elsewhere else zh, en)

    def listed(self, texts: Sequence[str]) -> str:
        return self.pick("、", ", ").join(texts)

    def region(self, code: str) -> str:
        """The region's name, "" without regions."""
        if not self.profiles.system:
            return ""
        group = self.profiles.tables.cities.at[code, self.profiles.system]
        return str(self.regions.get(group) or group_name(group, self.profiles.system, self.lang))

    def province(self, code: str) -> str:
        """The province's short name, "" for places without one."""
        cities = self.profiles.tables.cities
        return province_name(cities.at[code, "province"], self.lang) if "province" in cities else ""

    def place(self, code: str) -> str:
        """Province, region and code in one line."""
        region = self.region(code)
        if region and self.profiles.system in ("region", "nbs_region"):
            system = system_name(self.profiles.system, self.lang)
            region = self.pick(f"{region}（{system}）", f"{region} ({system})")
        return self.pick("　", " · ").join(filter(None, [self.province(code), region, code]))

    def group(self, code: str, kind: str) -> str:
        """A group of peers by its name: 第 1 梯队, 华南."""
        if kind == "all":
            return self.pick("全部城市", "all cities")
        if kind == "tier":
            number = int(self.profiles.peers["tier"].members[code])
            return self.pick(f"第 {number} 梯队", f"tier {number}")
        return self.region(code)

    def peers(self, code: str) -> dict[str, str]:
        """Kind of group → its name with the number of its cities, without the group of all."""
        return {kind: self.pick(f"{self.group(code, kind)}（{peers.sizes[code]} 城）",
                                f"{self.group(code, kind)} ({peers.sizes[code]} cities)")
                for kind, peers in self.profiles.peers.items() if kind != "all"}


def facts(names: Names, code: str) -> list[tuple[str, str, str]]:
    """The result as (label, large text, small text)."""
    tables, say = names.profiles.tables, names.pick
    result, everyone, top = tables.scores.loc[code], len(tables.scores), tables.settings.uncertainty.top
    found = [(say("得分", "Score"), f"{result['score']:.2f}", say("满分 100", "out of 100")),
             (say("名次", "Rank"), f"{result['rank']}", say(f"共 {everyone} 城", f"of {everyone} cities"))]
    rows = {kind: tables.intervals[kind].loc[code] for kind in ("choices", "weights") if kind in tables.intervals}
    if rows:
        spans = {kind: f"{row['rank_05']:g}–{row['rank_95']:g}" for kind, row in rows.items()}
        first, *rest = rows
        found.append((say("90% 名次区间", "90 % rank interval"), spans[first], say("；", "; ").join(
            [say(*KINDS[first]), *(f"{say(*KINDS[kind])} {spans[kind]}" for kind in rest)])))
        if f"p_top_{top}" in rows[first] and top < everyone:
            found.append((say(f"前 {top} 的概率", f"P(Top {top})"), chance(rows[first], top), say("；", "; ").join(
                [say(*KINDS[first]), *(f"{say(*KINDS[kind])} {chance(rows[kind], top)}" for kind in rest)])))
    if "tier" in names.profiles.peers:
        found.append(tier_fact(names, code, rows))
    if tables.scores["published_rank"].notna().any():
        published = result["published_rank"]
        found.append((say("白皮书名次", "White paper's rank"), EMPTY if pd.isna(published) else f"{published:.0f}",
                      say("未入公布的百强", "not in the published hundred") if pd.isna(published) else
                      say("公布的百强", "published hundred")))
    return found


def tier_fact(names: Names, code: str, rows: dict[str, pd.Series]) -> tuple[str, str, str]:
    """The tier and the chance of it, when all choices vary as far as that is known."""
    tiers, say = names.profiles.tables.tiers, names.pick
    number, count = int(tiers.at[code, "tier_score"]), int(tiers["tier_score"].max())
    own = f"p_tier_{number}"
    row = next((row for row in (rows.get("choices"), tiers.loc[code]) if row is not None and own in row), None)
    small = say(f"共 {count} 层", f"of {count}")
    if row is not None:
        small += say(f"；属于该层的概率 {percentage(row[own])}", f"; chance of it {percentage(row[own])}")
    return (say("梯队", "Tier"), f"{number}", small)


def outstanding_line(names: Names, code: str, indicator: str, table: dict[str, dict[str, float]]) -> str:
    """One strength or weakness: the indicator and its percentiles among its peers."""
    told = [names.pick(f"{names.group(code, kind)}第 {table[indicator][kind]:.0f} 百分位",
                       f"{ordinal(table[indicator][kind])} percentile of {names.group(code, kind)}")
            for kind in names.profiles.own_peers() if not math.isnan(table[indicator][kind])]
    return f"{names.nodes[indicator]}{names.pick('：', ': ')}{names.pick('，', ', ').join(told)}"


def ordinal(value: float) -> str:
    """A percentile as English says it: 1st, 22nd, 13th."""
    number = round(value)
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def move_lines(names: Names, code: str, move: Move) -> list[str]:
    """The way up and the way down in a sentence each."""
    say, score = names.pick, names.profiles.tables.scores.at[code, "score"]
    if move.up is None:
        up = say("已列第一，没有更高的名次。", "It is first; there is no higher rank.")
    else:
        up = say(f"要升到第 {move.up} 名，总分至少提高 {amount(move.gain)} 分"
                 f"（{score:.2f} → {score + move.gain:.2f}），其他城市不变。",
                 f"To reach rank {move.up} the score must rise by at least {amount(move.gain)} points "
                 f"({score:.2f} → {score + move.gain:.2f}), other cities staying as they are.")
    if move.down is None:
        down = say("已列最后。", "It is last.")
    else:
        down = say(f"总分降低超过 {amount(move.loss)} 分，就落到第 {move.down} 名或更后。",
                   f"A score lower by more than {amount(move.loss)} points puts it at rank {move.down} or below.")
    return [up, down]


def amount(points: float) -> str:
    """A difference of scores: two decimals, or more where two would show nothing."""
    return f"{points:.2f}" if points >= 0.1 or points == 0 else f"{points:.2g}"


def step_rows(names: Names, steps: Sequence[Step]) -> list[tuple[str, str, str, str, str]]:
    """The indicators that can move the city alone: name, points now, points needed, value needed, a remark."""
    say, rows = names.pick, []
    for step in steps:
        if not step.possible:
            continue
        measure = names.profiles.scales[step.indicator].measure
        value, remark = f"{printed(step.raw, ',.4g')} {names.units[step.indicator]}".strip(), ""
        if measure == YES_NO:
            value = say("列入名单", "to be named")
            remark = say("名单只有是与否：列入即得满分", "the list knows yes and no only: named means all points")
        elif measure == WHOLE_YEARS:
            remark = say("整年", "whole years")
        rows.append((names.nodes[step.indicator], f"{step.points:.1f}", f"{step.needed:.1f}", value, remark))
    return rows


def value_texts(names: Names, indicator: str, value: float) -> dict[str, str]:
    """A raw value and its unit; whether a list names the city is yes or no, without a unit."""
    if names.profiles.scales[indicator].measure == YES_NO and not math.isnan(value):
        return {"value": names.pick("是", "yes") if value else names.pick("否", "no"), "unit": ""}
    return {"value": printed(value, ",.5g"), "unit": names.units[indicator]}


def steps_lead(names: Names, steps: Sequence[Step]) -> list[str]:
    """What the table of single indicators shows, and which of them cannot do it even with all points."""
    say, able = names.pick, [step for step in steps if step.possible]
    unable = [names.nodes[step.indicator] for step in steps if not step.possible]
    if not steps:
        return []
    if not able:
        return [say("只动一项指标做不到：任何一项即使得满分也不够。",
                    "No indicator alone can do it: not even all its points would be enough.")]
    said = [say("只动一项指标时，须达到：", "With one indicator moving alone, it would have to reach:")]
    if unable:
        said.append(say(f"只动这些指标做不到，得满分也不够：{names.listed(unable)}。",
                        f"Impossible by these alone, even with all points: {names.listed(unable)}."))
    return said


def flag_lines(names: Names, code: str) -> list[str]:
    """Every mark of the city's data in a sentence, and a sentence where there is none."""
    profiles, say, tables = names.profiles, names.pick, names.profiles.tables
    found: dict[str, list[str]] = {}
    said = []
    for indicator in tables.weights.index:
        for word in profiles.flags.get((code, indicator), ()):
            found.setdefault(word, []).append(indicator)
    by_donors: dict[tuple[str, ...], list[str]] = {}
    for indicator in found.get("filled", []):
        by_donors.setdefault(profiles.donors[code, indicator], []).append(names.nodes[indicator])
    for donors, indicators in by_donors.items():
        shown_donors = names.listed([names.short[donor] for donor in donors[:DONORS_SHOWN]])
        count = len(donors)
        more = say(f"等 {count} 城", f" and {count - DONORS_SHOWN} more") if count > DONORS_SHOWN else ""
        lenders = shown_donors + more
        said.append(say(f"估计：{names.listed(indicators)}没有本市的数，取{lenders}的中位数；不计为长处或短处。",
                        f"Estimated: {names.listed(indicators)}: no figure of its own; the median of {lenders} "
                        "stands in, and counts neither as strength nor as weakness."))
    sentences = {
        "capped": ("封顶：{}极高或极低，收到允许的边界。", "Capped: {}: extreme, drawn in to the allowed end."),
        "province": ("省级数：{}用所在省的得分，同省城市相同。",
                     "Province's: {}: the score of the province, the same for its cities."),
        "set_aside": ("有剔除：{}的原始数中有可疑者被剔除，余下的取中位数。",
                      "Cells set aside: {}: doubtful raw figures were set aside; the median of the rest is used."),
        "gap": ("已知缺口：{}确有其事而数值不详。", "Known gap: {}: the thing exists, its figure is not known.")}
    said += [say(*sentences[word]).format(names.listed([names.nodes[indicator] for indicator in found[word]]))
             for word in sentences if word in found]
    if tables.scores.at[code, "low_coverage"]:
        said.append(say("覆盖不足：有数的指标少于规定的份额，照排但须存疑。",
                        "Low coverage: fewer indicators are observed than asked for; ranked, but doubtful."))
    return said or [say("本市各项都按原始数计算，没有估计、封顶或剔除。",
                        "Every value is used as it was read: none estimated, capped or set aside.")]


def reading_lines(names: Names) -> list[str]:
    """How the page is to be read: the same for all cities of the run."""
    say, tables = names.pick, names.profiles.tables
    said = [say("百分位：同组其他城市中低于本市者的份额，并列算一半。长处：在某一组居上四分之一，"
                "且在另一组不低于中位；短处相反。",
                "Percentile: the share of the group's other cities that are below, ties counting half. Strength: in "
                "the upper quarter of one group and in no group's lower half; weakness: the reverse.")]
    if names.profiles.peers["all"].sizes.iloc[0] > 1 and tables.intervals:
        said.append(say("区间只含方法与权重的不确定，不含数据误差，是下限。",
                        "Intervals hold the uncertainty of method and weights, not errors in the data: a lower bound."))
    if tables.settings.normalisation.method == "minmax" and tables.settings.aggregation.method != "topsis":
        said.append(say("“怎样移动十位”一节固定其他城市、权重与各指标的最低、最高值，一次只动一项；"
                        "说的是算术，不是建议。",
                        "What would move it: other cities, weights and the ends of every scale are held, and one thing "
                        "moves at a time; this is arithmetic, not advice."))
    return said
