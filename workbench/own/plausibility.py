"""What deserves a second look in figures that can be read: likely slips of unit, jumps, many zeros or blanks.

Nothing here stops a study or changes a figure; each rule names the cell, what is odd and what it may be.

Reference: docs/own_data.md.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.own.findings import Cell, Findings, listed
from workbench.own.places import Roster
from workbench.own.values import place_of

JUMP = 5.0  # times a city's own other years, or the next largest city
POWERS = (1e3, 1e4, 1e8)  # thousand, 万 and 亿: what slips of unit are made of
POWER_TOLERANCE = 0.03
FAR = 6.0  # robust standard deviations of the logarithm
MANY_ZEROS = 0.6
MANY_BLANKS = 0.2
MOSTLY = 0.9  # share of cities without a minus sign above which a minus sign is odd
FEW = 5  # cities below which nothing can be said about a distribution


def note_implausible(every_year: pd.DataFrame, values: pd.DataFrame, heads: dict[str, Cell], tree: pd.DataFrame,
                     usual: pd.DataFrame, roster: Roster, findings: Findings) -> None:
    """Note everything odd about the figures.

    `every_year` are all of them, `values` the latest; `heads` the headings of indicators that have one; `usual` is the
    repository's tree.
    """
    note_own_years(every_year, roster, findings)
    cities = values["code"].nunique()
    heads = {indicator: heads.get(indicator) or place_of(next(group.itertuples()))._replace(content=indicator)
             for indicator, group in values.groupby("indicator", sort=False)}
    note_units(heads, tree, findings)
    for indicator, group in values.groupby("indicator", sort=False):
        note_far_values(group, indicator, roster, findings)
        note_signs(group, indicator, heads[indicator], roster, findings)
        note_blanks(group, indicator, heads[indicator], cities, findings)
        note_steps(group, indicator, heads[indicator], findings)
        note_years(group, indicator, heads[indicator], findings)
        if is_share(tree.loc[indicator]):
            note_shares(group, indicator, roster, findings)
        note_direction(indicator, heads[indicator], tree, usual, findings)


def note_own_years(figures: pd.DataFrame, roster: Roster, findings: Findings) -> None:
    """Note the figure of a city that is farthest from the city's own other years, if more than five times apart."""
    dated = figures[figures["year"].notna() & (figures["value"] > 0)]
    several = dated[dated.groupby(["code", "indicator"])["value"].transform("size") > 1]
    for (code, indicator), group in several.sort_values("year").groupby(["code", "indicator"], sort=False):
        values = group["value"].to_numpy()
        others = np.array([np.median(np.delete(values, place)) for place in range(len(values))])
        apart = np.abs(np.log(values / others))
        place = len(apart) - 1 - int(np.argmax(apart[::-1].round(9)))
        if apart[place] > np.log(JUMP):
            figure, times = next(group.iloc[place:place + 1].itertuples()), values[place] / others[place]
            findings.warning(place_of(figure), "jump_between_years",
                             f"{roster.label(code)} 的 {indicator} 在 {figure.year} 年是其他年份的 {times:.3g} 倍；"
                             "请核对",
                             f"{indicator} of {roster.label(code)} in {figure.year} is {times:.3g} times its other "
                             "years; please check")


def note_units(heads: dict[str, Cell], tree: pd.DataFrame, findings: Findings) -> None:
    """Note the indicators without a unit, all in one."""
    blank = [indicator for indicator in heads if not f"{tree.at[indicator, 'unit_zh']}{tree.at[indicator, 'unit_en']}"]
    if blank:
        findings.warning(heads[blank[0]]._replace(row=None, column=None, content=None), "no_unit",
                         f"{len(blank)} 个指标没有单位：{listed(blank)}；请在 framework 表填写 unit_zh 与 unit_en",
                         f"{len(blank)} indicators have no unit: {listed(blank)}; fill in unit_zh and unit_en in the "
                         "table framework")


def note_far_values(group: pd.DataFrame, indicator: str, roster: Roster, findings: Findings) -> None:
    """Note a few largest or smallest figures that stand apart from all others, and say where a slip of unit fits."""
    figures = group[group["value"] > 0].sort_values("value")
    logs = np.log(figures["value"].to_numpy())
    if len(logs) < FEW:
        return
    middle = np.median(logs)
    spread = 1.4826 * np.median(np.abs(logs - middle))
    most = max(1, int(len(logs) * 0.1))
    for sign in (1, -1):
        outward = (sign * (logs - middle))[::-1] if sign > 0 else sign * (logs - middle)
        steps = outward[:-1] - outward[1:]
        gaps = np.flatnonzero(steps[:most] > np.log(JUMP))
        if not len(gaps):
            continue
        far = gaps[-1] + 1
        if outward[far - 1] <= FAR * spread:
            continue
        rows = figures.iloc[::-1][:far] if sign > 0 else figures.iloc[:far]
        for figure in rows.itertuples():
            note_far_value(figure, indicator, float(np.exp(middle)), roster, findings)


def note_far_value(figure: tuple, indicator: str, middle: float, roster: Roster, findings: Findings) -> None:
    """Note one figure that stands apart from all others."""
    times = figure.value / middle
    power = next((power for power in POWERS if abs(max(times, 1 / times) / power - 1) <= POWER_TOLERANCE), None)
    if power:
        word_zh = {1e3: "千", 1e4: "万", 1e8: "亿"}[power]
        findings.warning(place_of(figure), "unit_slip",
                         f"{roster.label(figure.code)} 的 {indicator} 约为中位数的 {times:.3g} 倍，"
                         f"疑为单位相差“{word_zh}”；请核对",
                         f"{indicator} of {roster.label(figure.code)} is about {times:.3g} times the median: likely a "
                         f"unit slip by {power:.0f} (千, 万, 亿); please check")
    else:
        findings.warning(place_of(figure), "far_from_others",
                         f"{roster.label(figure.code)} 的 {indicator} 是中位数的 {times:.3g} 倍，远离其他城市；"
                         "请核对单位与数值",
                         f"{indicator} of {roster.label(figure.code)} is {times:.3g} times the median, far from all "
                         "other cities; please check unit and figure")


def note_signs(group: pd.DataFrame, indicator: str, head: Cell, roster: Roster, findings: Findings) -> None:
    """Note many zeros, and minus signs where nearly all figures have none."""
    zeros = (group["value"] == 0).mean()
    if zeros >= MANY_ZEROS and len(group) >= FEW:
        findings.warning(head, "many_zeros",
                         f"指标 {indicator} 有 {zeros:.0%} 的城市为 0；若实为缺失请留空",
                         f"{zeros:.0%} of the cities have 0 in {indicator}; leave cells blank where the figure is not "
                         "known")
    negative = group["value"] < 0
    if 0 < negative.mean() <= 1 - MOSTLY:
        for figure in group[negative].itertuples():
            findings.warning(place_of(figure), "negative_value",
                             f"{roster.label(figure.code)} 的 {indicator} 为负，而其他城市几乎都不为负；请核对",
                             f"{indicator} of {roster.label(figure.code)} is negative where nearly all cities are not; "
                             "please check")


def note_blanks(group: pd.DataFrame, indicator: str, head: Cell, cities: int, findings: Findings) -> None:
    """Note an indicator that many of the study's cities lack."""
    share = 1 - len(group) / cities
    if share > MANY_BLANKS:
        findings.warning(head, "many_blanks",
                         f"指标 {indicator} 缺 {cities - len(group)} 个城市（{share:.0%}）；"
                         "超过设定的限度时该指标不参与计算",
                         f"{indicator} is blank for {cities - len(group)} cities ({share:.0%}); beyond the limit of "
                         "the settings the indicator is left out")


def note_steps(group: pd.DataFrame, indicator: str, head: Cell, findings: Findings) -> None:
    """Note figures that are 1, 2, 3 … or otherwise evenly spaced: ranks rather than figures."""
    steps = np.diff(np.sort(group["value"].to_numpy()))
    if len(steps) < FEW or not steps[0] > 0 or np.ptp(steps) > 1e-9 * abs(steps[0]):
        return
    findings.warning(head, "looks_like_ranks", f"指标 {indicator} 的数等距排列，像是名次而不是数值；请核对",
                     f"the figures of {indicator} are evenly spaced, like ranks and unlike figures; please check")


def note_years(group: pd.DataFrame, indicator: str, head: Cell, findings: Findings) -> None:
    """Note an indicator whose figures are of several years."""
    years = group["year"].dropna().value_counts().sort_index()
    if len(years) > 1:
        counts = "、".join(f"{year}（{count}）" for year, count in years.items())
        findings.warning(head, "mixed_years", f"指标 {indicator} 混有几个年份的数：{counts}",
                         "the figures of " + indicator + " are of several years: "
                         + ", ".join(f"{year} ({count})" for year, count in years.items()))


def is_share(node: pd.Series) -> bool:
    """Whether an indicator's unit says per cent."""
    units = f"{node['unit_zh']} {node['unit_en']}".casefold().strip()
    return units.startswith(("%", "％", "百分比", "percent", "per cent")) or units.endswith(("%", "％"))


def note_shares(group: pd.DataFrame, indicator: str, roster: Roster, findings: Findings) -> None:
    """Note shares above 100 %."""
    for figure in group[group["value"] > 100].itertuples():
        findings.warning(place_of(figure), "share_above_100",
                         f"{roster.label(figure.code)} 的 {indicator} 以 % 计而超过 100；请核对",
                         f"{indicator} of {roster.label(figure.code)} is above 100 in per cent; please check")


def note_direction(indicator: str, head: Cell, tree: pd.DataFrame, usual: pd.DataFrame, findings: Findings) -> None:
    """Note an indicator of the repository's tree whose direction was changed."""
    if indicator in usual.index and tree.at[indicator, "name_zh"] == usual.at[indicator, "name_zh"]:
        was, now = usual.at[indicator, "direction"], tree.at[indicator, "direction"]
        if was != now:
            findings.warning(head, "direction_changed",
                             f"指标 {indicator} 的方向在本研究中是 {was}，这里是 {now}；请核对",
                             f"the direction of {indicator} is {was} in this study and {now} here; please check")
