"""Figures about agreement with the published ranking, GDP beside it, and the cities that move most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.figures.labels import city_names, pick, place_labels
from analysis.figures.numbers import bin_counts, ends, of_cities, with_numbers
from analysis.figures.style import (
    BASELINE,
    CUT,
    FALL,
    INK,
    MUTED,
    OURS,
    PUBLISHED,
    RISE,
    legend_above,
    legend_below,
    new_figure,
    quiet_axis,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def agreement_scatter(rankings: Mapping[str, pd.Series], published_ranks: pd.Series, table: pd.DataFrame,
                      cities: pd.DataFrame, lang: str = "zh", stamp: str = "", labelled: int = 12) -> Figure:
    """Rank within the published hundred against the published rank, one panel per ranking: ours first, GDP beside it.

    `rankings` maps names to scores by city (larger is better, NaN = no value); `table` is the frame of
    `agreement.agreement_table` for the same names. The `labelled` largest moves are named where there is room.
    """
    names = city_names(cities, lang)
    figure = new_figure(3.95, pick(lang, "与公布名次的一致程度", "Agreement with the published ranks"), stamp)
    panels = figure.subplots(1, len(rankings), sharex=True, sharey=True, squeeze=False)[0]
    todo = []
    colours = (OURS, BASELINE, "#4f7ea3", "#c4c4c4")
    for axes, (name, scores), colour in zip(panels, rankings.items(), colours, strict=False):
        known = published_ranks[scores.reindex(published_ranks.index).notna()]
        within = scores.loc[known.index].rank(ascending=False, method="min")
        axes.plot([1, 100], [1, 100], color=MUTED, linestyle=":", linewidth=0.8)
        axes.scatter(known, within, s=14, color=colour, edgecolor="white", linewidth=0.3, zorder=3)
        row = table.loc[name]
        axes.set_title(name, pad=16)
        overlap = pick(lang, "重合", "overlap")
        parts = (f"ρ = {row.spearman:.2f}", f"AUC = {row.auc:.2f}", f"{overlap} {row.overlap:.0f}",
                 f"n = {row.hundred:.0f}")
        axes.text(0, 1.015, pick(lang, "，", ", ").join(parts), transform=axes.transAxes, fontsize=7, va="bottom")
        axes.set(xlim=(-2, 104), ylim=(104, -2), xlabel=pick(lang, "公布名次", "published rank"), aspect="equal")
        axes.grid()
        far = (known - within).abs().sort_values(ascending=False, kind="stable").index[:labelled]
        todo.append((axes, known, within, far))
    panels[0].set_ylabel(pick(lang, "在百强中的名次", "rank within the hundred"))
    for axes, known, within, far in todo:
        place_labels(axes, known[far].to_numpy(float), within[far].to_numpy(float), [names[code] for code in far],
                     avoid=np.column_stack([known, within]))
    numbers = pd.DataFrame({"published": published_ranks})
    for place, scores in enumerate(rankings.values(), start=1):
        numbers[f"within_{place}"] = scores.reindex(numbers.index).rank(ascending=False, method="min")
    shown = ", ".join(f"{table.at[name, 'spearman']:.2f}" for name in rankings)
    return with_numbers(
        figure, of_cities(numbers.sort_values("published"), cities),
        f"散点图，每个排序一幅，横轴为公布名次，纵轴为在百强中的名次；秩相关依次为 {shown}。",
        "Scatter plots, one a ranking, published rank across and rank within the hundred upwards; rank correlations in "
        f"order: {shown}.")


def agreement_over_choices(correlations: pd.Series, study: float, gdp: float, lang: str = "zh",
                           stamp: str = "") -> Figure:
    """How far the rankings of many combinations of choices agree with the published order: a histogram of their rank
    correlations, a stroke at this study's and at that of GDP alone, all on the same cities."""
    edges = np.histogram_bin_edges(correlations, bins=40)
    counts = bin_counts(correlations.to_numpy(), edges)
    figure = new_figure(2.5, pick(lang, "各种选择组合与公布次序的秩相关",
                                  "Combinations of choices: rank correlation with the published order"), stamp)
    axes = figure.add_subplot()
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color="#9bbdd6", edgecolor="white", linewidth=0.3)
    for value, colour, zh, en in ((study, OURS, "本研究", "this study"), (gdp, CUT, "仅 GDP", "GDP alone")):
        axes.axvline(value, color=colour, linewidth=1.4, label=f"{pick(lang, zh, en)} {value:.2f}")
    axes.set(xlabel=pick(lang, "百强之内的秩相关", "rank correlation inside the hundred"),
             ylabel=pick(lang, "组合数", "combinations"))
    quiet_axis(axes, "y")
    legend_below(figure, axes.get_legend_handles_labels()[0], 2)
    numbers = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "combinations": counts})
    reached, size = int((correlations >= gdp).sum()), len(correlations)
    low, middle, high = correlations.quantile([0, 0.5, 1])
    return with_numbers(
        figure, numbers.rename_axis("bin"),
        f"直方图：{size:,} 种组合在百强之内的秩相关，由 {low:.2f} 至 {high:.2f}，中位 {middle:.2f}；"
        f"不低于仅用 GDP（{gdp:.2f}）的有 {reached} 种。",
        f"Histogram: the rank correlations inside the hundred of {size:,} combinations, from {low:.2f} to {high:.2f}, "
        f"median {middle:.2f}; {reached} reach that of GDP alone ({gdp:.2f}).")


def movers(moves: pd.DataFrame, cities: pd.DataFrame, lang: str = "zh", stamp: str = "", each: int = 12) -> Figure:
    """The cities that move most between the published order and ours: the `each` largest rises and falls.

    `moves` is the frame of `agreement.movers`; ranks are within the hundred, 1 at the left.
    """
    names = city_names(cities, lang)
    rises = moves[moves["move"] > 0].sort_values("move", ascending=False, kind="stable").head(each)
    falls = moves[moves["move"] < 0].sort_values("move", kind="stable").head(each)
    size = max(len(rises), len(falls), 1)
    figure = new_figure(0.19 * size + 1.25, pick(lang, "名次变动最大的城市", "The largest moves"), stamp)
    for axes, part, colour, title in zip(figure.subplots(1, 2, sharex=True), (rises, falls), (RISE, FALL),
                                         (pick(lang, "本研究中更靠前", "higher with us"),
                                          pick(lang, "本研究中更靠后", "lower with us")), strict=True):
        rows = np.arange(len(part))
        axes.hlines(rows, part["published"], part["ours_within"], color="#bdbdbd", linewidth=1.6)
        axes.scatter(part["published"], rows, marker="s", s=22, color=PUBLISHED, edgecolor=INK, linewidth=0.4, zorder=3)
        axes.scatter(part["ours_within"], rows, s=24, color=OURS, zorder=4)
        tips = part[["published", "ours_within"]].max(axis=1)
        for row, (end, move) in enumerate(zip(tips, part["move"], strict=True)):
            axes.text(end + 3, row, f"{move:+d}", va="center", fontsize=6.8, color=colour)
        axes.set_title(title, fontsize=8)
        axes.set_yticks(rows, [names[code] for code in part.index])
        axes.set(xlim=(-2, 112), ylim=(size - 0.4, -0.6), xlabel=pick(lang, "百强内的名次", "rank within the hundred"))
        axes.set_xticks([1, 25, 50, 75, 100])
        quiet_axis(axes)
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], linestyle="none", marker="s", color=PUBLISHED, label=pick(lang, "公布", "published")),
               Line2D([], [], linestyle="none", marker="o", color=OURS, label=pick(lang, "本研究", "this study"))]
    legend_above(figure, handles, 2)
    numbers = of_cities(pd.concat([rises, falls])[["published", "ours_within", "move"]], cities)
    far = ends(numbers["move"], numbers, "+.0f")
    return with_numbers(
        figure, numbers,
        f"两幅点线图：左为在本研究中更靠前的 {len(rises)} 座城市，右为更靠后的 {len(falls)} 座；方块为公布名次，"
        f"圆点为本研究在百强内的名次。变动{far[0]}。",
        f"Two dot plots: left the {len(rises)} cities that stand higher with us, right the {len(falls)} that stand "
        f"lower; squares are published ranks, dots ours within the hundred. Moves: {far[1]}.")
