"""What a profile says in words, the same on the page and on paper."""

from __future__ import annotations

import math
from collections.abc import Sequence

from analysis.tables import printed
from workbench.cities.flags import filled_lines
from workbench.cities.moves import WHOLE_YEARS, YES_NO, Improvement, Move
from workbench.cities.names import Names
from workbench.cities.profiles import Profiles
from workbench.cities.words import tier_name
from workbench.edition import notice_text


class ProfileNames(Names):
    """The names of a run whose cities are compared."""

    def __init__(self, profiles: Profiles, lang: str) -> None:
        super().__init__(profiles.tables, lang)
        self.profiles = profiles
        text = notice_text(self.tables.settings, self.tables.ground, lang)
        self.notice = text.replace("**", "").replace("`", "")  # what every page of the run says at its top

    def group(self, code: str, kind: str) -> str:
        """A group of peers by its name: 第 1 梯队, 华南."""
        if kind == "all":
            return self.pick("全部城市", "all cities")
        if kind == "tier":
            return tier_name(self, int(self.profiles.peers["tier"].members[code]))
        return self.region(code)

    def peers(self, code: str) -> dict[str, str]:
        """Kind of group → its name with the number of its cities, without the group of all."""
        return {kind: self.pick(f"{self.group(code, kind)}（{peers.sizes[code]} 城）",
                                f"{self.group(code, kind)} ({peers.sizes[code]} cities)")
                for kind, peers in self.profiles.peers.items() if kind != "all"}


def outstanding_line(names: ProfileNames, code: str, indicator: str, table: dict[str, dict[str, float]]) -> str:
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


def move_lines(names: ProfileNames, code: str, move: Move) -> list[str]:
    """The way up and the way down in a sentence each."""
    say, score = names.pick, names.tables.scores.at[code, "score"]
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


def step_rows(names: ProfileNames, steps: Sequence[Improvement]) -> list[tuple[str, str, str, str, str]]:
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


def value_texts(names: ProfileNames, indicator: str, value: float) -> dict[str, str]:
    """A raw value and its unit; whether a list names the city is yes or no, without a unit."""
    if names.profiles.scales[indicator].measure == YES_NO and not math.isnan(value):
        return {"value": names.pick("是", "yes") if value else names.pick("否", "no"), "unit": ""}
    return {"value": printed(value, ",.5g"), "unit": names.units[indicator]}


def steps_lead(names: ProfileNames, steps: Sequence[Improvement]) -> list[str]:
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


def flag_lines(names: ProfileNames, code: str) -> list[str]:
    """Every mark of the city's data in a sentence, and a sentence where there is none."""
    profiles, say, tables = names.profiles, names.pick, names.tables
    found: dict[str, list[str]] = {}
    for indicator in tables.weights.index:
        for flag in profiles.flags.get((code, indicator), ()):
            found.setdefault(flag, []).append(names.nodes[indicator])
    said = filled_lines(names, tables.record[(tables.record["adcode"] == code)
                                             & tables.record["indicator"].isin(tables.weights.index)])
    sentences = {
        "winsorised": ("缩尾：{}极高或极低，收到允许的边界。", "Winsorised: {}: extreme, drawn in to the allowed end."),
        "capped": ("按目标值计：{}超出目标值，以目标值计。",
                   "At the goalpost: {}: beyond it, and counts as the goalpost."),
        "fallback": ("后备来源：{}没有本市的数，用所在省的，同省城市相同。",
                     "Fallback: {}: no figure of its own; the province's, the same for its cities."),
        "set_aside": ("有剔除：{}的原始数中有可疑者被剔除，余下的取中位数。",
                      "Cells set aside: {}: doubtful raw figures were set aside; the median of the rest is used."),
        "gap": ("已知缺口：{}确有其事而数值不详。", "Known gap: {}: the thing exists, its figure is not known.")}
    said += [say(*sentence).format(names.listed(found[flag])) for flag, sentence in sentences.items() if flag in found]
    if tables.scores.at[code, "low_coverage"]:
        said.append(say("覆盖不足：有数的指标少于规定的份额，照排但须存疑。",
                        "Low coverage: fewer indicators are observed than asked for; ranked, but doubtful."))
    return said or [say("本市各项都按原始数计算，没有补缺、缩尾或剔除。",
                        "Every value is used as it was read: none filled, winsorised or set aside.")]


def reading_lines(names: ProfileNames) -> list[str]:
    """How the page is to be read: the same for all cities of the run."""
    say, tables = names.pick, names.tables
    said = [say("百分位：同组其他城市中低于本市者的份额，并列算一半。长处：在某一组居上四分之一，"
                "且在另一组不低于中位；短处相反。",
                "Percentile: the share of the group's other cities that are below, ties counting half. Strength: in "
                "the upper quarter of one group and in no group's lower half; weakness: the reverse.")]
    if names.profiles.peers["all"].sizes.iloc[0] > 1 and tables.intervals:
        said.append(say("区间只含权重与所交叉的选择，不含数据误差，不是全部的不确定性。",
                        "Intervals hold the weights and the choices crossed here, no errors in the data: not a total."))
    if tables.has_steps:
        said.append(say("“怎样移动十位”一节固定其他城市、权重与各指标的最低、最高值，一次只动一项；"
                        "说的是算术，不是建议。",
                        "What would move it: other cities, weights and the ends of every scale are held, and one thing "
                        "moves at a time; this is arithmetic, not advice."))
    return said
