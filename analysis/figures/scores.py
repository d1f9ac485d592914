"""Figures about scores: the leading cities by domain, the profile of domains, the ledger of one city."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.figures.labels import city_names, node_names, pick, row_height, wrapped
from analysis.figures.numbers import ends, of_cities, of_nodes, quantiles, with_numbers
from analysis.figures.style import (
    INK,
    MUTED,
    OURS,
    FigureError,
    domain_colours,
    legend_above,
    legend_below,
    new_figure,
    quiet_axis,
)
from analysis.figures.weights import domain_handles
from analysis.framework import ancestor

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def score_bars(contributions: pd.DataFrame, cities: pd.DataFrame, framework: pd.DataFrame, lang: str = "zh",
               stamp: str = "", top: int = 30) -> Figure:
    """The `top` best cities, their score stacked by what each domain contributes.

    `contributions` is cities × domains in points; a row sums to the city's score (0–100).
    """
    total = contributions.sum(axis=1).sort_values(ascending=False, kind="stable").head(top)
    names = city_names(cities, lang)
    title = pick(lang, f"得分前 {len(total)} 位城市", f"The {len(total)} best scores")
    figure = new_figure(0.185 * len(total) + 1.15, title, stamp)
    axes = figure.add_subplot()
    left, colours = np.zeros(len(total)), domain_colours(framework)
    for domain in contributions.columns:
        part = contributions.loc[total.index, domain].to_numpy()
        axes.barh(range(len(total)), part, left=left, color=colours[domain], height=0.76, edgecolor="white",
                  linewidth=0.5)
        left += part
    for row, score in enumerate(total):
        axes.text(score, row, f" {score:.1f}", va="center", fontsize=7)
    axes.set_yticks(range(len(total)), [f"{row + 1}  {names[code]}" for row, code in enumerate(total.index)])
    axes.set(xlim=(0, total.iloc[0] * 1.07), ylim=(len(total) - 0.4, -0.6))
    axes.set_xlabel(pick(lang, "综合得分（0–100）", "composite score (0–100)"))
    quiet_axis(axes)
    handles = domain_handles(list(contributions.columns), framework, lang)
    legend_below(figure, handles, 3 if lang == "en" else 6)
    numbers = of_cities(contributions.loc[total.index].assign(score=total), cities)
    both = ends(total, numbers)
    return with_numbers(
        figure, numbers,
        f"分段条形图：得分前 {len(total)} 位城市，每段为一个领域的贡献；得分{both[0]}。",
        f"Stacked bars: the {len(total)} best scores, a segment a domain's contribution; scores: {both[1]}.")


def domain_profile(domain_scores: pd.DataFrame, members: pd.Index, framework: pd.DataFrame, lang: str = "zh",
                   stamp: str = "") -> Figure:
    """Capability by domain (图4): mean and spread of the domain scores, in all cities and in the hundred.

    `domain_scores` is cities × measured domains (0–100); `members` are the codes of the hundred. Bars reach from the
    10th to the 90th percentile, dots are means; a domain without public data keeps its row and says so.
    """
    domains = list(framework.index[framework["level"] == "domain"])
    names = node_names(framework, lang)
    figure = new_figure(0.5 * len(domains) + 1.1, pick(lang, "各领域能力", "Capability by domain"), stamp)
    axes = figure.add_subplot()
    everyone = pick(lang, f"全部 {len(domain_scores)} 个城市", f"all {len(domain_scores)} cities")
    chosen = pick(lang, f"前 {len(members)} 名", f"the best {len(members)}")
    groups = ((domain_scores, -0.17, "white", everyone), (domain_scores.loc[members], 0.17, None, chosen))
    colours = domain_colours(framework)
    for row, domain in enumerate(domains):
        if domain not in domain_scores:
            words = pick(lang, "无可用的公开数据，未测度", "no usable public data, not measured")
            axes.text(1, row, words, va="center", fontsize=7.5, color=MUTED)
            continue
        for frame, shift, fill, _ in groups:
            low, high = frame[domain].quantile([0.1, 0.9])
            colour = colours[domain]
            axes.barh(row + shift, high - low, left=low, height=0.26, facecolor=fill or colour, edgecolor=colour,
                      linewidth=1.1)
            mean = frame[domain].mean()
            axes.plot(mean, row + shift, marker="o", markersize=5, markerfacecolor="white", markeredgecolor=INK)
            axes.text(high, row + shift, f" {mean:.1f}", va="center", fontsize=7)
    axes.set_yticks(range(len(domains)), [names[code] for code in domains])
    axes.set(ylim=(len(domains) - 0.5, -0.5), xlim=(0, 105))
    axes.set_xlabel(pick(lang, "领域得分：条为第 10–90 百分位，圆点与数字为均值",
                         "domain score (bar: 10th to 90th percentile; dot and figure: mean)"))
    quiet_axis(axes)
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=fill or MUTED, edgecolor=MUTED, label=label) for _, _, fill, label in groups]
    legend_above(figure, handles, 2)
    shares = (0.1, 0.9)
    numbers = quantiles(domain_scores, shares).join(quantiles(domain_scores.loc[members], shares).add_suffix("_first"))
    numbers = of_nodes(numbers.reindex(domains), framework)
    means = ends(numbers["mean_first"], numbers)
    return with_numbers(
        figure, numbers,
        f"每行一个领域：第 10–90 百分位的条与均值点，空心为全部 {len(domain_scores)} 座城市，实心为前 {len(members)} "
        f"名；后者均值{means[0]}。",
        f"A row a domain: bars from the 10th to the 90th percentile with a dot at the mean, hollow for all "
        f"{len(domain_scores)} cities, filled for the best {len(members)}; means of the latter: {means[1]}.")


def ledger_waterfall(contributions: pd.Series, weights: pd.Series, city: str, framework: pd.DataFrame,
                     lang: str = "zh", stamp: str = "") -> Figure:
    """From 0 to one city's score, indicator by indicator: what each adds (filled) of what it could add (outline).

    `contributions` by indicator in points, summing to the score; `weights` by indicator, summing to 1 (an indicator
    can add weight × 100 points); `city` is the name as printed.
    """
    if not contributions.index.equals(weights.index):
        raise FigureError("contributions and weights name different indicators; take both from one run")
    domain = ancestor(framework, "domain")
    names = node_names(framework, lang, numbered=True)
    size = len(contributions)
    start = contributions.cumsum().shift(fill_value=0.0)
    figure = new_figure(max(2.4, row_height(lang) * (size + 1) + 1.2),
                        pick(lang, f"{city}：得分的构成", f"{city}: how the score adds up"), stamp)
    axes = figure.add_subplot()
    colours = domain.reindex(contributions.index).map(domain_colours(framework))
    axes.barh(range(size), weights * 100, left=start, height=0.66, facecolor="none", edgecolor="#b5b5b5", linewidth=0.7)
    axes.barh(range(size), contributions, left=start, height=0.66, color=colours)
    ends_at = start + contributions
    for row in range(size):
        axes.vlines(ends_at.iloc[row], row, row + 1, color="#9a9a9a", linewidth=0.6)
        axes.text((start + weights * 100).iloc[row], row, f" +{contributions.iloc[row]:.2f}", va="center", fontsize=7)
    axes.barh(size, ends_at.iloc[-1], height=0.66, color=OURS)
    axes.text(ends_at.iloc[-1], size, f" {ends_at.iloc[-1]:.2f}", va="center", fontsize=7.5, fontweight="bold")
    labels = [wrapped(names[code], lang, 15) for code in contributions.index]
    axes.set_yticks(range(size + 1), [*labels, pick(lang, "综合得分", "Score")])
    axes.set(ylim=(size + 0.6, -0.6), xlim=(0, max(ends_at.iloc[-1], (start + weights * 100).max()) * 1.1))
    axes.set_xlabel(pick(lang, "得分（灰框为满分贡献）", "points (outline: the most the indicator can add)"))
    quiet_axis(axes)
    handles = domain_handles(list(domain.reindex(contributions.index).unique()), framework, lang)
    legend_below(figure, handles, 3 if lang == "en" else 6)
    numbers = of_nodes(pd.DataFrame({"domain": domain.reindex(contributions.index), "start": start,
                                     "contribution": contributions, "most": weights * 100}), framework)
    parts = ends(contributions, numbers, ".2f")
    return with_numbers(
        figure, numbers,
        f"瀑布图：得分由 {size} 项指标逐项累加到 {ends_at.iloc[-1]:.2f}，灰框为满分贡献；贡献{parts[0]}。",
        f"Waterfall: the score adds up indicator by indicator ({size}) to {ends_at.iloc[-1]:.2f}; outlines "
        f"show the most each can add; contributions: {parts[1]}.")
