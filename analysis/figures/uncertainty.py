"""Figures about uncertainty: rank intervals of all cities, chance of the hundred, what each indicator decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.figures.labels import city_names, node_names, pick, row_height, wrapped
from analysis.figures.numbers import ends, of_cities, of_nodes, with_numbers
from analysis.figures.style import CUT, FAINT, INK, MUTED, OURS, domain_colours, legend_below, new_figure, quiet_axis
from analysis.framework import ancestor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = 4
MOST_DRAWN = 400  # cities; more lines can be neither drawn nor read


def rank_intervals(intervals: pd.DataFrame, cities: pd.DataFrame, lang: str = "zh", stamp: str = "",
                   cut: int = 100, what_varies: str = "") -> Figure:
    """The 90 % rank interval of every city, in order of rank, split into four panels; the cut line is at `cut`.

    `intervals` by city: rank (base), median, rank_05, rank_95. Filled dots: base rank within the cut. `what_varies`
    is added to the title. Of more than MOST_DRAWN cities those nearest to the cut are drawn, and the title says so.
    """
    ordered = intervals.sort_values("rank", kind="stable")
    everything = len(ordered)
    if everything > MOST_DRAWN:
        first = min(max(0, cut - MOST_DRAWN // 2), everything - MOST_DRAWN)
        ordered = ordered.iloc[first:first + MOST_DRAWN]
        part = pick(lang, f"全部 {everything} 座中的第 {first + 1} 至 {first + MOST_DRAWN} 座",
                    f"{first + 1} to {first + MOST_DRAWN} of {everything}")
        what_varies = pick(lang, f"{what_varies}（{part}）", f"{what_varies} ({part})")
    names = city_names(cities, lang)
    count = min(PANELS, -(-len(ordered) // 12))  # a short list is not spread over empty panels
    per_panel = -(-len(ordered) // count)
    title = titled(pick(lang, "名次的 90% 区间", "Rank intervals (90 %)"), what_varies, lang)
    figure = new_figure(0.115 * per_panel + 1.15, title, stamp)
    panels = figure.subplots(1, count, squeeze=False)[0]
    for number, axes in enumerate(panels):
        part = ordered.iloc[number * per_panel:(number + 1) * per_panel]
        rows = np.arange(len(part))
        inside = (part["rank"] <= cut).to_numpy()
        axes.hlines(rows, part["rank_05"], part["rank_95"], color=np.where(inside, OURS, "#9a9a9a"), linewidth=1.6)
        axes.plot(part["median"], rows, "|", color=INK, markersize=3.6, markeredgewidth=0.7)
        axes.scatter(part["rank"], rows, s=8, zorder=3, linewidth=0.7, edgecolor=np.where(inside, OURS, MUTED),
                     facecolor=np.where(inside, OURS, "white"))
        margin = 0.04 * (part["rank_95"].max() - part["rank_05"].min()) + 0.5
        axes.set_xlim(part["rank_05"].min() - margin, part["rank_95"].max() + margin)
        if axes.get_xlim()[0] < cut + 0.5 < axes.get_xlim()[1]:
            axes.axvline(cut + 0.5, color=CUT, linewidth=0.9, linestyle="--")
        axes.set_yticks(rows, [f"{names[code]} {rank}" for code, rank in part["rank"].items()],
                        fontsize=5.8 if lang == "zh" else 5.0)
        axes.set_ylim(per_panel - 0.4, -0.6)
        axes.tick_params(axis="x", labelsize=6.5)
        axes.tick_params(axis="y", pad=1)
        quiet_axis(axes)
    legend_below(figure, interval_handles(lang, cut), 4)
    width = (ordered["rank_95"] - ordered["rank_05"]).mean()
    return with_numbers(
        figure, of_cities(ordered[["rank", "median", "rank_05", "rank_95"]], cities),
        f"{len(ordered)} 座城市按名次排列，每行一条名次 5%–95% 的线，点为基准名次，短竖为中位数；区间平均宽 "
        f"{width:.0f} 位。",
        f"{len(ordered)} cities in order of rank, each with a line from the 5 % to the 95 % rank, a dot at the base "
        f"rank and a stroke at the median; intervals are {width:.0f} places wide on average.")


def titled(title: str, what_varies: str, lang: str) -> str:
    """The title, with what varies if that is given."""
    return f"{title}{pick(lang, '：', ': ')}{what_varies}" if what_varies else title


def interval_handles(lang: str, cut: int) -> list:
    """Legend of the rank intervals."""
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=OURS, marker="o", markersize=3, label=pick(lang, f"前 {cut} 名", f"rank within {cut}")),
        Line2D([], [], color="#9a9a9a", marker="o", markersize=3, markerfacecolor="white", markeredgecolor=MUTED,
               label=pick(lang, "其他", "others")),
        Line2D([], [], color=INK, marker="|", linestyle="none", markersize=5, label=pick(lang, "中位数", "median")),
        Line2D([], [], color=CUT, linestyle="--", linewidth=0.9, label=pick(lang, f"第 {cut} 名", f"cut at {cut}")),
    ]


def top_probability(intervals: pd.DataFrame, cities: pd.DataFrame, lang: str = "zh", stamp: str = "",
                    cut: int = 100, around: int = 30, what_varies: str = "") -> Figure:
    """The chance of being among the best `cut`, for the cities near the cut, in two panels.

    `intervals` by city: rank and p_top_<cut>, for example p_top_100 (0–1). Shown are the base ranks up to
    `around` places from the cut. `what_varies` is added to the title.
    """
    ordered = intervals[intervals["rank"].between(cut - around, cut + around)].sort_values("rank", kind="stable")
    names = city_names(cities, lang)
    halves = (ordered[ordered["rank"] <= cut], ordered[ordered["rank"] > cut])
    rows = max(len(half) for half in halves)
    title = titled(pick(lang, f"进入前 {cut} 名的概率", f"Chance of a rank within {cut}"), what_varies, lang)
    figure = new_figure(0.155 * rows + 1.0, title, stamp)
    for axes, half in zip(figure.subplots(1, 2, sharex=True), halves, strict=True):
        inside = (half["rank"] <= cut).to_numpy()
        places = np.arange(len(half))
        axes.barh(places, half[f"p_top_{cut}"], height=0.7, color=np.where(inside, OURS, "#c4c4c4"))
        for place, chance in zip(places, half[f"p_top_{cut}"], strict=True):
            axes.text(chance + 0.02, place, f"{chance:.0%}", va="center", fontsize=6.5,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4})
        axes.axvline(0.5, color=CUT, linewidth=0.8, linestyle="--")
        axes.set_yticks(places, [f"{names[code]} {rank}" for code, rank in half["rank"].items()], fontsize=6.8)
        axes.set(xlim=(0, 1.1), ylim=(rows - 0.4, -0.6))
        axes.set_xticks([0, 0.5, 1], ["0", "50%", "100%"])
        quiet_axis(axes)
    chances = of_cities(ordered[["rank", f"p_top_{cut}"]], cities)
    both, span = ends(chances[f"p_top_{cut}"], chances, ".0%"), f"{ordered['rank'].min()}–{ordered['rank'].max()}"
    return with_numbers(
        figure, chances,
        f"条形图：基准名次 {span} 的 {len(ordered)} 座城市进入前 {cut} 名的概率，左为截止线之内，右为之外；"
        f"{both[0]}。",
        f"Bars: the chance of a rank within {cut} for the {len(ordered)} cities with base ranks {span}, left "
        f"within the cut, right beyond it; {both[1]}.")


def leave_one_out(effects: pd.DataFrame, framework: pd.DataFrame, lang: str = "zh", stamp: str = "") -> Figure:
    """What happens when an indicator is left out: mean and largest change of rank, and how many of the hundred change.

    `effects` by indicator (or domain) code: mean_shift and largest_shift (places), left (cities leaving the hundred).
    Ordered by the mean change.
    """
    ordered = effects.sort_values("mean_shift", ascending=False, kind="stable")
    names = node_names(framework, lang, numbered=True)
    domain = ancestor(framework, "domain")
    shades = domain_colours(framework)
    colours = [shades[domain.get(code, code)] for code in ordered.index]
    titles = {"mean_shift": pick(lang, "平均名次变动", "mean change of rank"),
              "largest_shift": pick(lang, "最大名次变动", "largest change of rank"),
              "left": pick(lang, "离开前 100 名的城市数", "cities leaving the hundred")}
    size = len(ordered)
    title = pick(lang, "逐一去掉指标的影响", "Leaving out one indicator")
    figure = new_figure(max(2.2, row_height(lang) * size + 1.1), title, stamp)
    panels = figure.subplots(1, 3, sharey=True)
    for axes, (column, title) in zip(panels, titles.items(), strict=True):
        size_of_change = ordered[column].abs()
        axes.hlines(range(size), 0, size_of_change, color=FAINT, linewidth=2.2)
        axes.scatter(size_of_change, range(size), s=30, color=colours, zorder=3)
        for row, value in enumerate(size_of_change):
            axes.annotate(f"{value:.1f}" if column == "mean_shift" else f"{value:.0f}", (value, row), xytext=(5, 0),
                          textcoords="offset points", va="center", fontsize=6.8)
        axes.set_title(title, fontsize=8)
        axes.set_xlim(0, max(size_of_change.max() * 1.25, 1))
        quiet_axis(axes)
    panels[0].set_yticks(range(size), [wrapped(names[code], lang, 15) for code in ordered.index])
    panels[0].set_ylim(size - 0.5, -0.5)
    numbers = of_nodes(ordered[list(titles)], framework)
    shifts = ends(ordered["mean_shift"], numbers)
    return with_numbers(
        figure, numbers,
        f"三幅点图：逐一去掉 {size} 行所列部分后的平均名次变动、最大变动与离开前列的城市数；"
        f"平均变动（位）{shifts[0]}。",
        f"Three dot plots: mean and largest change of rank and cities leaving the hundred when each of {size} parts "
        f"is left out; mean changes in places: {shifts[1]}.")
